//  SPDX-License-Identifier: GPL-2.0-or-later
//  status - what a worker says of itself in show nodes, gaps and stats. The worker's thread
//  writes it once a second, the service's thread reads it; every function is safe from both.
#ifndef PUBLISHER_STATUS_H
#define PUBLISHER_STATUS_H

#include "publisher/clock.h"
#include "publisher/spool.h"
#include "query/answer.h"
#include "schema/message.h"

typedef struct status_t status_t;

//  identity is the worker's announcement; the store is borrowed and must outlive the status.
status_t *status_new (const message_t *identity, store_t *store);
void status_destroy (status_t **self_p);
//  Another store took the place of the one before; not while the service runs.
void status_set_store (status_t *self, store_t *store);

//  A frame was published at now; kept is how the spool fares, spooled whether it has the frame.
void status_set_frame (status_t *self, const frame_t *frame, const spool_stats_t *kept,
                       bool spooled, const clock_reading_t *now);
//  A tick passed without a frame: the source could not be read.
void status_count_unread (status_t *self);

//  An answerer's functions: context is the status.
bool status_knows (void *context, const char *node);
int status_show (void *context, statement_kind_t kind, table_t **table, query_error_t *error);

#endif
