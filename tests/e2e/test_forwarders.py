# SPDX-License-Identifier: GPL-2.0-or-later
"""Forwarders, which bring many nodes over one connection, as schema/PROTOCOL.md has them: here
pyzmq sockets that share no code with the broker."""

import re
import time

import pytest

from pipeline_peer import (FakeWorker, announce, ask, make_frame, show_missing, show_nodes,
                           show_stats, sock, subscription, zmq)

EPOCH = int (time.time () * 1000) << 16
NODES = [f"rack1-{i}" for i in range (300)]


class Forwarder (FakeWorker):
    def __init__ (self, endpoint):
        super ().__init__ ("", endpoint)

    def forward (self, node, seq, **fields):
        payload = make_frame (node, EPOCH, seq, **fields)
        self.send_raw (f"{node}/".encode (), payload)
        return payload


@pytest.fixture
def start_forwarders (free_port, start_broker):
    """Forwarders, and a broker that subscribes to them."""
    started = []

    def start_some (count=1, args=()):
        started.extend (Forwarder (f"tcp://127.0.0.1:{free_port ()}") for _ in range (count))
        endpoints = ",".join (forwarder.endpoint for forwarder in started)
        broker = start_broker (args=["--forwarders", endpoints, *args])
        for forwarder in started:
            forwarder.wait_for_subscriber ()
        return broker, *started

    yield start_some
    for forwarder in started:
        forwarder.close ()


def has_stored (broker, frames):
    return lambda: show_stats (broker.answer)["store_frames"] >= frames


def has_counted (broker, **values):
    """The counters of intake are put up once a second."""
    def check ():
        stats = show_stats (broker.answer)
        return all (stats[name] == value for name, value in values.items ())
    return check


def test_many_nodes_are_stored_and_relayed_byte_for_byte (start_forwarders, wait_until):
    broker, forwarder = start_forwarders ()
    with subscription (broker.live) as live:
        time.sleep (0.3)  # Until the subscription is there
        start = int (time.time ()) - 5
        sent = {(node, seq): forwarder.forward (node, seq, start=start + seq, events=seq)
                for seq in (1, 2) for node in NODES}
        relayed = {tuple (live.recv_multipart ()) for _ in sent}
    assert relayed == {(f"{node}/".encode (), payload) for (node, _), payload in sent.items ()}
    wait_until (has_stored (broker, len (sent)))
    nodes = show_nodes (broker.answer)
    assert list (nodes) == sorted (NODES)
    assert all (node["frames"] == 2 and node["state"] == "live" for node in nodes.values ())
    wait_until (has_counted (broker, forwarded=len (sent), forwarders=1))
    rows = ask (broker.answer, "select cpu_count from * over 10s")
    assert {row["node"]: row["cpu_count"] for row in rows} == dict.fromkeys (NODES, [0, 3])


def test_a_broker_is_a_forwarder_to_another (start_broker, start_worker, wait_until, free_port,
                                            start, tmp_path):
    rack = start_broker ()
    answer = f"tcp://127.0.0.1:{free_port ()}"
    start ("broker", "--live", f"tcp://127.0.0.1:{free_port ()}", "--answer", answer, "--store",
           tmp_path / "above", "--forwarders", rack.live)
    for node in ("n1", "n2"):
        start_worker (node, coordinator=rack.answer)

    def has_both ():
        nodes = show_nodes (answer)
        return len (nodes) == 2 and all (node["frames"] >= 2 for node in nodes.values ())
    wait_until (has_both)
    assert all (node["publishes"] == rack.live for node in show_nodes (answer).values ())


def test_a_gap_of_a_forwarded_node_stays_and_is_shown (start_forwarders, wait_until):
    broker, forwarder = start_forwarders ()
    start = int (time.time ()) - 10
    for seq in (1, 2, 5):
        forwarder.forward ("n1", seq, start=start + seq)
    wait_until (has_stored (broker, 3))
    gap, = show_missing (broker.answer)
    assert (gap["node"], gap["state"], gap["first_seq"], gap["last_seq"]) == ("n1", "unknown", 3, 4)


def test_a_forwarder_cannot_speak_for_a_node_with_a_worker (start_forwarders, free_port,
                                                            wait_until):
    broker, forwarder = start_forwarders ()
    worker = FakeWorker ("n1", f"tcp://127.0.0.1:{free_port ()}")
    with sock (zmq.DEALER) as dealer:
        dealer.connect (broker.answer)
        announce (dealer, "n1", worker.endpoint)
        worker.wait_for_subscriber ()
    worker.send (1)
    wait_until (has_stored (broker, 1))
    forwarder.forward ("n1", 2)
    forwarder.forward ("n2", 1)
    wait_until (has_stored (broker, 2))
    wait_until (has_counted (broker, refused=1, forwarded=1))
    nodes = show_nodes (broker.answer)
    assert nodes["n1"]["epoch"] == str (worker.epoch)
    assert nodes["n2"]["epoch"] == str (EPOCH)
    worker.close ()
    wait_until (lambda: show_nodes (broker.answer)["n1"]["state"] == "silent")
    forwarder.forward ("n1", 2)
    wait_until (has_stored (broker, 3))
    assert show_nodes (broker.answer)["n1"]["publishes"] == forwarder.endpoint


def test_a_node_is_taken_from_one_of_two_forwarders (start_forwarders, wait_until):
    broker, one, other = start_forwarders (2)
    one.forward ("n1", 1)
    wait_until (has_stored (broker, 1))
    other.forward ("n1", 2)
    other.forward ("n2", 1)
    wait_until (has_stored (broker, 2))
    wait_until (has_counted (broker, refused=1))
    assert show_nodes (broker.answer)["n1"]["frames"] == 1


def test_a_forwarder_that_sends_garbage_harms_no_node (start_forwarders, wait_until):
    broker, forwarder = start_forwarders ()
    good = make_frame ("n1", EPOCH, 1)
    for parts in ([b"n1/"], [b"", b""], [b"n1/", good[:-1]], [b"n2/", good], [b"n1", good],
                  [b"n1/", good, b""], [b"n1/", b"\xdd\xff\xff\xff\xff"]):
        forwarder.send_raw (*parts)
    forwarder.send_raw (b"n1/", good)
    wait_until (has_stored (broker, 1))
    wait_until (has_counted (broker, refused=7))
    assert list (show_nodes (broker.answer)) == ["n1"]


def test_limits_of_forwarded_nodes_and_their_rate_are_settings (start_forwarders, wait_until):
    broker, forwarder = start_forwarders (args=["--forwarded-nodes", 2, "--forwarded-rate", 1])
    start = int (time.time ()) - 1000
    for node in ("n1", "n2", "n3"):
        forwarder.forward (node, 1, start=start)
    for seq in range (2, 131):
        forwarder.forward ("n1", seq, start=start + seq)
    wait_until (lambda: show_stats (broker.answer)["flooded"] > 0)
    wait_until (has_stored (broker, 101))
    wait_until (has_counted (broker, nodes=2, refused=1))
    assert 0 < show_stats (broker.answer)["flooded"] <= 130 - 100  # A burst of 100 s is free


@pytest.mark.parametrize ("count, said", [(1, "to 1 forwarder, "), (2, "to 2 forwarders, ")])
def test_a_broker_says_how_many_forwarders_it_subscribes_to (start_forwarders, count, said):
    broker, *_ = start_forwarders (count)
    broker.wait_for (f"subscribes {said}")


def test_the_example_of_a_forwarder_is_a_brokers_live_endpoint (run):
    said = run ("broker", "--help").stdout
    live = re.search (r"default:\s+tcp://[\d.]+(:\d+)\)", said.split ("--live=")[1])[1]
    assert f"broker -f tcp://10.0.0.5{live},tcp://10.0.0.6{live} " in said


@pytest.mark.parametrize ("value, complaint", [
    ("tcp://127.0.0.1", "is not of the form"),
    ("tcp://127.0.0.1:7100,tcp://127.0.0.1:7100", "is listed twice"),
])
def test_forwarders_that_cannot_be_are_refused_at_the_start (run, value, complaint):
    result = run ("broker", "--forwarders", value)
    assert result.returncode == 2 and complaint in result.stderr
