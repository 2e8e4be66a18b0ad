# SPDX-License-Identifier: GPL-2.0-or-later
"""stopped_readers.py ENDPOINT COUNT: subscribe so many sockets with small buffers to all frames at
ENDPOINT, say "ready" once each has had one, and stop (SIGSTOP) for good."""

import os
import signal
import sys

import zmq


def subscriber (context, endpoint):
    socket = context.socket (zmq.SUB)
    socket.linger, socket.rcvhwm, socket.rcvbuf = 0, 1, 4096
    socket.subscribe (b"")
    socket.connect (endpoint)
    return socket


if __name__ == "__main__":
    CONTEXT = zmq.Context ()
    SOCKETS = [subscriber (CONTEXT, sys.argv[1]) for _ in range (int (sys.argv[2]))]
    for SOCKET in SOCKETS:
        SOCKET.recv_multipart ()
    print ("ready", flush=True)
    os.kill (os.getpid (), signal.SIGSTOP)
