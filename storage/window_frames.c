//  SPDX-License-Identifier: GPL-2.0-or-later
//  window_frames - see window.h.
#include "storage/window.h"

#include <assert.h>
#include <string.h>
#include "storage/rollup.h"

static void
s_count_unreadable (store_t *self)
{
    pthread_mutex_lock (&self->mutex);
    self->unreadable++;
    pthread_mutex_unlock (&self->mutex);
}

wire_reader_t *
window_reader (window_t *self)
{
    if (!self->reader)
        self->reader = wire_reader_new ();
    assert (self->reader);
    return self->reader;
}

bool
window_decode (window_t *self, const store_record_t *record, frame_t *frame)
{
    if (rollup_decode (frame, window_reader (self), record) == 0)
        return true;
    if (record->start_wall_s >= self->since_wall_s && record->start_wall_s < self->until_wall_s)
        s_count_unreadable (self->store);
    return false;
}

int
window_seek_frames (window_t *self, int64_t from_wall_s, int *rc)
{
    char error[DATABASE_ERROR_MAX];
    store_bytes_t first = store_key_frame_start (self->node, from_wall_s);
    *rc = scan_seek (self->scan, first.data, first.size, error);
    return *rc < 0 ? store_fail (self->store, error) : 0;
}

int
window_take_frame (window_t *self, int64_t until_wall_s, frame_t *frame)
{
    char node[NODE_NAME_MAX + 1];
    store_record_t record;
    size_t size;
    const void *key = scan_key (self->scan, &size);
    if (store_read_frame_key (key, size, node, &record) || strcmp (node, self->node) != 0 ||
        record.start_wall_s >= until_wall_s)
        return -1;
    record.data = scan_value (self->scan, &record.size);
    return window_decode (self, &record, frame);
}

void
window_add_frame (window_t *self, const frame_t *frame)
{
    row_add_frame (&self->total, frame, self->metrics);
    self->plan.records[STORE_LEVEL_SECONDS]++;
}
