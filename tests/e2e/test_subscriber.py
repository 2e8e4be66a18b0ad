# SPDX-License-Identifier: GPL-2.0-or-later
"""bin/subscriber: frames as they come, and what it says of those that do not."""

import fcntl
import json
import re
import subprocess
import time

import pytest

from conftest import BIN, ROOT, Program, next_free_port
from pipeline_peer import FakeWorker, make_frame

LINE = re.compile (r"^\d\d:\d\d:\d\d  (\S+) +(cpudist|offcpu|runqlat|pidpersec) +(\d+) +"
                   r"([\d.]+ (?:ns|us|ms|s|/s)|-) +([\d.]+ \w+|-) +([\d.]+ \w+|-)  \[synthetic\]$")


@pytest.fixture (scope="module")
def pipeline (tmp_path_factory):
    """A coordinator and the workers n1 and n2; .live is its live endpoint."""
    folder = tmp_path_factory.mktemp ("pipeline")
    live, answer = (f"tcp://127.0.0.1:{next_free_port ()}" for _ in range (2))
    started = [Program (folder, "broker", ["--live", live, "--answer", answer, "--store",
                                           folder / "broker"], live=live)]
    for node in ("n1", "n2"):
        publish, own = (f"tcp://127.0.0.1:{next_free_port ()}" for _ in range (2))
        started.append (Program (folder, "publisher", ["--node", node, "--source",
                                 "synthetic:busy", "--store", folder / node, "--publish", publish,
                                 "--answer", own, "--coordinator", answer]))
    for node in ("n1", "n2"):
        started[0].wait_for (f"{node} is live", 15)
    yield started[0]
    for program in reversed (started):
        program.stop ()


class Tailed:
    """A fake worker n1 and the subscriber that watches it."""

    def __init__ (self, start, endpoint, *args):
        self.worker = FakeWorker ("n1", endpoint)
        self.tail = start ("subscriber", "--live", endpoint, *args)
        self.worker.wait_for_subscriber ()
        self.send, self.send_raw = self.worker.send, self.worker.send_raw
        self.log, self.wait_for, self.stop = self.tail.log, self.tail.wait_for, self.tail.stop

    def seqs (self):
        return [json.loads (line)["seq"] for line in self.log ().splitlines () if line[0] == "{"]


@pytest.fixture
def tailed (start, free_port):
    opened = []

    def open_one (*args):
        opened.append (Tailed (start, f"tcp://127.0.0.1:{free_port ()}", *args))
        return opened[-1]

    yield open_one
    for one in opened:
        one.worker.close ()


# --- what is shown -----------------------------------------------------------------------------

def test_each_frame_is_a_line_a_metric (pipeline, run):
    result = run ("subscriber", "--live", pipeline.live, "-n", "4")
    assert result.returncode == 0
    header, *lines = result.stdout.splitlines ()
    assert header.split () == ["time", "node", "metric", "count", "avg", "p50", "p99"]
    assert len (lines) == 16
    assert all (LINE.match (line) for line in lines), lines
    assert {LINE.match (line)[1] for line in lines} == {"n1", "n2"}


def test_metrics_and_nodes_are_chosen_by_words (pipeline, run):
    result = run ("subscriber", "--live", pipeline.live, "-n", "2", "runqlat,CPU", "from", "n2,x*")
    shown = {LINE.match (line).group (1, 2) for line in result.stdout.splitlines ()[1:]}
    assert shown == {("n2", "cpudist"), ("n2", "runqlat")}


def test_ndjson_agrees_with_itself (pipeline, run):
    result = run ("subscriber", "--live", pipeline.live, "-n", "3", "--format", "ndjson")
    frames = [json.loads (line) for line in result.stdout.splitlines ()]
    assert len (frames) == 3
    for frame in frames:
        assert frame["source"] == "synthetic" and frame["span"] >= 1
        assert abs (frame["time"] - time.time ()) < 30
        assert isinstance (frame["cpudist_sum"], int)
        assert frame["cpudist_avg"] == pytest.approx (frame["cpudist_sum"] / frame["cpudist_count"])
        assert frame["cpudist_p50"] <= frame["cpudist_p99"]
        assert frame["pidpersec_sum"] == frame["pidpersec_count"]


def test_several_workers_are_watched_without_a_coordinator (start_worker, run):
    workers = [start_worker (node) for node in ("a", "b")]
    endpoints = ",".join (worker.publish for worker in workers)
    result = run ("subscriber", "--live", endpoints, "-n", "6", "--format", "ndjson")
    assert {json.loads (line)["node"] for line in result.stdout.splitlines ()} == {"a", "b"}


def test_a_frame_that_comes_again_is_shown_once (tailed, wait_until):
    tailed = tailed ("--format", "ndjson")
    for seq in (7, 8, 8, 7, 9):
        tailed.send (seq)
    wait_until (lambda: 9 in tailed.seqs ())
    assert tailed.seqs () == [7, 8, 9]
    assert " missed" not in tailed.log ()


def test_what_is_unusual_about_a_frame_stands_on_its_line (tailed):
    tailed = tailed ()
    tailed.send (1, source=0)
    tailed.send (2, source=1)
    tailed.send (3)
    tailed.wait_for ("[synthetic]")
    measured, replayed, synthetic = tailed.log ().splitlines ()[1:]
    assert measured.endswith (" ns") and replayed.endswith ("  [replay]")
    assert synthetic.split ()[2:9] == ["cpudist", "3", "1.00", "us", "995", "ns", "995"]


# --- what did not come -------------------------------------------------------------------------

def test_missed_frames_are_named (tailed):
    tailed = tailed ()
    for seq in (5, 6, 9):
        tailed.send (seq)
    tailed.wait_for ("-- n1: 2 frames missed, seq 7 to 8")
    tailed.stop ()
    assert "-- 2 frames missed in all" in tailed.log ()


def test_silence_is_said_once_and_so_is_the_return (tailed):
    tailed = tailed ()
    tailed.send (1)
    tailed.wait_for ("-- n1: silent, no frame for 3 s", 5)
    time.sleep (0.5)
    tailed.send (2)
    tailed.wait_for ("-- n1 is back after 3.")
    assert tailed.log ().count ("silent") == 1


def test_a_new_epoch_is_a_restart (tailed):
    tailed = tailed ()
    tailed.send (100)
    tailed.send (3, epoch=tailed.worker.epoch + 1)
    tailed.wait_for ("-- n1: 2 frames missed, seq 1 to 2")
    assert "-- n1 was restarted" in tailed.log ()


def test_a_lost_connection_is_said_and_so_is_the_next (tailed):
    tailed = tailed ()
    endpoint = tailed.worker.endpoint
    tailed.send (1)
    tailed.wait_for ("cpudist")
    tailed.worker.close ()
    tailed.wait_for (f"-- lost the connection to {endpoint}; trying again")
    tailed.worker = FakeWorker ("n1", endpoint)
    tailed.wait_for (f"-- connected to {endpoint}")
    assert "nobody publishes" not in tailed.log ()


def test_garbage_is_counted_and_the_next_frame_is_shown (tailed, wait_until):
    tailed = tailed ("--format", "ndjson")
    payload = tailed.send (1)
    broken = bytearray (payload)
    broken[len (broken) // 2] ^= 1
    for parts in ([b"n1/"], [b"n1/", b""], [b"n1/", b"\xdd\xff\xff\xff\xff"], [b"n2/", payload],
                  [b"n1/", payload, b"more"], [b"n1/", bytes (broken)], [b"", payload]):
        tailed.send_raw (*parts)
    tailed.send (2)
    wait_until (lambda: tailed.seqs () == [1, 2])
    tailed.wait_for ("no frame of kpulse: ")
    assert tailed.stop () == 0
    assert "-- 7 messages in all were no frames" in tailed.log ()
    assert " missed" not in tailed.log ()


def test_many_silent_nodes_are_one_line (tailed):
    tailed = tailed ()
    for i in range (50):
        tailed.send_raw (f"x{i}/".encode (), make_frame (f"x{i}", 1 << 16, 1))
    tailed.wait_for ("silent, no frame for 3 s", 5)
    lines = [line for line in tailed.log ().splitlines () if "silent" in line]
    assert len (lines) == 1 and " and 45 more: silent" in lines[0]


def test_nobody_there_is_said_with_what_to_do (start, start_broker, free_port):
    live = f"tcp://127.0.0.1:{free_port ()}"
    tail = start ("subscriber", "--live", live)
    tail.wait_for (f"nobody publishes at {live} yet; waiting")
    assert "make runCoordinator" in tail.log ()
    start_broker (("--live", live))
    tail.wait_for (f"-- connected to {live}")
    tail.wait_for ("no frame has come; waiting")
    assert tail.log ().count ("nobody publishes") == 1


@pytest.mark.parametrize ("nodes, absent", [("n9", "n9"), ("n9,n1,web*", "n9, web*"),
                                            ("n1,n2", None), ("n?", None)])
def test_a_node_of_which_nothing_comes_is_named_and_who_is_there (pipeline, start, nodes, absent):
    tail = start ("subscriber", "--live", pipeline.live, "--duration", "9", "cpu", "from", nodes)
    said = f"-- no frame of {absent} yet; waiting. Frames come from n1, n2\n"
    if absent:
        tail.wait_for (said, 9)
    assert tail.process.wait (15) == 0
    assert tail.log ().count ("no frame of") == tail.log ().count (said) == (absent is not None)
    shown = {match[1] for line in tail.log ().splitlines () if (match := LINE.match (line))}
    assert shown == {node for node in ("n1", "n2") if node in nodes or nodes == "n?"}


def test_the_name_it_was_called_by_begins_what_it_says (free_port):
    result = subprocess.run ([ROOT / "tail", "--live", f"tcp://127.0.0.1:{free_port ()}",
                              "--timeout", "1"], capture_output=True, text=True)
    assert result.returncode == 3 and "\ntail: no frame for 1 s" in result.stderr


def test_the_timeout_is_exit_code_3 (run, free_port):
    result = run ("subscriber", "--live", f"tcp://127.0.0.1:{free_port ()}", "--timeout", "1")
    assert result.returncode == 3 and "no frame for 1 s" in result.stderr and result.stdout == ""


# --- how it ends -------------------------------------------------------------------------------

@pytest.mark.parametrize ("args, what", [
    (("runqlt",), "unknown metric 'runqlt' (did you mean runqlat?)"),
    (("cpu", "from"), "no node after 'from'"),
    (("from", "n/1"), "'n/1' is not a node"),
    (("--format", "xml"), "there are text, ndjson, csv, msgpack"),
    (("--live", "tcp://*:7001"), "is not an endpoint to connect to"),
    (("--live", ","), "the list is empty"),
    (("-n", "0"), "'0' is not a whole number"),
])
def test_usage_mistakes_are_exit_code_2 (run, args, what):
    result = run ("subscriber", *args)
    assert result.returncode == 2 and what in result.stderr, result.stderr


def test_a_reader_who_leaves_is_no_mistake (pipeline):
    command = f"'{BIN}/subscriber' --live {pipeline.live} | head -2; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run (["bash", "-c", command], capture_output=True, text=True, timeout=20)
    lines = result.stdout.splitlines ()
    assert lines[0].startswith ("time") and LINE.match (lines[1]) and lines[2] == "0"
    assert result.stderr == ""


def test_frames_reach_a_pipe_as_they_come (pipeline):
    process = subprocess.Popen ([BIN / "subscriber", "--live", pipeline.live, "--format", "ndjson"],
                                stdout=subprocess.PIPE, text=True)
    for _ in range (4):
        frame = json.loads (process.stdout.readline ())
        assert time.time () - (frame["time"] + frame["span"]) < 0.9
    process.terminate ()
    assert process.wait (2) == 0
    process.stdout.close ()


def test_a_reader_who_pauses_does_not_keep_it_from_ending (free_port):
    worker = FakeWorker ("n1", f"tcp://127.0.0.1:{free_port ()}")
    process = subprocess.Popen ([BIN / "subscriber", "--live", worker.endpoint, "--format",
                                 "ndjson"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    fcntl.fcntl (process.stdout, fcntl.F_SETPIPE_SZ, 4096)
    worker.wait_for_subscriber ()
    for seq in range (1, 100):
        worker.send (seq)
    time.sleep (0.3)
    process.terminate ()
    assert process.wait (2) == 0
    process.stdout.close ()
    worker.close ()


def test_the_example_config_can_be_used (pipeline, run):
    result = run ("subscriber", "--config", ROOT / "docs/examples/subscriber.zpl", "--live",
                  pipeline.live, "-n", "1")
    assert result.returncode == 0, result.stderr
