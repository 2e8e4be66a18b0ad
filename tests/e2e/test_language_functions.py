# SPDX-License-Identifier: GPL-2.0-or-later
"""Every function of the select language against Python's own arithmetic: over frames that pyzmq
read beside the broker, and over samples whose true quantiles are known."""

import random

import pytest

from conftest import Program, next_free_port, poll_until
from language_peer import (EDGE_ERROR, Node, edge_ns, lower_ns, middle_ns, publish, publishers,
                           rank_of, slot_of)
from pipeline_peer import METRICS, ask, subscription, unpack_frame

START = 1795420800  # 2026-11-23 08:00 UTC
DURATIONS = ["cpudist", "offcpu", "runqlat"]
PERCENTS = ["p0.01", "p1", "p25", "p50", "p90", "p99", "p999", "p99.99", "p100"]


def pair (cell):
    return cell[0] << 64 | cell[1]


# --- over frames that were read beside the broker ----------------------------------------------

def slots_of (runs):
    """The runs of a histogram as {slot: count}."""
    return {start + i: count for start, counts in zip (runs[::2], runs[1::2])
            for i, count in enumerate (counts)}


class Truth:
    """What frames add up to, by section 6 of the protocol."""

    def __init__ (self, frames, metric):
        parts = [frame["metrics"][METRICS.index (metric)] for frame in frames]
        self.present = sum (frame["span"] for frame in frames)
        self.count, self.sum, self.time = (sum (part[i] for part in parts) for i in range (3))
        self.slots = {}
        for part in parts:
            for slot, count in slots_of (part[5]).items ():
                self.slots[slot] = self.slots.get (slot, 0) + count

    def quantile (self, percent):
        rank, seen = max (-(-percent * self.count // 100), 1), 0
        for slot in sorted (self.slots):
            seen += self.slots[slot]
            if seen >= rank:
                return middle_ns (slot)


def assert_durations (row, metric, truth):
    def cell (function):
        return row[f"{metric}_{function}"]
    assert pair (cell ("sum")) == truth.sum and pair (cell ("count")) == truth.count
    assert pair (cell ("time")) == truth.time
    assert cell ("avg") == pytest.approx (truth.sum / truth.count, rel=1e-12)
    assert cell ("rate") == pytest.approx (truth.count / truth.present, rel=1e-12)
    assert cell ("min") == pytest.approx (lower_ns (min (truth.slots)), rel=1e-12)
    assert cell ("max") == pytest.approx (edge_ns (max (truth.slots)), rel=1e-12)
    for percent in (50, 90, 99):
        assert cell (f"p{percent}") == pytest.approx (truth.quantile (percent), rel=1e-12)
    count, total, runs = cell ("hist")
    assert (count, pair (total), slots_of (runs)) == (truth.count, truth.sum, truth.slots)


def test_every_function_agrees_with_the_frames (start_broker, start_worker, wait_until):
    broker = start_broker ()
    names = ["n1", "n2"]
    with subscription (broker.live) as live:
        for i, name in enumerate (names):
            start_worker (name, f"synthetic:events={3000 * (i + 1)},seed={i}",
                          coordinator=broker.answer)
        frames = [unpack_frame (live.recv_multipart ()[1]) for _ in range (10)]
    since = max (min (frame["start"] for frame in frames if frame["node"] == name)
                 for name in names)
    window = f"since {since} until {since + 3}"
    wait_until (lambda: all (row["frames"] == 3 for row in
                             ask (broker.answer, f"select cpu_sum from n1,n2 {window}")))
    columns = [f"{metric}_{function}" for metric in DURATIONS for function in
               ("avg sum count rate time min max p50 p90 p99 hist").split ()]
    columns += [f"pidpersec_{function}" for function in ("avg", "sum", "count", "rate")]
    by_node = ask (broker.answer, f"select {','.join (columns)} from n1,n2 {window}")
    (merged,) = ask (broker.answer, f"select {','.join (columns)} from n1,n2 {window} by all")
    for row, chosen in [(by_node[0], ["n1"]), (by_node[1], ["n2"]), (merged, names)]:
        own = [frame for frame in frames
               if frame["node"] in chosen and since <= frame["start"] < since + 3]
        assert len (own) == row["frames"] == row["expected"] == 3 * len (chosen)
        for metric in DURATIONS:
            assert_durations (row, metric, Truth (own, metric))
        tasks = Truth (own, "pidpersec")
        assert pair (row["pidpersec_sum"]) == pair (row["pidpersec_count"]) == tasks.count
        assert row["pidpersec_avg"] == row["pidpersec_rate"] == tasks.count / tasks.present


# --- over samples whose quantiles are known ----------------------------------------------------

def edges ():
    """The integers on both sides of every bucket's edge from 1 us to 100 s."""
    for slot in range (slot_of (1000), slot_of (10 ** 11)):
        yield from (int (edge_ns (slot)), int (edge_ns (slot)) + 1)


def sample_sets ():
    chance = random.Random (11)
    return {
        "one": [123456],
        "one-ns": [1],
        "zeros": [0] * 99 + [1],
        "far-apart": [1, 2 ** 40 - 1],
        "far-apart-99": [70] * 99 + [10 ** 12],
        "far-apart-100": [70] * 100 + [10 ** 12],
        "powers": [2 ** k + d for k in range (1, 41) for d in (-1, 0, 1)],
        "tiny": list (range (33)),
        "edges": list (edges ()),
        "hours": [3600 * 10 ** 9, 7200 * 10 ** 9, 2 ** 63],
        "lognormal": [int (chance.lognormvariate (11, 2.5)) for _ in range (3000)],
        "bimodal": [chance.choice ((900, 5 * 10 ** 8)) for _ in range (999)],
        "equal": [8589934592] * 1000,
    }


GAP = range (20, 35)  # Seconds that the node "gappy" lacks, of 60


def gappy_frames ():
    """In second i there are i + 1 waits of i + 1 us."""
    node, payloads = Node ("gappy", START), []
    for i in range (60):
        payload = node.second ({"runqlat": [1000 * (i + 1)] * (i + 1)})
        payloads += [payload] if i not in GAP else []
    return payloads


@pytest.fixture (scope="module")
def known (tmp_path_factory):
    """A broker that holds each set of samples as a node of its name, in one second, and gappy."""
    samples, folder = sample_sets (), tmp_path_factory.mktemp ("known")
    names = [*samples, "gappy"]
    ports = [next_free_port () for _ in names]
    live, answer = (f"tcp://127.0.0.1:{next_free_port ()}" for _ in range (2))
    with publishers (names, ports) as (sockets, options):
        broker = Program (folder, "broker", ["--live", live, "--answer", answer, "--store",
                                             folder / "broker", *options])
        frames = {name: [Node (name, START).second ({"runqlat": of})]
                  for name, of in samples.items ()}
        frames["gappy"] = gappy_frames ()
        publish (sockets, frames, answer, poll_until)
        yield answer, samples
        broker.stop ()


@pytest.mark.parametrize ("name", sample_sets ())
def test_quantiles_are_within_4_4_percent_of_the_true_ones (known, name):
    answer, samples = known[0], known[1][name]
    columns = ",".join (f"runqlat_{percent}" for percent in PERCENTS)
    (row,) = ask (answer, f"select {columns} from {name} since {START} until {START + 1}")
    for percent in PERCENTS:
        value = {"p999": 99.9}.get (percent) or float (percent[1:])
        true = rank_of (samples, value)
        assert abs (row[f"runqlat_{percent}"] - true) <= EDGE_ERROR * true, (percent, true)


@pytest.mark.parametrize ("name", sample_sets ())
def test_the_rest_is_exact_and_nothing_lies_outside_of_min_and_max (known, name):
    answer, samples = known[0], known[1][name]
    columns = ",".join (f"runqlat_{function}" for function in
                        ("avg", "sum", "count", "rate", "min", "max"))
    (row,) = ask (answer, f"select {columns} from {name} since {START} until {START + 1}")
    assert pair (row["runqlat_sum"]) == sum (samples)
    assert pair (row["runqlat_count"]) == row["runqlat_rate"] == len (samples)
    assert row["runqlat_avg"] == pytest.approx (sum (samples) / len (samples), rel=1e-15)
    rounding = 1 + 1e-12  # Of edges that are no integers
    assert row["runqlat_min"] <= min (samples) * rounding
    assert row["runqlat_max"] * rounding >= max (samples)
    assert row["runqlat_min"] * 2 ** 0.125 * rounding >= min (samples) or min (samples) <= 1
    assert row["runqlat_max"] <= max (samples) * 2 ** 0.125 * rounding


def test_quantiles_of_all_nodes_are_those_of_all_their_events (known):
    answer, samples = known
    chosen = ["powers", "lognormal", "bimodal", "far-apart"]
    columns = ",".join (f"runqlat_{percent}" for percent in PERCENTS)
    (row,) = ask (answer, f"select {columns} from {','.join (chosen)} since {START} "
                          f"until {START + 1} by all")
    together = [sample for name in chosen for sample in samples[name]]
    for percent in PERCENTS:
        true = rank_of (together, {"p999": 99.9}.get (percent) or float (percent[1:]))
        assert abs (row[f"runqlat_{percent}"] - true) <= EDGE_ERROR * true, (percent, true)


def test_functions_of_no_events_are_null_and_sums_0 (known):
    columns = "avg sum count rate time min max p50 hist".split ()
    select = ",".join (f"cpu_{function}" for function in columns)
    (row,) = ask (known[0], f"select {select} from one since {START} until {START + 1}")
    assert all (row[f"cpu_{function}"] is None for function in columns), "it was not measured"
    (row,) = ask (known[0], f"select runqlat_p50,runqlat_sum from one since {START + 1} "
                            f"until {START + 2}")
    assert (row["runqlat_p50"], row["runqlat_sum"], row["frames"]) == (None, None, 0)


# --- over time -----------------------------------------------------------------------------------

@pytest.mark.parametrize ("step, since, until", [(1, 0, 60), (7, 3, 59), (10, 5, 45), (60, 10, 70)])
def test_every_gives_a_row_a_step_with_its_own_coverage (known, step, since, until):
    since, until = START + since, START + until
    rows = ask (known[0], "select runqlat_sum,runqlat_count,runqlat_avg from gappy,one "
                          f"since {since} until {until} every {step}s")
    edges = [since] + [t for t in range (since + 1, until) if t % step == 0] + [until]
    assert [(row["node"], row["time"]) for row in rows] == \
        [(node, edge) for node in ("gappy", "one") for edge in edges[:-1]]
    for row, start, end in zip (rows, edges, edges[1:]):
        present = [t - START for t in range (start, end)
                   if t - START in range (60) and t - START not in GAP]
        assert (row["frames"], row["expected"]) == (len (present), end - start)
        if not present:
            assert [row[f"runqlat_{f}"] for f in ("sum", "count", "avg")] == [None] * 3
            continue
        count, total = (sum ((i + 1) ** power * 1000 ** (power - 1) for i in present)
                        for power in (1, 2))
        assert pair (row["runqlat_count"]) == count and pair (row["runqlat_sum"]) == total
        assert row["runqlat_avg"] == pytest.approx (total / count, rel=1e-15)
