//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_window - frames out, added up: see window.h.
#include "storage/window.h"

#include <assert.h>
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
    self->scan = self->hand->scan;
    int rc = s_add_all (self);
    window_forget_rows (self);
    return rc;
}

//  As store_window.
static int
s_fill (store_t *store, window_hand_t *hand, const store_ask_t *ask)
{
    window_t window = {.store = store,
                       .hand = hand,
                       .node = ask->node,
                       .metrics = ask->metrics,
                       .since_wall_s = ask->since_wall_s,
                       .until_wall_s = ask->until_wall_s};
    int rc = s_read (&window);
    partial_init (ask->partial, ask->node, ask->since_wall_s, ask->until_wall_s);
    row_fill_partial (&window.total, ask->partial);
    return rc;
}

int
store_window (store_t *self, const char *node, int64_t since_wall_s, int64_t until_wall_s,
              metric_set_t metrics, partial_t *partial)
{
    const store_ask_t ask = {.node = node,
                             .since_wall_s = since_wall_s,
                             .until_wall_s = until_wall_s,
                             .metrics = metrics,
                             .partial = partial};
    window_hand_t *hand = window_hand_new (self);
    int rc = s_fill (self, hand, &ask);
    window_hand_destroy (&hand);
    return rc;
}

//  --- several windows -------------------------------------------------------------------------

//  Started when several windows are first asked for: a worker's store never is.
static crew_t *
s_crew (store_t *self)
{
    pthread_mutex_lock (&self->mutex);
    if (!self->crew)
        self->crew = crew_new (crew_helpers (), "windows");
    crew_t *crew = self->crew;
    pthread_mutex_unlock (&self->mutex);
    return crew;
}

//  What those share who fill windows. A thread takes a hand that nobody uses, so that there are no
//  more of them than threads.
typedef struct {
    store_t *store;
    store_ask_t *asks;
    pthread_mutex_t mutex; //  Guards all below
    window_hand_t *idle[CREW_HELPERS_MAX + 1];
    unsigned idle_count;
} shared_t;

static window_hand_t *
s_take_hand (shared_t *self)
{
    pthread_mutex_lock (&self->mutex);
    window_hand_t *hand = self->idle_count > 0 ? self->idle[--self->idle_count] : NULL;
    pthread_mutex_unlock (&self->mutex);
    return hand ? hand : window_hand_new (self->store);
}

static void
s_leave_hand (shared_t *self, window_hand_t *hand)
{
    pthread_mutex_lock (&self->mutex);
    assert (self->idle_count <= CREW_HELPERS_MAX);
    self->idle[self->idle_count++] = hand;
    pthread_mutex_unlock (&self->mutex);
}

static void
s_fill_shared (void *context, size_t index)
{
    shared_t *shared = context;
    store_ask_t *ask = &shared->asks[index];
    window_hand_t *hand = s_take_hand (shared);
    ask->failed = s_fill (shared->store, hand, ask) == -1;
    s_leave_hand (shared, hand);
}

int
store_windows (store_t *self, store_ask_t *asks, size_t count)
{
    shared_t shared = {.store = self, .asks = asks};
    pthread_mutex_init (&shared.mutex, NULL);
    if (count == 1)
        s_fill_shared (&shared, 0);
    else
        crew_share (s_crew (self), s_fill_shared, &shared, count);
    while (shared.idle_count > 0)
        window_hand_destroy (&shared.idle[--shared.idle_count]);
    pthread_mutex_destroy (&shared.mutex);
    for (size_t i = 0; i < count; i++)
        if (asks[i].failed)
            return -1;
    return 0;
}

int
store_window_plan (store_t *self, const char *node, int64_t since_wall_s, int64_t until_wall_s,
                   store_plan_t *plan)
{
    window_hand_t *hand = window_hand_new (self);
    window_t window = {.store = self,
                       .hand = hand,
                       .node = node,
                       .since_wall_s = since_wall_s,
                       .until_wall_s = until_wall_s};
    int rc = s_read (&window);
    window_hand_destroy (&hand);
    *plan = window.plan;
    return rc;
}
