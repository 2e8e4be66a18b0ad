# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole machine's distributions, side by side with libbpf-tools' runqlat and cpudist on the
same load. Allowed distance: of the events compared, the shares up to each of bcc's rows (powers
of two of 1 us) differ by at most 5 points anywhere, and runqlat's counts by 10 %. Compared are

    runqlat   waits of 32 us and more. The tool reads its own clock; the kernel, whose clock we use,
              does not read the clock again between waking a task and switching to it at once
              (rq_clock_skip_update): so what the tool has at 2 to 16 us is 0 in the kernel's books
    cpudist   stints of 1 ms and more, of tasks that compete: the tool counts preempted stints only
              (fault 1), the idle tasks' among them"""

import re
import signal
import subprocess
import time

from conftest import Program

BCC_USECS = "2"  # enum bank_rows
ALLOWED = 0.05


class Tool:
    """One of libbpf-tools, attached; end () returns its rows as {bcc's row: count}."""

    def __init__ (self, name):
        self.process = subprocess.Popen ([f"/usr/sbin/{name}", "1000"], text=True,
                                         stdout=subprocess.PIPE)
        time.sleep (0.5)

    def end (self):
        self.process.send_signal (signal.SIGINT)
        output = self.process.communicate ()[0]
        rows = re.findall (r"^\s*(\d+) -> \d+\s*: (\d+)", output, re.MULTILINE)
        return {max (int (low), 1).bit_length (): int (count) for low, count in rows}


def shares (rows):
    """Share of events up to each row."""
    total, below, result = sum (rows.values ()), 0, []
    for row in range (1, 65):
        below += rows.get (row, 0)
        result.append (below / total)
    return result


def side_by_side (name, read, work):
    """Rows of both for the time from mark () on; the tool's begin half a second before."""
    reader = read ("-r", BCC_USECS)
    tool = Tool (name)
    reader.mark ()
    work ()
    rows = {int (row): count for row, count in reader.read ()[name]["rows"].items ()}
    return rows, tool.end ()


def distance (ours, theirs, from_row):
    print ("ours  ", sorted (ours.items ()))
    print ("theirs", sorted (theirs.items ()))
    ours, theirs = ({row: count for row, count in rows.items () if row >= from_row}
                    for rows in (ours, theirs))
    return max (abs (a - b) for a, b in zip (shares (ours), shares (theirs)))


def test_runqlat_of_the_machine_agrees_with_libbpf_tools (load, read):
    work = load ("mix", 24, 150)
    ours, theirs = side_by_side ("runqlat", read, work.go)
    assert distance (ours, theirs, from_row=6) < ALLOWED
    assert abs (sum (ours.values ()) / sum (theirs.values ()) - 1) < 0.10


def test_cpudist_of_the_machine_agrees_with_libbpf_tools_on_preempted_stints (load, read):
    spinners = [load ("spin") for _ in range (12)]
    def work ():
        for spinner in spinners:
            spinner.start ()
        time.sleep (3)
    ours, theirs = side_by_side ("cpudist", read, work)
    assert distance (ours, theirs, from_row=11) < ALLOWED
