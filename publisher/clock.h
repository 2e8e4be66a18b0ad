//  SPDX-License-Identifier: GPL-2.0-or-later
//  clock - the only place where the worker looks at this machine's clocks.
//  Stateless; safe from any thread.
#ifndef PUBLISHER_CLOCK_H
#define PUBLISHER_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_S 1000000000LL

//  Both clocks at one moment.
typedef struct {
    int64_t wall_ns; //  CLOCK_REALTIME, since 1970
    int64_t mono_ns; //  CLOCK_MONOTONIC: never set, stands still while the machine sleeps
} clock_reading_t;

clock_reading_t clock_now (void);

//  What the kernel says of the wall clock (adjtimex): whether a time service keeps it, and the
//  estimated error in ns. Where the kernel refuses to say, not synchronised and 0.
bool clock_is_synchronised (uint64_t *error_ns);

#endif
