# SPDX-License-Identifier: GPL-2.0-or-later
"""What the benchmarks of tools/ share: starting programs, asking, statistics, tables, results.

A result is what a benchmark writes with --json: {"benchmark": its name, "machine": ..., "options":
..., "rows": [...], and what else it has to tell}. Each row is a figure beside its peer's:
{"what", "unit", "kpulse", "peer", "peer_name", "ratio", "note"}, None where there is no peer."""

import contextlib
import json
import math
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import msgpack
import zmq

ROOT = pathlib.Path (__file__).resolve ().parents[2]
BUILT = ROOT / "build/tests/bench"
BIN = ROOT / "bin"
STOP_SECONDS = 60


def say (text):
    print (text, file=sys.stderr, flush=True)


class Progress:
    """Tells on standard error how far a long run is, as tests/bench/progress.c does."""

    def __init__ (self, what, total):
        self.what, self.total, self.begun = what, total, time.monotonic ()

    def say (self, done):
        passed = time.monotonic () - self.begun
        rate = done / passed if passed else 0
        left = (self.total - done) / rate if rate else 0
        say (f"{done} of {self.total} {self.what}, {rate:.2f} a second, {left:.0f} s left")


# --- Programs ---------------------------------------------------------------------------------

def free_port ():
    with socket.socket () as probe:
        probe.bind (("127.0.0.1", 0))
        return probe.getsockname ()[1]


@contextlib.contextmanager
def work_folder (chosen):
    """The folder chosen, which stays; or one of our own, removed at the end."""
    if chosen:
        chosen.mkdir (parents=True, exist_ok=True)
        yield chosen
        return
    folder = pathlib.Path (tempfile.mkdtemp (prefix="kpulse-bench-", dir="/var/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree (folder, ignore_errors=True)


@contextlib.contextmanager
def running (folder, *command, **options):
    """A program with its output in a log, ended by SIGTERM when the with statement ends."""
    log = folder / f"{pathlib.Path (command[0]).name}-{time.monotonic_ns ()}.log"
    with open (log, "wb") as output:
        options = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output, **options}
        process = subprocess.Popen ([*map (str, command)], **options)
    process.log = log
    try:
        yield process
    finally:
        if process.poll () is None:
            process.terminate ()
        try:
            process.wait (STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill ()
            process.wait ()


def wait_for (process, text, seconds=60):
    """Wait until a program has said so in its log."""
    deadline = time.monotonic () + seconds
    while text not in process.log.read_text (errors="replace"):
        if process.poll () is not None or time.monotonic () > deadline:
            sys.exit (f"{process.args[0]} did not say '{text}':\n{process.log.read_text ()}")
        time.sleep (0.02)


def run (*command):
    """Run one of our tools to its end; returns the JSON that it prints."""
    done = subprocess.run ([*map (str, command)], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit (f"{pathlib.Path (command[0]).name} ended with {done.returncode}")
    return json.loads (done.stdout)


class Broker:
    """bin/broker on a store, of which it lets nothing expire."""

    def __init__ (self, folder, store, *flags):
        self.live, self.answer = (f"tcp://127.0.0.1:{free_port ()}" for _ in range (2))
        self.folder, self.store, self.flags = folder, store, flags

    def __enter__ (self):
        self.program = running (self.folder, BIN / "broker", "--live", self.live, "--answer",
                                self.answer, "--store", self.store, "--keep", "forever",
                                "--keep-minutes", "forever", *self.flags)
        self.process = self.program.__enter__ ()
        wait_for (self.process, self.answer)
        return self

    def __exit__ (self, *error):
        self.program.__exit__ (*error)

    def cpu_s (self):
        fields = pathlib.Path (f"/proc/{self.process.pid}/stat").read_text ().split ()
        return (int (fields[13]) + int (fields[14])) / os.sysconf ("SC_CLK_TCK")

    def rss_bytes (self):
        status = pathlib.Path (f"/proc/{self.process.pid}/status").read_text ()
        return int (re.search (r"VmRSS:\s+(\d+)", status)[1]) * 1024


def plain (cell):
    """A cell of an answer; sums are of 128 bits and travel as two halves."""
    return cell[0] << 64 | cell[1] if isinstance (cell, list) and len (cell) == 2 else cell


class Asker:
    """Asks statements over one connection, which stays."""

    TIMEOUT_MS = 3600 * 1000

    def __init__ (self, endpoint):
        self.socket = zmq.Context.instance ().socket (zmq.DEALER)
        self.socket.linger = 0
        self.socket.rcvtimeo = self.TIMEOUT_MS
        self.socket.connect (endpoint)
        self.id = 0

    def ask (self, statement):
        """Returns seconds from sending to having all of the answer, and the rows as dicts."""
        self.id += 1
        request = msgpack.packb ([1, "ask", self.id, "rows", self.TIMEOUT_MS, statement])
        begun = time.perf_counter ()
        self.socket.send (request)
        parts = self.socket.recv_multipart ()
        took = time.perf_counter () - begun
        header, *parts = map (msgpack.unpackb, parts)
        if header[1] != "answer":
            sys.exit (f"'{statement}': {header[5]}")
        columns = [name for name, _ in parts[0][1:]]
        return took, [dict (zip (columns, map (plain, row), strict=True)) for row in parts[1:]]


def disk_bytes (folder):
    """What the files take on the disk, as du counts it."""
    return sum (path.stat ().st_blocks * 512 for path in folder.rglob ("*") if path.is_file ())


# --- Figures ----------------------------------------------------------------------------------

def percentile (values, share):
    """By nearest rank: a value that was measured."""
    ordered = sorted (values)
    return ordered[max (0, math.ceil (share * len (ordered)) - 1)]


def row (what, unit, kpulse, peer=None, peer_name=None, larger_is_better=False, note=None):
    ratio = None
    if kpulse and peer:
        ratio = kpulse / peer if larger_is_better else peer / kpulse
    return {"what": what, "unit": unit, "kpulse": kpulse, "peer": peer, "peer_name": peer_name,
            "ratio": ratio, "note": note}


def three_digits (number):
    if number is None:
        return "-"
    return f"{number:,.0f}" if abs (number) >= 100 else f"{number:.3g}"


def show (rows):
    """Print rows as a table; ratio is how many times better kpulse is than the peer."""
    cells = [("", "kpulse", "peer", "unit", "times", "peer is")]
    for each in rows:
        cells.append ((each["what"], three_digits (each["kpulse"]), three_digits (each["peer"]),
                       each["unit"], three_digits (each["ratio"]), each["peer_name"] or ""))
    widths = [max (map (len, column)) for column in zip (*cells)]
    for what, ours, theirs, unit, ratio, name in cells:
        print (f"{what:{widths[0]}}  {ours:>{widths[1]}}  {theirs:>{widths[2]}}  "
               f"{unit:{widths[3]}}  {ratio:>{widths[4]}}  {name}".rstrip ())
    for note in dict.fromkeys (each["note"] for each in rows if each["note"]):
        print (f"- {note}")


def machine ():
    cpu = re.search (r"model name\s*: (.*)", pathlib.Path ("/proc/cpuinfo").read_text ())
    describe = subprocess.run (["git", "describe", "--always", "--dirty"], cwd=ROOT,
                               capture_output=True, text=True)
    return {"cpu": cpu[1] if cpu else None, "cpus": len (os.sched_getaffinity (0)),
            "kernel": os.uname ().release, "commit": describe.stdout.strip (),
            "time": time.strftime ("%Y-%m-%dT%H:%M:%SZ", time.gmtime ()),
            "load_before": os.getloadavg ()[0]}


def write (path, result):
    if path:
        path.parent.mkdir (parents=True, exist_ok=True)
        path.write_text (json.dumps (result, indent=1, default=str) + "\n")
