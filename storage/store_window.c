//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_window - frames out, added up: from rollups, the largest that lie in the window, and at
//  its edges from the frames themselves. All is read by one scan, and so as it was at one moment.
#include "storage/store_self.h"

#include <assert.h>
#include <string.h>
#include "storage/chunk.h"
#include "storage/rollup.h"
#include "storage/store_key.h"

typedef struct {
    store_t *store;
    const char *node;
    scan_t *scan;
    wire_reader_t *reader; //  Owned; NULL as long as no frame is read
    metric_set_t metrics;
    int64_t since_wall_s, until_wall_s;
    rolled_t rolled;
    row_t total;
    store_plan_t plan; //  What the total was read from
} window_t;

//  --- rollups ---------------------------------------------------------------------------------

static int
s_fail_row (window_t *self)
{
    return store_fail_damaged (self->store, "a rollup is not what was written");
}

//  Find the last row of a level that starts in [from, until). Returns 1, 0 where there is none, -1
//  on failure.
static int
s_find_row (window_t *self, unsigned level, int64_t from_wall_s, int64_t until_wall_s)
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
    int rc = s_find_row (self, level, parent_wall_s, until_wall_s);
    if (rc <= 0)
        return rc;
    size_t size;
    const void *value = scan_value (self->scan, &size);
    self->plan.records[STORE_LEVEL_MINUTES - level]++;
    rc = add ? row_add_encoded (&self->total, value, size, self->metrics)
             : row_subtract_encoded (&self->total, value, size, self->metrics);
    return rc ? s_fail_row (self) : 0;
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

//  Closed periods of this level: what fills no parent from this level's rows, the rest from above.
static int
s_add_level (window_t *self, unsigned level, int64_t from_wall_s, int64_t until_wall_s)
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
    return level + 1 < LEVEL_COUNT ? s_add_level (self, level + 1, first_wall_s, last_wall_s)
                                   : s_add_parents (self, level, first_wall_s, last_wall_s);
}

//  --- frames ----------------------------------------------------------------------------------

static void
s_count_unreadable (store_t *self)
{
    pthread_mutex_lock (&self->mutex);
    self->unreadable++;
    pthread_mutex_unlock (&self->mutex);
}

//  Stand before the frames that start at or after a second.
static int
s_seek_frames (window_t *self, int64_t from_wall_s, int *rc)
{
    char error[DATABASE_ERROR_MAX];
    store_bytes_t first = store_key_frame_start (self->node, from_wall_s);
    if (!self->reader)
        self->reader = wire_reader_new ();
    assert (self->reader);
    *rc = scan_seek (self->scan, first.data, first.size, error);
    return *rc < 0 ? store_fail (self->store, error) : 0;
}

//  The chunk of the minute, where the scan stands on it. Returns 1, 0 where it does not, -1 where
//  the chunk is damaged.
static int
s_take_chunk (window_t *self, int64_t minute_wall_s, chunk_t **chunk)
{
    char node[NODE_NAME_MAX + 1];
    int64_t found_wall_s;
    size_t size;
    const void *key = scan_key (self->scan, &size);
    if (store_read_chunk_key (key, size, node, &found_wall_s) || found_wall_s != minute_wall_s ||
        strcmp (node, self->node) != 0)
        return 0;
    const void *data = scan_value (self->scan, &size);
    *chunk = chunk_open (data, size, minute_wall_s, self->reader);
    return *chunk ? 1 : store_fail_damaged (self->store, "a chunk of frames is none");
}

//  The frame the scan stands on. Returns 1 where it starts before until and decodes, 0 where it
//  does not decode, -1 where it is behind or another node's.
static int
s_take_frame (window_t *self, int64_t until_wall_s, frame_t *frame)
{
    char node[NODE_NAME_MAX + 1];
    store_record_t record;
    size_t size;
    const void *key = scan_key (self->scan, &size);
    if (store_read_frame_key (key, size, node, &record) || strcmp (node, self->node) != 0 ||
        record.start_wall_s >= until_wall_s)
        return -1;
    record.data = scan_value (self->scan, &record.size);
    if (rollup_decode (frame, self->reader, &record) == 0)
        return 1;
    if (record.start_wall_s >= self->since_wall_s && record.start_wall_s < self->until_wall_s)
        s_count_unreadable (self->store);
    return 0;
}

static void
s_add_frame (window_t *self, const frame_t *frame)
{
    row_add_frame (&self->total, frame, self->metrics);
    self->plan.records[STORE_LEVEL_SECONDS]++;
}

//  Count the seconds, of those asked for, that bits tell of.
static void
s_count_seconds (window_t *self, const uint64_t covered[METRIC_COUNT_ + 1], uint64_t seconds)
{
    self->total.present_s += (uint64_t) __builtin_popcountll (covered[ROW_ANY] & seconds);
    for (unsigned id = 0; id < METRIC_COUNT_; id++)
        if (self->metrics & METRIC_BIT (id))
            self->total.metrics[id].present_s +=
                (uint64_t) __builtin_popcountll (covered[id] & seconds);
}

//  --- an edge: part of a closed minute --------------------------------------------------------

typedef struct {
    int64_t minute_wall_s, from_wall_s, until_wall_s;
    uint64_t expected;                  //  Frames of the minute that its row tells of
    uint64_t rolled[METRIC_COUNT_ + 1]; //  Seconds covered according to it
    uint64_t frames;                    //  Frames of the minute that are there
    row_t found;                        //  Whose seconds are covered by these alone
} edge_t;

//  Read what the minute's row says of it.
static int
s_read_edge_row (window_t *self, edge_t *edge)
{
    row_t row;
    size_t size;
    int64_t minute_wall_s = edge->minute_wall_s;
    int rc = s_find_row (self, LEVEL_MINUTES, minute_wall_s, minute_wall_s + 1);
    if (rc <= 0)
        return rc;
    const void *value = scan_value (self->scan, &size);
    if (row_decode (&row, value, size))
        return s_fail_row (self);
    edge->expected = row.frames;
    memcpy (edge->rolled, row.covered, sizeof edge->rolled);
    rc = s_find_row (self, LEVEL_MINUTES, period_floor (minute_wall_s, HOUR_S), minute_wall_s);
    if (rc <= 0)
        return rc;
    value = scan_value (self->scan, &size);
    if (row_decode (&row, value, size))
        return s_fail_row (self);
    edge->expected -= row.frames;
    return 0;
}

static void
s_add_edge_frame (window_t *self, edge_t *edge, const frame_t *frame)
{
    edge->frames++;
    row_cover (&edge->found, row_measured (frame),
               row_seconds (edge->minute_wall_s, frame->start_wall_s,
                            frame->start_wall_s + frame->span_s));
    if (frame->start_wall_s >= edge->from_wall_s && frame->start_wall_s < edge->until_wall_s)
        s_add_frame (self, frame);
}

static int
s_add_edge_chunk (window_t *self, edge_t *edge, chunk_t *chunk)
{
    uint8_t selected[CHUNK_FRAMES_MAX];
    store_record_t record;
    for (unsigned i = 0; i < chunk_count (chunk); i++) {
        chunk_record (chunk, i, &record);
        selected[i] =
            record.start_wall_s >= edge->from_wall_s && record.start_wall_s < edge->until_wall_s;
        self->plan.records[STORE_LEVEL_SECONDS] += selected[i];
        row_cover (&edge->found, chunk_measured (chunk, i),
                   row_seconds (edge->minute_wall_s, record.start_wall_s,
                                record.start_wall_s + record.span_s));
    }
    edge->frames += chunk_count (chunk);
    return chunk_add (chunk, selected, self->metrics, &self->total)
               ? store_fail_damaged (self->store, "a chunk of frames is not what was written")
               : 0;
}

//  Read the frames of the minute, those of its chunk first.
static int
s_read_edge (window_t *self, edge_t *edge)
{
    char error[DATABASE_ERROR_MAX];
    chunk_t *chunk = NULL;
    frame_t frame;
    int rc;
    if (s_seek_frames (self, edge->minute_wall_s, &rc))
        return -1;
    int has_chunk = rc == 1 ? s_take_chunk (self, edge->minute_wall_s, &chunk) : 0;
    if (has_chunk == 1)
        has_chunk = s_add_edge_chunk (self, edge, chunk) ? -1 : 1;
    chunk_close (&chunk);
    if (has_chunk == 1)
        rc = scan_next (self->scan, error);
    for (; has_chunk != -1 && rc == 1; rc = scan_next (self->scan, error)) {
        int taken = s_take_frame (self, edge->minute_wall_s + MINUTE_S, &frame);
        if (taken < 0)
            break;
        if (taken > 0)
            s_add_edge_frame (self, edge, &frame);
    }
    if (rc < 0)
        return store_fail (self->store, error);
    return has_chunk < 0 ? -1 : 0;
}

//  Where frames of the minute are gone, the seconds that only they covered are missing.
static int
s_add_edge (window_t *self, int64_t from_wall_s, int64_t until_wall_s)
{
    int64_t minute_wall_s = period_floor (from_wall_s, MINUTE_S);
    edge_t edge = {minute_wall_s, from_wall_s, until_wall_s, .frames = 0};
    if (s_read_edge_row (self, &edge) || s_read_edge (self, &edge))
        return -1;
    bool whole = edge.frames == edge.expected;
    s_count_seconds (self, whole ? edge.rolled : edge.found.covered,
                     row_seconds (minute_wall_s, from_wall_s, until_wall_s));
    return 0;
}

//  --- the minute that is not closed -----------------------------------------------------------

//  Count the seconds from the end of what is covered so far to the end of a frame, and extend it.
static void
s_cover (window_t *self, unsigned id, int64_t start_wall_s, int64_t end_wall_s)
{
    int64_t *reach_wall_s = &self->rolled.reach_wall_s[id];
    int64_t from_wall_s = wall_later (wall_later (start_wall_s, *reach_wall_s), self->since_wall_s);
    int64_t until_wall_s = wall_earlier (end_wall_s, self->until_wall_s);
    *reach_wall_s = wall_later (*reach_wall_s, end_wall_s);
    if (from_wall_s >= until_wall_s)
        return;
    uint64_t fresh_s = (uint64_t) until_wall_s - (uint64_t) from_wall_s;
    if (id == ROW_ANY)
        self->total.present_s += fresh_s;
    else if (self->metrics & METRIC_BIT (id))
        self->total.metrics[id].present_s += fresh_s;
}

//  What reaches into it from before, as far as it lies behind closed_wall_s.
static void
s_cover_reach (window_t *self)
{
    for (unsigned id = 0; id <= ROW_ANY; id++) {
        int64_t end_wall_s = self->rolled.reach_wall_s[id];
        self->rolled.reach_wall_s[id] = self->rolled.closed_wall_s;
        if (end_wall_s > self->rolled.closed_wall_s)
            s_cover (self, id, self->rolled.closed_wall_s, end_wall_s);
    }
}

//  Where the window begins within the minute, or ends where frames reach beyond it: frame by frame.
static int
s_add_open_part (window_t *self)
{
    char error[DATABASE_ERROR_MAX];
    frame_t frame;
    int rc;
    s_cover_reach (self);
    if (s_seek_frames (self, self->rolled.closed_wall_s, &rc))
        return -1;
    for (; rc == 1; rc = scan_next (self->scan, error)) {
        int taken = s_take_frame (self, self->until_wall_s, &frame);
        if (taken < 0)
            break;
        metric_set_t measured = taken > 0 ? row_measured (&frame) : 0;
        for (unsigned id = 0; id <= ROW_ANY; id++)
            if (measured & METRIC_BIT (id))
                s_cover (self, id, frame.start_wall_s, frame.start_wall_s + frame.span_s);
        if (taken > 0 && frame.start_wall_s >= self->since_wall_s)
            s_add_frame (self, &frame);
    }
    return rc < 0 ? store_fail (self->store, error) : 0;
}

//  Bring the sum of the minute up to the window's end.
static int
s_extend_open (window_t *self, open_minute_t *minute)
{
    char error[DATABASE_ERROR_MAX];
    frame_t frame;
    int rc, taken;
    if (s_seek_frames (self, minute->until_wall_s, &rc))
        return -1;
    for (; rc == 1; rc = scan_next (self->scan, error)) {
        if ((taken = s_take_frame (self, self->until_wall_s, &frame)) < 0)
            break;
        if (taken > 0)
            open_minute_add (minute, &frame);
    }
    return rc < 0 ? store_fail (self->store, error) : 0;
}

//  The minute that is not closed, from its sum so far where that may be.
static int
s_add_open (window_t *self)
{
    open_minute_t minute;
    open_minutes_t *kept = self->store->open_minutes;
    if (self->since_wall_s > self->rolled.closed_wall_s)
        return s_add_open_part (self);
    if (!open_minutes_find (kept, self->node, &self->rolled, self->until_wall_s, &minute))
        open_minute_init (&minute, self->node, &self->rolled);
    if (s_extend_open (self, &minute))
        return -1;
    if (open_minute_end_wall_s (&minute) > self->until_wall_s)
        return s_add_open_part (self);
    row_add_metrics (&self->total, &minute.row, self->metrics);
    self->plan.records[STORE_LEVEL_SECONDS] += minute.row.frames;
    open_minutes_keep (kept, &minute);
    return 0;
}

//  --- the whole -------------------------------------------------------------------------------

//  The part of the window that is rolled up: whole minutes from rows, its edges from frames.
static int
s_add_closed (window_t *self, int64_t from_wall_s, int64_t until_wall_s)
{
    int64_t first_wall_s = period_ceil (from_wall_s, MINUTE_S);
    int64_t last_wall_s = period_floor (until_wall_s, MINUTE_S);
    if (first_wall_s > last_wall_s)
        return s_add_edge (self, from_wall_s, until_wall_s);
    if (from_wall_s < first_wall_s && s_add_edge (self, from_wall_s, first_wall_s))
        return -1;
    if (last_wall_s < until_wall_s && s_add_edge (self, last_wall_s, until_wall_s))
        return -1;
    return first_wall_s < last_wall_s ? s_add_level (self, LEVEL_MINUTES, first_wall_s, last_wall_s)
                                      : 0;
}

//  Read how far the node is rolled up. Returns 1, 0 where it is unknown, -1 on failure.
static int
s_read_rolled (window_t *self)
{
    char error[DATABASE_ERROR_MAX], node[NODE_NAME_MAX + 1];
    store_bytes_t key = store_key_node (self->node);
    holding_t record;
    int rc = scan_seek (self->scan, key.data, key.size, error);
    if (rc < 0)
        return store_fail (self->store, error);
    size_t key_size, value_size;
    const void *found = rc == 1 ? scan_key (self->scan, &key_size) : NULL;
    if (!found || key_size != key.size || memcmp (found, key.data, key.size) != 0)
        return 0;
    const void *value = scan_value (self->scan, &value_size);
    if (store_read_node (found, key_size, value, value_size, node, &record))
        return store_fail_damaged (self->store, "a node's record is not what was written");
    self->rolled = record.rolled;
    return 1;
}

static int
s_add_all (window_t *self)
{
    int rc = s_read_rolled (self);
    if (rc <= 0 || self->rolled.origin_wall_s == INT64_MAX)
        return rc < 0 ? -1 : 0;
    int64_t parent_s = level_get (LEVEL_COUNT - 1)->parent_s;
    int64_t since_wall_s =
        wall_later (self->since_wall_s, period_floor (self->rolled.origin_wall_s, parent_s));
    int64_t closed_wall_s = wall_earlier (self->until_wall_s, self->rolled.closed_wall_s);
    if (since_wall_s < closed_wall_s && s_add_closed (self, since_wall_s, closed_wall_s))
        return -1;
    return self->until_wall_s > self->rolled.closed_wall_s ? s_add_open (self) : 0;
}

static int
s_read (window_t *self)
{
    if (!node_name_is_valid (self->node) || self->since_wall_s >= self->until_wall_s)
        return 0;
    self->scan = scan_new (self->store->database, "", 0, "\xFF", 1);
    int rc = s_add_all (self);
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
