//  SPDX-License-Identifier: GPL-2.0-or-later
//  zmtp - a PUB socket for one subscriber, for senders that have no time: libzmq's sending side
//  took 4 to 10 us of CPU a frame, more than what receives it, on processors that both share. The
//  bytes are those of ZMTP 3.0 (rfc.zeromq.org/spec/23), mechanism NULL; what is put is sent with
//  one call, and sending waits where the subscriber does not read. Fails by ending the program.
#ifndef TESTS_BENCH_ZMTP_H
#define TESTS_BENCH_ZMTP_H

#include <stddef.h>
#include <stdint.h>

typedef struct zmtp_t zmtp_t;

//  Listen on a port of 127.0.0.1.
zmtp_t *zmtp_new (uint16_t port);
//  What was put goes out; the subscriber gets all of it.
void zmtp_destroy (zmtp_t **self_p);

//  Wait for one to connect and to subscribe to something; it is taken to want everything.
void zmtp_accept (zmtp_t *self, int timeout_ms);

//  Put a message of two parts, of at most 4096 bytes together, behind what is to be sent.
void zmtp_put (zmtp_t *self, const void *topic, size_t topic_size, const void *data, size_t size);
//  Send what was put.
void zmtp_send (zmtp_t *self);

#endif
