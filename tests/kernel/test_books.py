# SPDX-License-Identifier: GPL-2.0-or-later
"""What the probe counts, against what the kernel itself books of each task, and of all."""

import os
import random
import time

import pytest

from conftest import MS, SECOND, TICK, schedstat, stolen_ns, switches, tasks

THREADS = 24


def utime_and_stime (pid):
    fields = open (f"/proc/{pid}/stat").read ().rsplit (")", 1)[1].split ()
    return (int (fields[11]) + int (fields[12])) * TICK


def difference (after, before):
    return [a - b for a, b in zip (after, before)]


def shuffle (work):
    """Move the load's threads between CPUs, waiting or not, until it is done."""
    cpus = sorted (os.sched_getaffinity (0))
    work.start ()
    moves = 0
    while not work.is_done ():
        for task in tasks (work.pid):
            os.sched_setaffinity (task, {random.choice (cpus)})
            moves += 1
        time.sleep (0.001)
    work.finish ()
    return moves


def test_runqlat_sum_is_the_change_of_run_delay_to_the_ns (load, read):
    work = load ("mix", THREADS, 100)
    before = schedstat (work.pid)
    reader = read ("-p", work.pid)
    work.go ()
    on_cpu, waited, arrivals = difference (schedstat (work.pid), before)
    runqlat = reader.read ()["runqlat"]
    assert waited > SECOND // 10
    assert runqlat["sum"] == waited
    assert runqlat["count"] == arrivals == sum (runqlat["buckets"].values ())


def test_runqlat_sum_is_the_change_of_run_delay_to_the_ns_when_migrated_while_waiting (load, read):
    work = load ("mix", THREADS, 100)
    before = schedstat (work.pid)
    reader = read ("-p", work.pid)
    moves = shuffle (work)
    waited = difference (schedstat (work.pid), before)[1]
    assert moves > 1000
    assert reader.read ()["runqlat"]["sum"] == waited


def test_cpudist_count_is_the_change_of_context_switches (load, read):
    work = load ("mix", THREADS, 100)
    before = switches (work.pid)
    reader = read ("-p", work.pid)
    work.go ()
    cpudist = reader.read ()["cpudist"]
    assert cpudist["count"] == switches (work.pid) - before
    assert cpudist["count"] == sum (cpudist["buckets"].values ())


def test_cpudist_sum_is_the_change_of_sum_exec_runtime_but_for_stolen_time (load, read):
    """The two differ, by less than 2 us a switch, by when in a switch the kernel ends a stint;
    and sum_exec_runtime leaves out what the hypervisor stole of it (and, on kernels that account
    for them, interrupts), while a stint is all the time that the task held the CPU."""
    work = load ("mix", THREADS, 100)
    before, switched, stolen = schedstat (work.pid), switches (work.pid), stolen_ns ()
    reader = read ("-p", work.pid)
    work.go ()
    on_cpu = difference (schedstat (work.pid), before)[0]
    switched = switches (work.pid) - switched
    more = reader.read ()["cpudist"]["sum"] - on_cpu
    assert -2000 * switched < more < 2000 * switched + stolen_ns () - stolen + 2 * TICK


def test_cpudist_sum_is_utime_and_stime_but_for_stolen_time (load, read):
    """/proc/PID/stat counts whole ticks of 1/100 s; for stolen time see above."""
    work = load ("mix", THREADS, 100)
    before, stolen = utime_and_stime (work.pid), stolen_ns ()
    reader = read ("-p", work.pid)
    work.go ()
    more = reader.read ()["cpudist"]["sum"] - (utime_and_stime (work.pid) - before)
    assert -2 * TICK < more < stolen_ns () - stolen + 4 * TICK


def test_on_and_off_cpu_add_up_to_the_time_that_passed (load, read):
    work = load ("mix", THREADS, 100)
    reader = read ("-p", work.pid)
    work.start ()
    for second in reader.seconds (2):
        spent = second["cpudist"]["accrued"] + second["offcpu"]["accrued"]
        assert abs (spent - (THREADS + 1) * second["clock"]) < 1 * MS


def forks ():
    return next (int (line.split ()[1]) for line in open ("/proc/stat") if "processes" in line)


def read_with_forks (reader):
    """A reading and /proc/stat's count of the same moment: none made between."""
    for _ in range (100):
        before, reading, after = forks (), reader.read_all (), forks ()
        if before == after:
            return reading["pidpersec"]["count"], before
    pytest.fail ("tasks are made all the time: no quiet moment to read")


def test_pidpersec_of_the_machine_is_the_change_of_processes_in_proc_stat (load, read):
    work = load ("fork", 23, 23)
    reader = read ()
    counted, forked = read_with_forks (reader)
    work.go ()
    counted_after, forked_after = read_with_forks (reader)
    assert counted_after - counted == forked_after - forked >= 46


def test_pidpersec_of_a_process_counts_the_23_processes_and_23_threads_it_made (load, read):
    work = load ("fork", 23, 23)
    reader = read ("-p", work.pid)
    work.go ()
    reading = reader.read ()
    assert reading["pidpersec"]["count"] == 46
    assert reading["threads"] == 23


def test_no_stint_of_the_machine_is_discarded_or_without_a_record (load, read):
    reader = read ()
    load ("mix", THREADS, 100).go ()
    load ("fork", 23, 23).go ()
    reading = reader.read ()
    assert reading["cpudist"]["count"] > THREADS * 100
    assert reading["discards"] == 0
    assert reading["missing_storage"] == 0
