//  SPDX-License-Identifier: GPL-2.0-or-later
//  cost - see cost.h.
#include "publisher/cost.h"
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static uint64_t
s_process_cpu_ns (void)
{
    struct timespec time;
    if (clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &time) == -1)
        return 0;
    return (uint64_t) time.tv_sec * 1000000000 + (uint64_t) time.tv_nsec;
}

//  Source: proc(5), /proc/[pid]/statm: total and resident size in pages.
static uint64_t
s_resident_bytes (void)
{
    uint64_t resident_pages = 0;
    FILE *file = fopen ("/proc/self/statm", "r");
    if (!file)
        return 0;
    if (fscanf (file, "%*u %" SCNu64, &resident_pages) != 1)
        resident_pages = 0;
    fclose (file);
    return resident_pages * (uint64_t) sysconf (_SC_PAGESIZE);
}

void
cost_read (cost_meter_t *self, frame_cost_t *cost)
{
    uint64_t cpu_ns = s_process_cpu_ns ();
    cost->cpu_ns = cpu_ns - self->reported_cpu_ns;
    cost->rss_bytes = s_resident_bytes ();
    self->reported_cpu_ns = cpu_ns;
}
