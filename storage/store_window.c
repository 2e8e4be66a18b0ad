//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_window - frames out, added up: see window.h.
#include "storage/window.h"

#include <string.h>
#include "storage/level.h"

bool
window_stands_on (const window_t *self, const store_bytes_t *wanted)
{
    size_t size;
    const void *key = scan_key (self->scan, &size);
    return size == wanted->size && memcmp (key, wanted->data, size) == 0;
}

//  The part of the window that is rolled up: whole minutes from rows, its edges from frames.
static int
s_add_closed (window_t *self, int64_t from_wall_s, int64_t until_wall_s)
{
    int64_t first_wall_s = period_ceil (from_wall_s, MINUTE_S);
    int64_t last_wall_s = period_floor (until_wall_s, MINUTE_S);
    if (first_wall_s > last_wall_s)
        return window_add_edge (self, from_wall_s, until_wall_s);
    if (from_wall_s < first_wall_s && window_add_edge (self, from_wall_s, first_wall_s))
        return -1;
    if (last_wall_s < until_wall_s && window_add_edge (self, last_wall_s, until_wall_s))
        return -1;
    return first_wall_s < last_wall_s
               ? window_add_level (self, LEVEL_MINUTES, first_wall_s, last_wall_s)
               : 0;
}

static int
s_add_all (window_t *self)
{
    int rc = store_scan_node (self->store, self->scan, self->node, &self->record);
    self->rolled = self->record.rolled;
    if (rc <= 0 || self->rolled.origin_wall_s == INT64_MAX)
        return rc < 0 ? -1 : 0;
    int64_t parent_s = level_get (LEVEL_COUNT - 1)->parent_s;
    int64_t origin_wall_s = self->rolled.origin_wall_s;
    int64_t since_wall_s = self->since_wall_s <= origin_wall_s
                               ? period_floor (origin_wall_s, parent_s)
                               : self->since_wall_s;
    int64_t closed_wall_s = wall_earlier (self->until_wall_s, self->rolled.closed_wall_s);
    if (since_wall_s < closed_wall_s && s_add_closed (self, since_wall_s, closed_wall_s))
        return -1;
    return self->until_wall_s > self->rolled.closed_wall_s ? window_add_open (self) : 0;
}

static int
s_read (window_t *self)
{
    if (!node_name_is_valid (self->node) || self->since_wall_s >= self->until_wall_s)
        return 0;
    self->scan = store_scan_new (self->store);
    int rc = s_add_all (self);
    window_forget_rows (self);
    scan_destroy (&self->scan);
    wire_reader_destroy (&self->reader);
    return rc;
}

int
store_window (store_t *self, const char *node, int64_t since_wall_s, int64_t until_wall_s,
              metric_set_t metrics, partial_t *partial)
{
    window_t window = {.store = self,
                       .node = node,
                       .metrics = metrics,
                       .since_wall_s = since_wall_s,
                       .until_wall_s = until_wall_s};
    int rc = s_read (&window);
    partial_init (partial, node, since_wall_s, until_wall_s);
    row_fill_partial (&window.total, partial);
    return rc;
}

//  Started when several windows are first asked for: a worker's store never is.
static crew_t *
s_crew (store_t *self)
{
    pthread_mutex_lock (&self->mutex);
    if (!self->crew)
        self->crew = crew_new (crew_helpers ());
    crew_t *crew = self->crew;
    pthread_mutex_unlock (&self->mutex);
    return crew;
}

typedef struct {
    store_t *store;
    store_ask_t *asks;
} shared_t;

static void
s_fill (void *context, size_t index)
{
    const shared_t *shared = context;
    store_ask_t *ask = &shared->asks[index];
    ask->failed = store_window (shared->store, ask->node, ask->since_wall_s, ask->until_wall_s,
                                ask->metrics, ask->partial) == -1;
}

int
store_windows (store_t *self, store_ask_t *asks, size_t count)
{
    shared_t shared = {self, asks};
    if (count == 1)
        s_fill (&shared, 0);
    else
        crew_share (s_crew (self), s_fill, &shared, count);
    for (size_t i = 0; i < count; i++)
        if (asks[i].failed)
            return -1;
    return 0;
}

int
store_window_plan (store_t *self, const char *node, int64_t since_wall_s, int64_t until_wall_s,
                   store_plan_t *plan)
{
    window_t window = {
        .store = self, .node = node, .since_wall_s = since_wall_s, .until_wall_s = until_wall_s};
    int rc = s_read (&window);
    *plan = window.plan;
    return rc;
}
