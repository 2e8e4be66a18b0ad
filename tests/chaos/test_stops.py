# SPDX-License-Identifier: GPL-2.0-or-later
"""SIGSTOP of either side: what waits, overflows, or comes late must still all be there."""

import signal
import time

LONGEST_S = 60


def test_stopped_programs_lose_nothing (make_cluster, options, report):
    cluster = make_cluster ()
    cluster.start ()
    cluster.wait_for_frames ()
    longest_s = 4 if options.rounds == 1 else LONGEST_S
    for _ in range (3 * options.rounds):
        victims = cluster.random.sample (cluster.programs (), cluster.random.randint (1, 2))
        for victim in victims:
            victim.signal (signal.SIGSTOP)
        time.sleep (cluster.random.uniform (1, longest_s))
        for victim in victims:
            victim.signal (signal.SIGCONT)
        cluster.counted["faults"] += len (victims)
        time.sleep (cluster.random.uniform (0, 1.5))
    assert all (program.is_running () for program in cluster.programs ()), "a stop ended a program"
    report (cluster.prove ())
