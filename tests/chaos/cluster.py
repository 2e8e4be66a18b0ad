# SPDX-License-Identifier: GPL-2.0-or-later
"""A broker and its workers as real processes, that faults are done to; and what must hold after.

    with Cluster (folder, seed=7) as cluster:
        cluster.start ()
        cluster.kill (cluster.workers[0])
        cluster.heal ()
        report = cluster.prove ()

prove () waits until the broker has all that the spools hold, and then asserts:
    - bin/audit finds no difference, with all running and again on the folders of what was stopped;
    - every frame that a witness heard a worker publish is in the broker, with these bytes;
    - no worker used a frame's name twice;
    - the seconds of each node add up: each is present, lost or unknown, and present are those that
      the frames held cover.
"""

import ctypes
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import time

import peer as peers

ROOT = pathlib.Path (__file__).resolve ().parents[2]
BIN = pathlib.Path (os.environ.get ("KPULSE_BIN", ROOT / "bin"))
BUILT = pathlib.Path (os.environ.get ("KPULSE_CHAOS_BUILD", ROOT / "build/tests/chaos"))
PORTS = 2000
FIRST_PORT = 14000 + PORTS * int (os.environ.get ("PYTEST_XDIST_WORKER", "gw0")[2:])
LAST_PORT = FIRST_PORT + PORTS - 1
CONVERGE_SECONDS = 30
STOP_SECONDS = 8
QUIET_AFTER_S = 0.3
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL (None, use_errno=True)
next_port = FIRST_PORT + os.getpid () * 7 % 500


def free_port ():
    """A loopback port nobody uses now."""
    global next_port
    for _ in range (LAST_PORT - FIRST_PORT):
        next_port = next_port + 1 if next_port < LAST_PORT else FIRST_PORT
        with socket.socket () as probe:
            try:
                probe.bind (("", next_port))
            except OSError:
                continue
        return next_port
    raise RuntimeError (f"no free port from {FIRST_PORT} to {LAST_PORT}")


def wait_until (condition, seconds, what):
    deadline = time.monotonic () + seconds
    while time.monotonic () < deadline:
        value = condition ()
        if value:
            return value
        time.sleep (0.05)
    raise AssertionError (f"not within {seconds} s: {what}")


class Program:
    """A program that is started again and again with the same command line, one log for all."""

    def __init__ (self, name, folder, command, environment=None):
        self.name, self.command = name, list (map (str, command))
        self.environment = environment or {}
        self.log_path = folder / f"{name}.log"
        self.process = None

    def start (self, **environment):
        with open (self.log_path, "ab") as log:
            self.process = subprocess.Popen (
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **self.environment, **environment},
                preexec_fn=lambda: LIBC.prctl (PR_SET_PDEATHSIG, signal.SIGKILL))

    def is_running (self):
        return self.process is not None and self.process.poll () is None

    def signal (self, number):
        if self.is_running ():
            self.process.send_signal (number)

    def kill (self):
        self.signal (signal.SIGKILL)
        if self.process:
            self.process.wait ()

    def stop (self):
        """SIGTERM, and fail where it does not end by itself. Returns the exit code."""
        self.signal (signal.SIGCONT)
        self.signal (signal.SIGTERM)
        try:
            return self.process.wait (STOP_SECONDS) if self.process else 0
        except subprocess.TimeoutExpired:
            self.kill ()
            raise AssertionError (f"{self.name} did not end {STOP_SECONDS} s after SIGTERM")

    def log (self):
        return self.log_path.read_text (errors="replace") if self.log_path.exists () else ""


class Worker (Program):
    def __init__ (self, node, folder, coordinator, address="127.0.0.1", source=None, prefix=(),
                  args=(), environment=None, store=None, advertise=None):
        self.node = node
        self.store = store or folder / node
        ports = free_port (), free_port ()
        self.publish, self.answer = (f"tcp://{address}:{port}" for port in ports)
        source = source or f"synthetic:events=200,median=8us,sigma=1.3,seed={sum (ports)}"
        super ().__init__ (node, folder, [
            *prefix, BIN / "publisher", "--node", node, "--source", source, "--store", self.store,
            "--publish", self.publish, "--answer", self.answer, "--coordinator", coordinator,
            *args], environment)


class Broker (Program):
    def __init__ (self, folder, address="127.0.0.1", prefix=(), args=(), environment=None,
                  store=None):
        self.store = store or folder / "broker"
        self.live, self.answer = (f"tcp://{address}:{free_port ()}" for _ in range (2))
        super ().__init__ ("broker", folder, [
            *prefix, BIN / "broker", "--live", self.live, "--answer", self.answer,
            "--store", self.store, *args], environment)


def audit (spool, broker, node, wait=0):
    """(differences, frames compared, output) of bin/audit; AssertionError where it cannot."""
    command = [BIN / "audit", "--node", node, "--wait", str (wait), spool, broker]
    run = subprocess.run (list (map (str, command)), capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    output = run.stdout + run.stderr
    last = re.search (r"^(\d+) frames compared, (\d+) differences$", output, re.MULTILINE)
    assert last and run.returncode in (0, 1), \
        f"{' '.join (map (str, command))} ended with {run.returncode}: {output}"
    return int (last[2]), int (last[1]), output


class Report:
    """What a phase did and found, in one line."""

    FIELDS = ("kills", "faults", "frames", "refilled", "lost", "differences")

    def __init__ (self, **counts):
        self.counts = {field: counts.get (field, 0) for field in self.FIELDS}

    def add (self, other):
        for field in self.FIELDS:
            self.counts[field] += other.counts[field]

    def __str__ (self):
        return ", ".join (f"{self.counts[field]} {field}" for field in self.FIELDS)


class Cluster:
    def __init__ (self, folder, seed, workers=3, address="127.0.0.1", make=True, source=None):
        self.folder, self.random = pathlib.Path (folder), random.Random (seed)
        self.seed = seed
        self.peer = peers.Peer ()
        self.witness = None
        self.counted = {"kills": 0, "faults": 0}
        self.refilled_before, self.refilled_now = 0, 0
        self.broker, self.workers = None, []
        if make:
            self.broker = Broker (self.folder, address)
            for i in range (workers):
                self.add_worker (f"n{i + 1}", source=source if i == 0 else None)

    def add_worker (self, node, **options):
        worker = Worker (node, self.folder, self.broker.answer, **options)
        self.workers.append (worker)
        return worker

    def __enter__ (self):
        return self

    def __exit__ (self, *_):
        if self.witness:
            self.witness.stop ()
        for program in self.programs ():
            program.kill ()
        self.peer.close ()

    def programs (self):
        return [self.broker, *self.workers]

    def start (self, listen=True):
        if listen:
            self.witness = peers.Witness (self.peer.context, [w.publish for w in self.workers])
        for program in self.programs ():
            program.start ()

    def wait_for_frames (self, seconds=15):
        """Until the broker holds a frame of every worker."""
        def all_came ():
            try:
                nodes = self.peer.nodes (self.broker.answer, 1)
            except peers.Silent:
                return False
            return all (nodes.get (w.node, {}).get ("frames") for w in self.workers)
        wait_until (all_came, seconds, "a frame of every worker in the broker")

    # --- faults ------------------------------------------------------------------------------

    def note_refilled (self):
        """Remember how many frames the broker that runs has pulled: its count dies with it."""
        try:
            self.refilled_now = self.peer.stats (self.broker.answer, 1).get ("refilled", 0)
        except peers.Silent:
            pass

    def kill (self, *programs):
        if self.broker in programs:
            self.refilled_before += self.refilled_now
            self.refilled_now = 0
        self.counted["kills"] += sum (program.is_running () for program in programs)
        for program in programs:
            program.signal (signal.SIGKILL)
        for program in programs:
            program.kill ()

    def heal (self):
        for program in self.programs ():
            program.signal (signal.SIGCONT)
            if not program.is_running ():
                program.start ()

    # --- proof -------------------------------------------------------------------------------

    def prove (self, published=True, seconds=CONVERGE_SECONDS):
        """Assert all that is said above. published=False: what was published may be in no spool
        (its disk was full, or it was deleted), so the witness proves nothing."""
        self.wait_for_frames ()
        running = [audit (w.answer, self.broker.answer, w.node, seconds) for w in self.workers]
        self.assert_equal (running)
        self.wait_for_a_quiet_moment ()
        now_s = int (time.time ())
        held = {w.node: self.peer.frames (self.broker.answer, w.node) for w in self.workers}
        self.assert_witnessed (held, published)
        for worker in self.workers:
            self.assert_seconds_add_up (worker.node, held[worker.node], now_s - 1)
        self.note_refilled ()
        self.wait_for_a_quiet_moment ()
        self.stop ()
        stopped = [audit (w.store, self.broker.store, w.node) for w in self.workers]
        self.assert_equal (stopped)
        return self.report (stopped)

    def assert_equal (self, audits):
        for differences, _, output in audits:
            assert differences == 0, f"seed {self.seed}: {output}"

    def assert_witnessed (self, held, published):
        if not self.witness:
            return
        self.witness.stop ()
        assert not self.witness.reused, f"seed {self.seed}: used twice: {self.witness.reused}"
        digests = {(node, *name): peers.xxhash.xxh64 (payload).intdigest ()
                   for node, frames in held.items () for name, payload in frames.items ()}
        newest = {}
        for node, epoch, seq in digests:
            newest[node] = max (newest.get (node, (0, 0)), (epoch, seq))
        for (node, epoch, seq), digest in self.witness.seen.items () if published else ():
            if (epoch, seq) <= newest.get (node, (0, 0)):
                assert digests.get ((node, epoch, seq)) == digest, \
                    f"seed {self.seed}: {node} published {epoch} {seq}, the broker lacks it"

    def assert_seconds_add_up (self, node, frames, now_s):
        """Each second from the first frame's to the last one's: in a frame, or in a gap shown. Not
        those to come: a worker's clock may be ahead."""
        spans = [peers.read_frame (payload)[1] for payload in frames.values ()]
        spans = [(start, span) for start, span in spans if start < now_s]
        covered = {start + i for start, span in spans for i in range (span)}
        since, until = min (covered), max (covered) + 1
        [row] = self.peer.ask (self.broker.answer,
                               f"select cpu_count from {node} since {since} until {until}")
        assert (row["frames"], row["expected"]) == (len (covered), until - since), \
            f"seed {self.seed}: {node}: {len (covered)} of {until - since} s held, answered {row}: {sorted (spans)}"
        gaps = [gap for gap in self.peer.ask (self.broker.answer, "show gaps")
                if gap["node"] == node]
        shown = set ()
        for gap in gaps:
            if gap["from"] is not None:
                shown |= set (range (max (gap["from"], since), min (gap["until"], until)))
        missing = set (range (since, until)) - covered
        assert missing <= shown, f"seed {self.seed}: {node}: {sorted (missing - shown)} in no gap of {gaps}"

    def wait_for_a_quiet_moment (self):
        """Until the broker has all that the spools hold, just after the workers' second began: so
        that no frame is on its way while they end."""
        def is_quiet ():
            time.sleep (QUIET_AFTER_S + (-time.time ()) % 1)
            newest = [(self.newest (w.answer, w.node), self.newest (self.broker.answer, w.node))
                      for w in self.workers]
            return all (spooled and spooled == held for spooled, held in newest)
        wait_until (is_quiet, CONVERGE_SECONDS, "the broker holds the newest frame of every worker")

    def newest (self, endpoint, node):
        """Name of the newest frame held, None where there is none: a spool that was just begun."""
        runs, _ = self.peer.manifest (endpoint, node)
        return (runs[-1][0], runs[-1][2]) if runs else None

    def stop (self):
        running = [program for program in self.programs () if program.is_running ()]
        for program in running:
            program.signal (signal.SIGTERM)
        for program in self.programs ():
            if program in running:
                code = program.stop ()
                assert code == 0, f"{program.name} ended with {code}: {program.log ()[-2000:]}"

    def report (self, audits):
        lost = sum (int (number) for _, _, output in audits
                    for number in re.findall (r"lost: .*\((\d+) frames\)", output))
        return Report (**self.counted, lost=lost,
                       frames=sum (frames for _, frames, _ in audits),
                       refilled=self.refilled_before + self.refilled_now,
                       differences=sum (differences for differences, _, _ in audits))
