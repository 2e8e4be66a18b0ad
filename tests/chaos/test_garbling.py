# SPDX-License-Identifier: GPL-2.0-or-later
"""A network between workers and broker that flips, leaves out, repeats, delays and resets. The
workers advertise 127.0.0.2, where a proxy listens, and find their broker through it too."""

import time

import cluster as clusters
from garbler import Garbler

HEAL_SECONDS = 60  # The broker waits up to 30 s before it asks a worker again that kept failing.


def make_garbled (make_cluster, odds):
    cluster = make_cluster (make=False)
    garbler = Garbler (cluster.seed, odds)
    cluster.broker = clusters.Broker (cluster.folder)
    route (garbler, cluster.broker.answer)
    for i in range (3):
        worker = clusters.Worker (f"n{i + 1}", cluster.folder, garbled (cluster.broker.answer),
                                  args=["--advertise", "127.0.0.2"])
        cluster.workers.append (worker)
        route (garbler, worker.publish)
        route (garbler, worker.answer)
    garbler.start ()
    return cluster, garbler


def garbled (endpoint):
    return endpoint.replace ("127.0.0.1", "127.0.0.2")


def route (garbler, endpoint):
    port = int (endpoint.rsplit (":", 1)[1])
    garbler.add (("127.0.0.2", port), ("127.0.0.1", port))


def test_a_garbling_network_loses_nothing (make_cluster, options, report):
    cluster, garbler = make_garbled (make_cluster, odds=0.1)
    cluster.start ()
    time.sleep (15 * options.rounds)
    assert all (program.is_running () for program in cluster.programs ())
    garbler.heal ()
    cluster.counted["faults"] = garbler.harmed
    assert garbler.harmed > 10, "the proxy did no harm"
    report (cluster.prove (seconds=HEAL_SECONDS))
    garbler.stop ()
