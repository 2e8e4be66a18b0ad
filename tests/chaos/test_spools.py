# SPDX-License-Identifier: GPL-2.0-or-later
"""Stores that are deleted, copied from another node or damaged, and two workers of one name. A worker
notices, keeps the data aside, begins anew and says so; a broker mixes nothing up, and is refilled."""

import shutil
import time

import cluster as clusters
import peer as peers


def aside (worker):
    """Folders into which the worker's spool was moved."""
    return list (worker.store.parent.glob (f"{worker.store.name}.quarantined-*"))


def spooled (cluster, worker):
    """Names of the frames in the worker's spool; none while it does not answer."""
    try:
        return set (cluster.peer.frames (worker.answer, worker.node))
    except peers.Silent:
        return set ()


def running_cluster (make_cluster, seconds=3):
    cluster = make_cluster ()
    cluster.start ()
    cluster.wait_for_frames ()
    time.sleep (seconds)
    return cluster


def test_a_spool_deleted_while_its_worker_is_down_is_begun_anew (make_cluster, report):
    cluster = running_cluster (make_cluster)
    victim = cluster.workers[0]
    before = spooled (cluster, victim)
    cluster.kill (victim)
    shutil.rmtree (victim.store)
    cluster.heal ()
    after = clusters.wait_until (lambda: spooled (cluster, victim), 15, "a frame in the new spool")
    assert before and not before & after
    report (cluster.prove ())


def test_a_spool_deleted_under_its_worker_is_begun_anew (make_cluster, report):
    cluster = running_cluster (make_cluster)
    victim = cluster.workers[0]
    shutil.rmtree (victim.store)
    cluster.counted["faults"] += 1
    clusters.wait_until (victim.store.exists, 15, "the worker has a spool again")
    time.sleep (3)
    assert victim.is_running ()
    report (cluster.prove (published=False))


def test_a_spool_of_another_node_is_moved_aside (make_cluster, report):
    cluster = running_cluster (make_cluster)
    donor, victim = cluster.workers[:2]
    cluster.kill (donor, victim)
    shutil.rmtree (victim.store)
    shutil.copytree (donor.store, victim.store)
    cluster.heal ()
    clusters.wait_until (lambda: aside (victim), 10, "the foreign spool is moved aside")
    report (cluster.prove ())
    assert clusters.audit (aside (victim)[0], cluster.broker.store, donor.node)[0] == 0


def test_a_spool_with_a_flipped_bit_is_moved_aside_or_harmless (make_cluster, options, report):
    cluster = running_cluster (make_cluster)
    for _ in range (2 * options.rounds):
        victim = cluster.random.choice (cluster.workers)
        cluster.kill (victim)
        flip_a_bit (cluster, victim.store)
        cluster.counted["faults"] += 1
        cluster.heal ()
        time.sleep (2.5)
        assert victim.is_running (), f"seed {cluster.seed}: {victim.log ()[-2000:]}"
    report (cluster.prove (published=False))


def flip_a_bit (cluster, store, pattern="*"):
    files = sorted (path for path in store.glob (pattern) if path.is_file () and path.stat ().st_size
                    and not path.name.startswith ("LOG"))
    path = cluster.random.choice (files)
    data = bytearray (path.read_bytes ())
    data[cluster.random.randrange (len (data))] ^= 1 << cluster.random.randrange (8)
    path.write_bytes (data)


def test_of_two_workers_with_one_name_the_second_is_refused_and_shown (make_cluster, report):
    cluster = running_cluster (make_cluster)
    first = cluster.workers[0]
    second = clusters.Worker (first.node, cluster.folder, cluster.broker.answer,
                              store=cluster.folder / "second")
    second.log_path = cluster.folder / "second.log"
    refused = cluster.peer.nodes (cluster.broker.answer)[first.node]["refused"]
    second.start ()
    try:
        clusters.wait_until (lambda: cluster.peer.nodes (cluster.broker.answer)[first.node]
                             ["refused"] > refused, 10, "the second worker is refused and counted")
        time.sleep (2)
        theirs = {run[0] for run in cluster.peer.manifest (second.answer, first.node)[0]}
        held = {run[0] for run in cluster.peer.manifest (cluster.broker.answer, first.node)[0]}
        assert theirs and not theirs & held
    finally:
        second.kill ()
    cluster.counted["faults"] += 1
    report (cluster.prove ())


def test_a_brokers_store_that_is_gone_is_refilled (make_cluster, report):
    cluster = running_cluster (make_cluster)
    cluster.kill (cluster.broker)
    shutil.rmtree (cluster.broker.store)
    cluster.heal ()
    counts = cluster.prove ()
    assert counts.counts["refilled"] >= 6
    report (counts)


def test_a_brokers_log_with_a_flipped_bit_is_refilled (make_cluster, options, report):
    cluster = running_cluster (make_cluster)
    for _ in range (2 * options.rounds):
        cluster.kill (cluster.broker)
        flip_a_bit (cluster, cluster.broker.store, "*.log")
        cluster.counted["faults"] += 1
        cluster.heal ()
        cluster.wait_for_frames ()
    report (cluster.prove ())
