//  SPDX-License-Identifier: GPL-2.0-or-later
//  worker - the loop of one node: at each second's edge read the source, keep the frame, publish
//  it, and tell the coordinator where. Statements are answered on the service's own thread.
//  Not safe for use by two threads.
#ifndef PUBLISHER_WORKER_H
#define PUBLISHER_WORKER_H

#include "publisher/worker_options.h"
#include "publisher/source.h"
#include "publisher/spool.h"

typedef struct worker_t worker_t;

//  Takes source and spool over, binds both endpoints and starts to answer. options is borrowed.
//  Returns NULL and fills error when an endpoint cannot be bound.
worker_t *worker_new (const worker_options_t *options, source_t **source_p, spool_t **spool_p,
                      char error[512]);
void worker_destroy (worker_t **self_p);

//  Publish until stop_fd becomes readable.
void worker_run (worker_t *self, int stop_fd);

#endif
