# SPDX-License-Identifier: GPL-2.0-or-later
"""Peers of worker and broker that share no code with them: pyzmq, python3-msgpack and
python3-xxhash, by schema/PROTOCOL.md."""

import contextlib
import threading
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


def make_frame (node, epoch, seq, start=None, events=3, source=SYNTHETIC, span=1):
    """A payload with events of 1 us in cpudist, covering the second that just ended."""
    metric = [events, events * 1000, 0, events * seq, events * 1000 * seq, [81, [events]]]
    items = [1, node, epoch, seq, int (time.time ()) - 1 if start is None else start, span,
             span * 10**9,
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


class FakeStore (threading.Thread):
    """A ROUTER that knows the frames of one worker, as far as reveal () says."""

    def __init__ (self, node, frames, endpoint, answer=None):
        super ().__init__ ()
        self.node, self.frames, self.revealed = node, frames, 0
        self.answer = answer or FakeStore.reply
        self.endpoint = endpoint
        self.open, self.asked = True, []
        self.ready = threading.Event ()
        self.start ()
        self.ready.wait ()

    def reveal (self, count):
        self.revealed = count

    def held (self):
        return [unpack_frame (payload) for payload in self.frames[:self.revealed]]

    def reply (self, question):
        kind, identity = question[1:3]
        if kind == "ask":
            return [msgpack.packb (part) for part in
                    ([1, "answer", identity, "rows", 0, 0], [1, ["node", "none"]], [self.node])]
        if kind == "ask-manifest":
            return [msgpack.packb ([1, "manifest", identity, self.node]), self.page (*question[4:])]
        epoch, first, last = question[4:]
        chunk = [payload for frame, payload in zip (self.held (), self.frames)
                 if frame["epoch"] == epoch and first <= frame["seq"] <= last]
        return [msgpack.packb ([1, "replay", identity, self.node, epoch, first, last]), *chunk]

    def page (self, epoch, seq):
        runs = []
        for frame in self.held ():
            if (frame["epoch"], frame["seq"]) < (epoch, seq):
                continue
            if runs and runs[-1][0] == frame["epoch"] and runs[-1][2] + 1 == frame["seq"]:
                runs[-1][2], runs[-1][5] = frame["seq"], frame["start"]
            else:
                runs.append ([frame["epoch"], frame["seq"], frame["seq"], 0, frame["start"],
                              frame["start"]])
        return msgpack.packb ([1, 0, 0, 0, runs])

    def run (self):
        with sock (zmq.ROUTER) as router:
            router.bind (self.endpoint)
            self.ready.set ()
            while self.open:
                if router.poll (20):
                    peer, *parts = router.recv_multipart ()
                    self.asked.append (msgpack.unpackb (parts[0]))
                    router.send_multipart ([peer, *self.answer (self, self.asked[-1])])

    def close (self):
        self.open = False
        self.join ()
