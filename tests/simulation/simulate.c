//  SPDX-License-Identifier: GPL-2.0-or-later
//  simulate - runs the gap, backfill and ingest logic through seeds, each 300 s of 3 or 4 workers,
//  a broker and 5 to 14 faults, and checks that nothing was lost unnoticed. A broken promise is
//  shrunk to the fewest faults that still break it, and told with the end of its trace.
//
//      simulate [--plant drop-range|accept-conflict|forget-tail] [FIRST_SEED [SEEDS]]
//
//  Exit codes: 0 all promises kept, 1 one was broken, 2 usage.
#include "tests/simulation/run.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    uint64_t seeds, issued, refilled, conflicts, lost, faults;
} total_t;

//  Leave out every fault that the breach does not need.
static uint64_t
s_shrink (const run_options_t *options, const run_result_t *broken)
{
    run_options_t fewer = *options;
    run_result_t result;
    for (size_t i = 0; i < broken->fault_count; i++) {
        fewer.without |= (uint64_t) 1 << i;
        run_simulate (&fewer, &result);
        if (!result.broken[0])
            fewer.without &= ~((uint64_t) 1 << i);
    }
    return fewer.without;
}

static void
s_tell (const run_options_t *options, const run_result_t *broken)
{
    run_options_t shortest = *options;
    run_result_t result;
    fprintf (stderr, "seed %" PRIu64 " breaks a promise: %s\n", options->seed, broken->broken);
    shortest.without = s_shrink (options, broken);
    shortest.tracing = true;
    run_simulate (&shortest, &result);
    fprintf (stderr, "the fewest faults that do, and the end of their trace above:\n");
    for (size_t i = 0; i < result.fault_count; i++) {
        char text[128];
        if (shortest.without >> i & 1)
            continue;
        fault_print (&result.faults[i], text);
        fprintf (stderr, "  %s\n", text);
    }
    fprintf (stderr, "they break: %s\nrepeat with: simulate %" PRIu64 " 1\n", result.broken,
             options->seed);
}

static void
s_add (total_t *total, const run_result_t *result)
{
    total->seeds++;
    total->issued += result->issued;
    total->refilled += result->refilled;
    total->conflicts += result->conflicts;
    total->lost += result->lost;
    total->faults += result->fault_count;
}

//  Run every step-th seed. Returns 0, or 1 where a promise was broken.
static int
s_run_seeds (uint64_t first, uint64_t end, uint64_t step, plant_t plant, total_t *total)
{
    for (uint64_t seed = first; seed < end; seed += step) {
        run_options_t options = {.seed = seed, .plant = plant};
        run_result_t result;
        run_simulate (&options, &result);
        s_add (total, &result);
        if (result.broken[0]) {
            s_tell (&options, &result);
            return 1;
        }
        if (isatty (STDERR_FILENO) && total->seeds % 500 == 0)
            fprintf (stderr, "\r%" PRIu64 " of %" PRIu64 " seeds ", total->seeds * step,
                     end - first);
    }
    return 0;
}

//  One process a core; each reports its total through a pipe.
static int
s_run (uint64_t first, uint64_t count, plant_t plant, total_t *total)
{
    long cores = sysconf (_SC_NPROCESSORS_ONLN);
    int pipes[2], broken = 0;
    if (pipe (pipes) == -1) {
        perror ("simulate: pipe");
        return 1;
    }
    for (long i = 0; i < cores; i++)
        if (fork () == 0) {
            total_t own = {0};
            int rc =
                s_run_seeds (first + (uint64_t) i, first + count, (uint64_t) cores, plant, &own);
            if (write (pipes[1], &own, sizeof own) != sizeof own)
                rc = 1;
            _exit (rc);
        }
    close (pipes[1]);
    for (long i = 0; i < cores; i++) {
        total_t own;
        int status;
        wait (&status);
        broken |= !WIFEXITED (status) || WEXITSTATUS (status) != 0;
        if (read (pipes[0], &own, sizeof own) == sizeof own)
            for (size_t k = 0; k < sizeof own / sizeof (uint64_t); k++)
                ((uint64_t *) total)[k] += ((uint64_t *) &own)[k];
    }
    return broken;
}

static int
s_usage (void)
{
    fprintf (stderr, "usage: simulate [--plant drop-range|accept-conflict|forget-tail] "
                     "[FIRST_SEED [SEEDS]]\n");
    return 2;
}

static plant_t
s_plant (const char *name)
{
    static const char *const names[] = {"nothing", "drop-range", "accept-conflict", "forget-tail"};
    for (int i = 1; i < 4; i++)
        if (strcmp (name, names[i]) == 0)
            return (plant_t) i;
    return PLANT_NOTHING;
}

int
main (int argc, char **argv)
{
    plant_t plant = PLANT_NOTHING;
    if (argc > 2 && strcmp (argv[1], "--plant") == 0) {
        plant = s_plant (argv[2]);
        if (plant == PLANT_NOTHING)
            return s_usage ();
        argv += 2;
        argc -= 2;
    }
    uint64_t first = argc > 1 ? strtoull (argv[1], NULL, 10) : 1;
    uint64_t count = argc > 2 ? strtoull (argv[2], NULL, 10) : 10000;
    if (argc > 3 || count == 0)
        return s_usage ();
    total_t total = {0};
    struct timespec start, end;
    clock_gettime (CLOCK_MONOTONIC, &start);
    int broken = s_run (first, count, plant, &total);
    clock_gettime (CLOCK_MONOTONIC, &end);
    printf ("%" PRIu64 " seeds, %" PRIu64 " faults, %" PRIu64 " frames issued, %" PRIu64
            " refilled, %" PRIu64 " lost and on record, %" PRIu64 " conflicts refused; %.1f s\n",
            total.seeds, total.faults, total.issued, total.refilled, total.lost, total.conflicts,
            (double) (end.tv_sec - start.tv_sec) + (double) (end.tv_nsec - start.tv_nsec) / 1e9);
    return broken;
}
