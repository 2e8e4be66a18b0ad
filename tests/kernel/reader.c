//  SPDX-License-Identifier: GPL-2.0-or-later
//  reader - the kernel tests' window on sched_probe: attaches, prints a reading as one JSON object
//  a line at once and for each line on standard input, and detaches at its end. Not installed.
//
//      reader [-p PID | -c CGROUP] [-I] [-r ROWS] [-m METRICS] [-s LOG2_PLACES]

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "program/exit_code.h"
#include "publisher/sched_probe.h"

static void
s_print_counts (const char *name, const uint64_t *counts, unsigned length)
{
    const char *separator = "";
    printf (", \"%s\": {", name);
    for (unsigned i = 0; i < length; i++)
        if (counts[i]) {
            printf ("%s\"%u\": %" PRIu64, separator, i, counts[i]);
            separator = ", ";
        }
    printf ("}");
}

static void
s_print_metric (const sched_reading_t *reading, metric_id_t id)
{
    const histogram_t *histogram = &reading->histograms[id];
    printf ("\"%s\": {\"count\": %" PRIu64 ", \"sum\": %" PRIu64 ", \"accrued\": %" PRIu64,
            metric_get (id)->name, histogram->count, (uint64_t) histogram->sum,
            reading->accrued_ns[id]);
    s_print_counts ("buckets", histogram->buckets, BUCKET_SLOTS);
    s_print_counts ("rows", reading->rows[id], BANK_LOG2_ROWS);
    printf ("}, ");
}

static uint64_t
s_clock_ns (clockid_t clock)
{
    struct timespec now;
    clock_gettime (clock, &now);
    return (uint64_t) now.tv_sec * 1000000000u + (uint64_t) now.tv_nsec;
}

static void
s_print (const sched_reading_t *reading)
{
    printf ("{");
    for (int id = 0; id < METRIC_COUNT_; id++)
        s_print_metric (reading, id);
    printf ("\"clock\": %" PRIu64 ", \"mono\": %" PRIu64 ", \"cpu\": %" PRIu64, reading->clock_ns,
            s_clock_ns (CLOCK_MONOTONIC), s_clock_ns (CLOCK_PROCESS_CPUTIME_ID));
    printf (", \"idle\": %" PRIu64 ", \"threads\": %" PRIu64 ", \"discards\": %" PRIu64,
            reading->idle_ns, reading->threads, reading->discards);
    printf (", \"missing_storage\": %" PRIu64 ", \"bpf\": %" PRIu64 "}\n", reading->missing_storage,
            reading->bpf_ns);
    fflush (stdout);
}

static void
s_parse (sched_probe_options_t *options, int argc, char **argv)
{
    for (int flag; (flag = getopt (argc, argv, "p:c:r:m:s:I")) != -1;)
        if (flag == 'p') {
            options->scope.kind = SCOPE_PID;
            options->scope.pid = (uint32_t) atoi (optarg);
        } else if (flag == 'c') {
            options->scope.kind = SCOPE_CGROUP;
            snprintf (options->scope.cgroup, sizeof options->scope.cgroup, "%s", optarg);
        } else if (flag == 'r')
            options->rows = (unsigned) atoi (optarg);
        else if (flag == 'm')
            options->metrics = (metric_set_t) atoi (optarg);
        else if (flag == 's')
            options->log2_places = (unsigned) atoi (optarg);
        else if (flag == 'I')
            options->include_idle = true;
        else
            exit (EXIT_USAGE);
}

int
main (int argc, char **argv)
{
    static sched_reading_t reading;
    sched_probe_options_t options = {.metrics = METRIC_ALL, .rows = BANK_BUCKETS};
    source_error_t error;
    char line[64];
    s_parse (&options, argc, argv);
    sched_probe_t *probe = sched_probe_new (&options, &error);
    if (!probe) {
        fprintf (stderr, "reader: %s\n", error.text);
        return error.exit_code;
    }
    do {
        if (sched_probe_read (probe, &reading))
            return EXIT_FAILED;
        s_print (&reading);
    } while (fgets (line, sizeof line, stdin));
    sched_probe_destroy (&probe);
    return EXIT_DONE;
}
