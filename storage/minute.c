//  SPDX-License-Identifier: GPL-2.0-or-later
//  minute - see minute.h.
#include "storage/minute.h"

#include <string.h>
#include "storage/level.h"
#include "storage/rollup.h"
#include "storage/store_key.h"

static void
s_init (minute_t *self)
{
    memset (self, 0, sizeof *self);
    for (unsigned id = 0; id <= ROW_ANY; id++)
        self->reach_wall_s[id] = INT64_MIN;
}

static void
s_add (minute_t *self, int64_t minute_wall_s, const frame_t *frame)
{
    metric_set_t measured = row_measured (frame);
    int64_t end_wall_s = frame->start_wall_s + frame->span_s;
    row_add_frame (&self->row, frame, METRIC_ALL);
    row_cover (&self->row, measured, row_seconds (minute_wall_s, frame->start_wall_s, end_wall_s));
    for (unsigned id = 0; id <= ROW_ANY; id++)
        if (measured & METRIC_BIT (id) && self->reach_wall_s[id] < end_wall_s)
            self->reach_wall_s[id] = end_wall_s;
}

int
minute_read_open (minute_t *self, store_draft_t *draft, const char *node, int64_t minute_wall_s)
{
    char error[DATABASE_ERROR_MAX], name[NODE_NAME_MAX + 1];
    store_bytes_t first = store_key_frame_start (node, minute_wall_s);
    store_bytes_t end = store_key_frame_start (node, minute_wall_s + MINUTE_S);
    scan_t *scan = scan_new_over (draft->store->database, draft->batch, first.data, first.size,
                                  end.data, end.size);
    store_record_t record;
    frame_t frame;
    size_t size;
    int rc;
    s_init (self);
    while ((rc = scan_next (scan, error)) == 1) {
        const void *key = scan_key (scan, &size);
        if (store_read_frame_key (key, size, name, &record))
            continue;
        record.data = scan_value (scan, &record.size);
        if (rollup_decode (&frame, draft->store->reader, &record) == 0)
            s_add (self, minute_wall_s, &frame);
    }
    scan_destroy (&scan);
    return rc < 0 ? store_fail (draft->store, error) : 0;
}
