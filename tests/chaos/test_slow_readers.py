# SPDX-License-Identifier: GPL-2.0-or-later
"""A hundred stopped subscribers and a client that never reads its answers, against a broker under
load: intake, other readers and memory do not change.

What is allowed: a queue of 1,000 frames for each stopped subscriber, whose bytes all share
(the message's own bookkeeping is 64 bytes each), and for all clients together a bounded queue of
answers; GROWTH_BYTES in all, over the same load without them."""

import contextlib
import pathlib
import subprocess
import sys
import time

import pytest
import zmq

import cluster as clusters
import peer as peers

sys.path.append (str (pathlib.Path (__file__).resolve ().parents[1] / "e2e"))

from pipeline_peer import FakeWorker  # noqa: E402

SUBSCRIBERS = 100
# Twice as much must pass the broker's limit of 2,000 frames at once for each node.
FLOODERS, ROUNDS, BURST = 40, 9, 100
GROWTH_BYTES = 48 << 20
PATIENCE_S = 1.0
QUESTIONS = 5000


class Load:
    """A broker with an honest worker n0 and others that send much."""

    def __init__ (self, folder, stack):
        self.workers = [FakeWorker (f"n{i}", f"tcp://127.0.0.1:{clusters.free_port ()}")
                        for i in range (FLOODERS + 1)]
        for worker in self.workers:
            stack.callback (worker.close)
        listed = ",".join (f"{worker.node}={worker.endpoint}" for worker in self.workers)
        self.broker = clusters.Broker (folder, args=["--workers", listed])
        stack.callback (self.broker.kill)
        self.peer = peers.Peer ()
        stack.callback (self.peer.close)
        self.broker.start ()
        for worker in self.workers:
            worker.wait_for_subscriber ()
        self.seq = 0
        self.live = self.peer.context.socket (zmq.SUB)
        self.live.linger = 0
        self.live.subscribe (b"n0/")
        self.live.connect (self.broker.live)

    def send_one (self):
        """A frame of the honest worker: how long it took to a live reader, or None: it did not."""
        self.seq += 1
        begin = time.monotonic ()
        self.workers[0].send (self.seq, start=1000 + self.seq)
        while self.live.poll (1000 * PATIENCE_S):
            (_, _, seq), _ = peers.read_frame (self.live.recv_multipart ()[-1])
            if seq == self.seq:
                return time.monotonic () - begin
        return None

    def wait_for_live (self):
        clusters.wait_until (self.send_one, 20, "a frame on its way to a live reader")

    def flood (self):
        """Bursts of the others, an honest frame and a question between: the slowest of each."""
        frame_s, answer_s = 0, 0
        for burst in range (ROUNDS):
            for worker in self.workers[1:]:
                first = getattr (worker, "next", 1)
                for seq in range (first, first + BURST):
                    worker.send (seq, start=1000 + seq)
                worker.next = first + BURST
            took_s = self.send_one ()
            assert took_s is not None, f"a live frame did not come within {PATIENCE_S} s"
            begin = time.monotonic ()
            self.peer.ask (self.broker.answer, "select cpu_count from n0 over 60s")
            frame_s = max (frame_s, took_s)
            answer_s = max (answer_s, time.monotonic () - begin)
        return frame_s, answer_s

    def stored (self):
        """Frames of all nodes in the store, once no more come."""
        def count ():
            return sum (row["frames"] for row in self.peer.nodes (self.broker.answer).values ())
        before, now = -1, count ()
        while now != before:
            time.sleep (0.5)
            before, now = now, count ()
        return now

    def waiting_readers (self):
        """How many live readers have bytes waiting for them in the kernel."""
        port = int (self.broker.live.rsplit (":", 1)[1])
        rows = pathlib.Path ("/proc/net/tcp").read_text ().splitlines ()[1:]
        queues = [(row.split ()[1], row.split ()[4]) for row in rows]
        return sum (local.endswith (f":{port:04X}") and int (queue.split (":")[0], 16) > 0
                    for local, queue in queues)

    def rss (self):
        pages = pathlib.Path (f"/proc/{self.broker.process.pid}/statm").read_text ().split ()[1]
        return int (pages) * 4096


@pytest.fixture
def load (tmp_path):
    with contextlib.ExitStack () as stack:
        yield Load (tmp_path, stack)


def assert_unaffected (load, what):
    """The same load as before, once more, with the slow ones there."""
    before, rss = load.stored (), load.rss ()
    frame_s, answer_s = load.flood ()
    taken = load.stored () - before
    growth = load.rss () - rss
    print (f"{what}: {taken} frames taken, slowest live frame {frame_s:.3f} s, slowest answer "
           f"{answer_s:.3f} s, memory {growth / (1 << 20):+.1f} MiB to {load.rss () >> 20} MiB")
    assert growth <= GROWTH_BYTES
    assert frame_s <= PATIENCE_S and answer_s <= PATIENCE_S
    return taken


def test_a_hundred_stopped_subscribers_change_nothing (load):
    load.wait_for_live ()
    alone = assert_unaffected (load, "alone")
    readers = subprocess.Popen (
        [sys.executable, pathlib.Path (__file__).with_name ("stopped_readers.py"),
         load.broker.live, str (SUBSCRIBERS)], stdout=subprocess.PIPE, text=True)
    try:
        while not zmq_ready (readers):
            load.send_one ()
        assert assert_unaffected (load, f"{SUBSCRIBERS} stopped subscribers") >= 0.9 * alone
        assert load.waiting_readers () == SUBSCRIBERS
        assert load.peer.stats (load.broker.answer)["live_nodes"] > FLOODERS
    finally:
        readers.kill ()
        readers.wait ()


def zmq_ready (readers):
    """Whether the stopped readers have said that they are there."""
    state = pathlib.Path (f"/proc/{readers.pid}/stat").read_text ().rsplit (")", 1)[1].split ()[0]
    return state == "T"


def test_a_client_that_never_reads_its_answers_changes_nothing (load):
    load.wait_for_live ()
    assert_unaffected (load, "alone")
    with load.peer.dealer (load.broker.answer) as lazy:
        lazy.rcvhwm, lazy.rcvbuf, lazy.sndhwm = 1, 4096, 0
        lazy.disconnect (load.broker.answer)
        lazy.connect (load.broker.answer)
        for i in range (QUESTIONS):
            lazy.send (peers.msgpack.packb ([1, "ask", i, "rows", 5000, "show nodes"]))
        assert_unaffected (load, "a client that never reads")
