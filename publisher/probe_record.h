//  SPDX-License-Identifier: GPL-2.0-or-later
//  probe_record - bin/probe's -d: appends a frame an interval to a file. The frames are a worker's,
//  of a node named as this host; each run, and each setting of the wall clock, starts an epoch.
//  Not safe for use by two threads.
#ifndef PUBLISHER_PROBE_RECORD_H
#define PUBLISHER_PROBE_RECORD_H

#include "publisher/sched_probe.h"
#include "publisher/ticker.h"

typedef struct probe_record_t probe_record_t;

//  Open path for appending. Returns NULL and fills error where it cannot be.
probe_record_t *probe_record_new (const char *path, const scope_t *scope, metric_set_t metrics,
                                  source_error_t *error);
void probe_record_destroy (probe_record_t **self_p);

//  The next frame is the first of an epoch that begins now.
void probe_record_begin (probe_record_t *self, int64_t now_wall_ns);

//  Append the frame of what was measured between two readings. Returns 0, or -1 and fills error
//  where it could not be written.
int probe_record_append (probe_record_t *self, const tick_t *covered, const sched_reading_t *before,
                         const sched_reading_t *now, source_error_t *error);

#endif
