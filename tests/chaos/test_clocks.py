# SPDX-License-Identifier: GPL-2.0-or-later
"""Steps of the wall clock that one worker sees: forward, back, and to and fro."""

import struct
import time

import cluster as clusters


class Clock:
    """A file that clock_at.so shifts its program's wall clock by."""

    def __init__ (self, path):
        self.path = path
        self.set (0)

    def set (self, seconds):
        with open (self.path, "r+b" if self.path.exists () else "wb") as file:
            file.write (struct.pack ("=q", int (seconds * 1e9)))

    def environment (self):
        return {"LD_PRELOAD": str (clusters.BUILT / "clock_at.so"),
                "CLOCK_AT_FILE": str (self.path)}


def test_clock_steps_lose_nothing (make_cluster, options, report, tmp_path):
    cluster = make_cluster ()
    clock = Clock (tmp_path / "clock")
    stepped = cluster.add_worker ("stepped", environment=clock.environment ())
    cluster.start ()
    cluster.wait_for_frames ()
    for step_s in [cluster.random.uniform (-90, 90) for _ in range (3 * options.rounds)] + [0]:
        time.sleep (cluster.random.uniform (1.2, 3))
        clock.set (step_s)
        cluster.counted["faults"] += 1
    time.sleep (2.5)
    epochs = {run[0] for run in cluster.peer.manifest (stepped.answer, "stepped")[0]}
    assert len (epochs) >= 2, "a clock step began no epoch"
    report (cluster.prove ())
