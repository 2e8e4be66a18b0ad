# SPDX-License-Identifier: GPL-2.0-or-later
"""Backfill at size: ten nodes whose broker was away for an hour. Their spools are written by
write_spool beforehand, with invented frames, so that the test needs no hour."""

import subprocess
import threading
import time

import cluster as clusters
import peer as peers

NODES, OUTAGE_S = 10, 3600
LIVE_FRAMES = NODES * 3
COMPLETE_SECONDS = 10
LAG_SECONDS = 1.5


def write_spools (folder, nodes):
    writers = [subprocess.Popen ([clusters.BUILT / "write_spool", folder / node, node,
                                  str (OUTAGE_S), "300"]) for node in nodes]
    assert all (writer.wait () == 0 for writer in writers)


class LagMeter (threading.Thread):
    """Subscribes to the broker and notes how long after its second each frame came."""

    def __init__ (self, context, endpoint):
        super ().__init__ (daemon=True)
        self.socket = context.socket (peers.zmq.SUB)
        self.socket.linger = 0
        self.socket.subscribe (b"")
        self.socket.connect (endpoint)
        self.lags, self.stopping = [], False

    def run (self):
        while not self.stopping:
            if self.socket.poll (100):
                _, (start, span) = peers.read_frame (self.socket.recv_multipart ()[-1])
                self.lags.append (time.time () - start - span)
        self.socket.close ()

    def stop (self):
        self.stopping = True
        self.join ()
        return sorted (self.lags)


def test_an_hour_of_ten_nodes_is_refilled_in_ten_seconds_while_live_frames_go_on (
        make_cluster, report, tmp_path):
    nodes = [f"n{i + 1}" for i in range (NODES)]
    write_spools (tmp_path, nodes)
    cluster = make_cluster (workers=NODES)
    for worker in cluster.workers:
        worker.start ()
    time.sleep (3)
    meter = LagMeter (cluster.peer.context, cluster.broker.live)
    meter.start ()
    begin = time.monotonic ()
    cluster.broker.start ()

    def complete ():
        try:
            known = cluster.peer.nodes (cluster.broker.answer, 1)
        except peers.Silent:
            return False
        return sum (known.get (node, {}).get ("frames", 0) for node in nodes) >= NODES * OUTAGE_S
    clusters.wait_until (complete, 60, "all frames of the outage are in the broker")
    seconds = time.monotonic () - begin
    clusters.wait_until (lambda: len (meter.lags) >= LIVE_FRAMES, 30, "live frames of all nodes")
    lags = meter.stop ()
    p99 = lags[int (len (lags) * 0.99)]
    print (f"backfill: {NODES * OUTAGE_S} frames in {seconds:.1f} s, "
           f"{len (lags)} live frames, lag p99 {p99:.3f} s")
    counts = cluster.prove ()
    report (counts)
    assert seconds <= COMPLETE_SECONDS
    assert p99 <= LAG_SECONDS
    assert counts.counts["refilled"] <= counts.counts["frames"], "frames were pulled twice"
