# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures for the end-to-end tests: the real programs of bin/, on free loopback ports, with
stores in the test's own folder, stopped by pid when the test ends.

    def test_a_frame_comes (start_worker, start_broker, run):
        broker = start_broker ()
        worker = start_worker ("n1", coordinator=broker.answer)
        worker.wait_for ("publish")
        answer = run ("client", "--endpoint", broker.answer, "-c", "select cpu_avg from n1")

start_worker (node, source=, coordinator=, args=)   bin/publisher; .publish .answer .store .node
start_broker (args=)                                bin/broker; .live .answer .store
start (program, *args)                              any program of bin/
run (program, *args, **subprocess_options)          run to its end: .returncode .stdout .stderr
free_port ()                                        a loopback port nobody uses
cgroup                                              folder of a cgroup of the test's own
wait_until (condition, seconds)                     poll; returns the first true value or fails

The source is synthetic unless a test asks for source="bpf" (needs root; mark it needs_bpf).
A started program has .pid, .log () (its output so far, both streams), .wait_for (text),
.stop () (SIGTERM; returns the exit code, and fails if it takes over five seconds) and .kill ().
"""

import os
import pathlib
import socket
import subprocess
import time

import pytest

ROOT = pathlib.Path (__file__).resolve ().parents[2]
BIN = pathlib.Path (os.environ.get ("KPULSE_BIN", ROOT / "bin"))
WORKER = int (os.environ.get ("PYTEST_XDIST_WORKER", "gw0")[2:])
PORTS = iter (range (12000 + 2500 * WORKER + os.getpid () % 10 * 100, 14500 + 2500 * WORKER))
STOP_SECONDS = 5


def pytest_configure (config):
    config.addinivalue_line ("markers", "needs_bpf: measures this kernel; needs root and BTF")


def pytest_runtest_setup (item):
    if item.get_closest_marker ("needs_bpf") and not can_measure ():
        pytest.skip ("needs root and /sys/kernel/btf/vmlinux")


def can_measure ():
    return os.geteuid () == 0 and os.path.exists ("/sys/kernel/btf/vmlinux")


def next_free_port ():
    for port in PORTS:
        with socket.socket () as probe:
            try:
                probe.bind (("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise RuntimeError ("no free port left of this process's 2500")


def poll_until (condition, seconds=10):
    deadline = time.monotonic () + seconds
    while True:
        value = condition ()
        if value or time.monotonic () > deadline:
            assert value, f"not within {seconds} s: {condition}"
            return value
        time.sleep (0.02)


class Program:
    """One running program; members given by name (ports, store) become attributes."""

    def __init__ (self, folder, name, args, **members):
        self.name = name
        self.path = folder / f"{name}-{time.monotonic_ns ()}.log"
        with open (self.path, "wb") as output:
            self.process = subprocess.Popen ([BIN / name, *map (str, args)], cwd=folder,
                                             stdin=subprocess.DEVNULL, stdout=output,
                                             stderr=subprocess.STDOUT)
        self.pid = self.process.pid
        self.__dict__.update (members)

    def log (self):
        return self.path.read_text (errors="replace")

    def wait_for (self, text, seconds=10):
        def seen ():
            assert text in self.log () or self.process.poll () is None, \
                f"{self.name} ended with {self.process.returncode}: {self.log ()}"
            return text in self.log ()
        poll_until (seen, seconds)

    def stop (self):
        if self.process.poll () is None:
            self.process.terminate ()
        try:
            return self.process.wait (STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill ()
            pytest.fail (f"{self.name} did not end {STOP_SECONDS} s after SIGTERM: {self.log ()}")

    def kill (self):
        self.process.kill ()
        self.process.wait ()


@pytest.fixture
def free_port ():
    return next_free_port


@pytest.fixture
def wait_until ():
    return poll_until


@pytest.fixture
def run (tmp_path):
    def run_to_end (program, *args, **options):
        options = {"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 60,
                   "stdin": None if "input" in options else subprocess.DEVNULL, **options}
        return subprocess.run ([BIN / program, *map (str, args)], **options)
    return run_to_end


@pytest.fixture
def start (tmp_path):
    started = []

    def start_program (program, *args, **members):
        started.append (Program (tmp_path, program, args, **members))
        return started[-1]

    yield start_program
    for program in reversed (started):
        program.stop ()


@pytest.fixture
def start_worker (start, tmp_path):
    def start_one (node="n1", source="synthetic:busy", coordinator=None, args=()):
        publish, answer = (f"tcp://127.0.0.1:{next_free_port ()}" for _ in range (2))
        store = tmp_path / node
        # Without a coordinator of its own a test must not find one that happens to run.
        coordinator = coordinator or f"tcp://127.0.0.1:{next_free_port ()}"
        return start ("publisher", "--node", node, "--source", source, "--store", store,
                      "--publish", publish, "--answer", answer, "--coordinator", coordinator,
                      *args, node=node, publish=publish, answer=answer, store=store)
    return start_one


@pytest.fixture
def start_broker (start, tmp_path):
    def start_one (args=()):
        live, answer = (f"tcp://127.0.0.1:{next_free_port ()}" for _ in range (2))
        store = tmp_path / "broker"
        return start ("broker", "--live", live, "--answer", answer, "--store", store, *args,
                      live=live, answer=answer, store=store)
    return start_one


@pytest.fixture
def cgroup ():
    """The folder of a cgroup made for the test."""
    mounts = [line.split () for line in pathlib.Path ("/proc/self/mounts").read_text ().splitlines ()]
    points = [pathlib.Path (mount[1]) for mount in mounts if mount[2] == "cgroup2"]
    if not points or os.geteuid () != 0:
        pytest.skip ("needs root and a cgroup2 mount")
    folder = points[0] / f"kpulse-test-{os.getpid ()}"
    folder.mkdir ()
    yield folder
    folder.rmdir ()
