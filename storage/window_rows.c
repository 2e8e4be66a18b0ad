//  SPDX-License-Identifier: GPL-2.0-or-later
//  window_rows - see window.h. Rows are prefix sums of their parent, so that two of them tell what
//  lies between; the largest that lie in the window are read.
#include "storage/window.h"

#include <string.h>
#include "storage/level.h"
#include "storage/store_key.h"

int
window_fail_row (window_t *self)
{
    return store_fail_damaged (self->store, "a rollup is not what was written");
}

int
window_find_row (window_t *self, unsigned level, int64_t from_wall_s, int64_t until_wall_s)
{
    char error[DATABASE_ERROR_MAX];
    store_bytes_t first = store_key_row (self->node, level, from_wall_s);
    store_bytes_t last = store_key_row (self->node, level, until_wall_s - 1);
    int rc = scan_seek_back (self->scan, last.data, last.size, error);
    if (rc < 0)
        return store_fail (self->store, error);
    if (rc == 0)
        return 0;
    size_t size;
    const void *key = scan_key (self->scan, &size);
    return size == first.size && memcmp (key, first.data, size) >= 0;
}

//  Add or take off all of the parent that a second ends in, from the parent's start up to it.
static int
s_add_prefix (window_t *self, unsigned level, int64_t until_wall_s, bool add)
{
    int64_t parent_wall_s = period_floor (until_wall_s - 1, level_get (level)->parent_s);
    int rc = window_find_row (self, level, parent_wall_s, until_wall_s);
    if (rc <= 0)
        return rc;
    size_t size;
    const void *value = scan_value (self->scan, &size);
    self->plan.records[STORE_LEVEL_MINUTES - level]++;
    rc = add ? row_add_encoded (&self->total, value, size, self->metrics)
             : row_subtract_encoded (&self->total, value, size, self->metrics);
    return rc ? window_fail_row (self) : 0;
}

//  What lies between two seconds of one parent; from may be its start.
static int
s_add_within (window_t *self, unsigned level, int64_t from_wall_s, int64_t until_wall_s)
{
    if (s_add_prefix (self, level, until_wall_s, true))
        return -1;
    return from_wall_s % level_get (level)->parent_s == 0
               ? 0
               : s_add_prefix (self, level, from_wall_s, false);
}

//  Rows of the last level, parent by parent.
static int
s_add_parents (window_t *self, unsigned level, int64_t from_wall_s, int64_t until_wall_s)
{
    int64_t parent_s = level_get (level)->parent_s;
    for (; from_wall_s < until_wall_s; from_wall_s += parent_s)
        if (s_add_prefix (self, level, from_wall_s + parent_s, true))
            return -1;
    return 0;
}

//  What fills no parent from this level's rows, the rest from above.
int
window_add_level (window_t *self, unsigned level, int64_t from_wall_s, int64_t until_wall_s)
{
    int64_t parent_s = level_get (level)->parent_s;
    int64_t first_wall_s = period_ceil (from_wall_s, parent_s);
    int64_t last_wall_s = period_floor (until_wall_s, parent_s);
    if (first_wall_s > last_wall_s)
        return s_add_within (self, level, from_wall_s, until_wall_s);
    if (from_wall_s < first_wall_s && s_add_within (self, level, from_wall_s, first_wall_s))
        return -1;
    if (last_wall_s < until_wall_s && s_add_within (self, level, last_wall_s, until_wall_s))
        return -1;
    if (first_wall_s == last_wall_s)
        return 0;
    return level + 1 < LEVEL_COUNT ? window_add_level (self, level + 1, first_wall_s, last_wall_s)
                                   : s_add_parents (self, level, first_wall_s, last_wall_s);
}
