# SPDX-License-Identifier: GPL-2.0-or-later
"""Speaks to workers and brokers by schema/PROTOCOL.md, and shares no code with them: statements,
manifests, replays, frames."""

import contextlib
import threading
import time

import msgpack
import xxhash
import zmq

SECONDS = 5
FRAME_ITEMS = 15


class Silent (Exception):
    """Nobody answered in time."""


class Refused (Exception):
    """An error reply: code, position, text, expected, hint."""


class Peer:
    """Asks programs, in the network namespace in which it was made. Not for several threads."""

    def __init__ (self):
        self.context = zmq.Context ()
        self.last_id = 0

    def close (self):
        self.context.destroy (linger=0)

    @contextlib.contextmanager
    def dealer (self, endpoint):
        socket = self.context.socket (zmq.DEALER)
        socket.linger = 0
        socket.connect (endpoint)
        try:
            yield socket
        finally:
            socket.close ()

    def request (self, dealer, kind, *items, seconds=SECONDS):
        """One question; its reply's header and further parts, undecoded."""
        self.last_id += 1
        dealer.send (msgpack.packb ([1, kind, self.last_id, *items]))
        deadline = time.monotonic () + seconds
        while dealer.poll (max (0, int (1000 * (deadline - time.monotonic ())))):
            header, *parts = dealer.recv_multipart ()
            header = msgpack.unpackb (header)
            if header[2] != self.last_id:
                continue
            if header[1] == "error":
                raise Refused (*header[3:])
            return header, parts
        raise Silent (kind)

    def ask (self, endpoint, statement, seconds=SECONDS):
        """The rows of an answer, as dicts keyed by column."""
        with self.dealer (endpoint) as dealer:
            _, parts = self.request (dealer, "ask", "rows", seconds * 1000, statement,
                                     seconds=seconds)
        columns, *rows = map (msgpack.unpackb, parts)
        names = [name for name, _ in columns[1:]]
        return [dict (zip (names, row, strict=True)) for row in rows]

    def stats (self, endpoint, seconds=SECONDS):
        """show stats of the program itself."""
        rows = self.ask (endpoint, "show stats", seconds)
        return {row["name"]: row["value"] for row in rows}

    def nodes (self, endpoint, seconds=SECONDS):
        return {row["node"]: row for row in self.ask (endpoint, "show nodes", seconds)}

    def manifest (self, endpoint, node):
        """The runs (epoch, first, last, digest, first start, last start), and what expired."""
        runs, expired, more = [], (0, 0), True
        with self.dealer (endpoint) as dealer:
            while more:
                start = (runs[-1][0], runs[-1][2] + 1) if runs else (0, 0)
                _, [page] = self.request (dealer, "ask-manifest", node, *start)
                _, more, *page_expired, page_runs = msgpack.unpackb (page)
                expired = expired if runs else tuple (page_expired)
                runs += map (tuple, page_runs)
        return runs, expired

    def frames (self, endpoint, node):
        """Every frame held of a node: {(epoch, seq): payload}."""
        frames = {}
        runs, _ = self.manifest (endpoint, node)
        with self.dealer (endpoint) as dealer:
            for epoch, first, last, *_ in runs:
                while first <= last:
                    header, parts = self.request (dealer, "ask-replay", node, epoch, first, last)
                    for part in parts:
                        name, _ = read_frame (part)
                        assert name[0] == node and name[1] == epoch, f"a replay held {name}"
                        frames[name[1:]] = part
                    first = header[6] + 1
        return frames


def read_frame (payload):
    """(node, epoch, seq), (start, span) of a payload whose hash is right; ValueError otherwise."""
    items = msgpack.unpackb (payload)
    if len (items) != FRAME_ITEMS:
        raise ValueError ("not a frame")
    hash_size = len (msgpack.packb (items[-1]))
    if xxhash.xxh64 (payload[:-hash_size]).intdigest () != items[-1]:
        raise ValueError ("wrong hash")
    return tuple (items[1:4]), tuple (items[4:6])


class Witness:
    """Listens to workers' PUB sockets on a thread of its own and remembers what was published:
    .seen is {(node, epoch, seq): hash of the payload}, .reused the names that came twice with
    different bytes."""

    def __init__ (self, context, endpoints):
        self.seen, self.reused = {}, []
        self.socket = context.socket (zmq.SUB)
        self.socket.linger = 0
        self.socket.rcvhwm = 0
        self.socket.subscribe (b"")
        self.socket.setsockopt (zmq.RECONNECT_IVL, 20)
        for endpoint in endpoints:
            self.socket.connect (endpoint)
        self.stopping = threading.Event ()
        self.thread = threading.Thread (target=self.listen, daemon=True)
        self.thread.start ()

    def listen (self):
        while not self.stopping.is_set ():
            if self.socket.poll (100):
                self.remember (self.socket.recv_multipart ()[-1])
        self.socket.close ()

    def remember (self, payload):
        name, _ = read_frame (payload)
        digest = xxhash.xxh64 (payload).intdigest ()
        if self.seen.setdefault (name, digest) != digest:
            self.reused.append (name)

    def stop (self):
        self.stopping.set ()
        self.thread.join ()
