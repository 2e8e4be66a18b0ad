# SPDX-License-Identifier: GPL-2.0-or-later
"""bin/subscriber --since, --over and its formats for programs, against frames that pyzmq read and
against stores that pyzmq plays."""

import csv
import io
import json
import math
import subprocess
import threading
import time

import msgpack
import pytest
import xxhash
import zmq

from conftest import BIN, Program, next_free_port
from pipeline_peer import (FakeStore, FakeWorker, SYNTHETIC, make_frame, subscription,
                           unpack_frame)

CPUDIST, PIDPERSEC = 0, 3
COUNT, SUM, ACCRUED, RUNS = 0, 1, 2, 5


def frames_of (data):
    """A recording: msgpack items one after another. Returns (node, epoch, seq) -> payload."""
    unpacker, frames, start = msgpack.Unpacker (io.BytesIO (data)), [], 0
    for item in unpacker:
        end = unpacker.tell ()
        frames.append (((item[1], item[2], item[3]), data[start:end], item[4]))
        start = end
    return frames


class Reader (threading.Thread):
    """Reads a live endpoint by pyzmq, for as long as it is open."""

    def __init__ (self, endpoint):
        super ().__init__ ()
        self.endpoint, self.frames, self.open = endpoint, {}, True
        self.start ()

    def run (self):
        with subscription (self.endpoint) as subscriber:
            while self.open:
                if subscriber.poll (100):
                    payload = subscriber.recv_multipart ()[1]
                    frame = unpack_frame (payload)
                    self.frames[frame["node"], frame["epoch"], frame["seq"]] = payload

    def close (self):
        self.open = False
        self.join ()


@pytest.fixture (scope="module")
def pipeline (tmp_path_factory):
    """A coordinator, the workers n1, n2 and n3, and a reader of all they say."""
    folder = tmp_path_factory.mktemp ("pipeline")
    live, answer = (f"tcp://127.0.0.1:{next_free_port ()}" for _ in range (2))
    started = [Program (folder, "broker", ["--live", live, "--answer", answer, "--store",
                                           folder / "broker"], live=live, answer=answer)]
    started[0].reader = Reader (live)
    for node in ("n1", "n2", "n3"):
        publish, own = (f"tcp://127.0.0.1:{next_free_port ()}" for _ in range (2))
        started.append (Program (folder, "publisher", ["--node", node, "--source",
                                 "synthetic:busy", "--store", folder / node, "--publish", publish,
                                 "--answer", own, "--coordinator", answer]))
    for node in ("n1", "n2", "n3"):
        started[0].wait_for (f"{node} is live", 15)
    time.sleep (4)
    yield started[0]
    started[0].reader.close ()
    for program in reversed (started):
        program.stop ()


# --- the past, then the present ----------------------------------------------------------------

def assert_seamless (recording, reader, since):
    frames = frames_of (recording)
    names = [name for name, _, _ in frames]
    assert len (set (names)) == len (names), "a frame came twice"
    assert all (start >= since for _, _, start in frames)
    for node in ("n1", "n2", "n3"):
        seqs = [seq for name, _, seq in names if name == node]
        assert seqs == list (range (seqs[0], seqs[0] + len (seqs))), f"{node}: a seam: {seqs}"
        begun = [start for name, _, start in frames if name[0] == node][0]
        assert begun <= since + 1, f"{node} begins late"
        assert len (seqs) >= 6
    for name, payload, _ in frames:
        assert reader.frames.get (name, payload) == payload
    assert sum (name in reader.frames for name in names) > len (names) / 2


def test_the_past_and_the_present_have_no_seam_and_no_duplicate (pipeline):
    """Eight readers begin all over a second, each where past and present meet elsewhere."""
    tails = []
    for _ in range (8):
        since = int (time.time ()) - 4
        tails.append ((since, subprocess.Popen (
            [BIN / "subscriber", "--live", pipeline.live, "--endpoint", pipeline.answer, "--since",
             "4s", "--format", "msgpack", "--duration", "4s"], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)))
        time.sleep (0.13)
    ends = [(since, tail.communicate (timeout=30), tail.returncode) for since, tail in tails]
    time.sleep (0.2)
    for since, (recording, notices), code in ends:
        assert code == 0 and b"missed" not in notices, notices
        assert_seamless (recording, pipeline.reader, since)


def test_the_past_comes_in_order_of_time (pipeline, run):
    result = run ("subscriber", "--live", pipeline.live, "--endpoint", pipeline.answer, "--since",
                  "4s", "-n", "9", "--format", "ndjson", "from", "n1,n3")
    rows = [json.loads (line) for line in result.stdout.splitlines ()]
    assert {row["node"] for row in rows} == {"n1", "n3"}
    times = [row["time"] for row in rows]
    assert times == sorted (times) and times[0] < time.time () - 3


@pytest.fixture
def seamed (start, free_port):
    """A fake worker n1, a fake store of its frames, and the subscriber of both."""
    opened = []

    def open_one (frames, revealed, answer=None, args=("--format", "ndjson")):
        worker = FakeWorker ("n1", f"tcp://127.0.0.1:{free_port ()}")
        store = FakeStore ("n1", frames, f"tcp://127.0.0.1:{free_port ()}", answer)
        opened.extend ([worker, store])
        store.reveal (revealed)
        tail = start ("subscriber", "--live", worker.endpoint, "--endpoint", store.endpoint,
                      "--since", "1h", *args, worker=worker, store=store)
        tail.seqs = lambda: [json.loads (line)["seq"] for line in tail.log ().split ("\n")[:-1]
                             if line[0] == "{"]
        worker.wait_for_subscriber ()
        return tail

    yield open_one
    for one in opened:
        one.close ()


def frames_from (epoch, first, last):
    begin = int (time.time ()) - 100
    return [make_frame ("n1", epoch, seq, start=begin + seq) for seq in range (first, last + 1)]


def send (tail, frames):
    for payload in frames:
        tail.worker.send_raw (b"n1/", payload)


def test_what_the_store_has_later_fills_the_seam (seamed, wait_until):
    frames = frames_from (5 << 16, 1, 40)
    tail = seamed (frames, 20)
    wait_until (lambda: 20 in tail.seqs ())
    send (tail, frames[25:30])
    time.sleep (0.5)
    assert tail.seqs ()[-1] == 20, "25 to 30 are held back"
    tail.store.reveal (25)
    wait_until (lambda: 30 in tail.seqs ())
    send (tail, frames[30:33])
    wait_until (lambda: 33 in tail.seqs ())
    assert tail.seqs () == list (range (1, 34)) and "-- " not in tail.log ()


def test_what_nobody_has_is_missed_and_said (seamed, wait_until):
    frames = frames_from (5 << 16, 1, 40)
    tail = seamed (frames, 20)
    wait_until (lambda: 20 in tail.seqs ())
    send (tail, frames[25:30])
    tail.wait_for ("-- n1: 5 frames missed, seq 21 to 25", 8)
    wait_until (lambda: tail.seqs () == [*range (1, 21), *range (26, 31)])


def test_a_restart_in_the_seam_is_filled (seamed, wait_until):
    before, after = frames_from (5 << 16, 1, 10), frames_from (6 << 16, 1, 10)
    tail = seamed (before + after, 10)
    wait_until (lambda: 10 in tail.seqs ())
    send (tail, after[4:6])
    tail.store.reveal (14)
    wait_until (lambda: tail.seqs () == [*range (1, 11), *range (1, 7)])


def test_a_long_past_is_asked_for_in_chunks (seamed, wait_until):
    frames = frames_from (5 << 16, 1, 1000)
    tail = seamed (frames, 1000)
    wait_until (lambda: 1000 in tail.seqs ())
    assert tail.seqs () == list (range (1, 1001))


def broken (kind, parts):
    """A store that answers questions of a kind so."""
    def answer (self, question):
        good = FakeStore.reply (self, question)
        return [part if isinstance (part, bytes) else msgpack.packb (part)
                for part in parts (question[2], good)] if question[1] == kind else good
    return answer


FRAME = make_frame ("n1", 5 << 16, 3, start=int (time.time ()) - 50)
HOSTILE = {
    "garbage": broken ("ask-manifest", lambda id, good: [good[0], b"\xc1\xff\x00" * 99]),
    "no manifest": broken ("ask-manifest", lambda id, good: [good[0]]),
    "more of nothing": broken ("ask-manifest", lambda id, good: [good[0], [1, 1, 0, 0, []]]),
    "reversed run": broken ("ask-manifest", lambda id, good: [
        good[0], [1, 0, 0, 0, [[5 << 16, 9, 2, 0, 1, 9]]]]),
    "another node": broken ("ask-manifest", lambda id, good: [[1, "manifest", id, "n2"], good[1]]),
    "frames not asked for": broken ("ask-replay", lambda id, good: [good[0], FRAME, FRAME]),
    "a broken frame": broken ("ask-replay", lambda id, good: [good[0], FRAME[:-3]]),
    "another stretch": broken ("ask-replay", lambda id, good: [
        [1, "replay", id, "n1", 5 << 16, 1, 2**63], *good[1:]]),
    "an error": broken ("ask-replay", lambda id, good: [
        [1, "error", id, "internal", -1, "no disk", "", ""]]),
}


@pytest.mark.parametrize ("answer", HOSTILE.values (), ids=HOSTILE)
def test_a_store_that_lies_costs_the_past_and_not_the_present (seamed, answer):
    frames = frames_from (5 << 16, 1, 40)
    tail = seamed (frames, 20, answer)
    tail.wait_for ("-- the past of 1 node could not be read: ")
    send (tail, frames[25:30])
    tail.wait_for ('"seq":30')
    assert tail.seqs ()[-5:] == list (range (26, 31)) and tail.stop () == 0


def test_nobody_to_ask_for_the_past_is_exit_code_3 (run, free_port):
    endpoint = f"tcp://127.0.0.1:{free_port ()}"
    result = run ("subscriber", "--since", "5m", "--endpoint", endpoint)
    assert result.returncode == 3
    assert f"no past from {endpoint}: nobody is there" in result.stderr


# --- rolling windows ---------------------------------------------------------------------------

def frame_with (seq, start, metrics, span=1):
    items = [1, "n1", 5 << 16, seq, start, span, span * 10**9, [1, 0], [0, 0, ""], SYNTHETIC,
             "0.1.0", metrics, [0] * 5, [0, 0, 0]]
    body = bytes ([0x90 | 15]) + b"".join (msgpack.packb (item) for item in items)
    return body + msgpack.packb (xxhash.xxh64 (body).intdigest ())


def varied_frames (count):
    """Of seq: slots and sums that no other has; now and then seconds are missing or are one frame.
    Sums need not agree with slots."""
    frames, start = [], int (time.time ()) - 1000
    for seq in range (1, count + 1):
        start += 3 if seq % 7 == 0 else 0
        span = 4 if seq % 11 == 0 else 1
        runs = [40 + seq % 50, [seq, 1 + seq % 3], 200 + seq % 90, [2]]
        events = seq + 1 + seq % 3 + 2
        cpu = [events, events * 1000 + seq, seq * 7, events * seq, events * 2000 * seq, runs]
        tasks = [seq % 5, seq % 5, 0, 10 * seq, 10 * seq, []]
        frames.append (frame_with (seq, start, [cpu, None, None, tasks], span))
        start += span
    return frames


def middle_ns (slot):
    upper = 1e9 * 2 ** ((slot - 240) / 8)
    lower = 0 if slot == 1 else 1e9 * 2 ** ((slot - 241) / 8)
    return 2 * upper * lower / (upper + lower)


def quantile_ns (slots, quantile):
    rank = max (1, math.ceil (quantile * sum (slots.values ())))
    for slot in sorted (slots):
        rank -= slots[slot]
        if rank <= 0:
            return middle_ns (slot)
    raise AssertionError ("no events")


def window (frames, until, over):
    """count, sum, accrued, slots, tasks and present seconds of [until - over, until)."""
    count = total = accrued = tasks = 0
    slots, seconds = {}, set ()
    for frame in frames:
        cpu, begin = frame["metrics"][CPUDIST], frame["start"]
        seconds |= {second for second in range (begin, begin + frame["span"])
                    if until - over <= second < until}
        if not until - over <= begin < until:
            continue
        count, total, accrued = count + cpu[COUNT], total + cpu[SUM], accrued + cpu[ACCRUED]
        tasks += frame["metrics"][PIDPERSEC][COUNT]
        for first, counts in zip (cpu[RUNS][::2], cpu[RUNS][1::2]):
            for slot, events in enumerate (counts, first):
                slots[slot] = slots.get (slot, 0) + events
    return count, total, accrued, slots, tasks, len (seconds)


def test_rolling_windows_agree_with_adding_up_in_python (start, free_port, wait_until):
    worker = FakeWorker ("n1", f"tcp://127.0.0.1:{free_port ()}")
    tail = start ("subscriber", "--live", worker.endpoint, "--over", "10s", "--format", "ndjson")
    worker.wait_for_subscriber ()
    payloads = varied_frames (120)
    for payload in payloads:
        worker.send_raw (b"n1/", payload)
    wait_until (lambda: tail.log ().count ("{") == len (payloads))
    frames = [unpack_frame (payload) for payload in payloads]
    for i, line in enumerate (tail.log ().splitlines ()):
        row, frame = json.loads (line), frames[i]
        count, total, accrued, slots, tasks, present = window (
            frames[:i + 1], frame["start"] + frame["span"], 10)
        assert (row["over"], row["present"]) == (10, present)
        assert (row["cpudist_count"], row["cpudist_sum"], row["cpudist_time"]) == \
            (count, total, accrued)
        assert row["cpudist_avg"] == pytest.approx (total / count, rel=1e-12)
        assert row["cpudist_p99"] == pytest.approx (quantile_ns (slots, 0.99), rel=1e-9)
        assert row["cpudist_p50"] == pytest.approx (quantile_ns (slots, 0.5), rel=1e-9)
        assert row["pidpersec_count"] == tasks
        assert row["pidpersec_avg"] == pytest.approx (tasks / present)
    worker.close ()


def test_a_window_on_screen_has_sum_and_coverage (start, free_port):
    worker = FakeWorker ("n1", f"tcp://127.0.0.1:{free_port ()}")
    tail = start ("subscriber", "--live", worker.endpoint, "--over", "1m", "cpu")
    worker.wait_for_subscriber ()
    for seq in range (1, 4):
        worker.send (seq, start=1795420800 + seq)
    tail.wait_for ("3/60")
    header, *lines = tail.log ().splitlines ()
    assert header.split () == ["time", "node", "metric", "count", "avg", "sum", "p50", "p99",
                               "coverage"]
    assert lines[2].split ()[2:8] == ["cpudist", "9", "1.00", "us", "9.00", "us"]
    assert all (len (line.partition ("  [")[0]) < 80 for line in (header, *lines))
    worker.close ()


# --- formats and ends --------------------------------------------------------------------------

def test_csv_has_one_header_and_the_columns_of_ndjson (pipeline, run):
    args = ("--live", pipeline.live, "--endpoint", pipeline.answer, "--since", "3s", "-n", "6")
    rows = list (csv.reader (io.StringIO (run ("subscriber", *args, "--format", "csv").stdout)))
    line = run ("subscriber", *args, "--format", "ndjson").stdout.splitlines ()[0]
    assert rows[0] == list (json.loads (line))
    assert len (rows) == 7 and all (len (row) == len (rows[0]) for row in rows)
    assert {row[0] for row in rows[1:]} == {"n1", "n2", "n3"}


def test_msgpack_is_a_recording_that_can_be_replayed (pipeline, tmp_path, start_worker, run):
    recording = tmp_path / "recording.msgpack"
    with open (recording, "wb") as output:
        subprocess.run ([BIN / "subscriber", "--live", pipeline.live, "--format", "msgpack", "-n",
                         "2", "from", "n1"], stdout=output, check=True, timeout=20)
    frames = [payload for _, payload, _ in frames_of (recording.read_bytes ())]
    assert len (frames) == 2
    worker = start_worker ("n9", source=f"replay:{recording}")
    result = run ("subscriber", "--live", worker.publish, "-n", "1", "--format", "ndjson")
    counts = [unpack_frame (payload)["metrics"][CPUDIST][COUNT] for payload in frames]
    assert json.loads (result.stdout)["cpudist_count"] in counts


def test_the_duration_ends_it (pipeline, run):
    begin = time.monotonic ()
    result = run ("subscriber", "--live", pipeline.live, "--duration", "1s")
    assert result.returncode == 0 and 0.9 < time.monotonic () - begin


@pytest.mark.parametrize ("args, what", [
    (("--over", "0s"), "over: '0s' is not a duration"),
    (("--over", "soon"), "over: 'soon' is not a duration"),
    (("--since", "yesterday"), "since: 'yesterday' is no point in time"),
    (("--duration", "-1"), "duration: '-1' is not a duration"),
    (("--view", "pie"), "view: there is no 'pie'; there are lines, hist, heat, top"),
    (("--view", "heat", "pidpersec"), "heat shows durations"),
    (("--view", "top", "--format", "csv"), "format: csv is of --view lines only"),
    (("--endpoint", "here"), "endpoint: 'here' is not an endpoint"),
])
def test_usage_mistakes_are_exit_code_2 (run, args, what):
    result = run ("subscriber", *args)
    assert result.returncode == 2 and what in result.stderr, result.stderr
