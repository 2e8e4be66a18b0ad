//  SPDX-License-Identifier: GPL-2.0-or-later
//  test_cost - for claims that one thing costs not much more than another, in one run.
#ifndef TESTS_UNIT_TEST_COST_H
#define TESTS_UNIT_TEST_COST_H

#include <time.h>

//  CPU time of this thread so far.
static inline double
cpu_s (void)
{
    struct timespec now;
    clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

#endif
