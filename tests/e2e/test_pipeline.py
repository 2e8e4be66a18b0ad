# SPDX-License-Identifier: GPL-2.0-or-later
"""Worker and broker together, watched by peers that share no code with them."""

import os
import signal
import time

import pytest

from pipeline_peer import (SYNTHETIC, Refused, ask, show_missing, show_nodes, show_stats, subscription,
                           unpack_frame)

STATEMENTS = [
    "select cpu_avg,cpu_sum from n1,n2,n3",
    "select cpu_avg from n1,n2,n3",
    "select cpu_avg,cpu_sum from n1,n3",
    "select cpu_avg,pidpersec_avg from n1,n2,n3",
    "select cpu_avg,pidpersec_avg,runqlat_avg,runqlat_sum from n1,n2,n3",
]


def is_live (answer, *nodes):
    def check ():
        known = show_nodes (answer)
        return all (node in known and known[node]["state"] == "live" for node in nodes)
    return check


def has_frames (answer, node, count):
    return lambda: show_nodes (answer)[node]["frames"] >= count


def receive (subscriber, count):
    return [subscriber.recv_multipart () for _ in range (count)]


def is_late (frame):
    """Where the machine was so busy that the worker came over 100 ms late: it says so itself."""
    return frame["losses"][1]


def test_frames_follow_each_other_on_whole_seconds (start_worker):
    worker = start_worker ()
    with subscription (worker.publish) as subscriber:
        frames = [unpack_frame (payload) for _, payload in receive (subscriber, 4)]
    first = frames[0]
    assert first["seq"] == 1, "the subscriber came late"
    assert first["node"] == "n1" and first["source"] == 2 and first["version"] == 1
    assert first["epoch"] >> 16 == pytest.approx (first["start"] * 1000, abs=100)
    assert [frame["seq"] for frame in frames] == [1, 2, 3, 4]
    assert [frame["start"] - first["start"] for frame in frames] == [0, 1, 2, 3]
    assert all (frame["span"] == 1 for frame in frames)
    assert all (frame["losses"] == [0, is_late (frame), 0, 0, 0] for frame in frames)
    assert all (abs (after["duration"] - 10**9) < 10**8 for before, after in zip (frames, frames[1:])
                if not is_late (before) and not is_late (after))
    for before, after in zip (frames, frames[1:]):
        for old, new in zip (before["metrics"], after["metrics"]):
            assert new[3] == old[3] + new[0] and new[4] == old[4] + new[1], "totals add up"


def test_the_broker_relays_each_frame_byte_for_byte (start_broker, start_worker):
    broker = start_broker ()
    with subscription (broker.live) as live:
        worker = start_worker (coordinator=broker.answer)
        with subscription (worker.publish) as direct:
            sent, relayed = receive (direct, 3), receive (live, 3)
    assert sent == relayed and sent[0][0] == b"n1/"


def test_five_statements_are_answered_by_broker_and_by_workers (start_broker, start_worker,
                                                                wait_until):
    broker = start_broker ()
    workers = [start_worker (node, coordinator=broker.answer) for node in ("n1", "n2", "n3")]
    wait_until (is_live (broker.answer, "n1", "n2", "n3"))
    for node in ("n1", "n2", "n3"):
        wait_until (has_frames (broker.answer, node, 3))
    for statement in STATEMENTS:
        rows = ask (broker.answer, statement)
        columns = statement.split ()[1].split (",")
        assert [row["node"] for row in rows] == statement.split ()[3].split (",")
        for row in rows:
            assert list (row)[:len (columns) + 3] == ["node", *columns, "frames", "expected"]
            assert row["expected"] == 60 and 2 <= row["frames"] <= 20
            assert all (row[column] is not None for column in columns)
    own = ask (workers[0].answer, "select cpu_avg,cpu_sum from n1")
    assert own[0]["node"] == "n1" and own[0]["cpu_avg"] > 0
    with pytest.raises (Refused):
        ask (workers[0].answer, "select cpu_avg from n2")


def test_answers_equal_what_the_frames_said (start_broker, start_worker, wait_until):
    broker = start_broker ()
    with subscription (broker.live) as live:
        start_worker (coordinator=broker.answer)
        frames = [unpack_frame (payload) for _, payload in receive (live, 3)]
    wait_until (has_frames (broker.answer, "n1", 3))
    since, until = frames[0]["start"], frames[-1]["start"] + 1
    [row] = ask (broker.answer, f"select cpu_sum, cpu_count, cpu_avg from n1 since {since} "
                                f"until {until}")
    count = sum (frame["metrics"][0][0] for frame in frames)
    total = sum (frame["metrics"][0][1] for frame in frames)
    high, low = row["cpu_sum"]
    assert (high << 64) + low == total
    assert row["cpu_count"] == count or row["cpu_count"] == [0, count]
    assert row["cpu_avg"] == pytest.approx (total / count)
    assert row["frames"] == row["expected"] == 3


def test_stats_say_whose_they_are (start_broker):
    assert {row["node"] for row in ask (start_broker ().answer, "show stats")} == {"coordinator"}


def test_either_may_start_first_and_the_broker_may_come_back (start_broker, start_worker, start,
                                                             free_port, wait_until):
    answer, live = (f"tcp://127.0.0.1:{free_port ()}" for _ in range (2))
    options = ["--answer", answer, "--live", live, "--store", "broker"]
    worker = start_worker (coordinator=answer)
    worker.wait_for ("announces itself")
    broker = start ("broker", *options)
    broker.wait_for ("answers on")
    wait_until (is_live (answer, "n1"), 3)
    wait_until (has_frames (answer, "n1", 1), 3)
    broker.kill ()
    broker = start ("broker", *options)
    broker.wait_for ("answers on")
    assert show_nodes (answer)["n1"]["frames"] >= 1, "the store remembers the node"
    wait_until (is_live (answer, "n1"), 3)


def test_frames_that_were_missed_are_pulled_again (start_worker, start, free_port, wait_until):
    answer, live = (f"tcp://127.0.0.1:{free_port ()}" for _ in range (2))
    options = ["--answer", answer, "--live", live, "--store", "broker"]
    broker = start ("broker", *options)
    start_worker (coordinator=answer)
    broker.wait_for ("n1 is live")
    broker.stop ()
    time.sleep (2.2)
    broker = start ("broker", *options)
    broker.wait_for ("missing")
    wait_until (lambda: show_stats (answer)["refilled"] >= 2)
    wait_until (lambda: show_missing (answer) == [])
    broker.wait_for (" pulled again; none that it has is missing now")
    node = show_nodes (answer)["n1"]
    assert (node["lost"], node["missing"], node["lost_s"]) == (0, 0, 0)
    assert node["present_s"] >= node["frames"] - 2


def test_a_stalled_worker_sends_one_long_frame (start_worker):
    worker = start_worker ()
    with subscription (worker.publish) as subscriber:
        receive (subscriber, 1)
        os.kill (worker.pid, signal.SIGSTOP)
        time.sleep (3)
        os.kill (worker.pid, signal.SIGCONT)
        frames = [unpack_frame (payload) for _, payload in receive (subscriber, 2)]
    long = max (frames, key=lambda frame: frame["span"])
    assert long["span"] in (3, 4) and long["losses"][1] >= 2
    assert long["duration"] == pytest.approx (long["span"] * 10**9, abs=10**9)
    assert [frame["seq"] for frame in frames] == [2, 3]


def test_a_killed_worker_comes_back_with_a_greater_epoch (start_broker, start_worker, start,
                                                         wait_until):
    broker = start_broker ()
    worker = start_worker (coordinator=broker.answer)
    wait_until (lambda: "n1" in show_nodes (broker.answer))
    wait_until (has_frames (broker.answer, "n1", 2))
    before = show_nodes (broker.answer)["n1"]
    worker.kill ()
    start ("publisher", "--node", "n1", "--source", "synthetic:busy", "--store", worker.store,
           "--publish", worker.publish, "--answer", worker.answer, "--coordinator", broker.answer)
    wait_until (lambda: int (show_nodes (broker.answer)["n1"]["epoch"]) > int (before["epoch"]))
    assert show_nodes (broker.answer)["n1"]["lost"] == 0
    own = show_nodes (worker.answer)["n1"]
    assert own["frames"] > before["frames"], "its own store kept the first epoch's frames"


def test_both_end_within_a_second_of_ctrl_c (start_broker, start_worker, wait_until):
    broker = start_broker ()
    worker = start_worker (coordinator=broker.answer)
    wait_until (is_live (broker.answer, "n1"))
    for program in (worker, broker):
        begun = time.monotonic ()
        os.kill (program.pid, signal.SIGINT)
        assert program.process.wait (5) == 0
        assert time.monotonic () - begun < 1
        assert "stopped" in program.log ()


def test_a_worker_shows_itself (start_worker, wait_until):
    worker = start_worker ("web-1.x")
    wait_until (is_live (worker.answer, "web-1.x"))
    node = show_nodes (worker.answer)["web-1.x"]
    assert node["source"] == "synthetic" and node["scope"] == "all" and node["version"]
    assert node["publishes"] == worker.publish and node["answers"] == worker.answer
    assert 0 < node["rss"] < 200e6 and node["cpu_percent"] >= 0
    stats = show_stats (worker.answer)
    assert stats["published"] >= 1 and stats["unspooled"] == 0 and stats["store_frames"] >= 1
    assert show_missing (worker.answer) == []


@pytest.mark.needs_bpf
def test_an_idle_worker_costs_little (start_broker, start_worker, wait_until):
    broker = start_broker ()
    start_worker (source="bpf", coordinator=broker.answer)
    wait_until (is_live (broker.answer, "n1"))
    seen = {}

    def twelve_frames ():
        node = show_nodes (broker.answer)["n1"]
        seen[node["seq"]] = node
        return len (seen) >= 12
    wait_until (lambda: time.sleep (0.5) or twelve_frames (), 30)
    costs = sorted (node["cpu_percent"] for node in seen.values ())
    assert costs[len (costs) // 2] <= 0.3, costs
    assert max (node["rss"] for node in seen.values ()) <= 40e6


@pytest.mark.needs_bpf
def test_a_worker_waits_for_a_process_that_does_not_exist_yet (start_worker):
    worker = start_worker (source="bpf", args=["--pid", 4194303])
    worker.wait_for ("process 4194303 does not exist: waiting for it")
    with subscription (worker.publish) as subscriber:
        frame = unpack_frame (subscriber.recv_multipart ()[1])
    assert frame["scope"] == [1, 4194303, ""]
    assert all (metric[0] == 0 for metric in frame["metrics"])


@pytest.mark.needs_bpf
def test_a_worker_takes_a_cgroup_by_its_folder_and_by_its_path (start_worker, cgroup):
    for number, name in enumerate ((cgroup, f"/{cgroup.name}", cgroup.name)):
        worker = start_worker (f"n{number}", source="bpf", args=["--cgroup", name])
        with subscription (worker.publish) as subscriber:
            frame = unpack_frame (subscriber.recv_multipart ()[1])
        assert frame["scope"] == [2, 0, f"/{cgroup.name}"]
        worker.stop ()


def test_synthetic_alone_is_the_busy_one (start_worker):
    worker = start_worker (source="synthetic")
    worker.wait_for ("SYNTHETIC data")
    with subscription (worker.publish) as subscriber:
        frame = unpack_frame (subscriber.recv_multipart ()[1])
    assert frame["source"] == SYNTHETIC and frame["metrics"][0][0] > 1000


def test_a_recording_is_replayed (start_worker, start, tmp_path):
    worker = start_worker ("n1")
    recording = tmp_path / "recording"
    with subscription (worker.publish) as subscriber:
        sent = [subscriber.recv_multipart ()[1] for _ in range (2)]
    worker.stop ()
    recording.write_bytes (b"".join (sent))
    worker = start_worker ("n2", source=f"replay:{recording}")
    worker.wait_for ("replaying a recording")
    with subscription (worker.publish) as subscriber:
        again = [unpack_frame (payload) for _, payload in receive (subscriber, 2)]
    for first, second in zip (map (unpack_frame, sent), again):
        assert second["node"] == "n2" and second["source"] == 2
        assert [metric[:3] for metric in first["metrics"]] == \
               [metric[:3] for metric in second["metrics"]]


# --- What a user does wrong ------------------------------------------------------------------------

@pytest.mark.parametrize ("program, arguments, exit_code, text", [
    ("publisher", ["--node", "a/b"], 2, "'a/b' is not a node name"),
    ("publisher", ["--publish", "7101"], 2, "publish: '7101' is not an endpoint"),
    ("publisher", ["--publish", "tcp://127.0.0.1:*"], 2, "leaves the port open"),
    ("publisher", ["--coordinator", "x"], 2, "coordinator: 'x' is not an endpoint"),
    ("publisher", ["-p", "1", "-c", "/x"], 2, "choose one"),
    ("publisher", ["--source", "synthetic:busy", "-p", "1"], 2, "does not measure it"),
    ("publisher", ["--source", "nonsense"], 2, "'nonsense' is unknown"),
    ("publisher", ["--source", "replay:/does/not/exist"], 1, "/does/not/exist"),
    ("publisher", ["--source", "synthetic:busy", "--publish", "tcp://0.0.0.0:7101"], 2,
     "--advertise"),
    ("publisher", ["--source", "synthetic:busy", "--publish", "tcp://0.0.0.0:7101",
                   "--advertise", "10.0.0.5"], 3, "--insecure"),
    ("broker", ["--live", "tcp://0.0.0.0:7001"], 3, "--insecure"),
    ("broker", ["--workers", "n1"], 2, "'n1' is not of the form"),
    ("broker", ["--workers", "n1=tcp://127.0.0.1:1,,"], 2, "'' is not of the form"),
    ("broker", ["--store", "/dev/null/x"], 1, "/dev/null"),
])
def test_mistakes_are_named (run, program, arguments, exit_code, text):
    done = run (program, *arguments)
    assert (done.returncode, done.stdout) == (exit_code, "")
    assert text in done.stderr


def test_a_second_worker_on_one_store_or_port_is_refused (start_worker, run, wait_until):
    worker = start_worker ()
    worker.wait_for ("publishes on")
    done = run ("publisher", "--node", "n1", "--source", "synthetic:idle", "--store", worker.store)
    assert done.returncode == 1 and str (worker.store) in done.stderr
    done = run ("publisher", "--node", "n2", "--source", "synthetic:idle",
                "--publish", worker.publish, "--answer", worker.answer)
    assert done.returncode == 3 and worker.publish in done.stderr


def test_worker_and_broker_do_not_take_each_others_stores (start_worker, start_broker, run):
    broker, worker = start_broker (), start_worker ()
    for program in (broker, worker):
        program.wait_for ("answers on")
        program.stop ()
    done = run ("publisher", "--node", "n1", "--source", "synthetic:idle", "--store", broker.store)
    assert done.returncode == 1 and "it is a broker's" in done.stderr
    done = run ("broker", "--store", worker.store)
    assert done.returncode == 1 and "it is a worker's" in done.stderr
    assert broker.store.exists () and not list (broker.store.parent.glob ("*.quarantined-*"))


@pytest.mark.parametrize ("arguments, said", [
    (["--keep", "2h", "--keep-minutes", "1h"], "keep-minutes: 1h is shorter than --keep, which is 2h"),
    (["--keep", "forever"], "keep-minutes: 30d is shorter than --keep, which is forever"),
    (["--keep-hours", "1d"], "keep-hours: 1d is shorter than --keep-minutes, which is 30d"),
])
def test_coarser_levels_that_would_go_first_are_refused_with_the_way_out (run, arguments, said):
    done = run ("broker", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr and "forever, or at least as long" in done.stderr
