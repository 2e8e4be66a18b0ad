# SPDX-License-Identifier: GPL-2.0-or-later
"""bin/client at a terminal: the prompt as people use it, on a real pseudo-terminal."""

import os
import re
import stat
import time

import pexpect
import pytest
import zmq

from conftest import BIN

PROMPT = "kpulse> "
UP = "\x1b[A"


@pytest.fixture
def worker (start_worker, run, wait_until):
    worker = start_worker ("n1")
    worker.wait_for ("publishes")
    return worker


@pytest.fixture
def open_prompt (tmp_path):
    opened = []

    def open_one (*args, columns=100, **environment):
        variables = {**os.environ, "XDG_STATE_HOME": str (tmp_path / "state"), "TERM": "xterm",
                     **environment}
        opened.append (pexpect.spawn (str (BIN / "client"), [*map (str, args)], encoding="utf-8",
                                      timeout=10, dimensions=(50, columns), env=variables))
        return opened[-1]

    yield open_one
    for terminal in opened:
        terminal.close (force=True)


@pytest.fixture
def prompt (open_prompt, worker):
    terminal = open_prompt ("--workers", f"n1={worker.answer}")
    terminal.expect_exact (PROMPT)
    return terminal


def end_code (terminal):
    terminal.expect (pexpect.EOF)
    terminal.close ()
    return terminal.exitstatus


def test_a_statement_is_answered_with_rows_counted (prompt):
    prompt.sendline ("show metrics;")
    prompt.expect ("pidpersec.*\\(4 rows\\)")
    prompt.expect_exact (PROMPT)


def test_a_complete_line_needs_no_semicolon (prompt):
    prompt.sendline ("show metrics")
    prompt.expect ("\\(4 rows\\)")


def test_an_unfinished_statement_goes_on_on_the_next_line (prompt):
    prompt.sendline ("select cpu_count")
    prompt.expect_exact ("...> ")
    prompt.sendline ("from n1")
    prompt.expect ("\\(1 row")
    prompt.expect_exact (PROMPT)


def test_an_empty_line_ends_an_unfinished_statement (prompt):
    prompt.sendline ("select cpu_count")
    prompt.expect_exact ("...> ")
    prompt.sendline ("")
    prompt.expect ("error: .*expected: ")
    prompt.expect_exact (PROMPT)


def test_several_statements_on_a_line_are_all_answered (prompt):
    prompt.sendline ("show metrics; show metrics;")
    prompt.expect ("\\(4 rows\\).*\\(4 rows\\)")


def test_an_error_leaves_the_prompt_open (prompt):
    prompt.sendline ("select runqlt_avg from n1;")
    prompt.expect ("did you mean runqlat")
    prompt.expect_exact (PROMPT)
    prompt.sendline ("show metrics;")
    prompt.expect ("\\(4 rows\\)")


def test_ctrl_c_drops_the_line_and_what_came_before_it (prompt):
    prompt.sendline ("select cpu_count")
    prompt.expect_exact ("...> ")
    prompt.send ("from nonsense")
    prompt.sendintr ()
    prompt.expect_exact ("^C")
    prompt.expect_exact (PROMPT)
    prompt.sendline ("show metrics;")
    prompt.expect ("\\(4 rows\\)")
    assert "error" not in prompt.before


def test_ctrl_c_is_not_missed_however_soon_after_typing_it_comes (prompt):
    for i in range (300):  # The kernel throws away what was typed before it, maybe half read
        os.write (prompt.child_fd, b"from nonsense")
        time.sleep (i % 20 * 20e-6)
        os.write (prompt.child_fd, b"\x03")
        prompt.expect_exact ("^C")
        prompt.expect_exact (PROMPT)
    prompt.sendline ("show metrics;")
    prompt.expect ("\\(4 rows\\)")
    assert "error" not in prompt.before


@pytest.mark.parametrize ("leave", ["\\q", "quit", "exit;", " QUIT "])
def test_words_that_leave (prompt, leave):
    prompt.sendline (leave)
    assert end_code (prompt) == 0


def test_ctrl_d_leaves (prompt):
    prompt.sendeof ()
    assert end_code (prompt) == 0


def test_help_is_there (prompt):
    for word in ("help", "\\?"):
        prompt.sendline (word)
        prompt.expect ("METRIC_FUNCTION.*show nodes")
        prompt.expect_exact (PROMPT)
    prompt.sendline ("\\nonsense")
    prompt.expect ("there is no command .nonsense")


def test_sigterm_leaves (prompt):
    prompt.kill (15)
    assert end_code (prompt) == 0


def test_history_is_kept_for_its_owner_only_and_recalled (prompt, open_prompt, worker, tmp_path):
    prompt.sendline ("show metrics;")
    prompt.expect_exact (PROMPT)
    prompt.sendline ("show metrics;")
    prompt.expect_exact (PROMPT)
    path = tmp_path / "state/kpulse/history"
    assert path.read_text () == "show metrics;\n"  # Already now, and not twice
    prompt.sendeof ()
    assert end_code (prompt) == 0
    assert stat.S_IMODE (path.stat ().st_mode) == 0o600
    again = open_prompt ("--workers", f"n1={worker.answer}")
    again.expect_exact (PROMPT)
    again.send (UP)
    again.expect_exact ("show metrics;")
    again.sendline ("")
    again.expect ("\\(4 rows\\)")


def test_without_a_place_for_history_the_prompt_works (open_prompt, worker):
    prompt = open_prompt ("--workers", f"n1={worker.answer}", XDG_STATE_HOME="/proc/none")
    prompt.expect ("the history is not kept")
    prompt.expect_exact (PROMPT)
    prompt.sendline ("show metrics;")
    prompt.expect ("\\(4 rows\\)")


def test_ctrl_c_stops_waiting_for_an_answer (open_prompt):
    mute = zmq.Context.instance ().socket (zmq.ROUTER)
    port = mute.bind_to_random_port ("tcp://127.0.0.1")
    prompt = open_prompt ("--endpoint", f"tcp://127.0.0.1:{port}", "--timeout", "60")
    prompt.expect_exact (PROMPT)
    for _ in range (2):
        prompt.sendline ("show nodes;")
        assert mute.poll (10_000)
        mute.recv_multipart ()
        prompt.sendintr ()
        prompt.expect_exact ("interrupted")
        prompt.expect_exact (PROMPT)
    prompt.sendeof ()
    assert end_code (prompt) == 0
    mute.close (0)


def test_a_coordinator_that_comes_back_is_asked_again (open_prompt, start_broker, start,
                                                       wait_until):
    broker = start_broker ()
    broker.wait_for ("answers on")
    prompt = open_prompt ("--endpoint", broker.answer)
    prompt.expect_exact (PROMPT)
    broker.stop ()
    prompt.sendline ("show metrics;")
    prompt.expect ("nobody answers at " + re.escape (broker.answer))
    prompt.expect_exact (PROMPT)
    again = start ("broker", "--live", broker.live, "--answer", broker.answer, "--store",
                   broker.store)
    again.wait_for ("answers on")
    prompt.sendline ("show metrics;")
    prompt.expect ("\\(4 rows\\)")


def test_nobody_to_ask_is_exit_code_3 (open_prompt, free_port):
    prompt = open_prompt ("--endpoint", f"tcp://127.0.0.1:{free_port ()}")
    assert end_code (prompt) == 3


def test_a_narrow_terminal_gets_its_rows_vertical (open_prompt, worker):
    for columns, marked in ((60, True), (400, False)):
        prompt = open_prompt ("--workers", f"n1={worker.answer}", columns=columns)
        prompt.expect_exact (PROMPT)
        prompt.sendline ("show nodes;")
        prompt.expect ("\\(1 row")
        assert ("-[ 1 ]-" in prompt.before) == marked
        prompt.close ()


@pytest.mark.parametrize ("environment, coloured", [({}, True), ({"NO_COLOR": "1"}, False),
                                                    ({"TERM": "dumb"}, False)])
def test_colours_are_for_terminals_that_want_them (open_prompt, worker, environment, coloured):
    terminal = open_prompt ("--workers", f"n1={worker.answer}", "-c",
                            "select cpu_count from n1", **environment)
    terminal.expect (pexpect.EOF)
    assert ("\x1b[" in terminal.before) == coloured


def test_suspended_and_resumed_the_prompt_goes_on (worker, tmp_path):
    shell = pexpect.spawn ("bash", ["--norc", "--noprofile", "-i"], encoding="utf-8", timeout=10,
                           env={**os.environ, "XDG_STATE_HOME": str (tmp_path), "PS1": "shell> "})
    shell.sendline (f"{BIN}/client --workers n1={worker.answer}")
    shell.expect_exact (PROMPT)
    shell.sendcontrol ("z")
    shell.expect ("Stopped")
    shell.expect_exact ("shell> ")
    shell.sendline ("echo the shell is $((1 + 1))")
    shell.expect_exact ("the shell is 2")
    shell.sendline ("fg")
    shell.expect_exact (PROMPT)
    shell.send ("show metr")
    shell.sendline ("ics;")
    shell.expect ("\\(4 rows\\)")
    shell.close (force=True)
