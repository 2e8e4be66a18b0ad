# SPDX-License-Identifier: GPL-2.0-or-later
"""schema/PROTOCOL.md's own client, word for word, against a real broker; and what a stranger who
has that page and nothing of ours sees on the live socket."""

import pathlib
import re
import subprocess
import sys

import msgpack
import zmq

import make_golden as golden

PROTOCOL = pathlib.Path (__file__).resolve ().parents[2] / "schema" / "PROTOCOL.md"


def printed_client (endpoint):
    client = re.search (r"```python\n(.*?)```", PROTOCOL.read_text (encoding="utf-8"), re.DOTALL)
    return client[1].replace ("tcp://127.0.0.1:7002", endpoint)


def ask (endpoint):
    return subprocess.run ([sys.executable, "-c", printed_client (endpoint)], capture_output=True,
                           text=True, timeout=20)


def test_protocol_client_gets_the_rows (start_broker, start_worker, wait_until):
    broker = start_broker ()
    for node in ("n1", "n2", "n3"):
        start_worker (node, coordinator=broker.answer)

    def rows ():
        lines = ask (broker.answer).stdout.splitlines ()
        return [line.split ("\t") for line in lines if "None" not in line]

    table = wait_until (lambda: (found := rows ()) and len (found) == 4 and found, 20)
    assert table[0][:3] == ["node", "cpu_avg", "cpu_sum"]
    for row, node in zip (table[1:], ("n1", "n2", "n3")):
        assert row[0] == node
        assert float (row[1]) > 0 and int (row[2]) > 0


def test_protocol_client_is_told_what_is_wrong (start_broker):
    answer = ask (start_broker ().answer)
    assert answer.returncode == 1
    assert "n1" in answer.stderr


def test_live_frames_are_as_the_protocol_says (start_broker, start_worker):
    broker = start_broker ()
    with zmq.Context () as context, context.socket (zmq.SUB) as socket:
        socket.rcvtimeo = 10000
        socket.subscribe (b"n1/")
        socket.connect (broker.live)
        start_worker ("n1", coordinator=broker.answer)
        frames = [socket.recv_multipart () for _ in range (3)]
    items = [msgpack.unpackb (payload) for _, payload in frames]
    assert {topic for topic, _ in frames} == {b"n1/"}
    assert [item[3] - items[0][3] for item in items] == [0, 1, 2]
    for item, (_, payload) in zip (items, frames):
        assert msgpack.packb (item) == payload
        assert item[0] == 1 and item[1] == "n1" and item[2] == items[0][2]
        assert golden.SOURCES[item[9]] == "synthetic"
        for metric in filter (None, item[11]):
            assert sum (map (sum, metric[5][1::2])) == metric[0] or not metric[5]
