//  SPDX-License-Identifier: GPL-2.0-or-later
//  clock - see clock.h.
#include "publisher/clock.h"
#include <sys/timex.h>
#include <time.h>

static int64_t
s_read_ns (clockid_t id)
{
    struct timespec time;
    clock_gettime (id, &time);
    return time.tv_sec * NS_PER_S + time.tv_nsec;
}

clock_reading_t
clock_now (void)
{
    return (clock_reading_t){.wall_ns = s_read_ns (CLOCK_REALTIME),
                             .mono_ns = s_read_ns (CLOCK_MONOTONIC)};
}

bool
clock_is_synchronised (uint64_t *error_ns)
{
    struct timex state = {.modes = 0};
    int rc = adjtimex (&state);
    *error_ns = rc == -1 || state.esterror < 0 ? 0 : (uint64_t) state.esterror * 1000;
    return rc != -1 && rc != TIME_ERROR && !(state.status & STA_UNSYNC);
}
