# SPDX-License-Identifier: GPL-2.0-or-later
"""A worker's spool that is deleted, damaged, copied, or whose disk is full; a broker whose disk is
full; and whether what is shown of all seconds adds up."""

import os
import shutil
import signal
import subprocess
import time

import pytest

from pipeline_peer import FakeWorker, ask, show_nodes, show_stats, subscription, unpack_frame

MIB = 1 << 20


def node (program, name="n1"):
    return show_nodes (program.answer).get (name)


def frames_of (program, name="n1"):
    return (node (program, name) or {"frames": 0})["frames"]


def set_aside (worker):
    return [path for path in worker.store.parent.iterdir ()
            if path.name.startswith (f"{worker.store.name}.quarantined-")]


def restart (worker, start, *args, coordinator="none", name="n1"):
    return start ("publisher", "--node", name, "--source", "synthetic:busy", "--store",
                  worker.store, "--publish", worker.publish, "--answer", worker.answer,
                  "--coordinator", coordinator, *args, **{"node": name, "store": worker.store,
                  "publish": worker.publish, "answer": worker.answer})


# --- A spool that cannot be trusted -----------------------------------------------------------------

def test_a_spool_deleted_in_use_is_begun_anew_and_no_second_is_lost (start_broker, start_worker,
                                                                     wait_until):
    broker = start_broker ()
    worker = start_worker (coordinator=broker.answer)
    with subscription (worker.publish) as subscriber:
        frames = [unpack_frame (subscriber.recv_multipart ()[1]) for _ in range (2)]
        shutil.rmtree (worker.store)
        frames += [unpack_frame (subscriber.recv_multipart ()[1]) for _ in range (3)]
    old, new = frames[0]["epoch"], frames[-1]["epoch"]
    assert new > old
    assert [frame["start"] - frames[0]["start"] for frame in frames] == [0, 1, 2, 3, 4]
    opened = [frame for frame in frames if frame["epoch"] == new]
    assert [frame["seq"] for frame in opened] == list (range (1, len (opened) + 1))
    assert opened[0]["metrics"][0][3] == opened[0]["metrics"][0][0], "totals begin anew"
    assert new >> 16 <= opened[0]["start"] * 1000 + 1000
    assert [frame["losses"][4] for frame in frames] == \
        [0] * (5 - len (opened)) + [1] * len (opened)
    assert "was deleted, moved or replaced" in worker.log ()
    wait_until (lambda: node (broker)["spool_resets"] == 1)
    assert node (worker)["spool_resets"] == 1
    assert frames_of (worker) >= len (opened)
    wait_until (lambda: frames_of (broker) >= 5)
    assert node (broker)["unknown_s"] <= 1 and node (broker)["lost_s"] == 0


def test_a_spool_deleted_while_the_worker_was_down_shows_what_was_lost (
        start_broker, start_worker, start, wait_until):
    broker = start_broker ()
    worker = start_worker (coordinator=broker.answer)
    wait_until (lambda: frames_of (broker) >= 2)
    os.kill (broker.pid, signal.SIGSTOP)
    time.sleep (3.1)
    worker.stop ()
    shutil.rmtree (worker.store)
    broker.kill ()
    broker = start ("broker", "--live", broker.live, "--answer", broker.answer, "--store",
                    broker.store, live=broker.live, answer=broker.answer, store=broker.store)
    broker.wait_for ("answers on")
    worker = restart (worker, start, coordinator=broker.answer)
    held = frames_of (broker)
    wait_until (lambda: frames_of (broker) > held)
    # Nobody knows how many frames the first epoch had: its seconds are unknown, not lost.
    wait_until (lambda: node (broker)["unknown_s"] >= 3)
    assert node (broker)["missing"] == 0
    gap = ask (broker.answer, "show gaps")[0]
    assert gap["state"] == "unknown" and gap["seconds"] >= 3


def test_a_spool_of_another_node_is_set_aside_and_kept (start_worker, start, tmp_path, wait_until):
    first = start_worker ("n2")
    wait_until (lambda: frames_of (first, "n2") >= 2)
    first.stop ()
    shutil.copytree (first.store, tmp_path / "n1")
    worker = start_worker ("n1")
    wait_until (lambda: frames_of (worker) >= 1)
    [aside] = set_aside (worker)
    assert "belongs to node n2" in worker.log () and str (aside) in worker.log ()
    assert node (worker)["spool_resets"] == 1
    assert "n2" not in show_nodes (worker.answer)
    first = restart (first, start, "--store", aside, name="n2")
    wait_until (lambda: frames_of (first, "n2") >= 3)
    assert node (first, "n2")["spool_resets"] == 0


def test_a_damaged_spool_is_set_aside_and_the_worker_measures_on (start_worker, start, wait_until):
    worker = start_worker ()
    wait_until (lambda: frames_of (worker) >= 3)
    worker.kill ()
    [log] = worker.store.glob ("*.log")
    with open (log, "r+b") as file:
        file.seek (log.stat ().st_size // 3)
        file.write (b"\xa5" * 16)
    worker = restart (worker, start)
    wait_until (lambda: frames_of (worker) >= 1)
    [aside] = set_aside (worker)
    assert (aside / log.name).exists (), "its data is kept"
    assert "is damaged" in worker.log ()
    assert show_stats (worker.answer)["spool_resets"] == 1


def test_retention_takes_the_oldest_and_says_so (start_worker, start, wait_until, run):
    worker = start_worker (args=["--keep", "1m", "--sync"])
    wait_until (lambda: show_stats (worker.answer)["syncs"] >= 2)
    assert show_stats (worker.answer)["store_expired"] == 0
    for arguments, text in ((["--keep", "soon"], "'soon' is not a duration"),
                            (["--keep", "59s"], "at least a minute"),
                            (["--keep-bytes", "12"], "at least 1MB"),
                            (["--keep-bytes", "1 GB"], "'1 GB' is not a size")):
        done = run ("publisher", "--source", "synthetic:idle", *arguments)
        assert (done.returncode, done.stdout) == (2, "") and text in done.stderr


# --- A full disk ------------------------------------------------------------------------------------

@pytest.fixture
def small_disk (tmp_path):
    """A file system of 200 MiB, of which a broker keeps 128 free; how to fill it but for so many."""
    disk = tmp_path / "disk"
    disk.mkdir ()
    if subprocess.run (["mount", "-t", "tmpfs", "-o", "size=200m", "kpulse", disk]).returncode:
        pytest.skip ("no tmpfs can be mounted here")

    def fill (left_mib):
        left = os.statvfs (disk)
        size = left.f_bavail * left.f_frsize - left_mib * MIB
        with open (disk / "ballast", "wb") as file:
            os.posix_fallocate (file.fileno (), 0, size)

    yield disk, fill
    subprocess.run (["umount", "-l", disk], check=True)


def test_a_broker_on_a_full_disk_answers_and_goes_on_by_itself (start_worker, start, free_port,
                                                                small_disk, wait_until):
    disk, fill = small_disk
    answer, live = (f"tcp://127.0.0.1:{free_port ()}" for _ in range (2))
    broker = start ("broker", "--answer", answer, "--live", live, "--store", disk / "broker",
                    answer=answer)
    worker = start_worker (coordinator=answer)
    wait_until (lambda: frames_of (broker) >= 2)
    assert show_stats (answer)["store_full"] == 0
    fill (20)
    wait_until (lambda: show_stats (answer)["store_failing"] == 1)
    assert show_stats (answer)["store_full"] == 1
    assert "is full" in broker.log ()
    held = frames_of (broker)
    time.sleep (3)
    [row] = ask (answer, "select cpu_avg from n1")
    assert row["frames"] == held
    wait_until (lambda: node (broker)["state"] == "live")
    (disk / "ballast").unlink ()
    wait_until (lambda: show_stats (answer)["store_failing"] == 0, 30)
    wait_until (lambda: frames_of (broker) >= frames_of (worker) - 1 > held)
    assert "the store is written again" in broker.log ()
    assert node (broker)["lost"] == node (broker)["missing"] == 0


def test_a_worker_on_a_full_disk_publishes_and_what_it_could_not_keep_is_lost_on_record (
        start, free_port, small_disk, wait_until):
    disk, fill = small_disk
    answer, publish, coordinator, live = (f"tcp://127.0.0.1:{free_port ()}" for _ in range (4))
    worker = start ("publisher", "--node", "n1", "--source", "synthetic:busy", "--store",
                    disk / "n1", "--answer", answer, "--publish", publish,
                    "--coordinator", coordinator, answer=answer)
    wait_until (lambda: frames_of (worker) >= 1)
    with subscription (publish) as subscriber:
        fill (20)
        frames = [unpack_frame (subscriber.recv_multipart ()[1]) for _ in range (4)]
        assert show_stats (answer)["store_full"] == 1
        (disk / "ballast").unlink ()
        frames += [unpack_frame (subscriber.recv_multipart ()[1]) for _ in range (3)]
    seqs = [frame["seq"] for frame in frames]
    assert seqs == list (range (seqs[0], seqs[0] + 7)), "none was missed"
    assert sum (frame["losses"][2] for frame in frames) == show_stats (answer)["unspooled"] > 0
    assert "published but not kept" in worker.log () and "written again" in worker.log ()
    [gap] = [gap for gap in ask (answer, "show gaps") if gap["frames"]]
    assert gap["frames"] == gap["seconds"] == show_stats (answer)["unspooled"]
    assert gap["cpudist_count"] > 0, "the totals of the next frame tell what it held"

    broker = start ("broker", "--answer", coordinator, "--live", live, "--store", "broker",
                    answer=coordinator)
    broker.wait_for ("answers on")
    wait_until (lambda: (node (broker) or {"lost": 0})["lost"] == gap["frames"])
    lost = wait_until (lambda: [row for row in ask (coordinator, "show gaps")
                                if row["state"] == "lost" and row["cpudist_count"] is not None])
    assert lost == [gap | {"state": "lost", "cause": "absent"}], "told by the frame behind them"
    shown = node (broker)
    assert (shown["lost_s"], shown["missing"]) == (gap["frames"], 0)
    assert show_stats (coordinator)["store_lost"] == gap["frames"]


# --- Seconds add up ---------------------------------------------------------------------------------

def test_every_second_is_present_lost_or_unknown_and_answers_agree (start_broker, free_port,
                                                                    wait_until):
    worker = FakeWorker ("n1", f"tcp://127.0.0.1:{free_port ()}")
    broker = start_broker (["--workers", f"n1={worker.endpoint}"])
    worker.wait_for_subscriber ()
    begun = int (time.time ()) - 100
    for seq in (1, 2, 3, 7, 8, 20, 21):
        worker.send (seq, start=begun + seq)
    wait_until (lambda: frames_of (broker) == 7)
    shown, now = node (broker), time.time ()
    worker.close ()
    assert shown["first_seen"] == begun + 1
    assert (shown["present_s"], shown["lost_s"], shown["missing"]) == (7, 0, 14)
    assert abs (shown["first_seen"] + shown["present_s"] + shown["unknown_s"] - now + 0.5) <= 2
    gaps = ask (broker.answer, "show gaps")
    assert [(gap["from"] - begun, gap["seconds"]) for gap in gaps[:2]] == [(4, 3), (9, 11)]
    for since, until in ((1, 22), (2, 9), (5, 6), (1, 4)):
        [row] = ask (broker.answer, f"select cpu_count from n1 since {begun + since} "
                                    f"until {begun + until}")
        missing = sum (max (0, min (gap["until"], begun + until) - max (gap["from"], begun + since))
                       for gap in gaps)
        assert row["expected"] == until - since
        assert row["frames"] == until - since - missing
