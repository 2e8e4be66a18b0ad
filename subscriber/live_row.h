//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_row - what a live tail says of one frame, or of the rolling window that ends with it. Pure.
#ifndef SUBSCRIBER_LIVE_ROW_H
#define SUBSCRIBER_LIVE_ROW_H

#include <stdio.h>
#include "schema/table.h"
#include "subscriber/live_view.h"
#include "subscriber/screen.h"

//  For programs: a table to be filled with one row after another and printed. Columns:
//
//      node, time              name; first second covered, unix time
//      span                    seconds covered: 1, more after a stall
//      epoch, seq              which run of the worker (as text: over 53 bits), which frame of it
//      source, scope           "bpf", "replay" or "synthetic"; "all", "pid 3327" or "cgroup /x"
//      missed                  frames that should have come between the node's last one and this
//      over, present           with over_s: length of the window, and how many seconds it has
//      METRIC_count, _sum      events that ended in the frame (window); their total in ns (tasks)
//      METRIC_avg              mean in ns; of a count metric, events a second
//      METRIC_time             ns accrued in the frame (window), open stints included
//      METRIC_p50, _p99        ns, within 4.4 %
//
//  METRIC is each of the set by its name; pidpersec has no time, p50 and p99. Without events avg,
//  p50 and p99 are null; all are null for a metric that is not measured. Caller destroys.
table_t *live_row_table (metric_set_t metrics, int64_t over_s);
//  Fill a table of live_row_table with the row of one frame, instead of the row before it.
void live_row_fill (table_t *table, const live_sample_t *sample, metric_set_t metrics,
                    int64_t over_s);

//  For people: a line a metric, under this header. Metrics that are not measured are left out where
//  all are asked for. With over_s there are also sum and coverage. What is unusual about the frame
//  stands at the end of each line.
void live_row_print_header (int64_t over_s, const screen_t *screen, FILE *out);
void live_row_print (const live_sample_t *sample, metric_set_t metrics, int64_t over_s,
                     const screen_t *screen, FILE *out);

//  "  [synthetic]  [pid 3327]", or "": what is unusual about a frame.
#define LIVE_MARKS_MAX (SCOPE_TEXT_MAX + 127)
void live_row_marks (const frame_t *frame, char marks[LIVE_MARKS_MAX + 1]);

#endif
