# SPDX-License-Identifier: GPL-2.0-or-later
"""tools/bootstrap on a machine that has none of the packages, played by programs of the same names
that install nothing: what it says, does and leaves behind."""

import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path (__file__).resolve ().parents[2]

pytestmark = pytest.mark.skipif (os.geteuid () != 0, reason="without root it asks for sudo's password")


@pytest.fixture
def bootstrap (tmp_path):
    """Run it with an apt-get of our own making: result, and the words that apt-get was given."""
    def run (apt_get, *groups):
        for name, text in (("dpkg-query", "exit 1"),
                           ("apt-get", f'echo "$@" >>{tmp_path}/asked; {apt_get}')):
            program = tmp_path / name
            program.write_text (f"#!/bin/sh\n{text}\n")
            program.chmod (0o755)
        (tmp_path / "tmp").mkdir (exist_ok=True)
        result = subprocess.run ([ROOT / "tools/bootstrap", *groups], capture_output=True, text=True,
                                 env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}",
                                      "TMPDIR": str (tmp_path / "tmp")})
        return result, (tmp_path / "asked").read_text ().splitlines ()
    return run


def test_what_is_missing_is_installed_and_said_in_a_line_a_group (bootstrap, tmp_path):
    result, asked = bootstrap ("echo chatter", "run", "test")
    assert result.returncode == 0
    lines = result.stderr.splitlines ()
    assert len (lines) == 2 and all (line.startswith ("Installing Debian packages") for line in lines)
    assert "to build and run kpulse" in lines[0] and "to test kpulse" in lines[1]
    assert "librocksdb-dev" in asked[1] and "python3-pytest" in asked[3]
    assert list ((tmp_path / "tmp").iterdir ()) == []


def test_what_apt_says_is_shown_where_it_fails (bootstrap, tmp_path):
    result, _ = bootstrap ("echo no route to the archive; exit 100", "run")
    assert result.returncode == 1
    assert "no route to the archive" in result.stderr
    assert "the packages could not be installed" in result.stderr
    assert list ((tmp_path / "tmp").iterdir ()) == []
