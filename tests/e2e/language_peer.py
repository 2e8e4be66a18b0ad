# SPDX-License-Identifier: GPL-2.0-or-later
"""A cluster whose every event is known: nodes that publish what a test invents, and the arithmetic
of schema/PROTOCOL.md in Python's own numbers, so that answers have a truth from elsewhere."""

import contextlib
import functools
import math

import msgpack
import zmq

import make_golden as golden
from pipeline_peer import CONTEXT, METRICS, show_nodes, sock

EDGE_ERROR = 0.044  # What a quantile may be off
ALL = {"kind": "all"}


@functools.lru_cache (maxsize=100000)
def slot_of (value):
    """By the definition of a bucket, in exact integers: the smallest j with v <= 10^9 * 2^(j/8)."""
    if value == 0:
        return 0
    fits = lambda j: value ** 8 * 2 ** max (-j, 0) <= 10 ** 72 * 2 ** max (j, 0)
    j = round (8 * math.log2 (value / 1e9))
    while fits (j - 1):
        j -= 1
    while not fits (j):
        j += 1
    return j + 240


def edge_ns (slot):
    """Upper edge of a slot."""
    return 0.0 if slot == 0 else 1e9 * 2.0 ** ((slot - 240) / 8)


def lower_ns (slot):
    """Slot 1 holds 1 ns and nothing below: its lower edge is that of what is not 0."""
    return 0.0 if slot <= 1 else edge_ns (slot - 1)


def middle_ns (slot):
    a, b = edge_ns (slot - 1), edge_ns (slot)
    return 0.0 if slot == 0 else 2 * a * b / (a + b)


def rank_of (samples, percent):
    """The true quantile, by nearest rank."""
    return sorted (samples)[max (math.ceil (percent * len (samples) / 100), 1) - 1]


def counted (samples):
    slots = {}
    for sample in samples:
        slots[slot_of (sample)] = slots.get (slot_of (sample), 0) + 1
    return sorted (slots.items ())


class Node:
    """One node's frames: second by second, from samples."""

    def __init__ (self, name, start, scope=None):
        self.name, self.next, self.seq, self.scope = name, start, 0, scope or ALL
        self.epoch = start * 1000 << 16
        self.totals = {metric: [0, 0] for metric in METRICS}

    def _metric (self, metric, samples, accrued):
        totals = self.totals[metric]
        is_count = metric == "pidpersec"
        count, total = (samples, samples) if is_count else (len (samples), sum (samples))
        totals[0] += count
        totals[1] = (totals[1] + total) % 2 ** 64
        return {"count": count, "sum": total, "accrued_ns": accrued, "total_count": totals[0],
                "total_sum": totals[1], "buckets": [] if is_count else counted (samples)}

    def second (self, events, accrued=None):
        """Payload of the next second. events: samples in ns of each metric, a number of tasks of
        pidpersec; what is not in it was not measured."""
        self.seq += 1
        accrued = accrued or {}
        metrics = {name: self._metric (name, of, accrued.get (name, 0))
                   for name, of in events.items ()}
        frame = golden.frame (metrics, node=self.name, epoch=self.epoch, seq=self.seq,
                              start_wall_s=self.next, source="replay", scope=self.scope)
        self.next += 1
        return golden.payload (frame)

    def skip (self):
        """A second whose frame is lost: nobody publishes it."""
        self.second (dict.fromkeys (("cpudist", "offcpu", "runqlat"), []) | {"pidpersec": 0})


@contextlib.contextmanager
def publishers (names, ports):
    """PUB sockets that wait for their subscriber; yields them by name, and the options of a broker
    that reads them and keeps what is long past."""
    sockets = {}
    with contextlib.ExitStack () as stack:
        for name, port in zip (names, ports):
            sockets[name] = stack.enter_context (sock (zmq.XPUB, sndhwm=100000, rcvtimeo=10000))
            sockets[name].bind (f"tcp://127.0.0.1:{port}")
        workers = ",".join (f"{name}=tcp://127.0.0.1:{port}" for name, port in zip (names, ports))
        yield sockets, ["--workers", workers, "--keep", "forever", "--keep-minutes", "forever"]


def publish (sockets, frames, broker, wait_until):
    """Send every node its payloads, and wait until the broker has stored them all and says so of
    the last."""
    newest = {name: msgpack.unpackb (payloads[-1])[3] for name, payloads in frames.items ()}
    for name, payloads in frames.items ():
        sockets[name].recv ()
        for payload in payloads:
            sockets[name].send_multipart ([f"{name}/".encode (), payload])

    def stored ():
        known = show_nodes (broker)
        return all (name in known and known[name]["frames"] == len (payloads) and
                    known[name]["seq"] == newest[name] for name, payloads in frames.items ())
    wait_until (stored, 20)


def request (statement, number=1, form="rows", timeout_ms=10000):
    return msgpack.packb ([1, "ask", number, form, timeout_ms, statement])


def dealer (endpoint, **options):
    socket = CONTEXT.socket (zmq.DEALER)
    socket.linger = 0
    for name, value in options.items ():
        setattr (socket, name, value)
    socket.connect (endpoint)
    return socket
