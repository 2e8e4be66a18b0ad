# SPDX-License-Identifier: GPL-2.0-or-later
"""A TCP proxy that harms what passes: flips bits, leaves bytes out, repeats them, holds them back,
resets connections. What it does is drawn from a seed; healed, it passes everything on.

    garbler = Garbler (seed, odds=0.05)
    garbler.add (("127.0.0.2", 7101), ("127.0.0.1", 7101))
    garbler.start ()                                   # threads of its own
    garbler.heal ()
"""

import asyncio
import random
import struct
import socket
import threading

CHUNK_BYTES = 4096
LONGEST_DELAY_S = 1.0


class Garbler:
    def __init__ (self, seed, odds=0.05):
        self.random, self.odds = random.Random (seed), odds
        self.routes, self.connections, self.harmed = [], set (), 0
        self.loop = asyncio.new_event_loop ()
        self.thread = threading.Thread (target=self.run, daemon=True)

    def add (self, listen, target):
        self.routes.append ((listen, target))

    def start (self):
        for listen, target in self.routes:
            self.loop.run_until_complete (asyncio.start_server (
                lambda reader, writer, target=target: self.connect (reader, writer, target),
                *listen))
        self.thread.start ()

    def run (self):
        asyncio.set_event_loop (self.loop)
        self.loop.run_forever ()

    def heal (self):
        """Pass on unharmed from now on; what is connected begins anew, as bytes may be missing."""
        self.odds = 0
        self.loop.call_soon_threadsafe (self.reset_all)

    def stop (self):
        self.loop.call_soon_threadsafe (self.loop.stop)
        self.thread.join ()

    def reset_all (self):
        for writer in list (self.connections):
            self.reset (writer)

    def reset (self, writer):
        """Close so that the peer gets RST."""
        sock = writer.get_extra_info ("socket")
        if sock and sock.fileno () >= 0:
            sock.setsockopt (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack ("ii", 1, 0))
        writer.transport.abort ()

    async def connect (self, reader, writer, target):
        try:
            far_reader, far_writer = await asyncio.open_connection (*target)
        except OSError:
            self.reset (writer)
            return
        self.connections |= {writer, far_writer}
        await asyncio.gather (self.pass_on (reader, far_writer), self.pass_on (far_reader, writer))
        self.connections -= {writer, far_writer}

    async def pass_on (self, reader, writer):
        try:
            while data := await reader.read (CHUNK_BYTES):
                if self.random.random () < self.odds:
                    self.harmed += 1
                    data = await self.harm (bytearray (data), writer)
                writer.write (data)
                await writer.drain ()
        except OSError:
            pass
        writer.close ()

    async def harm (self, data, writer):
        kind = self.random.choice (["flip", "truncate", "repeat", "delay", "reset"])
        place = self.random.randrange (len (data))
        if kind == "flip":
            data[place] ^= 1 << self.random.randrange (8)
        elif kind == "truncate":
            del data[place:]
        elif kind == "repeat":
            data = data[:place] + data
        elif kind == "delay":
            await asyncio.sleep (self.random.uniform (0, LONGEST_DELAY_S))
        else:
            self.reset (writer)
            raise ConnectionResetError
        return data
