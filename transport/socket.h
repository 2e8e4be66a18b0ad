//  SPDX-License-Identifier: GPL-2.0-or-later
//  socket - ZeroMQ sockets with the limits every kpulse socket has: bounded messages and queues,
//  handshake limit, reconnect back-off 100 ms to 1 s, no linger, no ZMTP heartbeats (libzmq 4.3.4
//  aborts when a stalled reader resumes). Options are set before bind or connect.
#ifndef TRANSPORT_SOCKET_H
#define TRANSPORT_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <czmq.h>

//  A new socket of a ZMQ_ type with those limits. Asserts only on exhausted memory or sockets at
//  start-up.
zsock_t *socket_new (int type);

//  Bind. Loopback (127.0.0.0/8, [::1], localhost, ipc, inproc) is free; any other address is
//  refused unless insecure, and then a warning says that the link is not yet encrypted. Returns 0,
//  or -1 and fills error with one line: the endpoint, why, the way out.
int socket_bind (zsock_t *self, const char *endpoint, bool insecure, char error[512]);

//  Connect (it completes in the background, and again after every loss). Returns 0, or -1 and
//  fills error when the endpoint cannot be an address.
int socket_connect (zsock_t *self, const char *endpoint, char error[512]);

//  True for an endpoint that no other machine can reach.
bool endpoint_is_loopback (const char *endpoint);
//  True for tcp://HOST:PORT, ipc://PATH or inproc://NAME that ZeroMQ would take.
bool endpoint_is_valid (const char *endpoint);

#endif
