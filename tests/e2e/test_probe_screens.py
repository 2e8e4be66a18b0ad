# SPDX-License-Identifier: GPL-2.0-or-later
"""bin/probe at the command line: bcc's screens, intervals, files of frames, and every way to be
told that it cannot be."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

from probe_bench import PROBE, Load, Probe

needs_bpf = pytest.mark.needs_bpf


def probe (*arguments, **options):
    return subprocess.run ([PROBE, *map (str, arguments)], capture_output=True, text=True,
                           timeout=30, **options)


def expect_complaint (result, code, text):
    """One line on standard error, nothing on standard output."""
    assert (result.returncode, result.stdout) == (code, "")
    assert re.fullmatch (rf"probe: .*{text}.*\n", result.stderr), result.stderr


@pytest.fixture
def load ():
    with Load (2) as load:
        yield load


# --- Screens ------------------------------------------------------------------------------------

@needs_bpf
@pytest.mark.parametrize ("arguments, header", [
    (["cpudist"], "Tracing on-CPU time... Hit Ctrl-C to end.\n"),
    (["cpudist", "-O"], "Tracing off-CPU time... Hit Ctrl-C to end.\n"),
    (["runqlat"], "Tracing run queue latency... Hit Ctrl-C to end.\n"),
    (["pidpersec"], "Tracing... Ctrl-C to end.\n")])
def test_header_is_bccs_and_ctrl_c_ends_quietly (arguments, header):
    with Probe (*arguments) as running:
        assert running.header == header
        time.sleep (0.2)
        running.process.send_signal (signal.SIGINT)
        running.process.communicate (timeout=5)
        assert running.process.returncode == 0


@needs_bpf
def test_old_command_prints_histogram_average_total_and_count (load):
    with Probe ("cpudist", "-p", load.pid, "-e", "1", "1") as running:
        load.do ("sleep", 20)
        screen = running.wait ()
    section, = screen.sections
    assert section.unit == "usecs"
    average, total, count = section.extensions["usecs"]
    assert count == section.count () >= 40
    assert average == total // count


@needs_bpf
def test_rows_are_powers_of_two_from_zero (load):
    with Probe ("runqlat", "-p", load.pid) as running:
        load.do ("sleep", 20)
        section, = running.end ().sections
    lows, highs, _ = zip (*section.rows)
    assert lows[:3] == (0, 2, 4) and highs[:3] == (1, 3, 7)
    assert all (low == high + 1 for low, high in zip (lows[1:], highs))


@needs_bpf
def test_ctrl_c_prints_the_interval_in_progress (load):
    with Probe ("cpudist", "-p", load.pid, "60") as running:
        load.do ("sleep", 20)
        assert running.end ().count () >= 40


@needs_bpf
def test_off_cpu_time_of_a_sleeper_is_its_sleep (load):
    with Probe ("cpudist", "-O", "--ns", "-m", "-p", load.pid) as running:
        load.do ("sleep", 1)
        time.sleep (0.5)
        load.do ("sleep", 1)
        section, = running.end ().sections
    assert section.unit == "msecs"
    assert max (low for low, _, count in section.rows if count) in (256, 512)


@needs_bpf
def test_process_and_thread_sections_name_the_task (load):
    with Probe ("cpudist", "-P", "-p", load.pid) as running:
        load.do ("sleep", 5)
        assert f"\npid = {load.pid} probe_load\n     usecs " in running.end ().text
    with Probe ("runqlat", "-L", "-p", load.pid) as running:
        load.do ("sleep", 5)
        screen = running.end ()
    assert [section.id for section in screen.sections] == load.tasks ()
    assert {section.label for section in screen.sections} == {"tid"}


@needs_bpf
def test_extension_stands_below_every_printed_histogram (load):
    with Probe ("cpudist", "-L", "-e", "-p", load.pid) as running:
        load.do ("sleep", 5)
        screen = running.end ()
    assert len (screen.sections) == 3
    assert all (section.extensions["usecs"][2] == section.count ()
                for section in screen.sections)


def idle_ticks ():
    return int (pathlib.Path ("/proc/stat").read_text ().split ()[4])


@needs_bpf
def test_idle_time_is_left_out_unless_asked_for ():
    with Probe ("cpudist", "-P") as without, Probe ("cpudist", "-PI") as included:
        before = idle_ticks ()
        time.sleep (1)
        was_idle = idle_ticks () > before + 10  # Else other programs keep every CPU busy
        assert without.end ().count (0) == 0
        assert included.end ().count (0) > 0 or not was_idle


@needs_bpf
def test_pidpersec_counts_processes_and_threads_and_splits_them (load):
    def born ():
        return int (re.search (r"^processes (\d+)", pathlib.Path ("/proc/stat").read_text (),
                               re.MULTILINE)[1])
    with Probe ("pidpersec", "--split", "3", "1") as running:
        before = born ()
        load.do ("fork", 23)
        load.do ("born", 29)
        running.process.wait (10)
        after = born ()
        line = running.process.stdout.read ()
    match = re.fullmatch (r"\d\d:\d\d:\d\d: PIDs/sec: [\d.]+ \((\d+) in 3.0 s\) "
                          r"\((\d+) processes, (\d+) threads\)\n", line)
    total, processes, threads = map (int, match.groups ())
    assert processes + threads == total
    assert processes >= 23 and threads >= 29
    assert total <= after - before


@needs_bpf
def test_pidpersec_prints_bccs_line_every_second ():
    result = probe ("pidpersec", "1", "2")
    assert re.fullmatch (r"Tracing... Ctrl-C to end.\n(\d\d:\d\d:\d\d: PIDs/sec: \d+\n){2}",
                         result.stdout)


# --- Intervals and pipes ------------------------------------------------------------------------

@needs_bpf
def test_intervals_do_not_drift_and_a_pipe_sees_each_at_once ():
    with Probe ("cpudist", "-T", "1", "4") as running:
        start = time.monotonic ()
        seen = [time.monotonic () - start for line in running.process.stdout
                if re.fullmatch (r"\d\d:\d\d:\d\d\n", line)]
    assert len (seen) == 4
    for number, moment in enumerate (seen, 1):
        assert abs (moment - number) < 0.5


@needs_bpf
def test_reader_that_goes_away_ends_the_probe_quietly ():
    with Probe ("cpudist", "1") as running:
        running.process.stdout.close ()
        assert running.process.wait (5) == 0
        assert running.process.stderr.read () == ""


@needs_bpf
def test_screen_that_cannot_be_written_is_an_error ():
    with open ("/dev/full", "w") as full:
        result = subprocess.run ([PROBE, "cpudist", "1", "1"], stdout=full, text=True,
                                 stderr=subprocess.PIPE, timeout=30)
    assert result.returncode == 1
    assert re.fullmatch (r"probe: cannot write .*No space left on device\n", result.stderr)


@needs_bpf
def test_no_screen_is_an_error ():
    result = subprocess.run (["sh", "-c", f"exec '{PROBE}' cpudist 1 1 >&-"], text=True,
                             stderr=subprocess.PIPE, timeout=30)
    assert result.returncode == 1
    assert re.fullmatch (r"probe: cannot write .*Bad file descriptor\n", result.stderr)


# --- Files of frames ----------------------------------------------------------------------------

@needs_bpf
def test_data_file_has_a_json_object_an_interval (load, tmp_path):
    path = tmp_path / "cpu.json"
    with Probe ("cpudist", "-e", "--ns", "-p", load.pid, "-d", path, "1", "3") as running:
        load.do ("sleep", 100)
        screen = running.wait ()
    frames = [json.loads (line) for line in path.read_text ().splitlines ()]
    assert [frame["seq"] for frame in frames] == [1, 2, 3]
    assert [frame["span_s"] for frame in frames] == [1, 1, 1]
    starts = [frame["start_wall_s"] for frame in frames]
    assert starts == list (range (starts[0], starts[0] + 3))
    assert len ({frame["epoch"] for frame in frames}) == 1
    metrics = [frame["metrics"]["cpudist"] for frame in frames]
    assert sum (metric["count"] for metric in metrics) == screen.count ()
    assert sum (metric["sum"] for metric in metrics) == screen.total ("ns")


@needs_bpf
def test_data_file_grows_and_both_forms_tell_the_same (load, tmp_path):
    path = tmp_path / "runq.msgpack"
    for _ in range (2):
        assert probe ("runqlat", "-d", path, "1", "1").returncode == 0
    frames = list (unpack (path))
    assert [frame[3] for frame in frames] == [1, 1]  # seq
    assert frames[0][2] < frames[1][2]               # epoch
    measured = {place: metric for place, metric in enumerate (frames[0][11]) if metric}
    assert list (measured) == [2]  # The row of runqlat in schema/metrics.def
    count, *_, buckets = measured[2]
    assert count == sum (map (sum, buckets[1::2]))


def unpack (path):
    msgpack = pytest.importorskip ("msgpack")
    with open (path, "rb") as file:
        yield from msgpack.Unpacker (file)


@needs_bpf
def test_data_without_an_interval_records_every_second (tmp_path):
    path = tmp_path / "births.json"
    with Probe ("pidpersec", "-d", path) as running:
        time.sleep (2.5)
        running.process.send_signal (signal.SIGINT)
        running.process.communicate (timeout=5)
    frames = [json.loads (line) for line in path.read_text ().splitlines ()]
    assert len (frames) >= 2
    assert frames[0]["metrics"]["pidpersec"]["count"] >= 0


@needs_bpf
def test_data_file_that_cannot_be_opened_is_an_error_before_measuring (tmp_path):
    expect_complaint (probe ("cpudist", "-d", tmp_path / "none" / "x.json"), 1, "x.json")


# --- Ways to be told that it cannot be ----------------------------------------------------------

@pytest.mark.parametrize ("arguments, text", [
    ([], "name a tool"),
    (["iolatency"], "no tool 'iolatency'"),
    (["cpudist", "-x"], "no option -x"),
    (["cpudist", "--frobnicate"], "no option --frobnicate"),
    (["pidpersec", "-O"], "pidpersec has no option --offcpu"),
    (["runqlat", "-I"], "runqlat has no option --include-idle"),
    (["cpudist", "-p"], "--pid needs a value"),
    (["cpudist", "-p", "bash"], "PID must be a whole number"),
    (["cpudist", "-p", "-1"], "PID must be a whole number"),
    (["cpudist", "0"], "INTERVAL must be a whole number"),
    (["cpudist", "1", "1.5"], "COUNT must be a whole number"),
    (["cpudist", "1", "2", "3"], "one operand too many"),
    (["cpudist", "-p", "1", "-c", "/web"], "cannot be combined"),
    (["runqlat", "-P", "--pidnss"], "cannot be combined"),
    (["cpudist", "-c", "/" + 300 * "x"], "longer than"),
    (["cpudist", "-d", "x", "-P"], "-d cannot be combined"),
    (["cpudist", "-d", "x", "-L"], "-d cannot be combined"),
    (["runqlat", "-d", "x", "--pidnss"], "-d cannot be combined"),
    (["cpudist", "-d", "x", "86401"], "INTERVAL is at most 86400")])
def test_mistakes_are_one_line_and_exit_code_2 (arguments, text):
    expect_complaint (probe (*arguments), 2, text)


def test_help_has_examples_and_exit_codes_and_goes_to_standard_output ():
    for arguments in (["--help"], ["cpudist", "-h"], ["runqlat", "-h"], ["pidpersec", "--help"]):
        result = probe (*arguments)
        assert (result.returncode, result.stderr) == (0, "")
        assert "EXAMPLES" in result.stdout and "EXIT CODES" in result.stdout
        assert max (map (len, result.stdout.splitlines ())) <= 79
    assert "--split" not in probe ("cpudist", "--help").stdout


def test_a_tools_help_is_about_what_it_has ():
    for tool in ("cpudist", "runqlat", "pidpersec"):
        assert probe (tool, "--help").stdout.startswith (f"Usage: probe {tool} [OPTION...]")
    said = probe ("pidpersec", "--help").stdout
    for never in ("histogram", "Ctrl-C", "-P", "-L", "--pidnss", "cgroup", "  6  "):
        assert never not in said, never
    assert "--pidnss" not in probe ("cpudist", "--help").stdout
    everything = probe ("--help").stdout
    assert everything.startswith ("Usage: probe TOOL [OPTION...]")
    assert "-d cannot be combined with -P, -L or --pidnss" in everything and "  6  " in everything


def test_version_is_one_line ():
    result = probe ("--version")
    assert result.returncode == 0 and re.fullmatch (r"probe \(kpulse\) [\d.]+\n", result.stdout)


@needs_bpf
def test_unknown_process_is_exit_code_6 ():
    child = subprocess.Popen (["true"])
    child.wait ()
    expect_complaint (probe ("cpudist", "-p", child.pid, "1"), 6, f"no process {child.pid}")


@needs_bpf
def test_thread_is_not_taken_for_a_process (load):
    thread = load.tasks ()[1]
    expect_complaint (probe ("runqlat", "-p", thread, "1"), 6,
                      f"{thread} is a thread of process {load.pid}")


@needs_bpf
def test_unknown_cgroup_is_exit_code_6 ():
    expect_complaint (probe ("runqlat", "-c", "/no/such/cgroup", "1"), 6, "/no/such/cgroup")


@needs_bpf
def test_process_that_ends_is_told_once_and_measuring_goes_on ():
    child = subprocess.Popen (["sleep", "0.3"])
    with Probe ("cpudist", "-T", "-p", child.pid, "1", "3") as running:
        child.wait ()
        screen = running.wait ()
    assert len (screen.times) == 3
    assert running.complaints == f"probe: process {child.pid} has ended\n"


@needs_bpf
def test_not_root_is_exit_code_4 ():
    with tempfile.TemporaryDirectory () as folder:  # The tree may lie where nobody else may look
        os.chmod (folder, 0o755)
        result = subprocess.run ([shutil.copy (PROBE, folder), "cpudist", "1"], user=65534,
                                 capture_output=True, text=True, timeout=30)
    expect_complaint (result, 4, "root")


@needs_bpf
def test_kernel_without_btf_is_exit_code_5 ():
    hidden = "mount --make-private /sys && mount -t tmpfs none /sys/kernel/btf && " \
             "exec \"$0\" cpudist 1"
    result = subprocess.run (["unshare", "--mount", "--propagation", "unchanged", "sh", "-c", hidden,
                              PROBE],
                             capture_output=True, text=True, timeout=30)
    expect_complaint (result, 5, "BTF")


def is_loaded (program):
    return subprocess.run (["bpftool", "prog", "show", "id", program], capture_output=True,
                           env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}).returncode == 0


@needs_bpf
@pytest.mark.parametrize ("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_stays_attached_however_it_ends (ending, wait_until):
    with Probe ("cpudist", "-P") as running:
        folder = pathlib.Path (f"/proc/{running.process.pid}/fdinfo")
        programs = set (re.findall (r"prog_id:\t(\d+)", "".join (
            entry.read_text () for entry in folder.iterdir ())))
        assert programs and all (map (is_loaded, programs))
        running.process.send_signal (ending)
        running.process.communicate (timeout=5)
    wait_until (lambda: not any (map (is_loaded, programs)), 5)  # The kernel frees them later
