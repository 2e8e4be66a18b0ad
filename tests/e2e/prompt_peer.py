# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures for tests of bin/client at a terminal, a real pseudo-terminal.

worker          a worker with synthetic data, some seconds of them, for all tests of a file
open_prompt     bin/client with these arguments, in a terminal of so many columns and rows
prompt          the prompt, asking that worker
screen_of       what a person sees after some seconds, or once it holds a text: lines of text
"""

import json
import os
import subprocess
import time

import pexpect
import pyte
import pytest

from conftest import BIN, Program, next_free_port, poll_until

PROMPT = "kpulse> "


def frames_of (answer):
    result = subprocess.run ([BIN / "client", "--workers", f"n1={answer}", "--format", "json", "-c",
                              "select cpu_count from n1"], capture_output=True)
    return json.loads (result.stdout)[0]["frames"] if result.returncode == 0 else 0


@pytest.fixture (scope="module")
def worker (tmp_path_factory):
    folder = tmp_path_factory.mktemp ("worker")
    answer = f"tcp://127.0.0.1:{next_free_port ()}"
    program = Program (folder, "publisher", ["--node", "n1", "--source", "synthetic:busy",
                       "--store", folder / "n1", "--answer", answer, "--coordinator", "none",
                       "--publish", f"tcp://127.0.0.1:{next_free_port ()}"], answer=answer)
    poll_until (lambda: frames_of (answer) >= 3)
    yield program
    program.stop ()


@pytest.fixture
def open_prompt (tmp_path):
    opened = []

    def open_one (*args, columns=100, rows=50, **environment):
        variables = {**os.environ, "XDG_STATE_HOME": str (tmp_path / "state"), "TERM": "xterm",
                     "INPUTRC": "/dev/null", **environment}
        opened.append (pexpect.spawn (str (BIN / "client"), [*map (str, args)], encoding="utf-8",
                                      timeout=20, dimensions=(rows, columns), env=variables,
                                      cwd=tmp_path))
        opened[-1].delaybeforesend = None
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


def screen_of (terminal, until, seconds=20):
    """Feed a screen from now on, until one of its lines holds the text; returns its lines."""
    rows, columns = terminal.getwinsize ()
    screen = pyte.Screen (columns, rows)
    stream = pyte.Stream (screen)
    deadline = time.monotonic () + seconds
    while not any (until in line for line in screen.display):
        assert time.monotonic () < deadline, "\n".join (screen.display)
        try:
            stream.feed (terminal.read_nonblocking (65536, 0.1))
        except pexpect.TIMEOUT:
            pass
    return [line.rstrip () for line in screen.display if line.strip ()]
