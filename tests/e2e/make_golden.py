# SPDX-License-Identifier: GPL-2.0-or-later
"""The golden vectors of schema/golden, written by schema/PROTOCOL.md and by nothing of ours:
python3-msgpack and python3-xxhash encode them, so that the C codecs have a truth from elsewhere.

    /usr/bin/python3 tests/e2e/make_golden.py schema/golden

A released vector never changes: a new version gets new files beside the old ones.
"""

import json
import math
import pathlib
import sys

import msgpack
import xxhash

METRICS = ["cpudist", "offcpu", "runqlat", "pidpersec"]
SOURCES = ["bpf", "replay", "synthetic"]
SCOPES = ["all", "pid", "cgroup"]
LOSSES = ["discards", "late_ticks", "unspooled", "missing_storage", "spool_resets"]
COST = ["cpu_ns", "rss_bytes", "bpf_ns"]
ZERO_SLOT, SLOTS = 0, 514
BIG = 2**63


# --- payloads, by PROTOCOL.md ---------------------------------------------------------------------

def runs (buckets):
    """[[slot, count], ...] as [start, [n, ...], start, ...]."""
    found = []
    for slot, count in buckets:
        if found and slot == found[-2] + len (found[-1]):
            found[-1].append (count)
        else:
            found += [slot, [count]]
    return found


def metric (numbers):
    if numbers is None:
        return None
    totals = [int (numbers[name]) for name in
              ("count", "sum", "accrued_ns", "total_count", "total_sum")]
    return totals + [runs ([[slot, int (count)] for slot, count in numbers["buckets"]])]


def payload (frame):
    """The payload of a frame in the form of its JSON."""
    metrics = [metric (frame["metrics"].get (name)) for name in METRICS]
    while metrics and metrics[-1] is None:
        metrics.pop ()
    scope = frame["scope"]
    items = [frame["version"], frame["node"], int (frame["epoch"]), int (frame["seq"]),
             frame["start_wall_s"], frame["span_s"], int (frame["duration_mono_ns"]),
             [int (frame["clock"]["synchronised"]), int (frame["clock"]["error_ns"])],
             [SCOPES.index (scope["kind"]), scope.get ("pid", 0), scope.get ("cgroup", "")],
             SOURCES.index (frame["source"]), frame["program"], metrics,
             [int (frame["losses"][name]) for name in LOSSES],
             [int (frame["cost"][name]) for name in COST]]
    head = msgpack.packb (items + [0])[:-1]
    return head + msgpack.packb (xxhash.xxh64 (head).intdigest ())


# --- the frames -------------------------------------------------------------------------------------

def number (value):
    return str (value) if value >= BIG else value


def upper_ns (slot):
    return 0 if slot == ZERO_SLOT else math.floor (1e9 * 2 ** ((slot - 240) / 8))


def measured (buckets, accrued_ns=0, total_count=None, total_sum=None):
    count = sum (n for _, n in buckets)
    total = sum (n * upper_ns (slot) for slot, n in buckets)
    return {"count": number (count), "sum": number (total), "accrued_ns": number (accrued_ns),
            "total_count": number (total_count or count), "total_sum": number (total_sum or total),
            "buckets": [[slot, number (n)] for slot, n in buckets]}


def tasks (count, total_count=None):
    return {"count": number (count), "sum": number (count), "accrued_ns": 0,
            "total_count": number (total_count or count),
            "total_sum": number (total_count or count), "buckets": []}


def bell (first_slot, slots, most):
    """Counts as a busy second has them: a bell of that many buckets."""
    middle = slots / 2
    return [[first_slot + i, 1 + int (most * math.exp (-((i - middle) / (slots / 9)) ** 2))]
            for i in range (slots)]


def frame (metrics, **changes):
    return {"version": 1, "node": "n1", "epoch": 115644203008065536 + 0xbeef, "seq": 1,
            "start_wall_s": 1795420800, "span_s": 1, "duration_mono_ns": 1000000123,
            "clock": {"synchronised": True, "error_ns": 52000}, "scope": {"kind": "all"},
            "source": "synthetic", "program": "0.1.0", "metrics": metrics,
            "losses": dict.fromkeys (LOSSES, 0),
            "cost": {"cpu_ns": 1400000, "rss_bytes": 16777216, "bpf_ns": 0}, **changes}


def idle_metrics ():
    return {"cpudist": measured ([[85, 2], [92, 1], [101, 3]], 19000, 4711, 93000000),
            "offcpu": measured ([[ZERO_SLOT, 1], [213, 4]], 1000000000, 4700, 470000000000),
            "runqlat": measured ([[70, 1], [85, 5]], 8000, 4700, 33000000),
            "pidpersec": tasks (0, 23)}


def busy_metrics ():
    return {"cpudist": measured (bell (60, 94, 1100), 1999000000, 10**9, 10**17),
            "offcpu": measured (bell (110, 94, 1000), 98000000000, 10**9, 10**19),
            "runqlat": measured (bell (50, 94, 1300), 3400000000, 10**9, 10**16),
            "pidpersec": tasks (497, 1000003)}


def extreme_metrics ():
    most = 2**64 - 1
    full = {"count": number (most), "sum": number (most), "accrued_ns": number (most),
            "total_count": number (most), "total_sum": number (most),
            "buckets": [[0, 1], [1, number (most - 3)], [512, 1], [513, 1]]}
    every_other = measured ([[slot, 1] for slot in range (0, 200, 2)])
    return {"cpudist": full, "offcpu": every_other, "runqlat": measured ([]),
            "pidpersec": tasks (most)}


def golden_frames ():
    cost = {"cpu_ns": 2100000, "rss_bytes": 20971520, "bpf_ns": 4300000}
    losses = {"discards": 3, "late_ticks": 1, "unspooled": 2, "missing_storage": 7,
              "spool_resets": 1}
    idle = idle_metrics ()
    return {
        "idle": frame (idle),
        "busy": frame (busy_metrics (), node="web-01.example_A", seq=86400, cost=cost),
        "pid": frame ({"cpudist": idle["cpudist"], "runqlat": idle["runqlat"]}, source="bpf",
                      scope={"kind": "pid", "pid": 3327}),
        "cgroup": frame (idle, source="replay",
                         scope={"kind": "cgroup", "cgroup": "/user.slice/caf\u00e9"}),
        "span3": frame (idle, span_s=3, duration_mono_ns=3204000511, losses=losses,
                        clock={"synchronised": False, "error_ns": 16000000}),
        "extreme": frame (extreme_metrics (), node="n" * 63, epoch=str (2**64 - 1),
                          seq=str (2**64 - 1), start_wall_s=253402300799, span_s=86400,
                          duration_mono_ns=str (2**64 - 1), program="~" * 31),
        "unmeasured": frame ({}, start_wall_s=0, program=""),
    }


# --- messages, partials and tables -------------------------------------------------------------------

STATEMENT = "select cpu_avg,cpu_sum from n1,n2,n3"


def golden_parts ():
    histogram = [3, [0, 5200], [81, [2], 90, [1]]]
    cpudist = [59, [1, 2**63], histogram]
    tasks = [60, [0, 0], [23, [0, 23], []]]
    return {
        "message_v1_ask": [1, "ask", 7, "rows", 5000, STATEMENT],
        "message_v1_answer": [1, "answer", 7, "partials", 1795420800, 1795420860],
        "message_v1_error": [1, "error", 7, "unknown", 7, "no metric \u201ccpx\u201d", "a metric",
                             "cpu?"],
        "message_v1_announce": [1, "announce", "n1", "tcp://127.0.0.1:7101",
                                "tcp://127.0.0.1:7201", "0.1.0"],
        "partial_v1": [1, "n1", 1795420800, 1795420860, 60, 60, 59, [1, 3327, ""], 0, 1,
                       [cpudist, None, None, tasks]],
        "table_v1_columns": [1, ["node", "none"], ["cpu_avg", "ns"], ["cpu_sum", "ns"],
                             ["cpu_hist", "ns"], ["frames", "none"], ["runqlat_p99", "ns"]],
        "table_v1_row": ["n1", 1733.3, [1, 5200], histogram, 59, None],
    }


def main (folder):
    for name, items in golden_parts ().items ():
        (pathlib.Path (folder) / f"{name}.msgpack").write_bytes (msgpack.packb (items))
    for name, golden in golden_frames ().items ():
        path = pathlib.Path (folder) / f"frame_v1_{name}"
        text = json.dumps (golden, separators=(",", ":"), ensure_ascii=False)
        path.with_suffix (".json").write_text (text + "\n", encoding="utf-8")
        path.with_suffix (".msgpack").write_bytes (payload (golden))


if __name__ == "__main__":
    main (sys.argv[1])
