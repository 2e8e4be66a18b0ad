# SPDX-License-Identifier: GPL-2.0-or-later
"""SIGKILL of workers and broker: at random moments, and at each call that changes a file."""

import random
import signal
import threading
import time

import cluster as clusters

SHARE_AT_CALLS = 0.4
CALLS = ["write", "pwrite", "fdatasync", "fsync", "rename", "unlink", "ftruncate", "any"]
LONGEST_WAIT_S = 2


def test_kills_at_random_moments_lose_nothing (make_cluster, options, report, first_source):
    cluster = make_cluster (source=first_source)
    cluster.start ()
    cluster.wait_for_frames ()
    wanted = round (options.kills * (1 - SHARE_AT_CALLS))
    while cluster.counted["kills"] < wanted:
        time.sleep (cluster.random.uniform (0, 1.5))
        cluster.note_refilled ()
        kill_some (cluster)
        time.sleep (cluster.random.choice ([0, 0, cluster.random.uniform (0, 2)]))
        cluster.heal ()
    report (cluster.prove ())


def kill_some (cluster):
    draw = cluster.random.random ()
    if draw < 0.1:
        cluster.kill (*cluster.programs ())
    elif draw < 0.4:
        cluster.kill (cluster.broker)
    else:
        cluster.kill (cluster.random.choice (cluster.workers))


class CallKiller (threading.Thread):
    """Ends one program again and again at a call that is drawn by the seed, or after
    LONGEST_WAIT_S where it makes too few of them. .sites counts how often it ended at which."""

    def __init__ (self, program, seed, kills):
        super ().__init__ (daemon=True)
        self.program, self.random, self.wanted = program, random.Random (seed), kills
        self.sites, self.kills, self.failure = {}, 0, None

    def run (self):
        try:
            while sum (self.sites.values ()) < self.wanted:
                self.kill_once ()
        except AssertionError as failure:
            self.failure = failure

    def kill_once (self):
        call, when = self.random.choice (CALLS), self.random.choice (["before", "half", "after"])
        count = int (2 ** self.random.uniform (0, 6))
        self.program.start (LD_PRELOAD=clusters.BUILT / "kill_at.so", KILL_AT_CALL=call,
                            KILL_AT_COUNT=str (count), KILL_AT_WHEN=when)
        if self.died ():
            self.sites[call, when] = self.sites.get ((call, when), 0) + 1
        self.program.kill ()
        self.kills += 1

    def died (self):
        deadline = time.monotonic () + LONGEST_WAIT_S
        while time.monotonic () < deadline and self.program.is_running ():
            time.sleep (0.01)
        code = self.program.process.poll ()
        assert code in (None, -signal.SIGKILL), \
            f"{self.program.name} ended with {code}: {self.program.log ()[-2000:]}"
        return code is not None


def test_kills_at_calls_that_change_files_lose_nothing (make_cluster, options, report):
    cluster = make_cluster ()
    cluster.start ()
    cluster.wait_for_frames ()
    victims = [cluster.broker, *cluster.workers[:2]]
    cluster.kill (*victims)
    kills = round (options.kills * SHARE_AT_CALLS / len (victims))
    killers = [CallKiller (program, options.seed + i, kills) for i, program in enumerate (victims)]
    for killer in killers:
        killer.start ()
    for killer in killers:
        killer.join ()
    for killer in killers:
        assert not killer.failure, f"seed {options.seed}: {killer.failure}"
        cluster.counted["kills"] += killer.kills
    cluster.heal ()
    report (cluster.prove ())
