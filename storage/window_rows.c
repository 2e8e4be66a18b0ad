//  SPDX-License-Identifier: GPL-2.0-or-later
//  window_rows - see window.h. Rows are prefix sums of their parent, so that two of them tell what
//  lies between; the largest that lie in the window are read.
#include "storage/window.h"

#include <assert.h>
#include <string.h>
#include "storage/level.h"

//  A value of the database, borrowed.
typedef struct {
    const void *data;
    size_t size;
} view_t;

int
window_fail_row (window_t *self)
{
    return store_fail_damaged (self->store, "a rollup is not what was written");
}

//  The value at just a key, borrowed until the next one is found. Returns 1, 0 where there is none,
//  -1 on failure.
static int
s_find (window_t *self, const store_bytes_t *wanted, view_t *found)
{
    char error[DATABASE_ERROR_MAX];
    int rc = scan_find (self->scan, wanted->data, wanted->size, &found->data, &found->size, error);
    return rc < 0 ? store_fail (self->store, error) : rc;
}

//  The last row from first to last, by stepping back to it. Returns as above.
static int
s_find_back (window_t *self, const store_bytes_t *first, const store_bytes_t *last, view_t *found)
{
    char error[DATABASE_ERROR_MAX];
    int rc = scan_seek_back (self->scan, last->data, last->size, error);
    if (rc <= 0)
        return rc < 0 ? store_fail (self->store, error) : 0;
    size_t size;
    const void *key = scan_key (self->scan, &size);
    found->data = scan_value (self->scan, &found->size);
    return size == first->size && memcmp (key, first->data, size) >= 0;
}

//  The last row of a level that starts in [from, until). Returns as above. Mostly that is the last
//  that can be; finding it costs a small part of what seeking back does. A node has none that end
//  before its first frame.
static int
s_find_row (window_t *self, unsigned level, int64_t from_wall_s, int64_t until_wall_s,
            view_t *found)
{
    int64_t period_s = level_get (level)->period_s;
    int64_t first_wall_s =
        wall_later (from_wall_s, period_floor (self->rolled.origin_wall_s, period_s));
    int64_t last_wall_s = period_floor (until_wall_s - 1, period_s);
    if (last_wall_s < first_wall_s)
        return 0;
    store_bytes_t first = store_key_row (self->node, level, first_wall_s);
    store_bytes_t last = store_key_row (self->node, level, last_wall_s);
    int rc = s_find (self, &last, found);
    return rc == 0 && last_wall_s > first_wall_s ? s_find_back (self, &first, &last, found) : rc;
}

//  --- rows that edges read --------------------------------------------------------------------

static const bytes_t *
s_find_kept (const window_t *self, int64_t until_wall_s)
{
    for (unsigned i = 0; i < self->kept_count; i++)
        if (self->kept[i].until_wall_s == until_wall_s)
            return &self->kept[i].bytes;
    return NULL;
}

//  Keep the row found, or without one that there is none, as the last one before until.
static const bytes_t *
s_keep (window_t *self, int64_t until_wall_s, const view_t *found)
{
    assert (self->kept_count < WINDOW_KEPT_ROWS);
    kept_row_t *kept = &self->kept[self->kept_count++];
    *kept = (kept_row_t){.until_wall_s = until_wall_s};
    if (found)
        bytes_put (&kept->bytes, found->data, found->size);
    return &kept->bytes;
}

int
window_read_minute (window_t *self, int64_t minute_wall_s, const bytes_t **own,
                    const bytes_t **before)
{
    static const bytes_t none = {0};
    int64_t hour_wall_s = period_floor (minute_wall_s, HOUR_S);
    store_bytes_t wanted = store_key_row (self->node, LEVEL_MINUTES, minute_wall_s);
    view_t found;
    *own = *before = &none;
    if (minute_wall_s > hour_wall_s) {
        int rc = s_find_row (self, LEVEL_MINUTES, hour_wall_s, minute_wall_s, &found);
        if (rc < 0)
            return -1;
        *before = s_keep (self, minute_wall_s, rc == 1 ? &found : NULL);
    }
    int rc = s_find (self, &wanted, &found);
    if (rc == 1)
        *own = s_keep (self, minute_wall_s + MINUTE_S, &found);
    return rc < 0 ? -1 : 0;
}

void
window_forget_rows (window_t *self)
{
    for (unsigned i = 0; i < self->kept_count; i++)
        bytes_clear (&self->kept[i].bytes);
    self->kept_count = 0;
}

//  --- whole periods ---------------------------------------------------------------------------

//  As s_find_row, of those kept too.
static int
s_read_row (window_t *self, unsigned level, int64_t from_wall_s, int64_t until_wall_s,
            view_t *found)
{
    const bytes_t *kept = level == LEVEL_MINUTES ? s_find_kept (self, until_wall_s) : NULL;
    if (!kept)
        return s_find_row (self, level, from_wall_s, until_wall_s, found);
    *found = (view_t){kept->data, kept->size};
    return kept->size > 0;
}

//  Add or take off all of the parent that a second ends in, from the parent's start up to it.
static int
s_add_prefix (window_t *self, unsigned level, int64_t until_wall_s, bool add)
{
    view_t found;
    int64_t parent_wall_s = period_floor (until_wall_s - 1, level_get (level)->parent_s);
    int rc = s_read_row (self, level, parent_wall_s, until_wall_s, &found);
    if (rc <= 0)
        return rc;
    self->plan.records[STORE_LEVEL_MINUTES - level]++;
    rc = add ? row_add_encoded (&self->total, found.data, found.size, self->metrics)
             : row_subtract_encoded (&self->total, found.data, found.size, self->metrics);
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
