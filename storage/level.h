//  SPDX-License-Identifier: GPL-2.0-or-later
//  level - the levels of rollups, the finest first, as a table. A row of a level is a prefix sum:
//  all of its parent from the parent's start to the end of the row's own period. Any window is
//  then the difference of a few rows.
//  Pure; safe from any thread.
#ifndef STORAGE_LEVEL_H
#define STORAGE_LEVEL_H

#include <stdint.h>

#define LEVEL_MINUTES 0
#define LEVEL_HOURS   1
#define LEVEL_DAYS    2
#define LEVEL_COUNT   3

#define MINUTE_S 60
#define HOUR_S   3600
#define DAY_S    86400

typedef struct {
    const char *name;
    int64_t period_s; //  Of a row; the parent's is a multiple of it
    int64_t parent_s; //  The period of the next level; days have no next one, and add up over 32
} level_t;

//  level must be below LEVEL_COUNT.
const level_t *level_get (unsigned level);

//  The last multiple of period_s at or before a second, and the first one at or after it; seconds
//  of frames that decode, and what windows are clipped to, are far from the ends of 64 bits.
int64_t period_floor (int64_t wall_s, int64_t period_s);
int64_t period_ceil (int64_t wall_s, int64_t period_s);

//  The earlier, and the later, of two seconds.
int64_t wall_earlier (int64_t wall_s, int64_t other_wall_s);
int64_t wall_later (int64_t wall_s, int64_t other_wall_s);

#endif
