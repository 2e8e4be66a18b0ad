# SPDX-License-Identifier: GPL-2.0-or-later
"""The make targets that run one program each, in the combinations the old system had: V1, where
the client asks the workers themselves, and V2, with a coordinator between."""

import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

ROOT = pathlib.Path (__file__).resolve ().parents[2]
STATEMENTS = ["select cpu_avg,cpu_sum from n1,n2,n3", "select cpu_avg from n1,n2,n3",
              "select cpu_avg,cpu_sum from n1,n3", "select cpu_avg,pidpersec_avg from n1,n2,n3",
              "select cpu_avg,pidpersec_avg,runqlat_avg,runqlat_sum from n1,n2,n3"]

# Naming the coordinator keeps the client from asking the workers where it is not up yet.
COORDINATOR = "--endpoint tcp://127.0.0.1:7002"

pytestmark = pytest.mark.skipif (os.geteuid () != 0, reason="network namespaces need root")


class Machine:
    """A network namespace in which make targets run on the default ports."""

    def __init__ (self, folder):
        self.folder = folder
        self.running = {}
        self.holder = subprocess.Popen (["unshare", "--net", "sh", "-c",
                                         "ip link set lo up && echo up && exec sleep infinity"],
                                        stdout=subprocess.PIPE)
        assert self.holder.stdout.readline () == b"up\n"

    def command (self, target, args):
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "make", "-C", ROOT,
                "--no-print-directory", f"VAR={self.folder}", target, *args]

    def start (self, target, *args):
        log = open (self.folder / f"{target}.log", "ab")
        self.running[target] = subprocess.Popen (self.command (target, args), stdout=log,
                                                 stderr=subprocess.STDOUT, start_new_session=True,
                                                 stdin=subprocess.DEVNULL)

    def log (self, target):
        return (self.folder / f"{target}.log").read_text (errors="replace")

    def interrupt (self, target):
        """What Ctrl-C does: SIGINT to make and all it started."""
        process = self.running.pop (target)
        os.killpg (process.pid, signal.SIGINT)
        process.wait (5)

    def ask (self, statement, flags="", *args):
        arguments = f"ARGS=-c '{statement}' --format csv {flags}"
        return subprocess.run (self.command ("runClient", [arguments, *args]), timeout=30,
                               capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def rows (self, statement, flags="", *args):
        """Answer as {node: {column: text}}, or {} while it fails."""
        lines = self.ask (statement, flags, *args).stdout.split ()
        if not lines:
            return {}
        names = lines[0].split (",")
        rows = [dict (zip (names, line.split (","))) for line in lines[1:]]
        return {row["node"]: row for row in rows}

    def end (self):
        for target in list (self.running):
            self.interrupt (target)
        self.holder.kill ()
        self.holder.wait ()


@pytest.fixture
def machine (tmp_path):
    machine = Machine (tmp_path)
    yield machine
    machine.end ()


def have_frames (machine, flags="", *args, since=""):
    """A condition: each of the three nodes has a frame in the answer."""
    def answered ():
        rows = machine.rows (f"select cpu_count from n1,n2,n3 {since}", flags, *args)
        return len (rows) == 3 and all (int (row["frames"]) > 0 for row in rows.values ())
    return answered


@pytest.fixture
def three_workers (machine):
    for number in (1, 2, 3):
        machine.start (f"runWorker{number}", "SOURCE=synthetic:busy")
    return machine


def test_v1_the_client_asks_the_workers_it_is_told (three_workers, wait_until):
    wait_until (have_frames (three_workers, "", "WORKERS=3"), 20)
    for statement in STATEMENTS:
        asked = re.findall (r"n\d", statement)
        assert list (three_workers.rows (statement, "", "WORKERS=3")) == asked, statement


def test_v1_a_client_that_finds_no_coordinator_asks_the_workers_and_says_so (three_workers,
                                                                             wait_until):
    wait_until (have_frames (three_workers), 20)
    for statement in STATEMENTS:
        answer = three_workers.ask (statement)
        assert answer.returncode == 0, answer.stderr
        assert "n1" in answer.stderr and "tcp://127.0.0.1:7002" in answer.stderr


def test_v2_workers_started_first_are_found_within_three_seconds (three_workers, wait_until):
    wait_until (have_frames (three_workers, "", "WORKERS=3"), 20)
    three_workers.start ("runCoordinator")
    # Three seconds to find them, one for a frame, one to start.
    wait_until (have_frames (three_workers, COORDINATOR), 5)
    for statement in STATEMENTS:
        answer = three_workers.ask (statement, COORDINATOR)
        assert answer.returncode == 0, answer.stderr


def test_v2_a_restarted_coordinator_finds_the_workers_again (three_workers, wait_until):
    three_workers.start ("runCoordinator")
    wait_until (have_frames (three_workers, COORDINATOR), 20)
    three_workers.interrupt ("runCoordinator")
    since = f"since {int (time.time ()) + 1}"
    three_workers.start ("runCoordinator")
    wait_until (have_frames (three_workers, COORDINATOR, since=since), 7)


def test_each_program_ends_cleanly_on_ctrl_c (machine, wait_until):
    machine.start ("runCoordinator")
    machine.start ("runWorker7", "SOURCE=synthetic:idle")
    machine.start ("runSubscriber", "ARGS=--format ndjson")
    wait_until (lambda: '"n7"' in machine.log ("runSubscriber"), 20)
    for target in ("runSubscriber", "runWorker7", "runCoordinator"):
        machine.interrupt (target)
        assert "Error 1" not in machine.log (target)
        assert "Assertion" not in machine.log (target)
        assert "dangling" not in machine.log (target)


def test_a_worker_number_out_of_range_is_refused (machine):
    for number in ("0", "100", "x", "07"):
        result = subprocess.run (machine.command (f"runWorker{number}", []), timeout=60,
                                 capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert result.returncode != 0
        assert "N is 1 to 99" in result.stderr


def test_args_are_passed_on (machine):
    machine.start ("runWorker99", "ARGS=--version")
    assert machine.running.pop ("runWorker99").wait (60) == 0
    assert "publisher (kpulse)" in machine.log ("runWorker99")
