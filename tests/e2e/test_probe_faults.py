# SPDX-License-Identifier: GPL-2.0-or-later
"""The known faults of other tools that measure the scheduler, as claims about bin/probe. Each test
names its fault; those whose truth is below the command line are in tests/kernel. Truth is the
kernel's own books: /proc/PID/task/*/status and schedstat, /proc/stat."""

import json
import os
import pathlib
import re
import subprocess
import time

import pytest

from probe_bench import Load, Probe

pytestmark = pytest.mark.needs_bpf
THREADS = 8
LAST_PID = pathlib.Path ("/proc/sys/kernel/ns_last_pid")


@pytest.fixture
def load ():
    with Load (THREADS) as load:
        yield load


def measure (load, command, amount, *arguments, truth):
    """What a probe of the load printed, and how the kernel's own number changed meanwhile."""
    with Probe (*arguments) as probe:
        before = truth ()
        load.do (command, amount)
        difference = truth () - before
        return probe.end (), difference


def test_fault_1_stints_that_end_voluntarily_are_counted (load):
    screen, switches = measure (load, "sleep", 100, "cpudist", "-p", load.pid,
                                truth=load.switches)
    assert switches >= THREADS * 100
    assert screen.count () == switches


def test_fault_2_pidnss_names_the_namespace_of_the_task_that_waited ():
    with Load (THREADS, ["unshare", "--pid", "--fork", "--kill-child"]) as load:
        namespace = int (re.search (r"\d+", os.readlink (f"/proc/{load.pid}/ns/pid"))[0])
        screen, arrivals = measure (load, "sleep", 100, "runqlat", "--pidnss",
                                    truth=load.arrivals)
    assert arrivals >= THREADS * 100
    assert screen.count (namespace) == arrivals
    assert [section.id for section in screen.sections].count (namespace) == 1


@pytest.mark.parametrize ("tool", ["cpudist", "runqlat"])
def test_fault_3_cgroup_filter_looks_at_the_task_measured (tool, cgroup):
    with Load (THREADS) as load, Load (THREADS) as other:
        (cgroup / "cgroup.procs").write_text (str (load.pid))
        truth = load.switches if tool == "cpudist" else load.arrivals
        with Probe (tool, "-c", cgroup) as probe:
            before = truth ()
            other.do ("sleep", 100)
            load.do ("sleep", 100)
            other.do ("sleep", 100)
            difference = truth () - before
            screen = probe.end ()
        assert difference >= THREADS * 100
        assert screen.count () == difference


def test_fault_4_process_histogram_loses_no_count_on_several_cpus (load):
    screen, switches = measure (load, "sleep", 1500, "cpudist", "-P", truth=load.switches)
    assert screen.count (load.pid) == switches


def test_fault_4_thread_histograms_lose_no_count_on_several_cpus (load):
    with Probe ("cpudist", "-L") as probe:
        before = load.task_switches ()
        load.do ("sleep", 400)
        load.settle ()
        after = load.task_switches ()
        screen = probe.end ()
    for task in load.tasks ():
        assert screen.count (task) == after[task] - before[task]


def test_fault_5_nothing_is_lost_between_reading_and_clearing (load):
    screen, switches = measure (load, "sleep", 16000, "cpudist", "-p", load.pid, "1",
                                truth=load.switches)
    assert len (screen.sections) >= 2
    assert screen.count () == switches


def test_fault_5_nothing_is_lost_when_the_tables_of_threads_are_exchanged (load):
    screen, switches = measure (load, "sleep", 16000, "cpudist", "-LT", "-p", load.pid, "1",
                                truth=load.switches)
    assert len (screen.times) >= 2
    assert screen.count () == switches


REAL_TIME = ["chrt", "--fifo", "10"]  # Runs until it sleeps, however busy the machine is


def test_fault_6_task_that_never_stops_is_in_the_frame_of_every_second (tmp_path):
    path = tmp_path / "cpu.json"
    with Load (1, REAL_TIME) as load:
        load.begin ("spin", 60000)
        with Probe ("cpudist", "-d", path, "-p", load.pid, "1", "2") as probe:
            probe.wait ()
        load.process.kill ()
    metrics = [json.loads (line)["metrics"]["cpudist"] for line in path.open ()]
    assert len (metrics) == 2
    for metric in metrics:  # The kernel leaves real-time tasks 0.95 of each second
        assert 900_000_000 <= metric["accrued_ns"] <= 1_010_000_000


def test_fault_7_twelve_thousand_threads_in_an_interval_are_all_told_apart (load):
    with Probe ("cpudist", "-L", "-p", load.pid) as probe:
        load.do ("born", 12000)
        screen = probe.end ()
    assert "histogram" not in probe.complaints
    assert len (screen.sections) == 12000 + 1  # The threads, and the one that started them


def test_fault_8_the_hook_needs_no_kernel_functions_name ():
    with Probe ("cpudist") as probe:
        descriptors = pathlib.Path (f"/proc/{probe.process.pid}/fdinfo")
        links = [text for text in (entry.read_text () for entry in descriptors.iterdir ())
                 if "link_type" in text]
        assert links and all (re.search (r"link_type:\s+(tracing|raw_tracepoint|iter)\b", text)
                              for text in links)


@pytest.mark.skipif (not LAST_PID.exists (), reason="this kernel does not let pids be chosen")
def test_fault_9_pid_that_is_used_again_brings_no_stint_of_its_last_owner ():
    first = subprocess.Popen (["sleep", "0.2"])
    with Probe ("cpudist", "-O", "-L", "--ns") as probe:
        first.wait ()
        ended = time.monotonic ()
        time.sleep (1)
        LAST_PID.write_text (str (first.pid - 1))
        second = subprocess.Popen (["sleep", "0.2"])
        second.wait ()
        assert time.monotonic () - ended >= 1
        screen = probe.end ()
    if second.pid != first.pid:
        pytest.skip ("another process took the pid")
    assert screen.total ("ns", first.pid) < 1_000_000_000


def test_fault_10_stint_in_progress_at_attach_is_counted ():
    with Load (1) as load:
        load.begin ("spin", 1500)
        with Probe ("cpudist", "--ns", "-p", load.pid) as probe:
            before = load.ran_ns ()
            load.finish ()
            load.settle ()
            ran = load.ran_ns () - before
            total = probe.end ().total ("ns")
    assert ran > 100_000_000
    assert total >= ran  # Without the first stint it were less


def test_fault_11_preempted_tasks_wait_and_are_counted (load):
    screen, arrivals = measure (load, "spin", 60, "runqlat", "-p", load.pid, truth=load.arrivals)
    assert "nonvoluntary_ctxt_switches:\t0" not in load.read (load.tasks ()[1])
    assert screen.count () == arrivals


def test_fault_12_fine_rows_are_narrower_than_ten_percent (load):
    screen, switches = measure (load, "sleep", 100, "cpudist", "--fine", "-p", load.pid,
                                truth=load.switches)
    assert screen.count () == switches
    for low, high, _ in screen.sections[0].rows:
        assert low < 0.1 or high / low < 1.10


def test_fault_12_fine_rows_hold_the_exact_mean (load):
    screen, _ = measure (load, "sleep", 100, "cpudist", "--fine", "--ns", "-p", load.pid,
                         truth=load.switches)
    section = screen.sections[0]
    total = section.extensions["ns"][1] / 1000
    assert sum (low * count for low, _, count in section.rows) - 1 <= total
    assert sum (high * count for _, high, count in section.rows) + 1 >= total


def test_fault_13_waits_are_summed_to_the_ns_before_they_are_cut_to_units (load):
    screen, waited = measure (load, "sleep", 300, "runqlat", "-e", "--ns", "-p", load.pid,
                              truth=load.waited_ns)
    section = screen.sections[0]
    average, total, count = section.extensions["ns"]
    assert total == waited
    assert count == section.count ()
    assert average == pytest.approx (total / count, abs=0.001)
    assert section.extensions["usecs"] == (total // (1000 * count), total // 1000, count)


def test_fault_13_waits_under_a_microsecond_have_rows_of_their_own (load):
    screen, arrivals = measure (load, "sleep", 300, "runqlat", "--fine", "-p", load.pid,
                                truth=load.arrivals)
    assert screen.count () == arrivals
    assert all (high - low < 1 for low, high, _ in screen.sections[0].rows if high < 1)
