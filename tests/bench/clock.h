//  SPDX-License-Identifier: GPL-2.0-or-later
//  clock - what a clock of clock_gettime says, in ns, for benchmarks.
#ifndef TESTS_BENCH_CLOCK_H
#define TESTS_BENCH_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t
clock_read_ns (clockid_t id)
{
    struct timespec now;
    clock_gettime (id, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

#endif
