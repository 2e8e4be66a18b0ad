//  SPDX-License-Identifier: GPL-2.0-or-later
//  level - see level.h.
#include "storage/level.h"

#include <assert.h>

static const level_t s_levels[LEVEL_COUNT] = {
    [LEVEL_MINUTES] = {"minutes", MINUTE_S, HOUR_S},
    [LEVEL_HOURS] = {"hours", HOUR_S, DAY_S},
    [LEVEL_DAYS] = {"days", DAY_S, 32 * DAY_S},
};

const level_t *
level_get (unsigned level)
{
    assert (level < LEVEL_COUNT);
    return &s_levels[level];
}

int64_t
period_floor (int64_t wall_s, int64_t period_s)
{
    int64_t rest = wall_s % period_s;
    return wall_s - (rest < 0 ? rest + period_s : rest);
}

int64_t
period_ceil (int64_t wall_s, int64_t period_s)
{
    return period_floor (wall_s + period_s - 1, period_s);
}

int64_t
wall_earlier (int64_t wall_s, int64_t other_wall_s)
{
    return wall_s < other_wall_s ? wall_s : other_wall_s;
}

int64_t
wall_later (int64_t wall_s, int64_t other_wall_s)
{
    return wall_s > other_wall_s ? wall_s : other_wall_s;
}
