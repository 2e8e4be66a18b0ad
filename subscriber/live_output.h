//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_output - where a live tail prints: gathered, so that a hundred lines are a few writes, and
//  written only while the reader takes it, so that one who pauses keeps no signal from us.
#ifndef SUBSCRIBER_LIVE_OUTPUT_H
#define SUBSCRIBER_LIVE_OUTPUT_H

#include <stdio.h>

typedef struct live_output_t live_output_t;

//  Write to fd; give up when stop_fd becomes readable.
live_output_t *live_output_new (int fd, int stop_fd);
//  Drops what is not flushed.
void live_output_destroy (live_output_t **self_p);

//  What to print to. Borrowed.
FILE *live_output_stream (live_output_t *self);

typedef enum {
    OUTPUT_WRITTEN,
    OUTPUT_STOPPED, //  The stop came, or nobody reads it any more
    OUTPUT_FAILED   //  errno tells why
} output_state_t;

//  Write what was printed. What is not written when this, or printing much, fails never will be.
output_state_t live_output_flush (live_output_t *self);

#endif
