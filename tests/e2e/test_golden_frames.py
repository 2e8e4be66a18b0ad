# SPDX-License-Identifier: GPL-2.0-or-later
"""The golden vectors, read with libraries that share no code with us, as a stranger would who has
schema/PROTOCOL.md only. tests/unit holds our codecs against the same files."""

import json
import pathlib

import msgpack
import pytest
import xxhash

import make_golden as golden

FOLDER = pathlib.Path (__file__).resolve ().parents[2] / "schema" / "golden"
NAMES = sorted (path.stem for path in FOLDER.glob ("frame_v1_*.msgpack"))


@pytest.fixture (params=NAMES)
def name (request):
    return request.param


@pytest.fixture
def data (name):
    return (FOLDER / f"{name}.msgpack").read_bytes ()


@pytest.fixture
def items (data):
    return msgpack.unpackb (data)


@pytest.fixture
def described (name):
    return json.loads ((FOLDER / f"{name}.json").read_text (encoding="utf-8"))


def test_golden_frames_are_all_there ():
    assert {f"frame_v1_{name}" for name in golden.golden_frames ()} == set (NAMES)


def test_golden_frame_ends_with_the_hash_of_all_before (data, items):
    hash_size = len (msgpack.packb (items[-1]))
    assert xxhash.xxh64 (data[:-hash_size]).intdigest () == items[-1]


def test_golden_frame_is_in_the_shortest_form (data, items):
    assert msgpack.packb (items) == data


def test_golden_frame_is_what_its_json_says (data, described):
    assert golden.payload (described) == data


def test_golden_frame_has_buckets_that_add_up (items):
    for metric in items[11]:
        if metric is not None and metric[5]:
            assert sum (sum (counts) for counts in metric[5][1::2]) == metric[0]


def test_golden_frame_has_runs_with_a_gap_between (items):
    for metric in items[11]:
        end = -1
        for start, counts in zip (metric[5][::2], metric[5][1::2]) if metric else []:
            assert start > end and 0 not in counts
            end = start + len (counts)
            assert end <= golden.SLOTS


def test_golden_frames_are_those_that_the_generator_makes (name, data):
    made = golden.golden_frames ()[name.removeprefix ("frame_v1_")]
    assert golden.payload (made) == data


def test_golden_parts_are_those_that_the_generator_makes ():
    for part, expected in golden.golden_parts ().items ():
        data = (FOLDER / f"{part}.msgpack").read_bytes ()
        assert msgpack.unpackb (data) == expected
        assert msgpack.packb (expected) == data
