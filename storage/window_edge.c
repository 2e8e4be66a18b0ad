//  SPDX-License-Identifier: GPL-2.0-or-later
//  window_edge - see window.h. The frames of the minute are read, those of its chunk first; mostly
//  the minute's row tells that there are no others.
#include "storage/window.h"

#include <string.h>
#include "storage/chunk.h"
#include "storage/level.h"

typedef struct {
    int64_t minute_wall_s, from_wall_s, until_wall_s;
    const bytes_t *own, *before;        //  Its row, and the one before it
    uint64_t expected;                  //  Frames of the minute that its row tells of
    bool is_of_one_scope;               //  Its row is
    uint64_t rolled[METRIC_COUNT_ + 1]; //  Seconds covered according to it
    uint64_t frames;                    //  Frames of the minute that are there
    uint64_t found[METRIC_COUNT_ + 1];  //  Seconds covered by these alone
} edge_t;

//  Read what the minute's row says of it.
static int
s_read_edge_row (window_t *self, edge_t *edge)
{
    row_t row;
    if (window_read_minute (self, edge->minute_wall_s, &edge->own, &edge->before))
        return -1;
    if (edge->own->size == 0)
        return 0;
    if (row_decode_seconds (&row, edge->own->data, edge->own->size))
        return window_fail_row (self);
    edge->is_of_one_scope = row.scope_count == 1;
    edge->expected = row.frames;
    memcpy (edge->rolled, row.covered, sizeof edge->rolled);
    if (edge->before->size == 0)
        return 0;
    if (row_decode_seconds (&row, edge->before->data, edge->before->size))
        return window_fail_row (self);
    edge->expected -= row.frames;
    return 0;
}

//  The chunk of the minute, which borrows what was found. Returns 1, 0 where there is none, -1 on
//  failure.
static int
s_find_chunk (window_t *self, int64_t minute_wall_s, chunk_t **chunk)
{
    char error[DATABASE_ERROR_MAX];
    store_bytes_t key = store_key_chunk (self->node, minute_wall_s);
    const void *data;
    size_t size;
    int rc = scan_find (self->scan, key.data, key.size, &data, &size, error);
    if (rc <= 0)
        return rc < 0 ? store_fail (self->store, error) : 0;
    *chunk = chunk_open (data, size, minute_wall_s, self->hand->reader);
    return *chunk ? 1 : store_fail_damaged (self->store, "a chunk of frames is none");
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

//  Take a frame of the minute into account.
static void
s_find_frame (edge_t *self, metric_set_t measured, int64_t start_wall_s, int64_t end_wall_s)
{
    uint64_t seconds = row_seconds (self->minute_wall_s, start_wall_s, end_wall_s);
    self->frames++;
    for (unsigned id = 0; id <= ROW_ANY; id++)
        self->found[id] |= measured & METRIC_BIT (id) ? seconds : 0;
}

static bool
s_is_asked (const edge_t *self, int64_t start_wall_s)
{
    return start_wall_s >= self->from_wall_s && start_wall_s < self->until_wall_s;
}

static void
s_add_edge_frame (window_t *self, edge_t *edge, const frame_t *frame)
{
    s_find_frame (edge, row_measured (frame), frame->start_wall_s,
                  frame->start_wall_s + frame->span_s);
    if (s_is_asked (edge, frame->start_wall_s))
        window_add_frame (self, frame);
}

//  Which frames of the chunk are asked for. Returns how many.
static unsigned
s_choose (edge_t *self, const chunk_t *chunk, chunk_choice_t asked)
{
    unsigned count = 0;
    for (unsigned i = 0; i < chunk_count (chunk); i++) {
        store_record_t record;
        chunk_record (chunk, i, &record);
        s_find_frame (self, chunk_measured (chunk, i), record.start_wall_s,
                      record.start_wall_s + record.span_s);
        asked[i] = s_is_asked (self, record.start_wall_s);
        count += asked[i];
    }
    return count;
}

//  Add all that the minute's row tells of but its seconds, and take off the frames not asked for.
//  Returns 0, or -1 where the chunk is damaged.
static int
s_add_all_but (window_t *self, const edge_t *edge, chunk_t *chunk, const chunk_choice_t others)
{
    if (row_add_events (&self->total, edge->own->data, edge->own->size, self->metrics) ||
        (edge->before->size > 0 &&
         row_subtract_events (&self->total, edge->before->data, edge->before->size, self->metrics)))
        return window_fail_row (self);
    return chunk_subtract (chunk, others, self->metrics, &self->total);
}

//  A minute's row holds its frames and others that are gone: it holds just those of the chunk where
//  they are as many, and the frames not asked for may then be the fewer ones to read. Of several
//  scopes a row may not tell all.
static int
s_add_edge_chunk (window_t *self, edge_t *edge, chunk_t *chunk)
{
    chunk_choice_t asked = {0}, others;
    self->plan.records[STORE_LEVEL_SECONDS] += s_choose (edge, chunk, asked);
    for (unsigned i = 0; i < chunk_count (chunk); i++)
        others[i] = !asked[i];
    bool is_told = edge->frames == edge->expected && edge->is_of_one_scope;
    int rc = is_told && chunk_cost (chunk, others) < chunk_cost (chunk, asked)
                 ? s_add_all_but (self, edge, chunk, others)
                 : chunk_add (chunk, asked, self->metrics, &self->total);
    return rc ? store_fail_damaged (self->store, "a chunk of frames is not what was written") : 0;
}

//  Read the frames of the minute that are in its chunk.
static int
s_read_chunk (window_t *self, edge_t *edge)
{
    chunk_t *chunk = NULL;
    int rc = s_find_chunk (self, edge->minute_wall_s, &chunk);
    if (rc == 1)
        rc = s_add_edge_chunk (self, edge, chunk);
    chunk_close (&chunk);
    return rc < 0 ? -1 : 0;
}

//  Read those that stand beside it.
static int
s_read_frames (window_t *self, edge_t *edge)
{
    char error[DATABASE_ERROR_MAX];
    const frame_t *frame;
    int rc;
    if (window_seek_frames (self, edge->minute_wall_s, &rc))
        return -1;
    store_bytes_t chunk = store_key_chunk (self->node, edge->minute_wall_s);
    if (rc == 1 && window_stands_on (self, &chunk))
        rc = scan_next (self->scan, error);
    for (; rc == 1; rc = scan_next (self->scan, error)) {
        int taken = window_take_frame (self, edge->minute_wall_s + MINUTE_S, &frame);
        if (taken < 0)
            break;
        if (taken > 0)
            s_add_edge_frame (self, edge, frame);
    }
    return rc < 0 ? store_fail (self->store, error) : 0;
}

//  Where frames of the minute are gone, the seconds that only they covered are missing.
int
window_add_edge (window_t *self, int64_t from_wall_s, int64_t until_wall_s)
{
    int64_t minute_wall_s = period_floor (from_wall_s, MINUTE_S);
    edge_t edge = {minute_wall_s, from_wall_s, until_wall_s, .frames = 0};
    if (s_read_edge_row (self, &edge) || s_read_chunk (self, &edge))
        return -1;
    bool has_all = edge.frames > 0 && edge.frames == edge.expected;
    if (!has_all && s_read_frames (self, &edge))
        return -1;
    bool whole = edge.frames == edge.expected;
    s_count_seconds (self, whole ? edge.rolled : edge.found,
                     row_seconds (minute_wall_s, from_wall_s, until_wall_s));
    return 0;
}
