# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces of our own for a broker and its workers, with a link to each that can be cut,
in one direction too. They go when the block ends.

    with Network (workers=3) as network:       # this thread is in the broker's namespace
        network.run (1, ...)                   # a command's prefix: in worker 1's namespace
        network.cut (1)                        # link down
        network.drop (1, "ingress", "all")     # what worker 1 sends is lost
        network.mend (1)
"""

import ctypes
import os
import subprocess

from cluster import BUILT, LIBC

CLONE_NEWNET = 0x40000000
BROKER_ADDRESS = "10.77.0.1"


def command (*words):
    run = subprocess.run (words, capture_output=True, text=True)
    assert run.returncode == 0, f"{' '.join (words)}: {run.stderr}"


class Network:
    def __init__ (self, workers):
        self.name = f"kpulse-chaos-{os.getpid ()}"
        self.workers = range (1, workers + 1)

    def namespace (self, worker=0):
        return f"{self.name}-{worker}"

    def address (self, worker):
        return f"10.77.0.{10 + worker}"

    def prefix (self, worker):
        return ["nsenter", f"--net=/run/netns/{self.namespace (worker)}"]

    def link (self, worker):
        return f"w{worker}"

    def __enter__ (self):
        self.home = os.open ("/proc/self/ns/net", os.O_RDONLY)
        try:
            self.build ()
        except Exception:
            self.__exit__ ()
            raise
        return self

    def build (self):
        for place in (0, *self.workers):
            command ("ip", "netns", "add", self.namespace (place))
            command (*self.prefix (place), "ip", "link", "set", "lo", "up")
        self.enter (self.namespace ())
        command ("ip", "link", "add", "hub", "type", "bridge")
        command ("ip", "address", "add", f"{BROKER_ADDRESS}/24", "dev", "hub")
        command ("ip", "link", "set", "hub", "up")
        for worker in self.workers:
            self.connect (worker)

    def connect (self, worker):
        link, there = self.link (worker), self.prefix (worker)
        command ("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns",
                 self.namespace (worker))
        command ("ip", "link", "set", link, "master", "hub", "up")
        command ("tc", "qdisc", "add", "dev", link, "clsact")
        command (*there, "ip", "address", "add", f"{self.address (worker)}/24", "dev", "eth0")
        command (*there, "ip", "link", "set", "eth0", "up")

    def enter (self, name):
        with open (f"/run/netns/{name}") as namespace:
            self.set_namespace (namespace.fileno ())

    def set_namespace (self, fd):
        if LIBC.setns (fd, CLONE_NEWNET) == -1:
            raise OSError (ctypes.get_errno (), "setns")

    def __exit__ (self, *_):
        self.set_namespace (self.home)
        os.close (self.home)
        for place in (0, *self.workers):
            subprocess.run (["ip", "netns", "del", self.namespace (place)], capture_output=True)

    def cut (self, worker):
        command ("ip", "link", "set", self.link (worker), "down")

    def drop (self, worker, direction, share):
        """direction, as the broker sees it: ingress or egress; share: all or some."""
        command ("tc", "filter", "add", "dev", self.link (worker), direction, "bpf", "da", "obj",
                 str (BUILT / "drop.bpf.o"), "sec", share)

    def mend (self, worker):
        command ("ip", "link", "set", self.link (worker), "up")
        for direction in ("ingress", "egress"):
            command ("tc", "filter", "del", "dev", self.link (worker), direction)
