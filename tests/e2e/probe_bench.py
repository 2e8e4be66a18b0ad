# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tests of bin/probe share: the probe itself, a process whose scheduling is known, and
the kernel's own books about it (/proc), which are the truth here.

    with Load (threads=8) as load, Probe ("cpudist", "-p", load.pid) as probe:
        before = load.switches ()
        load.do ("sleep", 100)
        assert probe.end ().count () == load.switches () - before
"""

import functools
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

HERE = pathlib.Path (__file__).resolve ().parent
BIN = pathlib.Path (os.environ.get ("KPULSE_BIN", HERE.parents[1] / "bin"))
PROBE = BIN / "probe"

SECTION = re.compile (r"^(pid|tid|pidns) = (\d+) ?(.*)$")
ROW = re.compile (r"^ *([\d.]+) -> ([\d.]+) +: (\d+) +\|([* ]+)\|$")
EXTENSION = re.compile (r"^avg = ([\d.]+) (\w+), total: (\d+) \2, count: (\d+)$")
TIME = re.compile (r"^\d\d:\d\d:\d\d$")


class Section:
    """One printed histogram: .id, .comm, .rows [(low, high, count)], .unit, .extensions."""

    def __init__ (self, label="", number=None, comm=""):
        self.label, self.id, self.comm = label, number, comm
        self.unit, self.rows, self.extensions = None, [], {}

    def count (self):
        return sum (count for _, _, count in self.rows)


class Screen:
    """All that a probe printed: .header, .times, .sections."""

    def __init__ (self, text):
        lines = text.splitlines ()
        self.text, self.header, self.times, self.sections = text, lines[0], [], []
        for line in lines[1:]:
            self.read (line)

    def read (self, line):
        if match := SECTION.match (line):
            self.sections.append (Section (match[1], int (match[2]), match[3]))
        elif line.endswith (": count     distribution"):
            if not self.sections or self.sections[-1].unit:
                self.sections.append (Section ())
            self.sections[-1].unit = line.split ()[0]
        elif match := ROW.match (line):
            self.sections[-1].rows.append ((float (match[1]), float (match[2]), int (match[3])))
        elif match := EXTENSION.match (line):
            self.sections[-1].extensions[match[2]] = (float (match[1]), int (match[3]),
                                                      int (match[4]))
        elif TIME.match (line):
            self.times.append (line)
        else:
            assert line == "", f"not a line of bcc's: {line!r}"

    def count (self, number=None):
        return sum (section.count () for section in self.sections
                    if number is None or section.id == number)

    def total (self, unit, number=None):
        return sum (section.extensions[unit][1] for section in self.sections
                    if number is None or section.id == number)


class Probe:
    """A running bin/probe that has begun to count."""

    def __init__ (self, *arguments, **options):
        self.process = subprocess.Popen ([PROBE, *map (str, arguments)], text=True,
                                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        self.header = self.process.stdout.readline ()
        assert self.header, self.process.stderr.read ()

    def end (self):
        """Ctrl-C; returns what it printed."""
        self.process.send_signal (signal.SIGINT)
        return self.wait ()

    def wait (self):
        rest, self.complaints = self.process.communicate (timeout=60)
        assert self.process.returncode == 0, self.complaints
        return Screen (self.header + rest)

    def __enter__ (self):
        return self

    def __exit__ (self, *_):
        if self.process.poll () is None:
            self.process.kill ()
        self.process.communicate ()


@functools.cache
def folder ():
    return tempfile.TemporaryDirectory (prefix="kpulse-")  # Removed when Python ends


@functools.cache
def load_program ():
    path = pathlib.Path (folder ().name) / "probe_load"
    subprocess.run (["cc", "-std=c11", "-D_GNU_SOURCE", "-O1", "-o", path,
                     HERE / "probe_load.c", "-pthread"], check=True)
    return path


class Load:
    """tests/e2e/probe_load.c, asleep between commands. wrapper goes before it on its command line."""

    def __init__ (self, threads=1, wrapper=()):
        self.process = subprocess.Popen ([*wrapper, load_program (), str (threads)], text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.do ("sleep", 1)
        self.pid = self.find ()
        self.settle ()

    def find (self):
        """The load's own pid; a wrapper may have forked."""
        pid = self.process.pid
        while pathlib.Path (f"/proc/{pid}/comm").read_text ().strip () != "probe_load":
            pid = int (pathlib.Path (f"/proc/{pid}/task/{pid}/children").read_text ().split ()[0])
        return pid

    def begin (self, command, amount):
        self.process.stdin.write (f"{command} {amount}\n")
        self.process.stdin.flush ()

    def finish (self):
        assert self.process.stdout.readline () == "done\n"

    def do (self, command, amount):
        self.begin (command, amount)
        self.finish ()

    def tasks (self):
        return sorted (map (int, os.listdir (f"/proc/{self.pid}/task")))

    def settle (self):
        """Wait until no thread has been switched for a while."""
        last = None
        while last != (last := self.task_switches ()):
            time.sleep (0.05)

    def task_switches (self):
        """Context switches of each thread, by thread id."""
        return {task: sum (map (int, re.findall (r"ctxt_switches:\s+(\d+)", self.read (task))))
                for task in self.tasks ()}

    def read (self, task, name="status"):
        return pathlib.Path (f"/proc/{self.pid}/task/{task}/{name}").read_text ()

    def switches (self):
        self.settle ()
        return sum (self.task_switches ().values ())

    def schedstat (self, column):
        return sum (int (self.read (task, "schedstat").split ()[column]) for task in self.tasks ())

    def ran_ns (self):
        """Up to now, though it may still run."""
        return self.schedstat (0)

    def waited_ns (self):
        self.settle ()
        return self.schedstat (1)

    def arrivals (self):
        self.settle ()
        return self.schedstat (2)

    def __enter__ (self):
        return self

    def __exit__ (self, *_):
        self.process.stdin.close ()
        self.process.wait ()
