//  SPDX-License-Identifier: GPL-2.0-or-later
//  progress - see progress.h.
#include "tests/bench/progress.h"
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S          1000000000LL
#define TERMINAL_EVERY_NS (NS_PER_S / 4)
#define LOG_EVERY_NS      (10 * NS_PER_S)

int64_t
progress_now_mono_ns (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

void
progress_begin (progress_t *self, const char *what, uint64_t total)
{
    int64_t now_ns = progress_now_mono_ns ();
    *self =
        (progress_t){.what = what, .total = total, .begun_mono_ns = now_ns, .said_mono_ns = now_ns};
}

static void
s_print (const progress_t *self, uint64_t done, double seconds)
{
    double rate = seconds > 0 ? (double) done / seconds : 0;
    double left_s = rate > 0 ? (double) (self->total - done) / rate : 0;
    const char *begin = "", *end = "\n";
    if (isatty (STDERR_FILENO)) {
        begin = "\r";
        end = "\033[K";
    }
    fprintf (stderr, "%s%" PRIu64 " of %" PRIu64 " %s, %.0f a second, %.0f s left%s", begin, done,
             self->total, self->what, rate, left_s, end);
}

void
progress_say (progress_t *self, uint64_t done)
{
    int64_t now_ns = progress_now_mono_ns ();
    int64_t every_ns = isatty (STDERR_FILENO) ? TERMINAL_EVERY_NS : LOG_EVERY_NS;
    if (now_ns - self->said_mono_ns < every_ns)
        return;
    self->said_mono_ns = now_ns;
    s_print (self, done, (double) (now_ns - self->begun_mono_ns) / NS_PER_S);
}

double
progress_end (progress_t *self, uint64_t done)
{
    double seconds = (double) (progress_now_mono_ns () - self->begun_mono_ns) / NS_PER_S;
    if (self->said_mono_ns != self->begun_mono_ns) {
        s_print (self, done, seconds);
        if (isatty (STDERR_FILENO))
            fputc ('\n', stderr);
    }
    return seconds;
}
