# SPDX-License-Identifier: GPL-2.0-or-later
"""A broker that was killed with a day of ten nodes in its store answers soon after it is started."""

import signal
import subprocess
import time

import cluster as clusters
import peer as peers

NODES, SECONDS_HELD, EVENTS = 10, 86400, 10
ANSWERS_WITHIN_S = 5


def write_store_and_die (path):
    nodes = ",".join (f"n{i + 1}" for i in range (NODES))
    writer = subprocess.run ([clusters.BUILT / "write_spool", "-k", path, nodes,
                              str (SECONDS_HELD), str (EVENTS)])
    assert writer.returncode == -signal.SIGKILL


def seconds_until_answered (cluster, statement):
    """A broker's start until its answer; and the answer."""
    begin = time.monotonic ()
    cluster.broker.start ()
    while time.monotonic () - begin < 60:
        try:
            answer = cluster.peer.ask (cluster.broker.answer, statement, 1)
            return time.monotonic () - begin, answer
        except peers.Silent:
            continue
    raise AssertionError (f"no answer: {cluster.broker.log ()[-2000:]}")


def test_a_killed_broker_with_a_day_of_ten_nodes_answers_within_5_seconds (make_cluster):
    cluster = make_cluster (workers=0)
    write_store_and_die (cluster.broker.store)
    for _ in range (2):
        seconds, nodes = seconds_until_answered (cluster, "show nodes")
        cluster.kill (cluster.broker)
        print (f"start-up: {NODES * SECONDS_HELD} frames held, answered after {seconds:.2f} s")
        assert [node["frames"] for node in nodes] == NODES * [SECONDS_HELD]
        assert seconds <= ANSWERS_WITHIN_S
