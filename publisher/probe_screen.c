//  SPDX-License-Identifier: GPL-2.0-or-later
//  probe_screen - what bin/probe prints. Where bcc and we differ it is in the numbers, not in the
//  layout: -e divides exact sums once, at the end, and stands below every histogram.

#include "publisher/probe_screen.h"

#include <ctype.h>
#include <string.h>

static const text_unit_t *
s_unit (const probe_options_t *options)
{
    return options->milliseconds ? &TEXT_MSECS : &TEXT_USECS;
}

void
probe_screen_header (FILE *out, const probe_options_t *options)
{
    if (options->tool == TOOL_CPUDIST)
        fprintf (out, "Tracing %s-CPU time... Hit Ctrl-C to end.\n",
                 options->offcpu ? "off" : "on");
    else if (options->tool == TOOL_RUNQLAT)
        fputs ("Tracing run queue latency... Hit Ctrl-C to end.\n", out);
    else
        fputs ("Tracing... Ctrl-C to end.\n", out);
}

static void
s_print_time (FILE *out, time_t wall_s)
{
    char text[16];
    struct tm parts;
    localtime_r (&wall_s, &parts);
    strftime (text, sizeof text, "%H:%M:%S", &parts);
    fputs (text, out);
}

void
probe_screen_begin (FILE *out, const probe_options_t *options, time_t wall_s)
{
    fputc ('\n', out);
    if (!options->timestamp)
        return;
    s_print_time (out, wall_s);
    fputc ('\n', out);
}

//  bcc's line: whole units, cut and not rounded.
static void
s_print_extension (FILE *out, const histogram_t *histogram, const text_unit_t *unit)
{
    uint64_t total = (uint64_t) (histogram->sum / unit->ns);
    fprintf (out, "\navg = %llu %s, total: %llu %s, count: %llu\n\n",
             (unsigned long long) (total / histogram->count), unit->label,
             (unsigned long long) total, unit->label, (unsigned long long) histogram->count);
}

static void
s_print_exactly (FILE *out, const histogram_t *histogram)
{
    uint64_t total = (uint64_t) histogram->sum;
    fprintf (out, "\navg = %.3Lf ns, total: %llu ns, count: %llu\n\n",
             (long double) total / (long double) histogram->count, (unsigned long long) total,
             (unsigned long long) histogram->count);
}

void
probe_screen_tally (FILE *out, const probe_options_t *options, const probe_tally_t *tally)
{
    const text_unit_t *unit = s_unit (options);
    if (options->fine)
        histogram_text_fine (out, &tally->histogram, unit);
    else
        histogram_text_log2 (out, tally->rows, unit);
    if (tally->histogram.count == 0)
        return;
    if (options->extension)
        s_print_extension (out, &tally->histogram, unit);
    if (options->exact)
        s_print_exactly (out, &tally->histogram);
}

//  A task names itself, and may do so with bytes that a terminal obeys.
static void
s_print_name (FILE *out, const char *name)
{
    fputc (' ', out);
    for (; *name && *name != '\n'; name++)
        fputc (iscntrl ((unsigned char) *name) ? '?' : *name, out);
}

//  "pid = 1888 bash". The name is the task's now; one that has ended has none any more.
static void
s_print_id (FILE *out, enum keyed_by by, unsigned id)
{
    static const char *const labels[] = {"", "pid", "tid", "pidns"};
    char path[32], name[64] = "";
    fprintf (out, "\n%s = %u", labels[by], id);
    snprintf (path, sizeof path, "/proc/%u/comm", id);
    FILE *file = by == KEYED_BY_PIDNS ? NULL : fopen (path, "re");
    if (file) {
        if (fgets (name, sizeof name, file))
            s_print_name (out, name);
        fclose (file);
    }
    fputc ('\n', out);
}

static void
s_fill_tally (probe_tally_t *self, bool fine, const keyed_count_t *rows, size_t size)
{
    memset (self, 0, sizeof *self);
    for (size_t i = 0; i < size; i++) {
        uint64_t *counts = fine ? self->histogram.buckets : self->rows;
        counts[rows[i].row] = rows[i].count;
        self->histogram.count += rows[i].count;
        self->histogram.sum += rows[i].sum_ns;
    }
}

void
probe_screen_keys (FILE *out, const probe_options_t *options, probe_keys_t *keys)
{
    const keyed_count_t *rows;
    size_t size;
    while ((size = probe_keys_next (keys, &rows)) > 0) {
        probe_tally_t tally;
        s_fill_tally (&tally, options->fine, rows, size);
        s_print_id (out, options->keyed_by, rows[0].id);
        probe_screen_tally (out, options, &tally);
    }
}

//  bcc prints what it counted since the last line as the number per second; over a longer interval
//  we divide, and say of what.
void
probe_screen_births (FILE *out, const probe_options_t *options, const probe_births_t *births,
                     time_t wall_s)
{
    unsigned long long processes = births->processes, threads = births->threads;
    s_print_time (out, wall_s);
    if (options->interval_s == 1)
        fprintf (out, ": PIDs/sec: %llu", processes + threads);
    else
        fprintf (out, ": PIDs/sec: %.1f (%llu in %.1f s)",
                 (double) (processes + threads) / births->seconds, processes + threads,
                 births->seconds);
    if (options->split)
        fprintf (out, " (%llu processes, %llu threads)", processes, threads);
    fputc ('\n', out);
}
