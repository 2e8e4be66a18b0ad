//  SPDX-License-Identifier: GPL-2.0-or-later
//  progress - says on standard error how far a long run is: done, rate, time left. On a terminal
//  one line that is written over; else a line every ten seconds. Nothing for short runs.
#ifndef TESTS_BENCH_PROGRESS_H
#define TESTS_BENCH_PROGRESS_H

#include <stdint.h>

typedef struct {
    const char *what; //  "frames written"
    uint64_t total;
    int64_t begun_mono_ns;
    int64_t said_mono_ns;
} progress_t;

//  The monotonic clock.
int64_t progress_now_mono_ns (void);

void progress_begin (progress_t *self, const char *what, uint64_t total);
//  So many are done. Cheap enough to call often.
void progress_say (progress_t *self, uint64_t done);
//  All is done, or the run ends here. Returns the seconds since it began.
double progress_end (progress_t *self, uint64_t done);

#endif
