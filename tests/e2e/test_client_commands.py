# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands of bin/client, at the prompt and in scripts, and where answers go."""

import pytest

from prompt_peer import PROMPT, end_code, open_prompt, prompt, worker


@pytest.fixture
def script (run, worker):
    """Run a script without a terminal."""
    def run_script (text, *args, **options):
        return run ("client", "--workers", f"n1={worker.answer}", *args, input=text, **options)
    return run_script


def editor (tmp_path, body):
    path = tmp_path / "editor"
    path.write_text (f"#!/bin/sh\n{body}\n")
    path.chmod (0o700)
    return str (path)


# --- again and again ---------------------------------------------------------------------------

def test_watch_asks_the_last_statement_so_many_times (prompt):
    prompt.sendline ("show metrics")
    prompt.expect_exact (PROMPT)
    prompt.sendline ("\\watch 0.1 3")
    for _ in range (3):
        prompt.expect ("every 0.1 s.*\\(4 rows\\)")
    prompt.expect_exact (PROMPT)


def test_ctrl_c_ends_watch_and_not_the_program (prompt):
    prompt.sendline ("show metrics \\watch 0.1")  # The statement before it
    for _ in range (3):
        prompt.expect ("\\(4 rows\\)")
    prompt.sendintr ()
    prompt.expect ("\\^C\r+\n(client: interrupted\r+\n)?[^\r\n]*" + PROMPT)
    prompt.sendline ("show metrics")
    prompt.expect ("\\(4 rows\\)")


def test_watch_ends_where_the_statement_fails (prompt):
    prompt.sendline ("select cpu_avg from n9 \\watch 0.1")
    prompt.expect ("error")
    prompt.expect_exact (PROMPT)


@pytest.mark.parametrize ("command", ["\\h", "\\?"])
def test_help_fits_a_terminal_of_80_columns (script, command):
    result = script (command + "\n")
    lines = (result.stdout + result.stderr).splitlines ()
    assert len (lines) > 10
    assert [line for line in lines if len (line) > 79] == []


@pytest.mark.parametrize ("command, what", [
    ("\\watch", "no statement to watch"), ("\\watch 0", "write how often"),
    ("\\watch 1 x", "write how often"), ("\\x maybe", "write on or off"),
    ("\\format xml", "there are auto"), ("\\i", "needs a file's name"),
    ("\\i /none/such", "/none/such: No such file"), ("\\o /none/such", "/none/such: No such file"),
    ("\\d nothing", "no metric nothing"), ("\\nonsense", "there is no command \\nonsense"),
    ("\\e", "needs a person"),
])
def test_commands_that_cannot_be_done_fail_and_say_why (script, command, what):
    result = script (command + "\nshow metrics")
    assert result.returncode == 1 and what in result.stderr and result.stdout == ""
    assert "line 1" in result.stderr


# --- how answers look --------------------------------------------------------------------------

def test_timing_says_how_long_an_answer_took (prompt):
    prompt.sendline ("\\timing")
    prompt.expect ("Timing is on")
    prompt.sendline ("show metrics")
    prompt.expect ("Time: [0-9.]+ ms")
    prompt.sendline ("\\timing off")
    prompt.expect ("Timing is off")


def test_x_is_a_line_for_every_column_and_back (prompt):
    for _ in range (2):
        prompt.sendline ("\\x")
        prompt.expect ("vertical")
        prompt.sendline ("show metrics")
        prompt.expect ("-\\[ 4 \\]-")
        prompt.sendline ("\\x")
        prompt.expect_exact ("auto.")


def test_formats_change_between_statements (script):
    result = script ("\\format csv\nshow metrics;\\format ndjson\nshow metrics; \\format nope\n")
    lines = result.stdout.splitlines ()
    assert lines[0] == "name,short_name,kind,unit,meaning" and lines[5].startswith ('{"name":')


def test_d_lists_metrics_columns_units_and_nodes (script):
    everything = script ("\\d").stdout
    assert "runqlat" in everything and "live" in everything
    columns = {line.split ()[0]: line for line in script ("\\d cpu").stdout.splitlines ()}
    assert " ns " in columns["cpu_p99"] and " per second " in columns["cpu_rate"]
    assert "pidpersec_p99" not in script ("\\d pidpersec").stdout


def test_heat_is_drawn_in_the_colours_that_there_are (open_prompt, worker):
    statement = "select runqlat_hist, cpu_avg from n1 over 10s every 2s"
    for environment, escape in (({"TERM": "xterm-256color"}, "\x1b[48;5;"),
                                ({"COLORTERM": "truecolor"}, "\x1b[48;2;"),
                                ({"TERM": "xterm-256color", "NO_COLOR": "1"}, None)):
        terminal = open_prompt ("--workers", f"n1={worker.answer}", "--format", "heat", "-c",
                                statement, **environment)
        assert end_code (terminal) == 0
        assert ("\x1b[48" in terminal.before) == (escape is not None)
        assert escape is None or escape in terminal.before
        assert "events/s" in terminal.before


def test_heat_is_as_wide_as_the_terminal (prompt):
    prompt.sendline ("\\format heat")
    prompt.expect ("heat")
    for columns in (60, 90):
        prompt.setwinsize (50, columns)
        prompt.sendline ("select runqlat_avg from n1 over 4s every 2s")
        prompt.expect ("╷0.*╷\r\n")
        assert len (prompt.match[0].splitlines ()[0].strip ()) > columns - 40
        prompt.expect_exact (PROMPT)


# --- where answers go --------------------------------------------------------------------------

def test_long_answers_go_through_the_pager_and_short_ones_do_not (open_prompt, worker):
    prompt = open_prompt ("--workers", f"n1={worker.answer}", columns=200, rows=8,
                          PAGER="sed s/^/paged:/")
    prompt.expect_exact (PROMPT)
    prompt.sendline ("show metrics;")
    prompt.expect ("\\(4 rows\\)")
    assert "paged:" not in prompt.before
    prompt.sendline ("\\x")
    prompt.sendline ("show metrics;")
    prompt.expect ("paged:.*\\(4 rows\\)")
    prompt.sendline ("show metrics \\watch 0.1 1")
    prompt.expect ("every")
    prompt.expect ("\\(4 rows\\)")
    assert "paged:" not in prompt.before


@pytest.mark.parametrize ("pager", ["", "cat", "no-such-pager"])
def test_without_a_pager_answers_are_printed (open_prompt, worker, pager):
    prompt = open_prompt ("--workers", f"n1={worker.answer}", rows=5, PAGER=pager)
    prompt.expect_exact (PROMPT)
    prompt.sendline ("show metrics;")
    prompt.expect ("pidpersec.*\\(4 rows\\)")


def test_ctrl_c_in_the_pager_leaves_the_prompt_open (open_prompt, worker):
    prompt = open_prompt ("--workers", f"n1={worker.answer}", rows=5,
                          PAGER="trap 'echo trapped; exit' INT; echo waits; sleep 60 & wait")
    prompt.expect_exact (PROMPT)
    prompt.sendline ("show metrics;")
    prompt.expect ("waits\r")
    prompt.sendintr ()
    prompt.expect ("trapped\r")
    prompt.expect_exact (PROMPT)
    prompt.sendline ("\\conninfo")
    prompt.expect (f"worker n1 at {worker.answer}")


def test_o_sends_answers_to_a_file_a_command_and_back (prompt, tmp_path):
    for line in ("\\format csv", f"\\o {tmp_path}/answers.csv", "show metrics", "show metrics;",
                 f"\\o |sort -r >{tmp_path}/sorted", "show metrics", "\\o", "show metrics"):
        prompt.sendline (line)
        prompt.expect_exact (PROMPT)
    assert "name,short_name" in prompt.before
    lines = (tmp_path / "answers.csv").read_text ().splitlines ()
    assert len (lines) == 10 and lines[0] == "name,short_name,kind,unit,meaning"
    assert (tmp_path / "sorted").read_text ().splitlines () == sorted (lines[:5], reverse=True)


def test_a_full_disk_under_o_is_said_and_fails (script):
    result = script ("\\o /dev/full\nshow metrics;")
    assert result.returncode == 1 and "No space left" in result.stderr


# --- files and editors -------------------------------------------------------------------------

def test_i_runs_a_file_with_its_commands (prompt, tmp_path):
    (tmp_path / "inner.kq").write_text ("show metrics;\n\\q\nshow nonsense")
    (tmp_path / "outer.kq").write_text ("\\timing on\n\\i inner.kq\nshow metrics")
    prompt.sendline ("\\i outer.kq")
    prompt.expect ("Time: .*Time: ")
    assert "error" not in prompt.before
    prompt.expect_exact (PROMPT)  # \q ended no more than its file
    prompt.sendline ("show metrics")
    prompt.expect ("Time: ")


def test_i_says_where_a_file_fails_and_ends_there (script, tmp_path):
    (tmp_path / "wrong.kq").write_text ("show metrics;\n\nshow nonsense;\nshow metrics")
    result = script ("\\i wrong.kq\nshow metrics", "--format", "ndjson")
    assert result.returncode == 1 and len (result.stdout.splitlines ()) == 4
    assert "wrong.kq, line 3" in result.stderr and "standard input, line 1" in result.stderr


def test_a_file_that_runs_itself_is_stopped (script, tmp_path):
    (tmp_path / "again.kq").write_text ("\\i again.kq")
    result = script ("\\i again.kq")
    assert result.returncode == 1 and "too many files" in result.stderr


def test_ctrl_c_ends_a_file_and_not_the_program (prompt, tmp_path):
    (tmp_path / "endless.kq").write_text ("show metrics \\watch 0.1\nshow nonsense")
    prompt.sendline ("\\i endless.kq")
    prompt.expect ("\\(4 rows\\)")
    prompt.sendintr ()
    prompt.expect_exact (PROMPT)
    prompt.sendline ("show metrics")
    prompt.expect ("\\(4 rows\\)")


def test_e_asks_what_the_editor_leaves_and_the_history_has_it (open_prompt, worker, tmp_path):
    body = 'cat "$1" >seen; printf "select cpu_count\\nfrom n1\\n" >"$1"'
    prompt = open_prompt ("--workers", f"n1={worker.answer}", EDITOR=editor (tmp_path, body),
                          VISUAL="")
    prompt.expect_exact (PROMPT)
    prompt.sendline ("select cpu_cuont from n1 \\e")
    prompt.expect_exact ("select cpu_count")
    prompt.expect ("\\(1 row")
    assert (tmp_path / "seen").read_text () == "select cpu_cuont from n1\n"
    assert "select cpu_count from n1\n" in (tmp_path / "state/kpulse/history").read_text ()


def test_e_asks_nothing_where_nothing_was_changed_or_the_editor_fails (open_prompt, worker):
    for name, words in (("true", "Nothing was changed"), ("false", "the editor failed")):
        prompt = open_prompt ("--workers", f"n1={worker.answer}", EDITOR=name, VISUAL="")
        prompt.expect_exact (PROMPT)
        prompt.sendline ("show metrics;")
        prompt.expect_exact (PROMPT)
        prompt.sendline ("\\e")
        prompt.expect (words)
        prompt.expect_exact (PROMPT)
        assert "rows" not in prompt.before


def test_commands_of_the_shell_run_and_fail (script):
    result = script ("\\! echo hello\n\\! exit 3\nshow metrics")
    assert result.returncode == 1 and result.stdout == "hello\n"
