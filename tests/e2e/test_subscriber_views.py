# SPDX-License-Identifier: GPL-2.0-or-later
"""bin/subscriber's views hist, heat and top on a real pseudo-terminal, whose screen pyte keeps."""

import os
import pathlib
import re
import select
import signal
import subprocess
import termios
import time

import msgpack
import pexpect
import pyte
import pytest
import xxhash

from conftest import BIN, poll_until
from pipeline_peer import FakeWorker

START = 1795420800
EPOCH = 5 << 16
OTHER_SCREEN, OWN_SCREEN, CURSOR = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25h"
SLOT_OF_2_MS, SLOT_OF_1_US = 169, 81  # 1.95 to 2.13 ms, 1.00 us and less


def frame_of (node, seq, slot=SLOT_OF_1_US, events=3, start=None):
    """A payload with events of one bucket in runqlat."""
    metric = [events, events * 1000, 0, events * seq, events * 1000 * seq, [slot, [events]]]
    items = [1, node, EPOCH, seq, START + seq if start is None else start, 1, 10**9, [1, 0],
             [0, 0, ""], 2, "0.1.0", [None, None, metric], [0] * 5, [0, 0, 0]]
    body = bytes ([0x90 | 15]) + b"".join (msgpack.packb (item) for item in items)
    return body + msgpack.packb (xxhash.xxh64 (body).intdigest ())


class Terminal:
    """A subscriber on a terminal, and the fake worker that it watches."""

    def __init__ (self, endpoint, *args, columns=100, rows=24, **environment):
        self.worker = FakeWorker ("n1", endpoint)
        self.screen = pyte.HistoryScreen (columns, rows)
        self.stream, self.bytes = pyte.ByteStream (self.screen), b""
        variables = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8", **environment}
        for name in ("COLORTERM", "NO_COLOR"):
            if name not in environment:
                variables.pop (name, None)
        self.child = pexpect.spawn (str (BIN / "subscriber"), ["--live", endpoint, *args],
                                    dimensions=(rows, columns), env=variables)
        self.worker.wait_for_subscriber ()

    def send (self, *payloads):
        for payload in payloads:
            node = msgpack.unpackb (payload)[1]
            self.worker.send_raw (f"{node}/".encode (), payload)

    def read (self):
        if self.child.closed:
            return
        try:
            data = self.child.read_nonblocking (1 << 20, timeout=0.05)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return
        self.bytes += data
        self.stream.feed (data)

    def lines (self):
        self.read ()
        return [line.rstrip () for line in self.screen.display]

    def text (self):
        return "\n".join (self.lines ())

    def wait_for (self, text, seconds=8):
        try:
            poll_until (lambda: text in self.text (), seconds)
        except AssertionError:
            raise AssertionError (f"no '{text}' in:\n{self.text ()}") from None

    def wait_until (self, condition, seconds=8):
        try:
            poll_until (condition, seconds)
        except AssertionError:
            raise AssertionError (f"never in:\n{self.text ()}") from None

    def nodes (self):
        """Of top: the first words of its rows."""
        return [line.split ()[0] for line in self.lines ()[3:-1] if line]

    def resize (self, columns, rows):
        self.screen.resize (rows, columns)
        self.child.setwinsize (rows, columns)

    def end (self):
        """Read to the end; returns the exit code, or the signal's number below 0."""
        poll_until (lambda: self.read () or not self.child.isalive ())
        self.read ()
        self.child.close ()
        return -self.child.signalstatus if self.child.signalstatus else self.child.exitstatus

    def is_cooked (self):
        """Whether the terminal reads lines and echoes them, as it did before."""
        wanted = termios.ICANON | termios.ECHO
        return termios.tcgetattr (self.child.child_fd)[3] & wanted == wanted

    def assert_restored (self):
        assert self.bytes.rfind (OWN_SCREEN) > self.bytes.rfind (OTHER_SCREEN)
        assert self.bytes.rfind (CURSOR) > self.bytes.rfind (b"\x1b[?25l")


class Unread:
    """A subscriber on a terminal that nobody reads, and the fake worker that it watches."""

    def __init__ (self, endpoint, *args):
        self.worker = FakeWorker ("n1", endpoint)
        self.master, self.slave = os.openpty ()
        self.process = subprocess.Popen (
            [BIN / "subscriber", "--live", endpoint, *args], stdin=self.slave, stdout=self.slave,
            stderr=self.slave, env={**os.environ, "TERM": "xterm-256color"})
        self.worker.wait_for_subscriber ()

    def waits_to_write (self):
        return pathlib.Path (f"/proc/{self.process.pid}/wchan").read_text () == "wait_woken"

    def fill (self):
        for seq in range (1, 4000):
            self.worker.send_raw (b"n1/", frame_of ("n1", seq))
        poll_until (self.waits_to_write)

    def stop (self):
        """SIGTERM. Returns the exit code."""
        self.process.send_signal (signal.SIGTERM)
        return self.process.wait (1)

    def is_cooked (self):
        wanted = termios.ICANON | termios.ECHO
        return termios.tcgetattr (self.slave)[3] & wanted == wanted

    def close (self):
        self.process.kill ()
        self.process.wait ()
        self.worker.close ()
        os.close (self.master)
        os.close (self.slave)


@pytest.fixture
def open_unread (free_port):
    opened = []

    def open_one (*args):
        opened.append (Unread (f"tcp://127.0.0.1:{free_port ()}", *args))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close ()


@pytest.fixture
def open_view (free_port):
    opened = []

    def open_one (*args, **options):
        opened.append (Terminal (f"tcp://127.0.0.1:{free_port ()}", "--view", *args, **options))
        return opened[-1]

    yield open_one
    for view in opened:
        view.child.close (force=True)
        view.worker.close ()


# --- hist --------------------------------------------------------------------------------------

def test_hist_draws_over_itself (open_view):
    view = open_view ("hist")
    view.send (frame_of ("n1", 1, events=7))
    view.wait_for (": 7  ")
    view.send (frame_of ("n1", 2, events=9), frame_of ("n2", 2, slot=SLOT_OF_2_MS, events=4))
    view.wait_for (": 9  ")
    text = view.text ()
    assert ": 7 " not in text and text.count ("distribution") == 1
    assert re.search (r"^   953.7 ns -> 1.907 us    : 9        \|\*{40}\|$", text, re.M)
    assert re.search (r"^   1.953 ms -> 3.906 ms    : 4        \|\*{17} {23}\|$", text, re.M)
    assert "2 nodes" in text and "[synthetic]" in text and "count: 13" in text


def test_hist_tells_what_is_missed_and_silent (open_view):
    view = open_view ("hist")
    view.send (frame_of ("n1", 1), frame_of ("n1", 5))
    view.wait_for ("3 frames missed")
    view.wait_for ("1 silent: n1")
    view.child.sendintr ()
    assert view.end () == 0 and "-- 3 frames missed in all" in view.text ()


def test_hist_over_a_window_adds_all_nodes_up (open_view):
    view = open_view ("hist", "--over", "10s")
    now = int (time.time ())
    for seq in range (1, 4):
        view.send (*(frame_of (node, seq, events=5, start=now + seq) for node in ("n1", "n2")))
    view.wait_for ("over 10 s, coverage 6/20")
    assert ": 30  " in view.text ()


def test_hist_in_a_pipe_is_one_after_another (free_port):
    worker = FakeWorker ("n1", f"tcp://127.0.0.1:{free_port ()}")
    command = f"'{BIN}/subscriber' --view hist --live {worker.endpoint} | head -4"
    process = subprocess.Popen (["bash", "-c", command + "; echo ${PIPESTATUS[0]}"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    worker.wait_for_subscriber ()
    for seq in range (1, 9):
        worker.send_raw (b"n1/", frame_of ("n1", seq))
    output, notices = process.communicate (timeout=10)
    assert "distribution" in output and "\x1b" not in output
    assert output.endswith ("\n0\n") and notices == ""
    worker.close ()


# --- heat --------------------------------------------------------------------------------------

@pytest.mark.parametrize ("environment, present, absent", [
    ({}, b"\x1b[48;5;", b"48;2;"),
    ({"COLORTERM": "truecolor"}, b"\x1b[48;2;", b"48;5;"),
    ({"TERM": "xterm"}, b"@", b"\x1b[48"),
    ({"NO_COLOR": "1", "COLORTERM": "truecolor"}, b"@", b"\x1b["),
    ({"TERM": "dumb", "COLORTERM": "truecolor"}, b"@", b"\x1b["),
])
def test_heat_has_the_colours_of_the_terminal (open_view, environment, present, absent):
    view = open_view ("heat", **environment)
    view.send (frame_of ("n1", 1, events=10))
    view.wait_for ("10 events/s in a cell")
    view.wait_for ("[synthetic]")
    assert present in view.bytes and absent not in view.bytes


def test_heat_shows_an_event_below_its_duration (open_view):
    view = open_view ("heat")
    view.send (frame_of ("n1", 1, slot=SLOT_OF_2_MS + 7, events=5))
    view.wait_for ("3.74 ms")
    axis, row = view.lines ()[1:3]
    hot = [x for x in range (100) if view.screen.buffer[2][x].bg != "default"]
    assert len (hot) == 1
    assert axis.index ("╷1ms") < hot[0] < axis.index ("╷10ms"), (axis, row, hot)


def test_heat_repeats_only_the_legend_where_only_that_changes (open_view):
    view = open_view ("heat")
    view.send (frame_of ("n1", 1, events=5), frame_of ("n1", 2, events=500))
    view.wait_for ("1000 events/s in a cell")
    view.send (frame_of ("n1", 3, events=500))
    view.wait_until (lambda: len (view.lines ()) >= 6)
    heads = [("a row", "legend", "axis")[("in a cell" in line) + 2 * ("╷1ms" in line)]
             for line in view.lines ()[:6]]
    assert heads == ["legend", "axis", "a row", "legend", "a row", "a row"]


def test_heat_fits_every_width (open_view):
    view = open_view ("heat", columns=120)
    view.send (frame_of ("a-node-with-a-name", 1))
    view.wait_for ("[synthetic]")
    for columns in (60, 79, 200):
        view.resize (columns, 24)
        seq = columns
        heads = view.text ().count ("p99")
        view.send (frame_of ("n1", seq))
        view.wait_until (lambda: view.text ().count ("p99") > heads or columns > 79)
        view.wait_until (lambda: f"{seq % 60:02} n1" in view.text ())
    rows = [line for line in view.bytes.decode ().split ("\r\n")
            if re.match (r"\d\d:\d\d:\d\d ", line)]
    lengths = [len (re.sub ("\x1b\\[[0-9;]*m", "", row)) for row in rows]
    assert lengths[1] <= 60 and lengths[2] <= 79 and lengths[3] <= 200, lengths


def test_heat_shows_missed_frames_where_they_lack (open_view):
    view = open_view ("heat")
    view.send (frame_of ("n1", 1), frame_of ("n1", 4))
    view.wait_for ("n1 2 frames missed")
    view.wait_for ("-- n1: silent")


def test_heat_in_a_pipe_ends_with_its_reader (free_port):
    worker = FakeWorker ("n1", f"tcp://127.0.0.1:{free_port ()}")
    command = f"'{BIN}/subscriber' --view heat --live {worker.endpoint} | head -3"
    process = subprocess.Popen (["bash", "-c", command + "; echo ${PIPESTATUS[0]}"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    worker.wait_for_subscriber ()
    seq = 0
    while process.poll () is None and seq < 200:
        worker.send_raw (b"n1/", frame_of ("n1", seq := seq + 1))
        time.sleep (0.02)
    output, notices = process.communicate (timeout=10)
    lines = output.splitlines ()
    assert len (lines) == 4 and lines[3] == "0" and "\x1b" not in output and notices == ""
    assert all (len (line) <= 80 for line in lines)
    worker.close ()


# --- top ---------------------------------------------------------------------------------------

@pytest.fixture
def top (open_view):
    view = open_view ("top")
    view.send (frame_of ("web1", 1, slot=90, events=30), frame_of ("web2", 1, slot=SLOT_OF_2_MS),
               frame_of ("db1", 1, slot=120, events=9))
    view.wait_until (lambda: len (view.nodes ()) == 3)
    return view


def test_top_sorts_by_p99 (top):
    assert top.nodes () == ["web2", "db1", "web1"]
    assert re.search (r"^web2 +3.00 +1.00 us +2.04 ms +2.04 ms +2.13 ms +0 ", top.text (), re.M)
    assert "P99▼" in top.text () and "synthetic" in top.text ()


def test_top_obeys_its_keys (top):
    for keys, expected in (("r", ["web1", "db1", "web2"]), ("r", ["web2", "db1", "web1"]),
                           ("e", ["web1", "db1", "web2"]), ("n", ["db1", "web1", "web2"]),
                           (">", ["web1", "db1", "web2"]), ("/web\r", ["web1", "web2"]),
                           ("\x1b", ["web1", "db1", "web2"]), ("/*1\r9", ["db1", "web1"]),
                           ("/\x7f\x7f\r", ["web2", "db1", "web1"])):
        top.child.send (keys)
        top.wait_until (lambda: top.nodes () == expected, 3)
    for metric in ("cpudist", "offcpu", "runqlat"):
        top.child.send ("m")
        top.wait_for (f"top  {metric}:")
    top.child.send ("h")
    top.wait_for ("the next metric")
    top.child.send ("hq")
    assert top.end () == 0
    top.assert_restored ()


def test_tops_help_fits_a_narrow_terminal (top):
    top.resize (60, 30)
    top.child.send ("h")
    top.wait_for ("the next metric")
    words = " ".join (top.text ().split ())
    assert "nodes whose name holds a text, or matches web*; Esc: all" in words
    assert "A dot in the last column is a second without a frame." in words


def test_top_marks_missed_and_silent_nodes (top):
    top.send (frame_of ("web1", 4))
    top.wait_until (lambda: any (re.match (r"web1 .* 2 .*·", line) for line in top.lines ()))
    top.wait_for ("2 frames missed")
    top.wait_for ("3 silent: ")
    assert re.search (r"^db1 .* silent \d s$", top.text (), re.M)


def test_what_top_says_of_a_frame_has_the_frames_time (top):
    top.send (frame_of ("web1", 4))
    top.wait_for (time.strftime ("%H:%M:%S", time.localtime (START + 4))
                  + " web1: 2 frames missed")


def test_top_goes_with_the_size_of_its_terminal (top):
    for columns, rows in ((60, 10), (140, 40), (80, 6), (30, 3)):
        top.resize (columns, rows)
        top.wait_until (lambda: len (top.lines ()) == rows and top.lines ()[0].startswith ("kpulse")
                        or re.match (r"\d\d:\d\d:\d\d  kpulse top", top.lines ()[0]))
        time.sleep (0.3)
        top.read ()
        assert top.lines ()[0].count ("kpulse") == 1
        if columns >= 60:
            assert [line[:4] for line in top.lines ()].count ("NODE") == 1
            assert top.nodes ()[0] == "web2"
    top.child.send ("q")
    assert top.end () == 0


def test_top_takes_a_thousand_nodes (open_view):
    view = open_view ("top", rows=30)
    view.send (*(frame_of (f"n{i:04}", 1, slot=81 + i % 100, events=1 + i % 7)
                 for i in range (1000)))
    view.wait_for ("1000 nodes")
    view.child.send ("n")
    view.wait_until (lambda: view.nodes () == [f"n{i:04}" for i in range (26)])
    view.child.send ("\x1b[F")
    view.wait_until (lambda: view.nodes () == [f"n{i:04}" for i in range (974, 1000)])
    view.child.send ("\x1b[5~")
    view.wait_until (lambda: view.nodes ()[0] == "n0948")
    view.child.send ("\x1b[A")
    view.wait_until (lambda: view.nodes ()[0] == "n0947")


@pytest.mark.parametrize ("number, code", [(signal.SIGINT, 0), (signal.SIGTERM, 0),
                                           (signal.SIGABRT, -signal.SIGABRT),
                                           (signal.SIGSEGV, -signal.SIGSEGV)])
def test_top_gives_the_terminal_back (top, number, code):
    assert not top.is_cooked ()
    if number == signal.SIGINT:
        top.child.sendintr ()
    else:
        top.child.kill (number)
    top.wait_until (lambda: OWN_SCREEN in top.bytes or top.read ())
    top.wait_until (top.is_cooked)
    assert top.end () == code
    top.assert_restored ()


def state_of (pid):
    return pathlib.Path (f"/proc/{pid}/stat").read_text ().rpartition (")")[2].split ()[0]


def test_top_can_be_left_for_a_while (top):
    top.child.send ("\x1a")
    top.wait_until (lambda: top.read () or state_of (top.child.pid) == "T")
    assert top.is_cooked ()
    top.wait_until (lambda: top.read () or OWN_SCREEN in top.bytes)
    top.assert_restored ()
    top.child.kill (signal.SIGCONT)
    top.wait_until (lambda: top.read () or top.bytes.count (OTHER_SCREEN) == 2)
    top.wait_until (lambda: top.nodes () == ["web2", "db1", "web1"])
    top.child.send ("q")
    assert top.end () == 0


def test_top_without_a_terminal_prints_tables (free_port, run, start):
    worker = FakeWorker ("n1", f"tcp://127.0.0.1:{free_port ()}")
    tail = start ("subscriber", "--view", "top", "--live", worker.endpoint, "-n", "2")
    worker.wait_for_subscriber ()
    worker.send_raw (b"n1/", frame_of ("n1", 1))
    poll_until (lambda: tail.process.poll () is not None)
    assert tail.log ().count ("kpulse top") == 2 and "\x1b" not in tail.log ()
    assert tail.log ().count ("\nn1 ") == 2
    worker.close ()


# --- what strangers send -----------------------------------------------------------------------

@pytest.mark.parametrize ("name", ["lines", "hist", "heat", "top"])
def test_no_name_reaches_the_terminal_as_a_command (open_view, name):
    view = open_view (name)
    evil = "n\x1b[2J\x1b]0;owned\x07"
    view.send (*(frame_of (node, 1) for node in (evil, "\u009b2J", "", "x" * 64)))
    view.worker.send_raw (b"n1/", b"\xdc\xff\xff" * 999)
    view.send (frame_of ("good", 1))
    view.wait_for ("good" if name != "hist" else "1 node")
    time.sleep (1.1)
    view.read ()
    assert b"owned" not in view.bytes and "\u009b".encode () not in view.bytes
    assert "frame" in view.text ()
    view.child.sendintr ()
    assert view.end () == 0 and "5 messages in all were no frames" in view.bytes.decode ()


# --- a terminal that is not read ---------------------------------------------------------------

def test_a_full_terminal_keeps_no_stop_from_us (open_unread):
    unread = open_unread ()
    unread.fill ()
    assert unread.stop () == 0


def test_a_terminal_stopped_by_ctrl_s_is_given_back (open_unread):
    unread = open_unread ("--view", "top")
    poll_until (lambda: not unread.is_cooked ())
    termios.tcflow (unread.slave, termios.TCOOFF)
    unread.worker.send_raw (b"n1/", frame_of ("n1", 1))
    assert unread.stop () == 0
    assert unread.is_cooked ()
    seen = b""
    while OWN_SCREEN not in seen:
        assert select.select ([unread.master], [], [], 2)[0], seen
        seen += os.read (unread.master, 1 << 16)


def test_a_closed_standard_output_is_said_and_ends_it (free_port):
    endpoint = f"tcp://127.0.0.1:{free_port ()}"
    worker = FakeWorker ("n1", endpoint)
    with subprocess.Popen (["sh", "-c", 'exec "$@" >&-', "sh", BIN / "subscriber", "--live",
                            endpoint], stderr=subprocess.PIPE, text=True) as tail:
        worker.wait_for_subscriber ()
        worker.send_raw (b"n1/", frame_of ("n1", 1))
        _, said = tail.communicate (timeout=5)
    worker.close ()
    assert tail.returncode == 1
    assert said == "subscriber: standard output cannot be written: Bad file descriptor\n"
