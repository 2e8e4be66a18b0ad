//  SPDX-License-Identifier: GPL-2.0-or-later
//  window_frames - see window.h.
#include "storage/window.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "storage/rollup.h"

static void
s_count_unreadable (store_t *self)
{
    pthread_mutex_lock (&self->mutex);
    self->unreadable++;
    pthread_mutex_unlock (&self->mutex);
}

window_hand_t *
window_hand_new (store_t *store)
{
    window_hand_t *self = malloc (sizeof *self);
    assert (self);
    self->scan = store_scan_new (store);
    self->reader = wire_reader_new ();
    self->slots = frame_slots_all;
    return self;
}

void
window_hand_destroy (window_hand_t **self_p)
{
    window_hand_t *self = *self_p;
    if (!self)
        return;
    scan_destroy (&self->scan);
    wire_reader_destroy (&self->reader);
    free (self);
    *self_p = NULL;
}

const frame_t *
window_decode (window_t *self, const store_record_t *record)
{
    window_hand_t *hand = self->hand;
    if (rollup_decode_again (&hand->frame, &hand->slots, hand->reader, record) == 0)
        return &hand->frame;
    if (record->start_wall_s >= self->since_wall_s && record->start_wall_s < self->until_wall_s)
        s_count_unreadable (self->store);
    return NULL;
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
window_take_frame (window_t *self, int64_t until_wall_s, const frame_t **frame)
{
    char node[NODE_NAME_MAX + 1];
    store_record_t record;
    size_t size;
    const void *key = scan_key (self->scan, &size);
    if (store_read_frame_key (key, size, node, &record) || strcmp (node, self->node) != 0 ||
        record.start_wall_s >= until_wall_s)
        return -1;
    record.data = scan_value (self->scan, &record.size);
    *frame = window_decode (self, &record);
    return *frame != NULL;
}

void
window_add_frame (window_t *self, const frame_t *frame)
{
    row_add_frame (&self->total, frame, self->metrics);
    self->plan.records[STORE_LEVEL_SECONDS]++;
}
