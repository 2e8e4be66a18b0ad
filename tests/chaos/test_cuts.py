# SPDX-License-Identifier: GPL-2.0-or-later
"""Links between workers and broker that are cut, in both directions or one, or lose packets."""

import time

import pytest

import cluster as clusters
from network import BROKER_ADDRESS, Network

LONGEST_S = 60
HEAL_SECONDS = 60
FAULTS = ["down", "ingress all", "egress all", "ingress some", "egress some"]


@pytest.fixture
def network ():
    with Network (workers=3) as made:
        yield made


def make_apart (make_cluster, network):
    cluster = make_cluster (make=False)
    cluster.broker = clusters.Broker (cluster.folder, BROKER_ADDRESS, args=["--insecure"])
    for worker in network.workers:
        cluster.add_worker (f"n{worker}", address=network.address (worker),
                            prefix=network.prefix (worker), args=["--insecure"])
    return cluster


def harm (network, worker, fault):
    if fault == "down":
        network.cut (worker)
    else:
        network.drop (worker, *fault.split ())


@pytest.mark.needs_root
def test_cut_links_lose_nothing (network, make_cluster, options, report):
    cluster = make_apart (make_cluster, network)
    cluster.start ()
    cluster.wait_for_frames ()
    longest_s = 5 if options.rounds == 1 else LONGEST_S
    for _ in range (3 * options.rounds):
        workers = cluster.random.sample (list (network.workers), cluster.random.randint (1, 3))
        for worker in workers:
            harm (network, worker, cluster.random.choice (FAULTS))
        time.sleep (cluster.random.uniform (1, longest_s))
        for worker in workers:
            network.mend (worker)
        cluster.counted["faults"] += len (workers)
        time.sleep (cluster.random.uniform (0, 1))
    assert all (program.is_running () for program in cluster.programs ())
    report (cluster.prove (seconds=HEAL_SECONDS))
    cluster.__exit__ ()
