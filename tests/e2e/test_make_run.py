# SPDX-License-Identifier: GPL-2.0-or-later
"""`make run` as a new user meets it: with and without a terminal, where BPF is not possible, with
its ports taken. Each run has a network namespace of its own, so that its fixed ports are free and
whatever it leaves behind can be counted."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import pexpect
import pytest

ROOT = pathlib.Path (__file__).resolve ().parents[2]
PROGRAMS = {"publisher", "broker", "client", "subscriber"}

pytestmark = pytest.mark.skipif (os.geteuid () != 0, reason="network namespaces need root")


def isolated (command):
    """A shell command inside a new network namespace with loopback up."""
    return ["unshare", "--net", "sh", "-c", f"ip link set lo up; cd {ROOT}; {command}"]


def run_make (command, seconds=60, **options):
    return subprocess.run (isolated (command), capture_output=True, text=True, timeout=seconds,
                           stdin=subprocess.DEVNULL, **options)


def unwrapped (text):
    return " ".join (text.split ())


def wide_lines (text):
    """Those that a terminal of 80 columns breaks in mid-word."""
    return [line for line in text.splitlines () if len (line) > 79]


def programs_using (folder):
    """Pids of our programs whose command line names the folder."""
    pids = []
    for entry in pathlib.Path ("/proc").glob ("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes ().split (b"\0")
        except OSError:
            continue
        ours = pathlib.Path (os.fsdecode (words[0])).name in PROGRAMS
        if ours and any (os.fsencode (folder) in word for word in words):
            pids.append (int (entry.name))
    return pids


def table_rows (text, first_word):
    return [line.split () for line in text.splitlines () if line.split ()[:1] == [first_word]]


@pytest.mark.needs_bpf
def test_without_a_terminal_it_measures_and_answers_the_five_statements (tmp_path):
    result = run_make (f"make run VAR={tmp_path}")
    assert result.returncode == 0, result.stderr
    assert "numbers nearly agree" in result.stderr
    assert wide_lines (result.stderr + result.stdout) == []
    assert "ynthetic" not in result.stdout + result.stderr
    assert len (re.findall (r"^select ", result.stdout, re.MULTILINE)) == 5
    assert len (table_rows (result.stdout, "n1")) == 5
    assert len (table_rows (result.stdout, "n2")) == 4  # One statement asks n1 and n3 only
    assert programs_using (tmp_path) == []


def test_synthetic_says_so_on_every_screen (tmp_path):
    result = run_make (f"make run SOURCE=synthetic VAR={tmp_path}")
    assert result.returncode == 0, result.stderr
    assert "SYNTHETIC DATA" in result.stderr
    assert wide_lines (result.stderr + result.stdout) == []
    screens = result.stderr.lower ().count ("synthetic") + result.stdout.lower ().count ("synthetic")
    assert screens >= 1 + 5  # The introduction and each of the five answers
    for node in ("n1", "n2", "n3"):
        assert "synthetic" in (tmp_path / "log" / f"{node}.log").read_text ().lower ()


@pytest.mark.parametrize ("flag", ["-h", "--help"])
def test_the_tests_can_be_asked_which_suites_there_are (flag):
    result = run_make (f"tools/test {flag}")
    assert (result.returncode, result.stderr) == (0, "")
    assert re.search ("^    unit  .*^    e2e  ", result.stdout, re.MULTILINE | re.DOTALL)
    assert "==" not in result.stdout  # Runs none


def test_a_second_build_builds_nothing ():
    run_make ("make all", 300)
    result = run_make ("make all")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_without_bpf_it_names_what_is_missing_and_offers_synthetic (tmp_path):
    drop = "setpriv --bounding-set=-sys_admin,-bpf,-perfmon --inh-caps=-sys_admin,-bpf,-perfmon"
    result = run_make (f"{drop} make run VAR={tmp_path}")
    assert result.returncode not in (0, None)
    assert "make run SOURCE=synthetic" in result.stderr
    worker_said = (tmp_path / "log" / "n1.log").read_text ().splitlines ()[-1]
    assert re.search ("root|CAP_BPF|BTF|permi", worker_said), worker_said
    assert wide_lines (result.stderr) == []
    assert unwrapped (worker_said) in unwrapped (result.stderr)
    assert "sudo make run" not in result.stderr  # This is root, which sudo makes no more of
    assert programs_using (tmp_path) == []


def test_a_taken_port_is_named_with_the_way_out (tmp_path):
    taker = f"{sys.executable} -c \"import socket, time; s = socket.socket (); " \
            "s.bind (('127.0.0.1', 7002)); s.listen (); time.sleep (60)\" & taker=$!; sleep 0.5; "
    result = run_make (f"{taker} make run SOURCE=synthetic VAR={tmp_path}; code=$?; "
                       "kill $taker; exit $code")
    assert result.returncode != 0
    assert "tcp://127.0.0.1:7002: in use by another program" in unwrapped (result.stderr)
    assert re.search ("Stopped (n1, n2, n3|nothing); the coordinator.* had ended before",
                      result.stderr)
    assert programs_using (tmp_path) == []


def run_as_nobody (command):
    return run_make (f"setpriv --reuid=65534 --regid=65534 --clear-groups {command}")


@pytest.fixture
def open_folder ():
    """A folder that others than root can reach."""
    with tempfile.TemporaryDirectory () as name:
        os.chmod (name, 0o755)
        yield pathlib.Path (name)


@pytest.mark.parametrize ("earlier", [".", "log", "log/n2.log", "n3"])
def test_what_an_earlier_run_as_root_left_is_named_before_anything_starts (open_folder, earlier):
    (open_folder / "log").mkdir ()
    (open_folder / "n3").mkdir ()
    for name in ("coordinator", "n1", "n2", "n3"):
        (open_folder / "log" / f"{name}.log").write_text ("of an earlier run\n")
    for path in (open_folder, *open_folder.rglob ("*")):
        os.chown (path, 65534, 65534)
    blocked = open_folder / earlier
    for path in (blocked, *blocked.rglob ("*")):
        os.chown (path, 0, 0)
    result = run_as_nobody (f"make run SOURCE=synthetic VAR={open_folder}")
    named = {"n3": "n3", "log/n2.log": "log/n2.log"}.get (earlier, "log/coordinator.log")
    assert result.returncode != 0
    assert f"cannot write {open_folder}/{named} (owner root): run it with sudo, or " \
        f"sudo chown -R $USER {open_folder}" in unwrapped (result.stderr)
    for never in ("earlier run", "Permission denied", "Coordinator:", "ended", "Stopped"):
        assert never not in result.stderr


def test_who_is_not_root_is_offered_sudo_before_invented_data (open_folder):
    os.chown (open_folder, 65534, 65534)
    result = run_as_nobody (f"make run VAR={open_folder}")
    assert result.returncode != 0
    assert re.search ("needs root.*^    sudo make run$.*^    make run SOURCE=synthetic$",
                      result.stderr, re.MULTILINE | re.DOTALL)
    assert "cannot be measured from here" not in result.stderr


def test_it_introduces_nothing_that_did_not_start (tmp_path):
    result = run_make (f"make run SOURCE=nonsense VAR={tmp_path}")
    assert result.returncode != 0
    assert "nonsense" in result.stderr
    assert "Coordinator:" not in result.stderr
    assert "replay" not in result.stderr.split ("ended:")[0]


def spawn_with_terminal (tmp_path):
    command = isolated (f"exec make run SOURCE=synthetic VAR={tmp_path}")
    return pexpect.spawn (command[0], command[1:], timeout=40, encoding="utf-8",
                          dimensions=(40, 120), env={**os.environ, "XDG_STATE_HOME": str (tmp_path),
                                                     "TERM": "xterm"})


def test_in_a_terminal_it_ends_in_the_prompt_and_leaving_stops_all (tmp_path):
    terminal = spawn_with_terminal (tmp_path)
    terminal.expect ("Waiting for frames")
    terminal.expect ("kpulse> ")
    assert len (programs_using (tmp_path)) == 4
    terminal.sendintr ()  # Drops a line, and must reach neither make nor the workers
    time.sleep (0.3)
    terminal.sendline ("select cpu_count from n1,n2,n3;")
    terminal.expect ("n3")
    terminal.expect ("kpulse> ")
    assert len (programs_using (tmp_path)) == 4
    terminal.sendeof ()
    terminal.expect ("Stopped the coordinator, n1, n2, n3. Logs are in")
    terminal.expect (pexpect.EOF)
    terminal.close ()
    assert terminal.exitstatus == 0
    assert programs_using (tmp_path) == []


def test_ctrl_c_while_it_waits_stops_all (tmp_path):
    terminal = spawn_with_terminal (tmp_path)
    terminal.expect ("Waiting for frames")
    terminal.sendintr ()
    terminal.expect (pexpect.EOF)
    terminal.close ()
    assert programs_using (tmp_path) == []


def test_a_second_run_is_told_of_the_first_and_leaves_it_alone (tmp_path):
    terminal = spawn_with_terminal (tmp_path)
    terminal.expect ("kpulse> ")
    result = run_make (f"make run SOURCE=synthetic VAR={tmp_path}")
    assert result.returncode != 0
    assert re.search ("is in use: .*kpulse already runs here.*^    make runClient$",
                      result.stderr, re.MULTILINE | re.DOTALL)
    assert "Coordinator:" not in result.stderr
    assert len (programs_using (tmp_path)) == 4
    terminal.sendeof ()
    terminal.expect ("Stopped the coordinator, n1, n2, n3. Logs are in")
    terminal.expect (pexpect.EOF)
    terminal.close ()
