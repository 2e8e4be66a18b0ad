# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures for the kernel tests: sched_probe read to the ns while known work runs, and the
kernel's own books to compare with.

    def test_claim (load, read):
        work = load ("mix", 24)                # tests/kernel/load.c
        reader = read ("-p", work.pid)         # tests/kernel/reader.c
        before = switches (work.pid)
        work.go ()                             # to its end; all its tasks sleep again
        reader.read ()["cpudist"]["count"]     # since attaching, or since reader.mark ()

Needs root and a kernel that can be measured; the tests fail, and say why, where that is not so."""

import json
import os
import pathlib
import select
import subprocess
import time

import pytest

ROOT = pathlib.Path (__file__).resolve ().parents[2]
PROGRAMS = ROOT / os.environ.get ("BUILD", "build") / "tests/kernel"
SECOND = 10**9
MS = 10**6
TICK = SECOND // os.sysconf ("SC_CLK_TCK")


class Program:
    """A helper program that is spoken to by lines."""

    def __init__ (self, name, *arguments):
        self.process = subprocess.Popen ([PROGRAMS / name, *map (str, arguments)], text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = self.process.pid

    def say (self, line=""):
        self.process.stdin.write (line + "\n")
        self.process.stdin.flush ()

    def hear (self):
        line = self.process.stdout.readline ()
        assert line, f"{self.process.args[0]} ended with {self.process.wait ()}"
        return line.strip ()

    def end (self):
        self.process.kill ()
        self.process.communicate ()


class Load (Program):
    def __init__ (self, *arguments):
        super ().__init__ ("load", *arguments)
        assert self.hear () == "ready"
        self.settle ()

    def start (self):
        self.say ()

    def finish (self):
        assert self.hear () == "done"
        self.settle ()

    def settle (self):
        """Until all its tasks have gone to sleep: a task says so a little before it does."""
        while any (state (self.pid, task) not in ("S", "gone") for task in tasks (self.pid)):
            time.sleep (0.01)
        time.sleep (0.02)

    def go (self):
        self.start ()
        self.finish ()

    def is_done (self):
        """Without waiting: has it said so?"""
        return bool (select.select ([self.process.stdout], [], [], 0)[0])


class Reader (Program):
    def __init__ (self, *arguments):
        super ().__init__ ("reader", *arguments)
        self.origin = None
        self.hear ()  # Attached

    def read_all (self):
        """Everything since attaching."""
        self.say ()
        return json.loads (self.hear ())

    def mark (self):
        self.origin = self.read_all ()

    def read (self):
        """Everything since mark ()."""
        return subtract (self.read_all (), self.origin) if self.origin else self.read_all ()

    def seconds (self, count):
        """Readings of so many seconds in a row."""
        self.mark ()
        for _ in range (count):
            time.sleep (1)
            now = self.read_all ()
            yield subtract (now, self.origin)
            self.origin = now


def subtract (now, before):
    if isinstance (now, dict):
        return {key: subtract (value, before.get (key, {} if isinstance (value, dict) else 0))
                for key, value in now.items ()}
    return now - before


@pytest.fixture
def started ():
    programs = []
    yield programs
    for program in reversed (programs):
        program.end ()


@pytest.fixture
def load (started):
    def start (*arguments):
        started.append (Load (*arguments))
        return started[-1]
    return start


@pytest.fixture
def read (started):
    def start (*arguments):
        started.append (Reader (*arguments))
        return started[-1]
    return start


# --- the kernel's own books ------------------------------------------------------------------

def tasks (pid):
    return [int (name) for name in os.listdir (f"/proc/{pid}/task")]


def state (pid, task):
    """One letter, as in ps; "gone" for a task that has just ended."""
    try:
        return pathlib.Path (f"/proc/{pid}/task/{task}/stat").read_text ().rsplit (")")[-1].split ()[0]
    except OSError:
        return "gone"


def schedstat (pid):
    """Of all threads together: ns on a CPU, ns waited, times a CPU was got after a wait."""
    numbers = [map (int, pathlib.Path (f"/proc/{pid}/task/{task}/schedstat").read_text ().split ())
               for task in tasks (pid)]
    return [sum (column) for column in zip (*numbers)]


def switches (pid):
    """Context switches of all threads together, voluntary or not."""
    total = 0
    for task in tasks (pid):
        for line in open (f"/proc/{pid}/task/{task}/status"):
            if "ctxt_switches" in line:
                total += int (line.split ()[1])
    return total


def cpu_time (pid):
    """A process's time on CPUs, ns, as the kernel tells it (CPUCLOCK_SCHED): up to now where it
    does not run, else up to its last tick (thread_group_cputime adds up what was written then)."""
    return time.clock_gettime_ns ((~pid << 3) | 2)


def stolen_ns ():
    """Time that the hypervisor gave to others while a CPU of ours had work."""
    return int (open ("/proc/stat").readline ().split ()[8]) * TICK
