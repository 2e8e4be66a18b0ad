# SPDX-License-Identifier: GPL-2.0-or-later
"""bin/client at a terminal: the prompt as people use it, on a real pseudo-terminal."""

import os
import re
import signal
import stat
import time

import msgpack
import pexpect
import pytest
import zmq

from conftest import BIN
from prompt_peer import PROMPT, end_code, open_prompt, prompt, screen_of, worker

UP = "\x1b[A"


# --- statements --------------------------------------------------------------------------------

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
    for word, text in (("help", "METRIC_FUNCTION.*show nodes"), ("\\h", "METRIC_FUNCTION"),
                       ("\\?", "watch.*timing.*leave.*Ctrl-C")):
        prompt.sendline (word)
        prompt.expect (text)
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
    prompt.sendline ("select cpu_count")
    prompt.sendline ("from n1")
    prompt.expect ("\\(1 row")
    assert path.read_text () == "show metrics;\nselect cpu_count from n1\n"  # As a whole
    prompt.sendeof ()
    assert end_code (prompt) == 0
    assert stat.S_IMODE (path.stat ().st_mode) == 0o600
    again = open_prompt ("--workers", f"n1={worker.answer}")
    again.expect_exact (PROMPT)
    again.send (UP)
    again.expect_exact ("select cpu_count from n1")
    again.sendline (UP)
    again.expect ("\\(4 rows\\)")


def test_without_a_place_for_history_the_prompt_works (open_prompt, worker):
    prompt = open_prompt ("--workers", f"n1={worker.answer}", XDG_STATE_HOME="/proc/none")
    prompt.expect ("the history is not kept")
    prompt.expect_exact (PROMPT)
    prompt.sendline ("show metrics;")
    prompt.expect ("\\(4 rows\\)")


def test_ctrl_c_stops_waiting_for_an_answer (open_prompt):
    mute = zmq.Context.instance ().socket (zmq.ROUTER)
    mute.rcvtimeo = 20_000
    port = mute.bind_to_random_port ("tcp://127.0.0.1")
    prompt = open_prompt ("--endpoint", f"tcp://127.0.0.1:{port}", "--timeout", "60")
    prompt.expect_exact (PROMPT)
    for _ in range (2):
        prompt.sendline ("show gaps;")
        while b"show gaps" not in mute.recv_multipart ()[1]:
            pass
        prompt.sendintr ()
        prompt.expect_exact ("interrupted")
        prompt.expect_exact (PROMPT)
    prompt.sendeof ()
    assert end_code (prompt) == 0
    mute.close (0)


def test_ctrl_d_typed_while_an_answer_is_awaited_leaves_after_it (open_prompt):
    mute = zmq.Context.instance ().socket (zmq.ROUTER)
    mute.rcvtimeo = 20_000
    port = mute.bind_to_random_port ("tcp://127.0.0.1")
    prompt = open_prompt ("--endpoint", f"tcp://127.0.0.1:{port}", "--timeout", "2")
    prompt.expect_exact (PROMPT)
    prompt.sendline ("show gaps;")
    while b"show gaps" not in mute.recv_multipart ()[1]:
        pass
    prompt.sendeof ()  # The terminal is not readline's now: the kernel hands out a NUL for it
    prompt.expect ("nobody answers|no answer")
    assert end_code (prompt) == 0
    mute.close (0)


def test_a_coordinator_that_comes_back_is_asked_again (open_prompt, start_broker, start,
                                                       wait_until):
    broker = start_broker ()
    broker.wait_for ("answers on")
    prompt = open_prompt ("--endpoint", broker.answer, "--timeout", "1")
    prompt.expect_exact (PROMPT)
    broker.stop ()
    prompt.sendline ("show metrics;")
    prompt.expect ("the connection to the coordinator at .* is lost")
    prompt.expect ("nobody answers at " + re.escape (broker.answer))
    prompt.expect_exact (PROMPT)
    again = start ("broker", "--live", broker.live, "--answer", broker.answer, "--store",
                   broker.store)
    again.wait_for ("answers on")
    prompt.sendline ("show metrics;")
    prompt.expect ("connected to the coordinator at .* again")
    prompt.expect ("\\(4 rows\\)")


def answer_one_row (socket, identity, request, text):
    header = [1, "answer", request[2], "rows", 0, 0]
    socket.send_multipart ([identity, *map (msgpack.packb, (header, [1, ["text", "none"]],
                                                            [text]))])


def test_a_statement_lost_with_its_connection_is_asked_again (open_prompt):
    context = zmq.Context.instance ()
    first = context.socket (zmq.ROUTER)
    port = first.bind_to_random_port ("tcp://127.0.0.1")
    prompt = open_prompt ("--endpoint", f"tcp://127.0.0.1:{port}", "--timeout", "20")
    prompt.expect_exact (PROMPT)
    prompt.sendline ("show stats")
    first.rcvtimeo = 20_000
    while b"show stats" not in first.recv_multipart ()[1]:
        pass
    first.close (0)
    prompt.expect ("is lost")
    second = context.socket (zmq.ROUTER)
    second.rcvtimeo = 20_000
    second.bind (f"tcp://127.0.0.1:{port}")
    prompt.expect ("connected .* again")
    while b"show stats" not in (parts := second.recv_multipart ())[1]:
        pass
    answer_one_row (second, parts[0], msgpack.unpackb (parts[1]), "the answer")
    prompt.expect ("the answer.*\\(1 row\\)")
    prompt.expect_exact (PROMPT)
    second.close (0)


def test_nobody_to_ask_is_exit_code_3 (open_prompt, free_port):
    prompt = open_prompt ("--endpoint", f"tcp://127.0.0.1:{free_port ()}")
    assert end_code (prompt) == 3


@pytest.mark.parametrize ("statement, mark", [
    ("show nodes;", "more columns"),
    ("select cpu_avg, cpu_sum, cpu_min, cpu_max, cpu_p50, cpu_p99 from n1;", "-[ 1 ]-")])
def test_a_narrow_terminal_gets_first_columns_or_a_selects_rows_vertical (open_prompt, worker,
                                                                          statement, mark):
    for columns, marked in ((60, True), (400, False)):
        prompt = open_prompt ("--workers", f"n1={worker.answer}", columns=columns)
        prompt.expect_exact (PROMPT)
        prompt.sendline (statement)
        prompt.expect ("\\(1 row")
        assert (mark in prompt.before) == marked
        prompt.close ()


@pytest.mark.parametrize ("environment, coloured", [({}, True), ({"NO_COLOR": "1"}, False),
                                                    ({"TERM": "dumb"}, False)])
def test_colours_are_for_terminals_that_want_them (open_prompt, worker, environment, coloured):
    terminal = open_prompt ("--workers", f"n1={worker.answer}", "-c",
                            "select cpu_count from n1", **environment)
    terminal.expect (pexpect.EOF)
    assert ("\x1b[" in terminal.before) == coloured


def test_suspended_and_resumed_the_prompt_goes_on (worker, tmp_path):
    shell = pexpect.spawn ("bash", ["--norc", "--noprofile", "-i"], encoding="utf-8", timeout=20,
                           dimensions=(50, 100),
                           env={**os.environ, "XDG_STATE_HOME": str (tmp_path), "PS1": "shell> "})
    shell.sendline (f"{BIN}/client --workers n1={worker.answer}")
    shell.expect_exact (PROMPT)
    shell.delaybeforesend = None
    for i in range (20):  # Whatever it is just doing
        shell.sendcontrol ("z")
        shell.expect ("Stopped")
        shell.expect_exact ("shell> ")
        shell.sendline (f"echo the shell is $(({i} + 1))")
        shell.expect_exact (f"the shell is {i + 1}")
        shell.expect_exact ("shell> ")
        shell.sendline ("fg")
        shell.expect_exact (PROMPT)
    shell.send ("from nonsense")
    shell.sendintr ()
    shell.expect_exact ("^C")
    shell.expect_exact (PROMPT)
    shell.send ("show metr")
    shell.sendline ("ics;")
    shell.expect ("\\(4 rows\\)")
    shell.close (force=True)


def test_ctrl_backslash_ends_the_program_and_gives_the_terminal_back (prompt):
    prompt.sendcontrol ("\\")
    prompt.expect_exact ("\x1b[?2004l")
    prompt.expect (pexpect.EOF)
    prompt.close ()
    assert prompt.signalstatus == signal.SIGQUIT


# --- what a person sees ------------------------------------------------------------------------

def test_the_caret_stands_under_the_mistake (prompt):
    prompt.sendline ("select cpu_avg from n1 ovr 5m")
    lines = screen_of (prompt, "hint:")
    statement = lines.index ("  select cpu_avg from n1 ovr 5m")
    assert lines[statement + 1].index ("^") == lines[statement].index ("ovr")
    assert lines[statement + 2].startswith ("expected: ") and "over" in lines[statement + 3]


def test_ctrl_c_stands_at_the_cursor (prompt):
    prompt.send ("from nonsense")
    prompt.expect_exact ("nonsense")
    prompt.sendintr ()
    prompt.expect_exact ("^C")
    assert "\r" not in prompt.before


def test_a_terminal_of_two_columns_does_not_end_the_prompt (prompt):
    for key in ["\x0c", "x" * 300, "\x1b[A", "\x01", "\x15"] * 3:
        for columns in (500, 2):
            prompt.setwinsize (1, columns)
            prompt.expect (pexpect.TIMEOUT, 0.03)
        prompt.send (key)
        prompt.expect (pexpect.TIMEOUT, 0.03)
    prompt.setwinsize (50, 100)
    prompt.sendintr ()
    prompt.sendline ("show metrics;")
    prompt.expect ("\\(4 rows\\)")


def test_a_resized_terminal_is_noticed (prompt):
    for columns, marked in ((60, True), (400, False)):
        prompt.setwinsize (50, columns)
        prompt.sendline ("show nodes;")
        prompt.expect ("\\(1 row")
        assert ("more columns" in prompt.before) == marked
        prompt.expect_exact (PROMPT)


def test_pasted_lines_are_taken_one_by_one (prompt):
    prompt.send ("\x1b[200~show metrics\nselect cpu_count\nfrom n1\x1b[201~")
    prompt.expect_exact ("from n1")
    prompt.sendline ("")
    prompt.expect ("\\(4 rows\\).*\\(1 row")


# --- the tab key -------------------------------------------------------------------------------

def test_tab_completes_what_the_grammar_can_read (prompt):
    prompt.send ("sel\trunq\tp999\tfr\tn\tov\t5m\tev\t10s")
    prompt.expect_exact ("10s")
    prompt.sendline ("")
    prompt.expect ("coverage")
    prompt.expect ("rows")
    assert "error" not in prompt.before
    prompt.expect_exact (PROMPT)
    prompt.send (UP)
    prompt.expect_exact ("select runqlat_p999 from n1 over 5m every 10s")


def test_tab_shows_what_there_is_to_choose_from (prompt):
    prompt.send ("select cpu_p\t")
    lines = screen_of (prompt, "cpu_p999")
    assert ["cpu_p50", "cpu_p90", "cpu_p99", "cpu_p999"] in [line.split () for line in lines]


def test_tab_goes_on_with_the_statement_of_the_lines_before (prompt):
    prompt.sendline ("select cpu_avg")
    prompt.expect_exact ("...> ")
    prompt.send ("fr\t")
    prompt.expect_exact ("from ")
    prompt.send ("'n\t1' ")  # Nothing is offered inside quotes
    prompt.send ("lim\t")
    prompt.expect_exact ("limit ")


def test_tab_knows_the_nodes_of_a_coordinator_and_their_pattern (open_prompt, start_broker,
                                                                 start_worker, run, wait_until):
    broker = start_broker ()
    broker.wait_for ("answers on")
    for node in ("web1", "web2", "db1"):
        start_worker (node, coordinator=broker.answer).wait_for ("publishes")
    wait_until (lambda: run ("client", "--endpoint", broker.answer, "-c", "show nodes", "--format",
                             "csv").stdout.count ("\n") == 4)
    prompt = open_prompt ("--endpoint", broker.answer)
    prompt.expect_exact (PROMPT)
    prompt.send ("select cpu_avg from \t")
    words = " ".join (screen_of (prompt, "web2")).split ()
    assert {"*", "web*", "web1", "web2", "db1"} <= set (words)


def test_tab_completes_commands_and_what_they_take (prompt, tmp_path):
    (tmp_path / "report.kq").write_text ("show metrics")
    prompt.send ("\\for\tvert\t\n")
    prompt.expect ("printed as vertical")
    prompt.send ("\\i rep\t\n")
    prompt.expect ("-\\[ 4 \\]-")
