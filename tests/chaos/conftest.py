# SPDX-License-Identifier: GPL-2.0-or-later
"""Real processes under faults, each phase reproducible by its seed as far as a machine's timing is.

    CHAOS_SEED     what the faults are drawn from (default: a new one, printed)
    CHAOS_KILLS    how many SIGKILLs the kill phases deal out together (default 54)
    CHAOS_MINUTES  how long the other phases go on, together and about (default 2)

Fixtures: options (.seed .kills .rounds), make_cluster (seed=..., **of Cluster), report (Report)
which prints the phase's line and adds it to the total in the terminal summary."""

import os
import random

import pytest

import cluster as clusters


class Options:
    def __init__ (self):
        self.seed = int (os.environ.get ("CHAOS_SEED") or random.randrange (1, 1 << 31))
        os.environ["CHAOS_SEED"] = str (self.seed)  # For the processes that share the tests
        self.kills = int (os.environ.get ("CHAOS_KILLS") or 54)
        self.rounds = max (1, int (os.environ.get ("CHAOS_MINUTES") or 2) // 2)


OPTIONS = Options ()
TOTAL = clusters.Report ()
LINES = []
REPORTED = "chaos report"


def pytest_report_header (config):
    return f"chaos: seed {OPTIONS.seed}, {OPTIONS.kills} kills, {OPTIONS.rounds} rounds of the rest"


def pytest_runtest_logreport (report):
    for name, counts in report.user_properties if report.when == "teardown" else ():
        if name == REPORTED:
            LINES.append (f"chaos: {report.nodeid.split ('::')[1]}: {clusters.Report (**counts)}")
            TOTAL.add (clusters.Report (**counts))


def pytest_terminal_summary (terminalreporter):
    for line in LINES:
        terminalreporter.write_line (line)
    if LINES:
        terminalreporter.write_line (f"chaos: total, seed {OPTIONS.seed}: {TOTAL}")


@pytest.fixture
def options ():
    return OPTIONS


@pytest.fixture
def make_cluster (tmp_path):
    made = []

    def make (**arguments):
        arguments.setdefault ("seed", OPTIONS.seed)
        made.append (clusters.Cluster (tmp_path, **arguments))
        return made[-1]

    yield make
    for cluster in made:
        cluster.__exit__ ()


@pytest.fixture
def report (record_property):
    return lambda counts: record_property (REPORTED, counts.counts)


def can_measure ():
    return os.geteuid () == 0 and os.path.exists ("/sys/kernel/btf/vmlinux")


@pytest.fixture
def first_source ():
    """bpf where this machine can be measured, so that one worker of a cluster is real."""
    return "bpf" if can_measure () else None


def pytest_configure (config):
    config.addinivalue_line ("markers", "needs_root: mounts, or makes network namespaces")


def pytest_runtest_setup (item):
    if item.get_closest_marker ("needs_root") and os.geteuid () != 0:
        pytest.skip ("needs root")
