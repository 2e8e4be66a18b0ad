# SPDX-License-Identifier: GPL-2.0-or-later
"""A coordinator under a thousand clients at once: honest ones, endless statements, garbage, and
readers that never read. Everybody gets an answer or an error, memory stays bounded, and no frame
is late for it."""

import collections
import random
import re
import socket
import time

import msgpack
import pytest
import zmq

from conftest import next_free_port
from language_peer import Node, dealer, publish, publishers, request
from pipeline_peer import ask, show_nodes, show_stats

START = 1795420800
CLIENTS = {"honest": 650, "endless": 100, "garbage": 100, "parts": 100, "deaf": 50}
DEAF_QUESTIONS = 36
WIDE_FRAMES = 260
UNREAD_MAX_MB = 336  # query/reply.h
MEMORY_MAX_MB = UNREAD_MAX_MB + 200
# 20 rows of 60 histograms of a hundred buckets each.
LARGE = (f"select {','.join (f'runqlat_hist as h{i}' for i in range (60))} from wide "
         f"since {START} until {START + 20} every 1s")
ENDLESS = "select cpu_avg from " + "n1," * 400000


def memory_mb (pid, field):
    status = open (f"/proc/{pid}/status", encoding="ascii").read ()
    return int (re.search (rf"{field}:\s+(\d+)", status)[1]) // 1024


def wide_frames ():
    chance = random.Random (3)
    samples = [int (chance.lognormvariate (14, 5)) for _ in range (4000)]
    node = Node ("wide", START)
    return [node.second (dict.fromkeys (("cpudist", "offcpu", "runqlat"), samples))
            for _ in range (WIDE_FRAMES)]


def replay (number):
    """A request for all of them: a third of a megabyte, and cheap to answer."""
    return msgpack.packb ([1, "ask-replay", number, "wide", START * 1000 << 16, 1, WIDE_FRAMES])


@pytest.fixture
def crowd ():
    """Sockets of a context of their own: there are more than a context has by default."""
    context = zmq.Context ()
    context.max_sockets = 2000
    sockets = []

    def join (endpoint, **options):
        sockets.append (context.socket (zmq.DEALER))
        for name, value in {"linger": 0, **options}.items ():
            setattr (sockets[-1], name, value)
        sockets[-1].connect (endpoint)
        return sockets[-1]

    yield join
    context.destroy (linger=0)


def questions (kind, chance):
    """What a client of that kind sends: messages of one or more parts."""
    statement = chance.choice (["select cpu_avg,runqlat_p99 from n1", "show nodes", "selct",
                                "select cpu_avg from n9", "show metrics"])
    return {"honest": lambda: [[request (statement, 5)]],
            "endless": lambda: [[request (ENDLESS, 5)]],
            "garbage": lambda: [[chance.randbytes (200)]],
            "parts": lambda: [[request (statement, 5), b"more", chance.randbytes (50)]],
            "deaf": lambda: [[replay (i)] for i in range (DEAF_QUESTIONS)]}[kind] ()


def ask_all (crowd, endpoint):
    """Everybody asks, in no order. Returns the sockets by kind."""
    chance = random.Random (5)
    kinds = [kind for kind, count in CLIENTS.items () for _ in range (count)]
    chance.shuffle (kinds)
    clients = collections.defaultdict (list)
    for kind in kinds:
        options = {"rcvhwm": 1, "rcvbuf": 4096} if kind == "deaf" else {}
        clients[kind].append (crowd (endpoint, **options))
        for parts in questions (kind, chance):
            clients[kind][-1].send_multipart (parts)
    return clients


def answer_to (client):
    assert client.poll (20000), "no answer"
    return msgpack.unpackb (client.recv_multipart ()[0])


def knock (endpoint):
    """Connections that speak no ZMTP, or stop in the middle of it."""
    host, port = endpoint.removeprefix ("tcp://").split (":")
    knocks = [socket.create_connection ((host, int (port))) for _ in range (30)]
    for i, connection in enumerate (knocks):
        connection.sendall ((b"GET / HTTP/1.1\r\n\r\n", b"\xff" + bytes (8) + b"\x7f", b"")[i % 3])
    return knocks


def test_a_thousand_clients_get_an_answer_or_an_error_each (start, start_worker, crowd, wait_until,
                                                            tmp_path):
    live, endpoint = (f"tcp://127.0.0.1:{next_free_port ()}" for _ in range (2))
    with publishers (["wide"], [next_free_port ()]) as (sockets, options):
        broker = start ("broker", "--live", live, "--answer", endpoint, "--store",
                        tmp_path / "broker", *options)
        start_worker ("n1", coordinator=endpoint)
        publish (sockets, {"wide": wide_frames ()}, endpoint, wait_until)
    wait_until (lambda: show_nodes (endpoint).get ("n1", {"frames": 0})["frames"] > 4)
    begin, before = int (time.time ()), show_stats (endpoint)
    knocks = knock (endpoint)
    clients = ask_all (crowd, endpoint)

    for client in clients["honest"]:
        assert answer_to (client)[1:3] in (["answer", 5], ["error", 5])
    for client in clients["endless"]:
        kind, number, code, _, text = answer_to (client)[1:6]
        assert (kind, number, code) == ("error", 5, "unsupported") and "65000 bytes" in text
    for client in clients["garbage"] + clients["parts"]:
        assert answer_to (client)[1:4] == ["error", 0, "unsupported"]

    def all_dealt_with ():
        after = show_stats (endpoint)
        return sum (after[name] - before[name] for name in ("recovered", "unsent")) == \
            CLIENTS["deaf"] * DEAF_QUESTIONS
    wait_until (all_dealt_with, 20)
    assert UNREAD_MAX_MB / 2 < memory_mb (broker.pid, "VmHWM") < MEMORY_MAX_MB
    for client in clients["deaf"]:
        client.close (0)
    client = dealer (endpoint)

    def large_answer ():
        client.send (request (LARGE))
        return answer_to (client)[1] == "answer"
    wait_until (large_answer, 10)
    client.close (0)
    statement = f"select cpu_sum from n1 since {begin} until {int (time.time ())}"
    wait_until (lambda: all (row["frames"] == row["expected"] for row in ask (endpoint, statement)))
    after = show_stats (endpoint)
    for name in ("gaps", "refilled", "unqueued", "flooded"):
        assert after[name] == before[name], f"intake was starved: {name}"
    for connection in knocks:
        connection.close ()
