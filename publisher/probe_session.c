//  SPDX-License-Identifier: GPL-2.0-or-later
//  probe_session - one run of bin/probe. See the header.

#include "publisher/probe_session.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "program/exit_code.h"
#include "publisher/probe_interval.h"
#include "publisher/probe_record.h"
#include "publisher/probe_screen.h"
#include "publisher/probe_target.h"
#include "publisher/sched_probe.h"
#include "publisher/source_ops.h"

_Static_assert(BANK_LOG2_ROWS == LOG2_ROWS, "the kernel counts into the rows that are printed");

#define DRAIN_NS NS_PER_S //  Longest time between two drains of the counts by id

struct probe_session_t {
    const probe_options_t *options; //  Borrowed
    int stop_fd;                    //  Borrowed
    scope_t scope;                  //  As options has it, but as frames name it
    metric_id_t metric;             //  What is measured
    sched_probe_t *probe;
    probe_keys_t *keys;     //  NULL unless there is a histogram for each id
    probe_record_t *record; //  NULL without -d
    sched_reading_t readings[2];
    sched_reading_t *before; //  Where the interval in progress began
    sched_reading_t *now;    //  Its end
    probe_interval_t interval;
    uint64_t told_overflow; //  Events under no id that were complained of
    bool told_end;          //  That the process has ended was said
};

//  --- Making ---

static metric_id_t
s_metric (const probe_options_t *options)
{
    if (options->tool == TOOL_CPUDIST)
        return options->offcpu ? METRIC_offcpu : METRIC_cpudist;
    return options->tool == TOOL_RUNQLAT ? METRIC_runqlat : METRIC_pidpersec;
}

//  Frames hold our buckets, so that with -d the kernel counts into both.
static unsigned
s_rows (const probe_options_t *options)
{
    unsigned rows = options->fine ? BANK_BUCKETS : options->milliseconds ? BANK_MSECS : BANK_USECS;
    return options->data_path ? rows | BANK_BUCKETS : rows;
}

static int
s_open_record (probe_session_t *self, source_error_t *error)
{
    const char *path = self->options->data_path;
    if (!path)
        return 0;
    self->record = probe_record_new (path, &self->scope, METRIC_BIT (self->metric), error);
    return self->record ? 0 : -1;
}

static int
s_attach (probe_session_t *self, source_error_t *error)
{
    const probe_options_t *options = self->options;
    const sched_probe_options_t wanted = {.scope = self->scope,
                                          .metrics = METRIC_BIT (self->metric),
                                          .rows = s_rows (options),
                                          .keyed_by = options->keyed_by,
                                          .include_idle = options->include_idle};
    self->probe = sched_probe_new (&wanted, error);
    return self->probe ? 0 : -1;
}

probe_session_t *
probe_session_new (const probe_options_t *options, int stop_fd, source_error_t *error)
{
    probe_session_t *self = calloc (1, sizeof *self);
    assert (self);
    self->options = options;
    self->stop_fd = stop_fd;
    self->scope = options->scope;
    self->metric = s_metric (options);
    self->before = &self->readings[0];
    self->now = &self->readings[1];
    if (options->keyed_by != KEYED_BY_NOTHING)
        self->keys = probe_keys_new ();
    if (probe_target_find (&self->scope, error) || s_open_record (self, error) ||
        s_attach (self, error))
        probe_session_destroy (&self);
    return self;
}

void
probe_session_destroy (probe_session_t **self_p)
{
    probe_session_t *self = *self_p;
    if (!self)
        return;
    sched_probe_destroy (&self->probe);
    probe_record_destroy (&self->record);
    probe_keys_destroy (&self->keys);
    free (self);
    *self_p = NULL;
}

//  --- Waiting ---

//  Sleep until a moment of the monotonic clock. Returns false where a stop came first.
static bool
s_sleep_until (const probe_session_t *self, int64_t mono_ns)
{
    struct pollfd item = {.fd = self->stop_fd, .events = POLLIN};
    int64_t left_ns;
    while ((left_ns = mono_ns - clock_now ().mono_ns) > 0) {
        struct timespec left = {.tv_sec = left_ns / NS_PER_S, .tv_nsec = left_ns % NS_PER_S};
        if (ppoll (&item, 1, &left, NULL) > 0)
            return false;
    }
    return true;
}

static int
s_fail_reading (source_error_t *error)
{
    source_fail (error, EXIT_FAILED, "the kernel's counts cannot be read: %s", strerror (errno));
    return -1;
}

//  Bring in what the kernel has counted by id. Returns 0, or -1 and fills error.
static int
s_drain (probe_session_t *self, source_error_t *error)
{
    if (!self->keys || sched_probe_drain (self->probe, probe_keys_add, self->keys) == 0)
        return 0;
    return s_fail_reading (error);
}

//  Wait for the end of the interval in progress. Returns 1, 0 where a stop cut it short, or -1 and
//  fills error.
static int
s_wait (probe_session_t *self, source_error_t *error)
{
    for (;;) {
        int64_t until_ns = self->interval.end_mono_ns;
        int64_t drain_ns = clock_now ().mono_ns + DRAIN_NS;
        bool is_last = !self->keys || drain_ns >= until_ns;
        if (!s_sleep_until (self, is_last ? until_ns : drain_ns))
            return 0;
        if (is_last)
            return 1;
        if (s_drain (self, error))
            return -1;
    }
}

//  --- Showing ---

//  Returns 1; 0 where nobody reads our output any more; -1 and fills error where it is lost.
static int
s_flush (source_error_t *error)
{
    if (fflush (stdout) == 0 && !ferror (stdout))
        return 1;
    if (errno == EPIPE)
        return 0;
    source_fail (error, EXIT_FAILED, "cannot write standard output: %s", strerror (errno));
    return -1;
}

static void
s_show_births (const probe_session_t *self, const tick_t *covered, time_t wall_s)
{
    const histogram_t *before = &self->before->histograms[METRIC_pidpersec];
    const histogram_t *now = &self->now->histograms[METRIC_pidpersec];
    uint64_t threads = self->now->threads - self->before->threads;
    const probe_births_t births = {.processes = now->count - before->count - threads,
                                   .threads = threads,
                                   .seconds = (double) covered->duration_mono_ns / NS_PER_S};
    probe_screen_births (stdout, self->options, &births, wall_s);
}

static void
s_show_tally (const probe_session_t *self)
{
    probe_tally_t tally = {.histogram = self->now->histograms[self->metric]};
    histogram_subtract (&tally.histogram, &self->before->histograms[self->metric]);
    for (unsigned row = 0; row < LOG2_ROWS; row++)
        tally.rows[row] =
            self->now->rows[self->metric][row] - self->before->rows[self->metric][row];
    probe_screen_tally (stdout, self->options, &tally);
}

static void
s_show (probe_session_t *self, const tick_t *covered)
{
    time_t wall_s = time (NULL);
    if (self->metric == METRIC_pidpersec) {
        s_show_births (self, covered, wall_s);
        return;
    }
    probe_screen_begin (stdout, self->options, wall_s);
    if (self->keys) {
        probe_screen_keys (stdout, self->options, self->keys);
        probe_keys_clear (self->keys);
    } else
        s_show_tally (self);
}

//  Say on standard error what the screen cannot show.
static void
s_tell (probe_session_t *self)
{
    uint64_t lost = self->now->keyed_overflow - self->told_overflow;
    if (lost)
        fprintf (
            stderr,
            "%s: %llu events are in no histogram: one second had over %d pairs of id and row\n",
            program_invocation_short_name, (unsigned long long) lost, KEYED_ENTRIES);
    self->told_overflow = self->now->keyed_overflow;
    if (self->told_end || !probe_target_has_ended (&self->scope))
        return;
    fprintf (stderr, "%s: process %u has ended\n", program_invocation_short_name, self->scope.pid);
    self->told_end = true;
}

//  --- Running ---

static void
s_exchange_readings (probe_session_t *self)
{
    sched_reading_t *old = self->before;
    self->before = self->now;
    self->now = old;
}

//  End the interval: read, print and record it. Returns 1, 0 where nobody reads our output any
//  more, or -1 and fills error.
static int
s_close (probe_session_t *self, source_error_t *error)
{
    tick_t covered;
    if (s_drain (self, error))
        return -1;
    if (sched_probe_read (self->probe, self->now))
        return s_fail_reading (error);
    clock_reading_t now = clock_now ();
    bool stepped = probe_interval_close (&self->interval, &now, &covered);
    s_show (self, &covered);
    s_tell (self);
    if (self->record &&
        probe_record_append (self->record, &covered, self->before, self->now, error))
        return -1;
    if (self->record && stepped)
        probe_record_begin (self->record, now.wall_ns);
    s_exchange_readings (self);
    return s_flush (error);
}

//  What was counted until now belongs to no interval. Returns 0, or -1 and fills error.
static int
s_discard (probe_session_t *self, source_error_t *error)
{
    if (s_drain (self, error))
        return -1;
    if (self->keys)
        probe_keys_clear (self->keys);
    return sched_probe_read (self->probe, self->before) ? s_fail_reading (error) : 0;
}

//  Begin the first interval: at once, or with a whole second where frames are recorded. Returns 1,
//  0 where a stop came first, or -1 and fills error.
static int
s_begin (probe_session_t *self, source_error_t *error)
{
    clock_reading_t now = clock_now ();
    if (self->record && !s_sleep_until (self, probe_interval_next_second (&now)))
        return 0;
    if (s_discard (self, error))
        return -1;
    now = clock_now ();
    probe_interval_init (&self->interval, self->options->interval_s, self->record != NULL, &now);
    if (self->record)
        probe_record_begin (self->record, now.wall_ns);
    probe_screen_header (stdout, self->options);
    return s_flush (error);
}

int
probe_session_run (probe_session_t *self, source_error_t *error)
{
    int going = s_begin (self, error);
    for (unsigned left = self->options->count; going > 0 && left > 0; left--) {
        int whole = s_wait (self, error);
        //  Ctrl-C shows the histogram in progress, but no part of a second's births, as in bcc.
        bool shown = whole > 0 || (whole == 0 && self->metric != METRIC_pidpersec);
        going = shown ? s_close (self, error) : whole;
        if (whole <= 0)
            break;
    }
    return going < 0 ? -1 : 0;
}
