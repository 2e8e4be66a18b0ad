# SPDX-License-Identifier: GPL-2.0-or-later
"""bin/client without a terminal: whom it asks, what it prints, how it ends."""

import csv
import io
import json
import os
import random
import signal
import socket
import subprocess
import threading
import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgpack
import pytest
import zmq

from conftest import BIN, ROOT, Program, next_free_port

STATEMENTS = ["select cpu_avg,cpu_sum from n1,n2,n3", "select cpu_avg from n1,n2,n3",
              "select cpu_avg,cpu_sum from n1,n3", "select cpu_avg,pidpersec_avg from n1,n2,n3",
              "select cpu_avg,pidpersec_avg,runqlat_avg,runqlat_sum from n1,n2,n3"]


def worker_options (i):
    """Different synthetic data of each worker."""
    return f"n{i}", f"synthetic:events={1000 * i},seed={i}"


@pytest.fixture
def own_workers (start_worker):
    """Three workers that the test may stop."""
    return [start_worker (*worker_options (i)) for i in (1, 2, 3)]


@pytest.fixture (scope="module")
def workers (tmp_path_factory):
    """Three workers for all tests that only ask them."""
    folder, started = tmp_path_factory.mktemp ("workers"), []
    for i in (1, 2, 3):
        node, source = worker_options (i)
        publish, answer = (f"tcp://127.0.0.1:{next_free_port ()}" for _ in range (2))
        started.append (Program (folder, "publisher", ["--node", node, "--source", source,
                                 "--store", folder / node, "--publish", publish, "--answer",
                                 answer, "--coordinator", "none"], node=node, answer=answer))
    yield started
    for worker in started:
        worker.stop ()


@pytest.fixture
def ask (run):
    def ask_statement (to, statement, *args, **options):
        whom = ("--endpoint", to) if isinstance (to, str) else ("--workers", listed (to))
        return run ("client", *whom, "-c", statement, *args, **options)
    return ask_statement


def listed (workers):
    return ",".join (f"{worker.node}={worker.answer}" for worker in workers)


def rows (result):
    assert result.returncode == 0, result.stderr
    return json.loads (result.stdout)


def wait_for_frames (ask, to, wait_until, count=1, nodes="n1,n2,n3"):
    def have ():
        result = ask (to, f"select cpu_count from {nodes}", "--format", "json")
        return result.returncode == 0 and all (row["frames"] >= count
                                               for row in json.loads (result.stdout))
    wait_until (have, 15)


# --- the same answer from workers and from a coordinator ---------------------------------------

def test_workers_and_coordinator_give_the_same_answers (start_broker, start_worker, ask,
                                                        wait_until):
    broker = start_broker ()
    workers = [start_worker (*worker_options (i), coordinator=broker.answer) for i in (1, 2, 3)]
    wait_for_frames (ask, broker.answer, wait_until)
    since = int (time.time ())
    time.sleep (5)
    window = f" since {since} until {since + 3}"
    tails = ["", " every 2s", " by all", " order by cpu_avg desc limit 2"]
    for statement in [f"{text}{window}" for text in STATEMENTS] + \
                     [f"select cpu_avg, runqlat_p99, offcpu_hist, cpu_time from *{window}{tail}"
                      for tail in tails]:
        from_broker = rows (ask (broker.answer, statement, "--format", "json"))
        from_workers = rows (ask (workers, statement, "--format", "json"))
        assert from_workers == from_broker, statement
        assert all (row["frames"] == row["expected"] for row in from_workers), statement


def test_quoted_times_are_those_of_the_clients_zone (start_broker, start_worker, ask, wait_until):
    broker = start_broker ()
    workers = [start_worker ("n1", coordinator=broker.answer)]
    wait_for_frames (ask, broker.answer, wait_until, nodes="n1")
    for zone in ("Asia/Kolkata", "America/New_York"):
        since = datetime.now (ZoneInfo (zone)).replace (microsecond=0) - timedelta (seconds=20)
        until = since + timedelta (seconds=10)
        window = f"since '{since:%Y-%m-%d %H:%M:%S}' until '{until:%Y-%m-%d %H:%M:%S}'"
        for whom in (workers, broker.answer):
            answer = rows (ask (whom, f"select cpu_avg from n1 {window} every 1s", "--format",
                                "json", env={**os.environ, "TZ": zone}))
            assert [row["time"] for row in answer] == list (range (int (since.timestamp ()),
                                                                   int (until.timestamp ())))
            wrong = ask (whom, f"select cpu_avg from n1 since '{since:%Y-%m-%d}' evry 1s",
                         env={**os.environ, "TZ": zone})
            assert f"'{since:%Y-%m-%d}' evry 1s\n" in wrong.stderr
            position = wrong.stderr.splitlines ()[2].index ("^")
            assert wrong.stderr.splitlines ()[1][position:] == "evry 1s"


def test_show_stats_tells_how_long_each_level_is_kept (start_broker, ask):
    broker = start_broker (("--keep", "90m", "--keep-minutes", "2d", "--keep-hours", "1w"))
    broker.wait_for ("waits for workers")
    stats = {row["name"]: row["value"]
             for row in rows (ask (broker.answer, "show stats", "--format", "json"))}
    assert {name: stats[name] for name in stats if name.startswith ("keep_")} == \
        {"keep_s": 5400, "keep_bytes": 0, "keep_minutes_s": 2 * 86400, "keep_hours_s": 7 * 86400,
         "keep_days_s": 0}


def test_rows_come_in_the_order_asked (workers, ask, wait_until):
    wait_for_frames (ask, workers, wait_until)
    answer = rows (ask (workers, "select cpu_avg from n3,n1,n2", "--format", "json"))
    assert [row["node"] for row in answer] == ["n3", "n1", "n2"]


def test_show_statements_join_all_workers (workers, ask, wait_until):
    wait_for_frames (ask, workers, wait_until)
    nodes = rows (ask (workers, "show nodes", "--format", "json"))
    assert [(row["node"], row["state"]) for row in nodes] == \
        [("n1", "live"), ("n2", "live"), ("n3", "live")]
    assert {row["node"] for row in rows (ask (workers, "show stats", "--format", "json"))} == \
        {"n1", "n2", "n3"}
    names = [row["name"] for row in rows (ask (workers, "show metrics", "--format", "json"))]
    assert names == ["cpudist", "offcpu", "runqlat", "pidpersec"]


# --- formats, read by other people's readers ---------------------------------------------------

def test_formats_hold_the_same_numbers (workers, ask, wait_until):
    wait_for_frames (ask, workers, wait_until, 2)
    now = int (time.time ())
    statement = f"select cpu_avg, cpu_sum, runqlat_p99, cpu_hist from n1,n2 since {now - 9} " \
                f"until {now - 1}"
    as_json = rows (ask (workers, statement, "--format", "json"))
    lines = ask (workers, statement, "--format", "ndjson").stdout.splitlines ()
    assert [json.loads (line) for line in lines] == as_json
    for name, dialect in (("csv", "excel"), ("tsv", "excel-tab")):
        text = ask (workers, statement, "--format", name).stdout
        table = list (csv.DictReader (io.StringIO (text), dialect=dialect,
                                      **({"quoting": csv.QUOTE_NONE} if name == "tsv" else {})))
        for row, expected in zip (table, as_json, strict=True):
            assert row.keys () == expected.keys ()
            assert row["node"] == expected["node"] and row["source"] == "synthetic"
            for column in ("cpu_avg", "cpu_sum", "runqlat_p99", "frames", "expected"):
                assert float (row[column]) == expected[column]
            assert json.loads (row["cpu_hist"]) == expected["cpu_hist"]
    for row in as_json:
        assert isinstance (row["cpu_sum"], int)
        count = sum (bucket[2] for bucket in row["cpu_hist"])
        assert row["cpu_avg"] == pytest.approx (row["cpu_sum"] / count, rel=1e-12)


def test_csv_text_is_quoted_where_it_must_be (workers, ask):
    text = ask (workers, "show metrics", "--format", "csv").stdout
    table = list (csv.DictReader (io.StringIO (text)))
    assert table[3]["meaning"] == "New tasks, processes and threads; each counts one"


def test_data_go_to_standard_output_and_all_else_to_standard_error (workers, ask, wait_until):
    wait_for_frames (ask, workers, wait_until)
    result = ask (workers, "select cpu_avg from n1", "--format", "csv")
    assert result.stdout.startswith ("node,cpu_avg,frames,expected,source\n")
    assert result.stdout.count ("\n") == 2
    assert "SYNTHETIC DATA: n1" in result.stderr


def test_a_table_has_units_and_coverage (workers, ask, wait_until):
    wait_for_frames (ask, workers, wait_until)
    header, row = ask (workers, "select cpu_avg from n1").stdout.splitlines ()
    assert header.split () == ["node", "cpu_avg", "coverage", "source"]
    assert row.split ()[2] in ("ns", "us", "ms") and row.split ()[3].endswith ("/60")


# --- workers that do not answer ----------------------------------------------------------------

def test_a_silent_worker_has_its_row_and_is_named (own_workers, ask, wait_until):
    wait_for_frames (ask, own_workers, wait_until)
    own_workers[1].stop ()
    result = ask (own_workers, "select cpu_avg from * over 4s", "--format", "json")
    assert "no answer from n2" in result.stderr
    answer = rows (result)
    assert [row["node"] for row in answer] == ["n1", "n2", "n3"]
    assert answer[1] == {"node": "n2", "cpu_avg": None, "frames": 0, "expected": 4, "source": None,
                         "status": "no answer"}
    assert answer[0]["status"] is None
    strict = ask (own_workers, "select cpu_avg from *", "--strict")
    assert strict.returncode == 1 and strict.stdout


def test_shows_have_a_row_for_a_silent_worker (own_workers, ask, wait_until):
    wait_for_frames (ask, own_workers, wait_until)
    own_workers[1].stop ()
    for statement, column in (("show nodes", "state"), ("show gaps", "state"),
                              ("show stats", "name"), ("explain select cpu_avg from *", "level")):
        answer = rows (ask (own_workers, statement, "--format", "json"))
        assert [row[column] for row in answer if row["node"] == "n2"] == ["no answer"], statement
    strict = ask (own_workers, "show nodes", "--strict")
    assert strict.returncode == 1 and "no answer from n2" in strict.stderr


def test_a_worker_that_is_too_busy_has_not_answered (workers, run, impostor):
    busy = impostor (lambda request: [[msgpack.packb ([1, "error", request[2], "busy", -1,
                                                       "too many", "", ""])]])
    result = run ("client", "--workers", f"n1={workers[0].answer},n9={busy}", "-c",
                  "select cpu_avg from *", "--format", "json")
    assert [row["status"] for row in rows (result)] == [None, "no answer"]
    assert "no answer from n9" in result.stderr


def test_a_stopped_worker_leaves_the_others_time_to_answer (own_workers, ask, wait_until):
    wait_for_frames (ask, own_workers, wait_until)
    os.kill (own_workers[1].pid, signal.SIGSTOP)
    result = ask (own_workers, "select cpu_avg from *", "--timeout", "1", "--format", "json")
    os.kill (own_workers[1].pid, signal.SIGCONT)
    assert [row["status"] for row in rows (result)] == [None, "no answer", None]


def test_strict_fails_where_a_node_has_no_frame (start_broker, start_worker, ask, wait_until):
    broker = start_broker ()
    start_worker ("n1", coordinator=broker.answer)
    wait_for_frames (ask, broker.answer, wait_until, nodes="n1")
    since = int (time.time ())
    whole = ask (broker.answer, "select cpu_avg from n1", "--strict")
    assert whole.returncode == 0, whole.stderr
    strict = ask (broker.answer, f"select cpu_avg from n1 since {since - 900} until {since - 800}",
                  "--strict")
    assert strict.returncode == 1 and "1 row has no frame" in strict.stderr
    assert "0/100" in strict.stdout


def test_a_number_that_was_meant_as_a_duration_is_pointed_out (start_broker, start_worker, ask,
                                                               wait_until):
    broker = start_broker ()
    workers = [start_worker ("n1", coordinator=broker.answer)]
    wait_for_frames (ask, broker.answer, wait_until, nodes="n1")
    for whom in (workers, broker.answer):
        for clause, hint in (
                ("since 60", "begins at unix second 60, in 1970; so many seconds ago is since 60s"),
                ("until 60", "ends at unix second 60, in 1970; so many seconds ago is until 60s")):
            result = ask (whom, f"select cpu_avg from * {clause}", "--format", "csv")
            assert result.returncode == 0 and f"hint: the window {hint}\n" in result.stderr
        for clause in ("since 0", "since 60s", "over 60"):
            assert "hint" not in ask (whom, f"select cpu_avg from * {clause}").stderr


def test_a_silent_workers_row_has_every_step (own_workers, ask, wait_until):
    wait_for_frames (ask, own_workers, wait_until)
    own_workers[2].stop ()
    answer = rows (ask (own_workers, "select cpu_avg from n3,n1 over 6s every 2s", "--format",
                        "json"))
    steps = {node: [(row["time"], row["expected"]) for row in answer if row["node"] == node]
             for node in ("n1", "n3")}
    assert steps["n1"] == steps["n3"] and len (answer) == 2 * len (steps["n1"]) >= 6


def test_no_worker_at_all_is_exit_code_3 (ask, free_port, run):
    result = run ("client", "--workers", f"n1=tcp://127.0.0.1:{free_port ()}", "-c",
                  "select cpu_avg from n1")
    assert result.returncode == 3 and "no worker answered" in result.stderr
    assert result.stdout == ""


def test_another_nodes_worker_is_refused (workers, run, ask, wait_until):
    wait_for_frames (ask, workers, wait_until)
    result = run ("client", "--workers", f"n1={workers[1].answer}", "-c", "select cpu_avg from n1")
    assert result.returncode == 1
    assert "worker n1" in result.stderr and "unknown node n1" in result.stderr


# --- errors ------------------------------------------------------------------------------------

def test_an_unknown_node_is_named_with_a_guess (workers, ask, wait_until):
    wait_for_frames (ask, workers, wait_until)
    result = ask (workers, "select cpu_avg from n1,n22")
    assert result.returncode == 1 and result.stdout == ""
    lines = result.stderr.splitlines ()
    assert lines[0] == "error: unknown node n22"
    assert lines[1] == "  select cpu_avg from n1,n22"
    assert lines[2] == "  " + " " * len ("select cpu_avg from n1,") + "^"
    assert lines[4] == "hint: did you mean n2?"


def test_a_misspelt_metric_gets_a_caret_and_a_guess (workers, ask):
    result = ask (workers, "select runqlt_avg from n1")
    assert result.returncode == 1
    assert "runqlat" in result.stderr and "\n         ^\n" in result.stderr


@pytest.mark.parametrize ("args, what", [
    (("--format", "xml"), "there is no 'xml'"),
    (("--endpoint", "7002"), "'7002' is not one to connect to"),
    (("--endpoint", "tcp://*:7002"), "is not one to connect to"),
    (("--workers", "n1"), "'n1' is not NODE=ENDPOINT"),
    (("--workers", "n/1=tcp://127.0.0.1:7201"), "'n/1' is not a node name"),
    (("--workers", "n1=tcp://127.0.0.1:1,n1=tcp://127.0.0.1:2"), "n1 is named twice"),
    (("--workers", ""), "the list is empty"),
    (("--timeout", "0"), "'0' is not a whole number"),
    (("-f", "x"), "choose one"),
    (("operand",), "'operand' is not an option"),
])
def test_usage_mistakes_are_exit_code_2 (run, args, what):
    result = run ("client", "-c", "show metrics", *args)
    assert result.returncode == 2 and what in result.stderr, result.stderr


def test_nobody_at_the_endpoint_is_said_at_once (ask, free_port):
    endpoint = f"tcp://127.0.0.1:{free_port ()}"
    begin = time.monotonic ()
    result = ask (endpoint, "select cpu_avg from n1")
    assert result.returncode == 3 and endpoint in result.stderr and "--workers" in result.stderr
    assert time.monotonic () - begin < 2


def test_a_listener_that_is_no_kpulse_is_given_up (ask, free_port):
    port = free_port ()
    with socket.create_server (("127.0.0.1", port)):
        result = ask (f"tcp://127.0.0.1:{port}", "show nodes", "--timeout", "1")
    assert result.returncode == 3 and str (port) in result.stderr


class Impostor (threading.Thread):
    """A ROUTER that answers every request with what respond (identity, request) returns."""

    def __init__ (self, respond):
        super ().__init__ (daemon=True)
        self.socket = zmq.Context.instance ().socket (zmq.ROUTER)
        self.endpoint = f"tcp://127.0.0.1:{self.socket.bind_to_random_port ('tcp://127.0.0.1')}"
        self.respond = respond
        self.ended = False
        self.start ()

    def run (self):
        while not self.ended:
            if self.socket.poll (50):
                identity, request = self.socket.recv_multipart ()[:2]
                for parts in self.respond (msgpack.unpackb (request)):
                    self.socket.send_multipart ([identity, *parts])
        self.socket.close (0)


@pytest.fixture
def impostor ():
    started = []

    def start_impostor (respond):
        started.append (Impostor (respond))
        return started[-1].endpoint

    yield start_impostor
    for thread in started:
        thread.ended = True
        thread.join ()


def test_a_coordinator_that_never_answers_is_given_up (ask, impostor):
    endpoint = impostor (lambda request: [])
    result = ask (endpoint, "show nodes", "--timeout", "1")
    assert result.returncode == 3 and f"no answer from {endpoint} within 1 s" in result.stderr


def answer_parts (request, *parts, form="rows"):
    return [[msgpack.packb ([1, "answer", request[2], form, 0, 0]), *parts]]


def garbage (kind, request, noise):
    columns = msgpack.packb ([1, ["node", "none"]])
    return {
        "noise": [[noise]] + answer_parts (request, noise),
        "noise in a row": answer_parts (request, columns, noise),
        "no columns": answer_parts (request),
        "escapes": answer_parts (request, columns, msgpack.packb (["a\x1b[31m"])),
        "place": [[msgpack.packb ([1, "error", request[2], "syntax", 2**31 - 1, "no", "", ""])]],
        "escapes in an error": [[msgpack.packb ([1, "error", request[2], "syntax", -1, "\x1b[31m",
                                                 "", ""])]],
        "partials": answer_parts (request, noise, form="partials"),
    }[kind]


@pytest.mark.parametrize ("kind", ["noise", "noise in a row", "no columns", "escapes", "place",
                                   "escapes in an error", "partials"])
def test_garbage_answers_are_errors_and_crash_nothing (ask, impostor, kind):
    chance = random.Random (7)
    endpoint = impostor (lambda request: garbage (kind, request, chance.randbytes (100)))
    result = ask (endpoint, "select cpu_avg from n1", "--timeout", "1")
    assert result.returncode in (1, 3), (result.returncode, result.stderr)
    assert result.stderr and "\x1b" not in result.stdout + result.stderr


def test_workers_that_answer_with_partials_of_others_are_refused (run, impostor):
    def respond (request):
        since, until = 1000, 1060
        partial = [1, "n9", since, until, 60, 0, 0, [0, 0, ""], 0, 0, []]
        return answer_parts (request, msgpack.packb (partial), form="partials")
    result = run ("client", "--workers", f"n1={impostor (respond)}", "-c",
                  "select cpu_avg from n1 since 1000 until 1060")
    assert result.returncode == 1 and "it answered what it was not asked" in result.stderr


# --- statements from elsewhere -----------------------------------------------------------------

def test_statements_come_from_files_and_pipes (workers, run, tmp_path):
    script = tmp_path / "statements.kq"
    script.write_text ("-- what there is; and who\nshow metrics;\n\nshow\n  metrics")
    for args, options in ((("-f", script), {}), ((), {"input": script.read_text ()}),
                          (("-f", "-"), {"input": script.read_text ()})):
        result = run ("client", "--workers", listed (workers), "--format", "ndjson", *args,
                      **options)
        assert result.returncode == 0, result.stderr
        assert len (result.stdout.splitlines ()) == 8


def test_the_first_statement_that_fails_ends_a_script (workers, run):
    result = run ("client", "--workers", listed (workers), "--format", "ndjson",
                  input="show metrics;\nshow nonsense;\nshow metrics;")
    assert result.returncode == 1 and len (result.stdout.splitlines ()) == 4
    assert "standard input, line 2" in result.stderr


def test_a_statement_longer_than_a_message_is_refused (workers, run):
    result = run ("client", "--workers", listed (workers), input="select " + "x" * 70000)
    assert result.returncode == 1 and "longer than 65000 bytes" in result.stderr


def test_a_file_that_cannot_be_read_is_named (run, tmp_path):
    for path in (tmp_path / "absent", tmp_path):
        result = run ("client", "-f", path)
        assert result.returncode == 1 and str (path) in result.stderr


def test_a_reader_who_leaves_is_no_mistake (workers):
    command = f"'{BIN}/client' --workers '{listed (workers)}' --format csv " \
              f"-c '{'show metrics;' * 3000}' | head -1; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run (["bash", "-c", command], capture_output=True, text=True, timeout=30)
    assert result.stdout.splitlines () == ["name,short_name,kind,unit,meaning", "0"]
    assert result.stderr == ""


def test_a_full_disk_is_said (workers):
    with open ("/dev/full", "w", encoding="ascii") as full:
        result = subprocess.run ([BIN / "client", "--workers", listed (workers), "-c",
                                  "show metrics"], stdout=full, stderr=subprocess.PIPE, text=True,
                                 timeout=30)
    assert result.returncode == 1 and "No space left" in result.stderr


def test_a_closed_standard_output_is_said (workers):
    command = f"exec '{BIN}/client' --workers '{listed (workers)}' -c 'show metrics' >&-"
    result = subprocess.run (["sh", "-c", command], stderr=subprocess.PIPE, text=True, timeout=30)
    assert result.returncode == 1
    assert result.stderr == "client: standard output cannot be written: Bad file descriptor\n"


def test_sigterm_ends_waiting_for_input_and_for_answers (impostor):
    endpoint = impostor (lambda request: [])
    for args in ((), ("-c", "show nodes")):
        process = subprocess.Popen ([BIN / "client", "--endpoint", endpoint, *args],
                                    stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep (0.5)
        process.terminate ()
        assert process.wait (2) == 1
        process.stdin.close ()
        process.stderr.close ()


def test_the_example_config_can_be_used (workers, run):
    result = run ("client", "--config", ROOT / "docs/examples/client.zpl", "--workers",
                  listed (workers), "-c", "show metrics")
    assert result.returncode == 0, result.stderr


def test_numbers_keep_their_point_in_every_locale (workers, ask, wait_until):
    wait_for_frames (ask, workers, wait_until)
    result = ask (workers, "select cpu_avg from n1", "--format", "json",
                  env={**os.environ, "LC_ALL": "de_DE.UTF-8"})
    assert json.loads (result.stdout)[0]["cpu_avg"] > 0
