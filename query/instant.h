//  SPDX-License-Identifier: GPL-2.0-or-later
//  instant - durations and points in time as statements write them, in whole seconds. Pure but for
//  the process's time zone.
#ifndef QUERY_INSTANT_H
#define QUERY_INSTANT_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>

#define INSTANT_TEXT_MAX 31 //  Longest wall time, bytes

//  Each stores its result and returns 0, or returns -1 where the text is none.

//  Digits only, up to 10^18 - 1.
int instant_parse_number (const char *text, size_t length, int64_t *value);
//  60 (seconds), 60s, 5m, 1h, 1d, 1w, or several together (1h30m); up to 100 years.
int instant_parse_duration (const char *text, size_t length, int64_t *seconds);
//  Seconds since 1970, up to the end of the year 9999.
int instant_parse_unix (const char *text, size_t length, int64_t *seconds);
//  YYYY-MM-DD, YYYY-MM-DD HH:MM or YYYY-MM-DD HH:MM:SS (T instead of the blank, too), in local
//  time or, with a Z behind it, in UTC. Dates and times that the zone never had are none.
int instant_parse_wall (const char *text, int64_t *seconds);

//  True for the unix times of 1970, but its beginning: nobody measured then, so that who wrote one
//  (since 60) may have meant a duration (since 60s). What to say then takes the time twice.
bool instant_is_early (int64_t wall_s);
#define INSTANT_EARLY_SINCE                                                                        \
    "the window begins at unix second %" PRId64 ", in 1970; so many seconds ago is since %" PRId64 \
    "s"
#define INSTANT_EARLY_UNTIL                                                                        \
    "the window ends at unix second %" PRId64 ", in 1970; so many seconds ago is until %" PRId64 "s"

#endif
