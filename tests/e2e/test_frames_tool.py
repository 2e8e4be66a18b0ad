# SPDX-License-Identifier: GPL-2.0-or-later
"""bin/frames on recorded frames: what it prints, converts and replays is what was recorded."""

import json
import pathlib
import shutil

import zmq

GOLDEN = pathlib.Path (__file__).resolve ().parents[2] / "schema" / "golden"
IDLE = GOLDEN / "frame_v1_idle"


def test_frames_prints_count_average_and_percentiles (run):
    answer = run ("frames", "print", IDLE.with_suffix (".msgpack"))
    assert answer.returncode == 0
    lines = answer.stdout.splitlines ()
    assert lines[0] == "2026-11-23 08:00:00 UTC  n1  seq 1  1 s  synthetic"
    assert lines[1].split () == ["cpudist", "6", "avg", "3.9", "p50", "2.6", "p99", "5.6",
                                 "time", "19.0", "us"]


def test_frames_prints_json_that_says_the_same (run):
    answer = run ("frames", "json", IDLE.with_suffix (".msgpack"))
    assert json.loads (answer.stdout) == json.loads (IDLE.with_suffix (".json").read_text ())


def test_frames_converts_there_and_back_without_loss (run, tmp_path):
    there, back = tmp_path / "there.json", tmp_path / "back"
    assert run ("frames", "convert", IDLE.with_suffix (".msgpack"), there).returncode == 0
    assert run ("frames", "convert", there, back).returncode == 0
    assert there.read_text () == IDLE.with_suffix (".json").read_text ()
    assert back.read_bytes () == IDLE.with_suffix (".msgpack").read_bytes ()


def test_frames_does_not_append_a_file_to_itself (run, tmp_path):
    file = shutil.copy (IDLE.with_suffix (".msgpack"), tmp_path / "file")
    (tmp_path / "link").symlink_to (file)
    answer = run ("frames", "convert", file, tmp_path / "link")
    assert answer.returncode == 1 and "same file" in answer.stderr


def test_frames_uses_what_stands_before_a_damage (run, tmp_path):
    file = tmp_path / "file"
    good = IDLE.with_suffix (".msgpack").read_bytes ()
    file.write_bytes (good + b"\xc3" + good)
    answer = run ("frames", "json", file)
    assert answer.returncode == 1
    assert len (answer.stdout.splitlines ()) == 1
    assert f"damaged at byte {len (good)}" in answer.stderr


def test_frames_replays_the_recorded_bytes (start, free_port):
    endpoint = f"tcp://127.0.0.1:{free_port ()}"
    program = start ("frames", "replay", "--fast", GOLDEN / "frame_v1_busy.msgpack", endpoint)
    with zmq.Context () as context, context.socket (zmq.SUB) as socket:
        socket.rcvtimeo = 5000
        socket.subscribe (b"web-01.example_A/")
        socket.connect (endpoint)
        topic, payload = socket.recv_multipart ()
    assert topic == b"web-01.example_A/"
    assert payload == (GOLDEN / "frame_v1_busy.msgpack").read_bytes ()
    assert program.process.wait (5) == 0
