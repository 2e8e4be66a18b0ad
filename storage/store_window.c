//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_window - frames out, added up: decode every frame of the window, count each second once.
#include "storage/store_self.h"

#include <assert.h>
#include "storage/store_key.h"

//  How many seconds of the window the frame covers beyond those covered so far, which end at
//  *covered_wall_s. Frames come in order of start, and start before the window's end.
static uint64_t
s_cover (const frame_t *frame, int64_t until_wall_s, int64_t *covered_wall_s)
{
    uint64_t span_s = (uint64_t) until_wall_s - (uint64_t) frame->start_wall_s;
    if (span_s > frame->span_s)
        span_s = frame->span_s;
    int64_t end_wall_s = frame->start_wall_s + (int64_t) span_s;
    int64_t from_wall_s =
        frame->start_wall_s > *covered_wall_s ? frame->start_wall_s : *covered_wall_s;
    if (end_wall_s <= from_wall_s)
        return 0;
    *covered_wall_s = end_wall_s;
    return (uint64_t) end_wall_s - (uint64_t) from_wall_s;
}

static void
s_count_unreadable (store_t *self)
{
    pthread_mutex_lock (&self->mutex);
    self->unreadable++;
    pthread_mutex_unlock (&self->mutex);
}

//  The frame before the window may reach into it: its seconds are present here, though its events
//  belong to where it starts. (Frames of an epoch do not overlap, so one is looked at.)
static int
s_cover_start (store_t *self, wire_reader_t *reader, metric_set_t metrics, partial_t *partial,
               int64_t *covered_wall_s)
{
    if (!node_name_is_valid (partial->node))
        return 0;
    store_bytes_t first = store_key_frame_start (partial->node, 0);
    store_bytes_t end = store_key_frame_start (partial->node, partial->since_wall_s);
    char error[DATABASE_ERROR_MAX];
    scan_t *scan = scan_new (self->database, first.data, first.size, end.data, end.size);
    int rc = scan_last (scan, first.data, first.size, error);
    if (rc == 1) {
        frame_t frame;
        const char *reason;
        size_t size;
        const void *data = scan_value (scan, &size);
        if (frame_decode (&frame, reader, data, size, &reason) == 0)
            partial_cover (partial, &frame, metrics,
                           s_cover (&frame, partial->until_wall_s, covered_wall_s));
    }
    scan_destroy (&scan);
    return rc == -1 ? store_fail (self, error) : 0;
}

static int
s_add_frames (store_t *self, store_cursor_t *cursor, wire_reader_t *reader, metric_set_t metrics,
              partial_t *partial)
{
    int64_t covered_wall_s = partial->since_wall_s;
    if (s_cover_start (self, reader, metrics, partial, &covered_wall_s) == -1)
        return -1;
    const void *data;
    size_t size;
    int rc;
    while ((rc = store_cursor_next (cursor, &data, &size)) == 1) {
        frame_t frame;
        const char *reason;
        if (frame_decode (&frame, reader, data, size, &reason)) {
            s_count_unreadable (self);
            continue;
        }
        uint64_t new_s = s_cover (&frame, partial->until_wall_s, &covered_wall_s);
        partial_add_frame (partial, &frame, metrics, new_s);
    }
    return rc;
}

int
store_window (store_t *self, const char *node, int64_t since_wall_s, int64_t until_wall_s,
              metric_set_t metrics, partial_t *partial)
{
    partial_init (partial, node, since_wall_s, until_wall_s);
    wire_reader_t *reader = wire_reader_new ();
    assert (reader);
    store_cursor_t *cursor = store_cursor_new (self, node, since_wall_s, until_wall_s);
    int rc = s_add_frames (self, cursor, reader, metrics, partial);
    store_cursor_destroy (&cursor);
    wire_reader_destroy (&reader);
    return rc;
}
