# SPDX-License-Identifier: GPL-2.0-or-later
"""Stores on a disk that fills up and is freed: a small tmpfs with a ballast file."""

import os
import subprocess
import time

import pytest

import cluster as clusters

MIB = 1 << 20
BROKER_DISK_MIB, WORKER_DISK_MIB = 400, 160
RESUME_SECONDS = 30


class Disk:
    def __init__ (self, path, mib):
        self.path, self.ballast = path, path / "ballast"
        path.mkdir ()
        subprocess.run (["mount", "-t", "tmpfs", "-o", f"size={mib}m", "kpulse-chaos", path],
                        check=True)

    def fill (self, leave_mib=0):
        """Take all space but so much."""
        room = os.statvfs (self.path)
        size = room.f_bavail * room.f_frsize - leave_mib * MIB
        with open (self.ballast, "wb") as file:
            os.posix_fallocate (file.fileno (), 0, max (size, 1))

    def free (self):
        self.ballast.unlink (missing_ok=True)

    def unmount (self):
        subprocess.run (["umount", "--lazy", self.path], check=True)


@pytest.fixture
def make_disk (tmp_path):
    disks = []

    def make (mib):
        disks.append (Disk (tmp_path / f"disk{len (disks)}", mib))
        return disks[-1]

    yield make
    for disk in disks:
        disk.unmount ()


def make_small (make_cluster, make_disk):
    """A cluster whose broker and first worker have small disks."""
    broker_disk, worker_disk = make_disk (BROKER_DISK_MIB), make_disk (WORKER_DISK_MIB)
    cluster = make_cluster (make=False)
    cluster.broker = clusters.Broker (cluster.folder, store=broker_disk.path / "store")
    cluster.add_worker ("n1", store=worker_disk.path / "store")
    cluster.add_worker ("n2")
    return cluster, broker_disk, worker_disk


def held (cluster, node):
    return cluster.peer.nodes (cluster.broker.answer)[node]["frames"]


@pytest.mark.needs_root
def test_a_full_disk_stops_the_brokers_intake_and_nothing_else (make_disk, make_cluster, report):
    cluster, disk, _ = make_small (make_cluster, make_disk)
    cluster.start ()
    cluster.wait_for_frames ()
    disk.fill (leave_mib=8)
    clusters.wait_until (lambda: cluster.peer.stats (cluster.broker.answer)["store_failing"], 10,
                         "show stats says that the store takes no frames")
    before = held (cluster, "n2")
    time.sleep (3)
    assert held (cluster, "n2") == before
    assert cluster.peer.ask (cluster.broker.answer, "select cpu_count from n1,n2")
    disk.free ()
    clusters.wait_until (lambda: held (cluster, "n2") > before + 3, RESUME_SECONDS,
                         "intake goes on after space returned")
    assert not cluster.peer.stats (cluster.broker.answer)["store_failing"]
    assert cluster.broker.is_running ()
    cluster.counted["faults"] += 1
    report (cluster.prove ())
    cluster.__exit__ ()


@pytest.mark.needs_root
def test_a_full_disk_does_not_blind_a_worker (make_disk, make_cluster, report):
    cluster, _, disk = make_small (make_cluster, make_disk)
    cluster.start ()
    cluster.wait_for_frames ()
    worker = cluster.workers[0]
    disk.fill (leave_mib=8)
    before = held (cluster, "n1")
    clusters.wait_until (lambda: held (cluster, "n1") >= before + 4, 10,
                         "frames that are not spooled are published")
    assert worker.is_running ()
    disk.free ()
    spooled = len (cluster.peer.frames (worker.answer, "n1"))
    clusters.wait_until (lambda: len (cluster.peer.frames (worker.answer, "n1")) > spooled + 1,
                         RESUME_SECONDS, "the spool grows again")
    cluster.counted["faults"] += 1
    report (cluster.prove (published=False))
    cluster.__exit__ ()


@pytest.mark.needs_root
def test_disks_filled_to_the_last_byte_lose_nothing (make_disk, make_cluster, options, report):
    cluster, *disks = make_small (make_cluster, make_disk)
    cluster.start ()
    cluster.wait_for_frames ()
    for _ in range (2 * options.rounds):
        disk = cluster.random.choice (disks)
        disk.fill (leave_mib=cluster.random.choice ([0, 0, 1, 20]))
        time.sleep (cluster.random.uniform (1, 3))
        disk.free ()
        cluster.counted["faults"] += 1
        cluster.heal ()
        time.sleep (cluster.random.uniform (0, 2))
    report (cluster.prove (published=False))
    cluster.__exit__ ()
