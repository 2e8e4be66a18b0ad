# SPDX-License-Identifier: GPL-2.0-or-later
"""Peers of worker and broker that share no code with them: pyzmq, python3-msgpack and
python3-xxhash, by schema/PROTOCOL.md."""

import contextlib
import time

import msgpack
import xxhash
import zmq

METRICS = ["cpudist", "offcpu", "runqlat", "pidpersec"]
FIELDS = ["version", "node", "epoch", "seq", "start", "span", "duration", "clock", "scope", "source",
          "program", "metrics", "losses", "cost", "hash"]
SYNTHETIC = 2
CONTEXT = zmq.Context.instance ()


def unpack_frame (payload):
    return dict (zip (FIELDS, msgpack.unpackb (payload), strict=True))


def make_frame (node, epoch, seq, start=None, events=3, source=SYNTHETIC):
    """A payload with events of 1 us in cpudist, covering the second that just ended."""
    metric = [events, events * 1000, 0, events * seq, events * 1000 * seq, [81, [events]]]
    items = [1, node, epoch, seq, int (time.time ()) - 1 if start is None else start, 1, 10**9,
             [1, 0], [0, 0, ""], source, "0.1.0", [metric], [0] * 5, [0, 0, 0]]
    body = bytes ([0x90 | 15]) + b"".join (msgpack.packb (item) for item in items)
    return body + msgpack.packb (xxhash.xxh64 (body).intdigest ())


@contextlib.contextmanager
def sock (kind, **options):
    socket = CONTEXT.socket (kind)
    socket.linger = 0
    for name, value in options.items ():
        setattr (socket, name, value)
    try:
        yield socket
    finally:
        socket.close ()


@contextlib.contextmanager
def subscription (*endpoints, topic=b""):
    with sock (zmq.SUB, rcvtimeo=10000) as subscriber:
        subscriber.subscribe (topic)
        for endpoint in endpoints:
            subscriber.connect (endpoint)
        yield subscriber


def announce (dealer, node, publish, answer="tcp://127.0.0.1:9"):
    dealer.send (msgpack.packb ([1, "announce", node, publish, answer, "0.1.0"]))


class Refused (Exception):
    """An error reply: code, position, text, expected, hint."""


def ask (endpoint, statement, timeout=10):
    """Ask for rows: a list of dicts keyed by column."""
    with sock (zmq.DEALER, rcvtimeo=int (timeout * 1000)) as dealer:
        dealer.connect (endpoint)
        dealer.send (msgpack.packb ([1, "ask", 7, "rows", int (timeout * 1000), statement]))
        header, *parts = [msgpack.unpackb (part) for part in dealer.recv_multipart ()]
    assert header[2] == 7
    if header[1] == "error":
        raise Refused (*header[3:])
    columns = [name for name, _ in parts[0][1:]]
    return [dict (zip (columns, row, strict=True)) for row in parts[1:]]


def show_nodes (endpoint):
    return {row["node"]: row for row in ask (endpoint, "show nodes")}


def show_missing (endpoint):
    """The gaps of which it is known what frames are missing: not those of a node that is away."""
    return [gap for gap in ask (endpoint, "show gaps") if gap["frames"] is not None]


def show_stats (endpoint):
    return {row["name"]: row["value"] for row in ask (endpoint, "show stats")}


class FakeWorker:
    """A PUB socket that says what a test wants it to."""

    def __init__ (self, node, endpoint):
        self.node, self.endpoint = node, endpoint
        self.epoch = int (time.time () * 1000) << 16
        self.socket = CONTEXT.socket (zmq.XPUB)
        self.socket.linger = 0
        self.socket.sndhwm = 100000
        self.socket.bind (endpoint)

    def wait_for_subscriber (self):
        while self.socket.poll (10000):
            if self.socket.recv () == b"\x01":
                return
        raise AssertionError ("nobody subscribed")

    def send (self, seq, **fields):
        payload = make_frame (self.node, fields.pop ("epoch", self.epoch), seq, **fields)
        self.send_raw (f"{self.node}/".encode (), payload)
        return payload

    def send_raw (self, *parts):
        self.socket.send_multipart (parts)

    def close (self):
        self.socket.close ()
