# SPDX-License-Identifier: GPL-2.0-or-later
"""The examples of query/GRAMMAR.md, word for word, asked of a real broker by the real client. In
what is printed there "..." stands for anything: what a clock says."""

import os
import pathlib
import re
import subprocess

import pytest

from conftest import BIN, Program, next_free_port, poll_until
from language_peer import Node, publish, publishers

MANUAL = pathlib.Path (__file__).resolve ().parents[2] / "query" / "GRAMMAR.md"
START = 1795420800  # 2026-11-23 08:00 UTC
US, MS = 1000, 10 ** 6
ENVIRONMENT = {**os.environ, "TZ": "UTC", "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}


def examples ():
    """[(statement, what is printed)] of every block that begins with a prompt."""
    found = []
    for block in re.findall (r"^```\n(kpulse> .*?)^```$", MANUAL.read_text (encoding="utf-8"),
                             re.DOTALL | re.MULTILINE):
        for part in block.split ("kpulse> ")[1:]:
            statement, printed = part.split ("\n", 1)
            found.append ((statement, printed))
    return found


def slow_second (second, factor):
    """n1's, or that of a node which is so many times slower."""
    longest = 40 * MS if second == 30 else 500 * US
    events = {"cpudist": [5 * MS // 2] * 4, "offcpu": [400 * MS] * 2,
              "runqlat": [50 * US] * 9 + [longest]}
    events = {name: [factor * sample for sample in of] for name, of in events.items ()}
    accrued = {name: sum (of) for name, of in events.items ()}
    return {**events, "pidpersec": 3}, accrued


def web_second ():
    waits = [n * US for n in range (1, 101)]
    return {"cpudist": [], "offcpu": [], "runqlat": waits, "pidpersec": 0}, {"runqlat": sum (waits)}


def frames_of (name, scope=None, begin=0, lost=(), second=lambda i: slow_second (i, 1)):
    node, payloads = Node (name, START + begin, scope), []
    for i in range (begin, 120):
        payload = node.second (*second (i))
        payloads += [payload] if i not in lost else []
    return payloads


def cluster ():
    """As the manual describes it."""
    web = lambda i: web_second ()
    return {"n1": frames_of ("n1"),
            "n2": frames_of ("n2", lost=(20, 21, 22), second=lambda i: slow_second (i, 2)),
            "n3": frames_of ("n3", begin=55),
            "web1": frames_of ("web1", second=web), "web2": frames_of ("web2", second=web),
            "app": frames_of ("app", scope={"kind": "pid", "pid": 1888})}


@pytest.fixture (scope="module")
def broker (tmp_path_factory):
    frames, folder = cluster (), tmp_path_factory.mktemp ("manual")
    live, answer = (f"tcp://127.0.0.1:{next_free_port ()}" for _ in range (2))
    with publishers (frames, [next_free_port () for _ in frames]) as (sockets, options):
        program = Program (folder, "broker", ["--live", live, "--answer", answer, "--store",
                                              folder / "broker", *options])
        publish (sockets, frames, answer, poll_until)
        yield answer
        program.stop ()


def ask (broker, statement):
    return subprocess.run ([BIN / "client", "--endpoint", broker, "-c", statement], text=True,
                           encoding="utf-8", capture_output=True, timeout=20, env=ENVIRONMENT)


def pattern (printed):
    """Within a line "..." stands for what is left of it or lies between; alone, for any lines."""
    lines = [".*".join (map (re.escape, line.rstrip ().split ("..."))) for line in
             printed.splitlines ()]
    return "\n".join ("[\\s\\S]*" if line == ".*" else line for line in lines)


@pytest.mark.parametrize ("statement, printed", examples ())
def test_the_manuals_examples_answer_what_it_says (broker, statement, printed):
    result = ask (broker, statement)
    found = "\n".join (line.rstrip () for line in (result.stdout + result.stderr).splitlines ())
    assert re.fullmatch (pattern (printed), found), f"{statement}\n{found}"
    assert result.returncode == (1 if printed.startswith ("error: ") else 0)


def test_the_manual_has_examples_of_everything ():
    statements = "\n".join (statement for statement, _ in examples ())
    assert len (examples ()) >= 20
    for word in ("over since until every order limit desc as explain nodes metrics gaps stats "
                 "avg sum count rate time min max p50 p99 p999 hist").split ():
        assert re.search (rf"(\b|_){word}\b", statements), word
    assert "by all" in statements and "*" in statements
