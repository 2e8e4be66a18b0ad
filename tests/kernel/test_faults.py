# SPDX-License-Identifier: GPL-2.0-or-later
"""Known faults of other tools that measure the scheduler, as claims about ours. Each test names
its fault; those of the command line are in tests/e2e/test_probe_faults.py, fault 6 and 10 in
test_open_stints.py."""

import pathlib

import pytest

from conftest import MS, SECOND, schedstat, state, switches, tasks

THREADS = 24


def voluntary_switches (pid):
    lines = [line for task in tasks (pid) for line in open (f"/proc/{pid}/task/{task}/status")]
    return sum (int (line.split ()[1]) for line in lines if line.startswith ("voluntary"))


def test_fault_1_stints_that_end_voluntarily_are_counted (load, read):
    work = load ("mix", 1, 100)  # Alone it is hardly ever preempted
    before, all_before = voluntary_switches (work.pid), switches (work.pid)
    reader = read ("-p", work.pid)
    work.go ()
    assert voluntary_switches (work.pid) - before >= 100
    assert reader.read ()["cpudist"]["count"] == switches (work.pid) - all_before


def context_switches ():
    return next (int (line.split ()[1]) for line in open ("/proc/stat") if "ctxt" in line)


def test_fault_4_no_count_is_lost_when_all_cpus_count_at_once (load, read):
    """Some virtual machines keep their agent, pid 1, out of tracepoints: then each of its switches
    hides one to it and one from it."""
    reader = read ("-I")  # The idle tasks' stints too: every switch ends one
    first, agent = context_switches (), switches (1)
    before = reader.read_all ()["cpudist"]["count"]
    second = context_switches ()
    load ("mix", THREADS, 100).go ()
    third = context_switches ()
    counted = reader.read_all ()["cpudist"]["count"] - before
    fourth, agent = context_switches (), switches (1) - agent
    assert third - second > 2000
    assert third - second - 2 * agent <= counted <= fourth - first


def test_fault_5_nothing_is_lost_between_a_reading_and_the_next (load, read):
    work = load ("mix", THREADS, 100)
    before = switches (work.pid)
    reader = read ("-p", work.pid)
    last = reader.read_all ()
    total = last["cpudist"]["count"]
    work.start ()
    while not work.is_done ():
        now = reader.read_all ()
        total += sum (count - last["cpudist"]["buckets"].get (slot, 0)
                      for slot, count in now["cpudist"]["buckets"].items ())
        last = now
    work.finish ()
    total += reader.read_all ()["cpudist"]["count"] - last["cpudist"]["count"]
    assert total == switches (work.pid) - before


def test_fault_7_more_tasks_than_the_table_has_places_are_all_measured (load, read):
    work = load ("mix", THREADS, 100)
    before, switched = schedstat (work.pid), switches (work.pid)
    reader = read ("-p", work.pid, "-s", 1)  # Two places
    work.go ()
    reading = reader.read ()
    assert reading["missing_storage"] == 0
    assert reading["cpudist"]["count"] == switches (work.pid) - switched
    assert reading["runqlat"]["sum"] == schedstat (work.pid)[1] - before[1]


@pytest.mark.parametrize ("log2_places", [1, 6, 16])
def test_fault_7_records_of_tasks_that_ended_make_room (load, read, log2_places):
    reader = read ("-s", log2_places)
    for _ in range (4):
        load ("fork", 500, 500).go ()
    reading = reader.read ()
    assert reading["pidpersec"]["count"] >= 4 * 1000
    assert reading["missing_storage"] == 0
    assert reading["discards"] == 0  # A record met by the wrong task looks like time run backwards


def test_fault_9_a_task_does_not_inherit_the_absence_of_the_last_one_of_its_pid (load, read):
    work = load ("twin")
    child = int (pathlib.Path (f"/proc/{work.pid}/task/{work.pid}/children").read_text ())
    while state (child, child) != "S":
        pass
    reader = read ("-p", child)
    work.go ()
    offcpu = reader.read ()["offcpu"]
    assert offcpu["count"] >= 1  # The second one's sleep; the first fell asleep unseen
    assert 10 * MS <= offcpu["sum"] < SECOND // 2


def test_fault_11_who_waits_is_the_kernels_word_not_a_state_read_a_moment_later (load, read):
    work = load ("mix", THREADS, 100)
    before = schedstat (work.pid)
    reader = read ("-p", work.pid)
    work.go ()
    assert reader.read ()["runqlat"]["count"] == schedstat (work.pid)[2] - before[2]
