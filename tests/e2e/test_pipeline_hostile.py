# SPDX-License-Identifier: GPL-2.0-or-later
"""A broker between an honest worker and peers that lie, flood or do not read."""

import contextlib
import os
import socket
import threading
import time

import pytest
import zmq

from pipeline_peer import (FakeStore, FakeWorker, announce, ask, make_frame, show_missing, show_nodes,
                           show_stats, sock, subscription)


@pytest.fixture
def fake_worker (free_port):
    with contextlib.ExitStack () as workers:
        def make (node):
            worker = FakeWorker (node, f"tcp://127.0.0.1:{free_port ()}")
            workers.callback (worker.close)
            return worker
        yield make


@pytest.fixture
def pair (fake_worker, start_broker):
    """A broker that subscribes to two workers, n1 honest, n2 whatever the test wants."""
    honest, other = fake_worker ("n1"), fake_worker ("n2")
    broker = start_broker (["--workers", f"n1={honest.endpoint},n2={other.endpoint}"])
    honest.wait_for_subscriber ()
    other.wait_for_subscriber ()
    return broker, honest, other


def node (broker, name):
    return show_nodes (broker.answer)[name]


def test_a_gap_is_shown_with_its_place_and_time (pair, wait_until):
    broker, worker, _ = pair
    for seq in (1, 2, 5, 6):
        worker.send (seq, start=1000 + seq)
    wait_until (lambda: node (broker, "n1")["frames"] == 4)
    gap, tail = ask (broker.answer, "show gaps")
    expected = {"node": "n1", "state": "unknown", "cause": None, "epoch": str (worker.epoch),
                "first_seq": 3, "last_seq": 4, "frames": 2, "from": 1003, "until": 1005,
                "seconds": 2, "cpudist_count": 6, "cpudist_sum": [0, 6000], "runqlat_count": None}
    assert gap | expected == gap
    assert tail["from"] == 1007 and tail["frames"] is None
    worker.send (3, start=1003)
    worker.send (4, start=1004)
    wait_until (lambda: show_missing (broker.answer) == [])


def test_duplicates_change_nothing_and_conflicts_are_refused (pair, wait_until):
    broker, worker, other = pair
    with subscription (broker.live) as live:
        wait_for_live (live, other)
        first = worker.send (1, start=1001)
        worker.send_raw (b"n1/", first)
        worker.send (1, start=1001, events=99)
        second = worker.send (2, start=1002)
        wait_until (lambda: node (broker, "n1")["frames"] == 2)
        wait_until (lambda: node (broker, "n1")["conflicts"] == 1)
        assert node (broker, "n1")["duplicates"] == 1
        assert [live.recv_multipart ()[1] for _ in range (2)] == [first, second]
        assert not live.poll (300)
    assert "other content" in broker.log ()
    [row] = ask (broker.answer, "select cpu_count from n1 since 1001 until 1003")
    assert row["cpu_count"] in (6, [0, 6])


def test_a_flood_of_conflicts_fills_no_log (pair, wait_until):
    broker, worker, _ = pair
    worker.send (1, start=1001)
    for events in range (50):
        worker.send (1, start=1001, events=100 + events)
    wait_until (lambda: node (broker, "n1")["conflicts"] == 50)
    assert broker.log ().count ("other content") == 1


def wait_for_live (live, other):
    """Send frames of another worker until the subscription to the broker works, and forget them."""
    for seq in range (1, 200):
        other.send (seq)
        if live.poll (50):
            break
    while live.poll (300):
        live.recv_multipart ()


@pytest.mark.parametrize ("parts", [
    [b"n2/", b""],
    [b"n2/", os.urandom (700)],
    [b"n2/", b"\xdd\xff\xff\xff\xff"],
    [b"n2/", make_frame ("n2", 1 << 16, 1)[:-1]],
    [b"n2/", make_frame ("n2", 1 << 16, 1) + b"\xc0"],
    [b"n2/", make_frame ("n1", 1 << 16, 1)],
    [b"n1/", make_frame ("n1", 1 << 16, 1)],
    [b"n1/", make_frame ("n2", 1 << 16, 1)],
    [b"n2", make_frame ("n2", 1 << 16, 1)],
    [make_frame ("n2", 1 << 16, 1)],
    [b"n2/", make_frame ("n2", 1 << 16, 1), b"more"],
    [b"n2/"] + [b"x"] * 500,
    [b"", b"", b""],
], ids=range (13))
def test_what_is_no_frame_of_its_node_is_refused_and_counted (pair, wait_until, parts):
    broker, honest, liar = pair
    liar.send_raw (*parts)
    honest.send (1)
    wait_until (lambda: node (broker, "n1")["frames"] == 1)
    wait_until (lambda: node (broker, "n2")["refused"] == 1)
    assert node (broker, "n2")["frames"] == node (broker, "n1")["refused"] == 0
    liar.send (1)
    wait_until (lambda: node (broker, "n2")["frames"] == 1)


def test_a_huge_message_harms_nobody (pair, wait_until):
    broker, honest, liar = pair
    for seq in range (1, 4):
        liar.send_raw (b"n2/", bytes (50_000_000))
        honest.send (seq)
        wait_until (lambda seq=seq: node (broker, "n1")["frames"] == seq)
        wait_until (lambda seq=seq: node (broker, "n2")["cuts"] == seq)
        liar.wait_for_subscriber ()
    rss = int (open (f"/proc/{broker.pid}/statm").read ().split ()[1]) * 4096
    assert rss < 150e6
    assert node (broker, "n1")["cuts"] == 0


def test_a_flood_does_not_delay_the_others (pair, wait_until):
    broker, honest, liar = pair
    start = int (time.time ()) - 4000  # Not so old that retention takes it
    for i in range (20000):
        liar.send_raw (b"n2/", b"\x93garbage")
        if i % 1000 == 0:
            honest.send (1 + i // 1000, start=start + i // 1000)
    wait_until (lambda: node (broker, "n1")["frames"] == 20)
    for seq in range (1, 3001):
        liar.send (seq, start=start + seq)
    sent = time.monotonic ()
    honest.send (21, start=start + 20)
    wait_until (lambda: node (broker, "n1")["frames"] == 21, 3)
    assert time.monotonic () - sent < 2
    wait_until (lambda: show_stats (broker.answer)["flooded"] > 0)
    assert node (broker, "n2")["frames"] <= 2100


def test_a_replay_of_frames_of_a_day_each_does_not_delay_the_others (start_broker, fake_worker,
                                                                    free_port, wait_until):
    broker = start_broker (["--keep", "forever", "--keep-minutes", "forever"])
    honest, liar = fake_worker ("n1"), fake_worker ("n2")
    day, today = 86400, int (time.time ()) // 86400 * 86400
    frames = [make_frame ("n2", liar.epoch, seq, start=today + (seq - 300) * day, span=day)
              for seq in range (1, 300)]
    store = FakeStore ("n2", frames, f"tcp://127.0.0.1:{free_port ()}")
    store.reveal (len (frames))
    try:
        with sock (zmq.DEALER) as dealer:
            dealer.connect (broker.answer)
            announce (dealer, "n1", honest.endpoint)
            announce (dealer, "n2", liar.endpoint, store.endpoint)
            honest.wait_for_subscriber ()
            liar.wait_for_subscriber ()
            liar.send (300, start=today)  # All before it are late
            wait_until (lambda: show_nodes (broker.answer).get ("n2", {}).get ("frames", 0) > 1)
            honest.send (1)
            wait_until (lambda: show_nodes (broker.answer).get ("n1", {}).get ("frames") == 1, 5)
    finally:
        store.close ()


def test_a_live_reader_that_does_not_read_delays_nobody (pair, wait_until):
    broker, worker, other = pair
    with sock (zmq.SUB, rcvhwm=1, rcvbuf=4096) as lazy, subscription (broker.live) as live:
        lazy.subscribe (b"")
        lazy.connect (broker.live)
        wait_for_live (live, other)
        for seq in range (1, 1501):
            worker.send (seq, start=1000 + seq)
        wait_until (lambda: node (broker, "n1")["frames"] == 1500)
        assert show_missing (broker.answer) == []


@contextlib.contextmanager
def web_server (endpoint):
    """Something else that answers on an endpoint, and not by ZeroMQ's protocol."""
    host, port = endpoint.removeprefix ("tcp://").split (":")
    with socket.create_server ((host, int (port))) as server:
        def serve ():
            with contextlib.suppress (OSError):
                while True:
                    client, _ = server.accept ()
                    client.sendall (b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10)
                    client.close ()
        thread = threading.Thread (target=serve)
        thread.start ()
        yield
        server.shutdown (socket.SHUT_RDWR)
        thread.join ()


def test_another_program_on_a_port_does_not_keep_broker_and_worker_apart (
        start, start_worker, free_port, wait_until, tmp_path):
    live, answer = (f"tcp://127.0.0.1:{free_port ()}" for _ in range (2))
    with web_server (answer):
        worker = start_worker (coordinator=answer)
        worker.wait_for ("announces itself")
        time.sleep (1.5)
    broker = start ("broker", "--live", live, "--answer", answer, "--store", tmp_path / "broker")
    broker.wait_for ("n1 is live", 12)
    worker.stop ()
    with web_server (worker.publish):
        time.sleep (1.5)
    start ("publisher", "--node", "n1", "--source", "synthetic:busy", "--store", worker.store,
           "--publish", worker.publish, "--answer", worker.answer, "--coordinator", answer)
    begun = show_nodes (answer)["n1"]["frames"]
    wait_until (lambda: show_nodes (answer)["n1"]["frames"] > begun, 12)


def test_two_workers_of_one_name_are_told_apart (start_broker, fake_worker, wait_until):
    broker = start_broker ()
    first, second = fake_worker ("n1"), fake_worker ("n1")
    with sock (zmq.DEALER) as dealer:
        dealer.connect (broker.answer)
        announce (dealer, "n1", first.endpoint)
        first.wait_for_subscriber ()
        first.send (1)
        wait_until (lambda: show_nodes (broker.answer).get ("n1", {}).get ("frames") == 1)
        announce (dealer, "n1", second.endpoint)
        wait_until (lambda: node (broker, "n1")["refused"] == 1)
        assert node (broker, "n1")["publishes"] == first.endpoint
        assert f"a second worker, on {second.endpoint}, calls itself n1" in broker.log ()
        assert not second.socket.poll (200)
        broker.wait_for ("n1 is silent", 6)
        announce (dealer, "n1", second.endpoint)
        second.wait_for_subscriber ()
        second.send (1, epoch=second.epoch + (1 << 16))
        wait_until (lambda: node (broker, "n1")["state"] == "live")
        assert node (broker, "n1")["publishes"] == second.endpoint


def test_bad_announcements_are_refused_and_counted (start_broker, wait_until):
    broker = start_broker ()
    broker.wait_for ("answers on")
    endpoints = ["", "inproc://x", "tcp://host.example:7101", "tcp://*:7101", "7101", "x" * 255]
    with sock (zmq.DEALER) as dealer:
        dealer.connect (broker.answer)
        for endpoint in endpoints:
            announce (dealer, "n1", endpoint)
        wait_until (lambda: show_stats (broker.answer)["refused_announcements"] == len (endpoints))
        for i in range (5000):
            announce (dealer, f"flood{i}", "tcp://127.0.0.1:9")
        wait_until (lambda: show_stats (broker.answer)["nodes"] > 100)
    assert ask (broker.answer, "show gaps") == []


def test_what_the_broker_relayed_survives_its_death (pair, start, wait_until):
    broker, worker, _ = pair
    for seq in range (1, 101):
        worker.send (seq, start=1000 + seq)
    wait_until (lambda: node (broker, "n1")["frames"] == 100)
    broker.kill ()
    again = start ("broker", "--live", broker.live, "--answer", broker.answer,
                   "--store", broker.store)
    again.wait_for ("answers on")
    assert node (broker, "n1")["frames"] == 100
    assert node (broker, "n1")["state"] == "silent"
    [row] = ask (broker.answer, "select cpu_count from n1 since 1001 until 1101")
    assert row["frames"] == 100
