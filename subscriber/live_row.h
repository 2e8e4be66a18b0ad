//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_row - what a live tail says of one frame. Pure.
#ifndef SUBSCRIBER_LIVE_ROW_H
#define SUBSCRIBER_LIVE_ROW_H

#include <stdio.h>
#include "schema/frame.h"
#include "schema/table.h"
#include "subscriber/screen.h"

//  For programs: a table of one row, to be printed as NDJSON. Columns:
//
//      node, time              name; first second covered, unix time
//      span                    seconds covered: 1, more after a stall
//      epoch, seq              which run of the worker (as text: over 53 bits), which frame of it
//      source, scope           "bpf", "replay" or "synthetic"; "all", "pid 3327" or "cgroup /x"
//      METRIC_count, _sum      events that ended in the frame; their total in ns (tasks)
//      METRIC_avg              mean in ns; of a count metric, events a second
//      METRIC_time             ns accrued in the frame, open stints included
//      METRIC_p50, _p99        ns, within 4.4 %
//
//  METRIC is each of the set by its name; pidpersec has no time, p50 and p99. Without events avg,
//  p50 and p99 are null; all are null for a metric that is not measured. Caller destroys.
table_t *live_row_table (const frame_t *frame, metric_set_t metrics);

//  For people: a line a metric, under this header. Metrics that are not measured are left out where
//  all are asked for. What is unusual about the frame stands at the end of each line.
void live_row_print_header (const screen_t *screen, FILE *out);
void live_row_print (const frame_t *frame, metric_set_t metrics, const screen_t *screen, FILE *out);

#endif
