//  SPDX-License-Identifier: GPL-2.0-or-later
//  probe_screen - what bin/probe prints: the screens of bcc's cpudist, runqlat and pidpersec.
//  Writes to a FILE and never flushes it. Not safe for one FILE by two threads.
#ifndef PUBLISHER_PROBE_SCREEN_H
#define PUBLISHER_PROBE_SCREEN_H

#include <stdio.h>
#include <time.h>
#include "publisher/probe_keys.h"
#include "publisher/probe_options.h"
#include "schema/histogram_text.h"

//  What one printed histogram holds.
typedef struct {
    uint64_t rows[LOG2_ROWS]; //  bcc's rows, of whole usecs or msecs; unused with --fine
    histogram_t histogram;    //  Count and sum; the buckets only with --fine
} probe_tally_t;

//  New tasks of one interval.
typedef struct {
    uint64_t processes;
    uint64_t threads;
    double seconds; //  The interval's true length
} probe_births_t;

//  The line that says that measuring has begun.
void probe_screen_header (FILE *out, const probe_options_t *options);

//  The blank line before an interval's histograms, and with -T the time.
void probe_screen_begin (FILE *out, const probe_options_t *options, time_t wall_s);

//  One histogram, followed by average, total and count where -e or --ns asks for them. Nothing is
//  printed for one without events.
void probe_screen_tally (FILE *out, const probe_options_t *options, const probe_tally_t *tally);

//  A histogram for each id, by rising id, each below a line that names it. Takes all of keys.
void probe_screen_keys (FILE *out, const probe_options_t *options, probe_keys_t *keys);

//  One line of pidpersec. wall_s is the interval's end.
void probe_screen_births (FILE *out, const probe_options_t *options, const probe_births_t *births,
                          time_t wall_s);

#endif
