# SPDX-License-Identifier: GPL-2.0-or-later
"""The peer of bench-select: a real Prometheus in a folder and on a port of its own, given a
store's histograms by remote write. Debian's package `prometheus`, 2.42."""

import contextlib
import http.client
import json
import re
import shutil
import subprocess
import sys
import time
import urllib.parse

from harness import BUILT, disk_bytes, free_port, run, running

START_SECONDS = 60
QUERY_TIMEOUT = "1h"
MAX_SAMPLES = 10**9  # The default refuses a day of 100 nodes


def is_installed ():
    return shutil.which ("prometheus") is not None


def version ():
    text = subprocess.run (["prometheus", "--version"], capture_output=True, text=True)
    return re.search (r"version (\S+)", text.stdout + text.stderr)[1]


class Prometheus:
    """Started with what native histograms need, and with limits that refuse nothing asked here."""

    def __init__ (self, folder):
        self.folder, self.port = folder, free_port ()
        self.connection = None

    def __enter__ (self):
        shutil.rmtree (self.folder, ignore_errors=True)
        self.folder.mkdir (parents=True)
        self.stack = contextlib.ExitStack ()
        self.process = self.stack.enter_context (running (
            self.folder, "prometheus", "--config.file=/dev/null",
            f"--storage.tsdb.path={self.folder / 'data'}", "--storage.tsdb.retention.time=10y",
            f"--web.listen-address=127.0.0.1:{self.port}", "--web.enable-remote-write-receiver",
            "--enable-feature=native-histograms", "--web.enable-admin-api",
            f"--query.timeout={QUERY_TIMEOUT}", f"--query.max-samples={MAX_SAMPLES}",
            "--log.level=warn"))
        self.wait ()
        return self

    def __exit__ (self, *error):
        self.stack.close ()

    def wait (self):
        deadline = time.monotonic () + START_SECONDS
        while True:
            with contextlib.suppress (OSError, http.client.HTTPException):
                if self.request ("GET", "/-/ready")[0] == 200:
                    return
            if self.process.poll () is not None or time.monotonic () > deadline:
                sys.exit (f"prometheus does not start:\n{self.process.log.read_text ()}")
            time.sleep (0.1)

    def request (self, method, path):
        """Over one connection, which stays. Returns status and body."""
        if not self.connection:
            self.connection = http.client.HTTPConnection ("127.0.0.1", self.port)
        try:
            self.connection.request (method, path)
            response = self.connection.getresponse ()
            return response.status, response.read ()
        except (OSError, http.client.HTTPException):
            self.connection.close ()
            raise

    def feed (self, store, seconds):
        """Give it the newest seconds of the store, which no program may have open."""
        return run (BUILT / "feed_prometheus", "--seconds", seconds, store,
                    f"http://127.0.0.1:{self.port}/api/v1/write")

    def ask (self, query, at_wall_s):
        """Returns seconds from sending to having all of the answer, and value by node."""
        path = "/api/v1/query?" + urllib.parse.urlencode ({"query": query, "time": at_wall_s})
        begun = time.perf_counter ()
        status, body = self.request ("GET", path)
        took = time.perf_counter () - begun
        if status != 200:
            sys.exit (f"prometheus answers {status} to {query}: {body[:300]}")
        result = json.loads (body)["data"]["result"]
        return took, {each["metric"].get ("node"): float (each["value"][1]) for each in result}

    def snapshot_bytes (self):
        """What its blocks take when all of the data is in blocks: nothing of the log, which is
        there besides. Compaction as far as Prometheus itself has gone."""
        status, body = self.request ("POST", "/api/v1/admin/tsdb/snapshot")
        if status != 200:
            sys.exit (f"prometheus makes no snapshot: {status} {body[:300]}")
        folder = self.folder / "data/snapshots" / json.loads (body)["data"]["name"]
        size = disk_bytes (folder)
        shutil.rmtree (folder)
        return size
