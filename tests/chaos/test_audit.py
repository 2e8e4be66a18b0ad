# SPDX-License-Identifier: GPL-2.0-or-later
"""bin/audit itself: that it finds what differs, names it, and believes no one. The spool is a
ROUTER of this test's own, so that it can lie; the broker is real."""

import contextlib
import pathlib
import subprocess
import sys
import threading
import time

import msgpack
import pytest
import xxhash
import zmq

import cluster as clusters
import peer as peers

sys.path.append (str (pathlib.Path (__file__).resolve ().parents[1] / "e2e"))

from pipeline_peer import FakeWorker, make_frame  # noqa: E402

NODE, EPOCH = "n1", 1700000000000 << 16
START = 1700000000


def frame (seq, events=3, node=NODE):
    return make_frame (node, EPOCH, seq, start=START + seq, events=events)


class FakeSpool (threading.Thread):
    """Answers ask-manifest and ask-replay from frames {seq: payload} without a gap; what a test
    replaces in .manifest or .replay (functions of header to parts) it answers instead."""

    def __init__ (self, context, frames):
        super ().__init__ (daemon=True)
        self.frames, self.stopping = frames, False
        self.socket = context.socket (zmq.ROUTER)
        self.socket.linger = 0
        self.endpoint = f"tcp://127.0.0.1:{clusters.free_port ()}"
        self.socket.bind (self.endpoint)
        self.start ()

    def run (self):
        while not self.stopping:
            if self.socket.poll (50):
                identity, question = self.socket.recv_multipart ()
                _, kind, number, *items = msgpack.unpackb (question)
                parts = self.manifest () if kind == "ask-manifest" else self.replay (*items)
                name = [1, kind.removeprefix ("ask-"), number, *parts.pop (0)]
                self.socket.send_multipart ([identity, msgpack.packb (name), *parts])
        self.socket.close ()

    def manifest (self):
        digest = sum (xxhash.xxh64 (data).intdigest () for data in self.frames.values ())
        first, last = min (self.frames), max (self.frames)
        run = [EPOCH, first, last, digest % 2**64, START + first, START + last]
        return [[NODE], msgpack.packb ([1, 0, 0, 0, [run]])]

    def replay (self, node, epoch, first, last):
        return [[node, epoch, first, last],
                *(self.frames[seq] for seq in range (first, last + 1) if seq in self.frames)]

    def stop (self):
        self.stopping = True
        self.join ()


@pytest.fixture
def sides (tmp_path):
    """A broker that holds frames 1 to 5, and a way to make spools."""
    with contextlib.ExitStack () as stack:
        worker = FakeWorker (NODE, f"tcp://127.0.0.1:{clusters.free_port ()}")
        stack.callback (worker.close)
        broker = clusters.Broker (tmp_path, args=["--workers", f"{NODE}={worker.endpoint}"])
        stack.callback (broker.kill)
        broker.start ()
        worker.wait_for_subscriber ()
        for seq in range (1, 6):
            worker.send_raw (f"{NODE}/".encode (), frame (seq))
        peer = peers.Peer ()
        stack.callback (peer.close)
        clusters.wait_until (lambda: peer.nodes (broker.answer)[NODE]["frames"] == 5, 10,
                             "five frames in the broker")

        def make_spool (frames):
            spool = FakeSpool (peer.context, frames)
            stack.callback (spool.stop)
            return spool
        yield broker, make_spool


def audit (*arguments):
    begin = time.monotonic ()
    run = subprocess.run ([clusters.BIN / "audit", *map (str, arguments)], capture_output=True,
                          text=True, stdin=subprocess.DEVNULL, timeout=60)
    return run.returncode, run.stdout, run.stderr, time.monotonic () - begin


def audit_sides (spool, broker):
    return audit ("--node", NODE, spool.endpoint, broker.answer)


def test_equal_sides_are_equal (sides):
    broker, make_spool = sides
    spool = make_spool ({seq: frame (seq) for seq in range (1, 6)})
    code, output, _, _ = audit_sides (spool, broker)
    assert (code, "5 frames compared, 0 differences" in output) == (0, True)


def test_frames_only_the_broker_holds_are_listed_and_no_difference (sides):
    broker, make_spool = sides
    code, output, _, _ = audit_sides (make_spool ({3: frame (3), 4: frame (4)}), broker)
    assert code == 0
    assert f"only the broker holds epoch {EPOCH} seq 1 to 2 (2 frames)" in output
    assert f"only the broker holds epoch {EPOCH} seq 5 to 5 (1 frames)" in output


def test_the_first_frame_the_broker_lacks_is_named (sides):
    broker, make_spool = sides
    code, output, _, _ = audit_sides (make_spool ({seq: frame (seq) for seq in range (1, 9)}),
                                      broker)
    assert code == 1
    assert output.startswith (f"different: node {NODE} epoch {EPOCH} seq 6: the broker does not")
    assert "8 frames compared, 3 differences" in output


def test_a_frame_with_other_bytes_is_named (sides):
    broker, make_spool = sides
    frames = {seq: frame (seq, events=4 if seq == 2 else 3) for seq in range (1, 6)}
    code, output, _, _ = audit_sides (make_spool (frames), broker)
    assert code == 1
    assert output.startswith (f"different: node {NODE} epoch {EPOCH} seq 2: the broker holds it "
                              "with other bytes")


@pytest.mark.parametrize ("page", [
    b"", b"\xc1", b"\xdd\xff\xff\xff\xff", msgpack.packb ([2, 0, 0, 0, []]),
    msgpack.packb ([1, 1, 0, 0, []]), msgpack.packb ([1, 0, 0, 0, [[1, 5, 4, 0, 1, 1]]]),
    msgpack.packb ([1, 1, 0, 0, [[EPOCH, 1, 5, 0, START, START + 5]]]),
], ids=range (7))
def test_a_manifest_that_cannot_be_is_refused (sides, page):
    broker, make_spool = sides
    spool = make_spool ({1: frame (1)})
    spool.manifest = lambda: [[NODE], page]
    code, _, error, seconds = audit_sides (spool, broker)
    assert (code, spool.endpoint in error) == (3, True)
    assert seconds < 10


@pytest.mark.parametrize ("replay", [
    lambda node, epoch, first, last: [[node, epoch, first, last], b"\xc1 no frame"],
    lambda node, epoch, first, last: [[node, epoch, first, last], frame (1, node="n2")],
    lambda node, epoch, first, last: [[node, epoch, first, last], *[frame (1, 4)] * 3],
    lambda node, epoch, first, last: [["n2", epoch, first, last]],
    lambda node, epoch, first, last: [[node, epoch, first, last + 1000]],
    lambda node, epoch, first, last: [[node, epoch, first + 1, last]],
], ids=["garbage", "other node", "repeated", "of other node", "too far", "too late"])
def test_a_replay_that_cannot_be_is_refused (sides, replay):
    broker, make_spool = sides
    spool = make_spool ({seq: frame (seq, events=4) for seq in range (1, 6)})
    spool.replay = replay
    code, _, error, seconds = audit_sides (spool, broker)
    assert (code, spool.endpoint in error) == (3, True)
    assert seconds < 10


def test_what_cannot_be_opened_or_reached_ends_with_3 (tmp_path):
    silent = f"tcp://127.0.0.1:{clusters.free_port ()}"
    code, _, error, seconds = audit ("--node", NODE, silent, silent)
    assert (code, silent in error) == (3, True) and seconds < 10
    code, _, error, _ = audit (tmp_path / "none", silent)
    assert (code, str (tmp_path / "none") in error) == (3, True)
    assert not (tmp_path / "none").exists ()


def test_a_node_that_neither_side_knows_is_an_error (sides):
    broker, make_spool = sides
    spool = make_spool ({1: frame (1)})
    spool.manifest = lambda: [["n9"], msgpack.packb ([1, 0, 0, 0, []])]
    code, output, error, _ = audit ("--node", "n9", spool.endpoint, broker.answer)
    assert (code, output, "knows a node n9" in error) == (3, "", True), (output, error)


def test_a_node_that_only_the_broker_knows_is_said_not_to_be_compared (sides):
    broker, make_spool = sides
    spool = make_spool ({1: frame (1)})
    spool.manifest = lambda: [[NODE], msgpack.packb ([1, 0, 0, 0, []])]
    code, output, error, _ = audit_sides (spool, broker)
    assert (code, "0 frames compared, 0 differences" in output) == (0, True), (output, error)
    assert f"{spool.endpoint} does not know {NODE}: nothing is compared" in error


@pytest.mark.parametrize ("arguments", [[], ["one"], ["one", "two", "three"],
                                        ["--rollups", "tcp://127.0.0.1:7002"],
                                        ["--node", "no/name", "one", "two"],
                                        ["--wait", "soon", "one", "two"]], ids=range (6))
def test_wrong_usage_ends_with_2 (arguments):
    assert audit (*arguments)[0] == 2
