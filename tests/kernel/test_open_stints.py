# SPDX-License-Identifier: GPL-2.0-or-later
"""What is in progress at each second's edge: accrued time, and what it costs to know it."""

import os
import signal
import sys
import time

from conftest import MS, SECOND, TICK, cpu_time, stolen_ns

CPU = max (os.sched_getaffinity (0))
CPUS = os.sysconf ("SC_NPROCESSORS_CONF")
SLEEPERS = 10000


def pin (work, policy=os.SCHED_OTHER, priority=0):
    os.sched_setaffinity (work.pid, {CPU})
    os.sched_setscheduler (work.pid, policy, os.sched_param (priority))


def test_fault_6_a_spinner_and_one_kept_waiting_are_in_every_second_to_1_ms (load, read):
    """The spinner has priority over all on its CPU. Yet while others starve there, the kernel's
    fair server takes up to 50 ms of each second from it: then it waits, and is seen to."""
    spinner, waiter = load ("spin"), load ("spin")
    pin (spinner, os.SCHED_FIFO, 50)
    pin (waiter)
    readers = [read ("-p", spinner.pid), read ("-p", waiter.pid)]
    spinner.start ()
    waiter.start ()
    time.sleep (0.1)
    errors = [0, 0]
    for readings in zip (*(reader.seconds (10) for reader in readers)):
        ran, waited = zip (*((reading["cpudist"]["accrued"], reading["runqlat"]["accrued"])
                             for reading in readings))
        for which in (0, 1):
            error = ran[which] + waited[which] - readings[which]["clock"]
            assert abs (error) < 1 * MS
            errors[which] += error
        assert ran[0] > 0.94 * SECOND
        assert waited[1] > 0.94 * SECOND
    assert all (abs (error) < 1 * MS for error in errors)


def test_a_spinner_accrues_what_its_own_cpu_clock_says_to_1_ms_in_every_second (load, read,
                                                                                tmp_path):
    """The spinner reads that clock itself (see load.c); we look before and after. It leaves out
    what the hypervisor stole, which /proc/stat counts in whole ticks only; wall time bounds the
    rest to 1 ms."""
    def own_clock ():
        return int.from_bytes ((tmp_path / "clock").read_bytes (), sys.byteorder)

    def reading ():
        started, before = time.monotonic_ns (), own_clock ()
        accrued = reader.read_all ()["cpudist"]["accrued"]
        return before, accrued, own_clock (), stolen_ns (), started, time.monotonic_ns ()
    spinner = load ("clock", tmp_path / "clock")
    pin (spinner)
    reader = read ("-p", spinner.pid)
    spinner.start ()
    while own_clock () == 0 and spinner.process.poll () is None:  # It has not run yet
        time.sleep (0.01)
    last = reading ()
    for _ in range (3):
        time.sleep (1)
        now = reading ()
        accrued, stolen = now[1] - last[1], now[3] - last[3]
        assert now[0] - last[2] - 1 * MS < accrued < now[2] - last[0] + stolen + TICK
        assert accrued < now[5] - last[4] + 1 * MS
        last = now


def test_a_reader_with_a_real_time_policy_finds_its_moment (read):
    """Its timers have no slack: a sleep of 1 ns is over before it has left its CPU."""
    os.sched_setscheduler (0, os.SCHED_RR, os.sched_param (1))
    try:
        reader = read ()
    finally:
        os.sched_setscheduler (0, os.SCHED_OTHER, os.sched_param (0))
    assert os.sched_getscheduler (reader.pid) == os.SCHED_RR
    for second in reader.seconds (2):
        assert abs (second["clock"] - second["mono"]) < 1 * MS


def test_the_whole_machine_and_idle_are_cpus_times_the_time (load, read):
    reader = read ()
    load ("mix", 24, 500).start ()
    for second in reader.seconds (3):
        accounted = second["cpudist"]["accrued"] + second["idle"]
        assert abs (accounted - CPUS * second["clock"]) < 1 * MS


def test_idle_is_the_idle_of_proc_stat (read):
    """Which counts whole ticks, per CPU and for each of idle and iowait."""
    def idle ():
        return sum (map (int, open ("/proc/stat").readline ().split ()[4:6])) * TICK
    reader = read ()
    reader.mark ()
    before = idle ()
    time.sleep (3)
    assert abs (reader.read ()["idle"] - (idle () - before)) < CPUS * 4 * TICK


def test_fault_10_the_first_stint_of_a_task_that_ran_at_attach_is_counted_whole (load, read):
    spinner = load ("spin")
    pin (spinner, os.SCHED_FIFO, 50)
    spinner.start ()
    time.sleep (0.2)
    before = cpu_time (spinner.pid)
    reader = read ("-p", spinner.pid)
    time.sleep (0.2)
    os.kill (spinner.pid, signal.SIGSTOP)
    time.sleep (0.1)
    since_attach = cpu_time (spinner.pid) - before
    assert reader.read_all ()["cpudist"]["sum"] >= since_attach >= 0.1 * SECOND


def cost_of_readings (reader, count):
    before = reader.read_all ()["cpu"]
    for _ in range (count):
        time.sleep (1)
        reader.read_all ()
    return (reader.read_all ()["cpu"] - before) / (count + 1)


def test_readings_over_ten_thousand_sleeping_threads_cost_at_most_1_percent_of_a_cpu (load, read):
    load ("sleep", SLEEPERS)
    reader = read ()
    load ("spin").start ()
    pin (waiting := load ("spin"))
    waiting.start ()  # So that there is somebody to look for
    cost = cost_of_readings (reader, 4)
    print (f"{cost / 1000:.0f} us a reading of {SLEEPERS} threads")
    assert cost < 10 * MS
