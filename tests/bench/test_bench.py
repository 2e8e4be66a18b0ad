# SPDX-License-Identifier: GPL-2.0-or-later
"""The benchmarks, small: that they measure what they say, never how fast anything was."""

import json
import math
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path (__file__).resolve ().parents[2]
sys.path.insert (0, str (ROOT / "tests/bench"))

from harness import BUILT, Asker, Broker, disk_bytes, run  # noqa: E402

UNTIL = 1_700_000_000


def run_tool (tmp_path, tool, *arguments):
    """Run a benchmark; returns its table and its JSON."""
    path = tmp_path / "result.json"
    done = subprocess.run ([ROOT / "tools" / tool, "--json", path, *map (str, arguments)],
                           capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads (path.read_text ())


def rows_of (result):
    rows = {each["what"]: each for each in result["rows"]}
    assert all (math.isfinite (each["kpulse"]) and each["kpulse"] > 0 for each in rows.values ())
    return rows


@pytest.fixture (scope="module")
def busy (tmp_path_factory):
    """Ten minutes of three busy nodes: the answer for all, and what write_store said."""
    folder = tmp_path_factory.mktemp ("busy")
    wrote = run (BUILT / "write_store", "--nodes", 3, "--seconds", 600, "--until", UNTIL,
                 folder / "store")
    with Broker (folder, folder / "store") as broker:
        answer = Asker (broker.answer).ask (
            "select runqlat_count,runqlat_avg,runqlat_p10,runqlat_p50,runqlat_p99 from * "
            f"over 600s until {UNTIL}")[1]
    return answer, wrote


def test_busy_frames_are_all_stored (busy):
    answer, wrote = busy
    assert wrote["frames"] == 1800
    assert [(row["node"], row["frames"], row["expected"]) for row in answer] == \
        [(node, 600, 600) for node in ("n001", "n002", "n003")]


def test_busy_events_are_poisson_3000_a_second (busy):
    for row in busy[0]:  # Six standard deviations
        assert abs (row["runqlat_count"] - 600 * 3000) < 6 * math.sqrt (600 * 3000)
    assert len ({row["runqlat_count"] for row in busy[0]}) == 3, "nodes differ"


def test_busy_durations_are_lognormal (busy):
    def quantile_ns (deviations):
        return 8000 * math.exp (1.3 * deviations)
    for row in busy[0]:  # A quantile is within 4.4 % of the truth
        assert row["runqlat_avg"] == pytest.approx (quantile_ns (1.3 / 2), rel=0.02)
        assert row["runqlat_p10"] == pytest.approx (quantile_ns (-1.2816), rel=0.05)
        assert row["runqlat_p50"] == pytest.approx (quantile_ns (0), rel=0.05)
        assert row["runqlat_p99"] == pytest.approx (quantile_ns (2.3263), rel=0.05)


def test_the_same_seed_writes_the_same_frames (tmp_path):
    def write (store, seed):
        return run (BUILT / "write_store", "--nodes", 2, "--seconds", 60, "--seed", seed,
                    tmp_path / store)["payload_bytes"]
    assert write ("one", 5) == write ("two", 5) != write ("three", 6)
    assert disk_bytes (tmp_path / "one") > 0


def test_select_is_measured_beside_a_prometheus_that_agrees (tmp_path):
    table, result = run_tool (
        tmp_path, "bench-select", "--hours", 0.05, "--nodes", 3, "--asks", 4, "--seconds", 0.5,
        "--load", 300, "--peer-asks", 1, "--disk-hours", 0.01, "--record", 3)
    rows = rows_of (result)
    for grouping in ("by node", "by all"):
        row = rows[f"select over 60 s, 3 nodes, {grouping}, p50"]
        assert row["peer_name"] == "Prometheus" and row["ratio"] == row["peer"] / row["kpulse"]
        assert f"select over 60 s, 3 nodes, {grouping}, under load, p99" in rows
    for question in result["questions"]:
        assert question["coverage"] == 1
        assert question["agreement"] < 0.1, "the p99 of both, of the same histograms"
    busy = rows["disk, busy, one histogram a frame"]
    assert busy["unit"] == "bytes per histogram" and busy["peer"] > 50
    assert result["load"]["frames_per_s"] > 0
    assert "select over 60 s, 3 nodes, by all, p50" in table


def test_bench_makes_one_table_of_what_it_ran (tmp_path):
    table, result = run_tool (tmp_path, "bench", "--quick", "tail", "select-30d")
    rows = rows_of (result)
    assert not result["failed"]
    assert rows["select over 1 h, 3 nodes, by all, p50"]["unit"] == "ms"
    tail = rows["edge to printed, 10 nodes at once, p99"]
    assert tail["peer_name"] == "bare libzmq SUB" and tail["peer"] > 0
    assert result["results"]["tail"]["frames"]["printed"] > 0
    assert "edge to printed, 10 nodes at once, p99" in table


def test_bench_names_the_benchmarks_there_are ():
    done = subprocess.run ([ROOT / "tools/bench", "speed"], capture_output=True, text=True)
    assert done.returncode == 2 and "no benchmark 'speed'; there are probe, " in done.stderr


def test_ingest_finds_every_frame_stored (tmp_path):
    table, result = run_tool (tmp_path, "bench-ingest", "--nodes", 50, "--rate", 1000, "--seconds",
                              2)
    run_, = result["runs"]
    assert "Every frame sent is stored" in table
    assert run_["broker"]["sent"] == run_["broker"]["stored"] == 2000
    assert run_["broker"]["nodes_wrong"] == 0
    assert run_["bare"]["cpu_us_per_frame"] > 0
