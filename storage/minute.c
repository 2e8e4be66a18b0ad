//  SPDX-License-Identifier: GPL-2.0-or-later
//  minute - see minute.h. A chunk takes the place of the frames only after it was read back and
//  gave the same bytes.
#include "storage/minute.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "storage/chunk.h"
#include "storage/level.h"
#include "storage/rollup.h"
#include "storage/store_key.h"

//  The frames of a minute on their way into a chunk.
typedef struct {
    store_draft_t *draft;
    holding_t *drafted;
    const char *node;
    int64_t minute_wall_s;
    bool had_chunk;
    minute_t *minute; //  Where they are added up; NULL: nowhere
    frame_t *frames;  //  Owned
    unsigned count;
    unsigned capacity;
    bytes_t bytes;       //  All their payloads; the first ones may be of the chunk there was
    size_t *ends;        //  Owned: where each payload ends
    store_bytes_t *keys; //  Owned: where each one stands now; empty where in the chunk
} gathering_t;

static void
s_reserve (gathering_t *self)
{
    if (self->count < self->capacity)
        return;
    self->capacity = self->capacity ? 2 * self->capacity : 64;
    self->frames = realloc (self->frames, self->capacity * sizeof *self->frames);
    self->ends = realloc (self->ends, self->capacity * sizeof *self->ends);
    self->keys = realloc (self->keys, self->capacity * sizeof *self->keys);
    assert (self->frames && self->ends && self->keys);
}

static void
s_fini (gathering_t *self)
{
    free (self->frames);
    free (self->ends);
    free (self->keys);
    bytes_clear (&self->bytes);
}

static void
s_init_minute (minute_t *self)
{
    memset (self, 0, sizeof *self);
    for (unsigned id = 0; id <= ROW_ANY; id++)
        self->reach_wall_s[id] = INT64_MIN;
}

static void
s_add_up (minute_t *self, int64_t minute_wall_s, const frame_t *frame)
{
    metric_set_t measured = row_measured (frame);
    int64_t end_wall_s = frame->start_wall_s + frame->span_s;
    row_add_frame (&self->row, frame, METRIC_ALL);
    row_cover (&self->row, measured, row_seconds (minute_wall_s, frame->start_wall_s, end_wall_s));
    for (unsigned id = 0; id <= ROW_ANY; id++)
        if (measured & METRIC_BIT (id) && self->reach_wall_s[id] < end_wall_s)
            self->reach_wall_s[id] = end_wall_s;
}

//  Keep the frame that was just read into the next place, unless there are enough.
static void
s_keep (gathering_t *self, const void *data, size_t size, const store_bytes_t *key)
{
    if (self->minute)
        s_add_up (self->minute, self->minute_wall_s, &self->frames[self->count]);
    if (self->count == CHUNK_FRAMES_MAX)
        return;
    bytes_put (&self->bytes, data, size);
    self->ends[self->count] = self->bytes.size;
    self->keys[self->count++] = *key;
}

static bool
s_is_within (const frame_t *frame, const seq_range_t *range)
{
    return range && frame->epoch == range->epoch && frame->seq >= range->first_seq &&
           frame->seq <= range->last_seq;
}

static int
s_fail_chunk (store_t *store)
{
    return store_fail_damaged (store, "the frames of a minute are not what was written");
}

//  Take the frames of the chunk but those of a range.
static int
s_gather_chunk (gathering_t *self, const void *data, size_t size, const seq_range_t *without)
{
    static const store_bytes_t in_chunk = {.size = 0};
    store_t *store = self->draft->store;
    chunk_t *chunk = chunk_open (data, size, self->minute_wall_s, store->reader);
    int rc = chunk ? 0 : s_fail_chunk (store);
    uint8_t *buffer = malloc (FRAME_MAX_BYTES);
    assert (buffer);
    for (unsigned i = 0; rc == 0 && i < chunk_count (chunk); i++) {
        s_reserve (self);
        frame_t *frame = &self->frames[self->count];
        size_t frame_size =
            chunk_frame (chunk, i, frame) ? 0 : frame_encode (frame, buffer, FRAME_MAX_BYTES);
        if (frame_size == 0)
            rc = s_fail_chunk (store);
        else if (!s_is_within (frame, without))
            s_keep (self, buffer, frame_size, &in_chunk);
    }
    free (buffer);
    chunk_close (&chunk);
    return rc;
}

static void
s_gather_frame (gathering_t *self, const void *key, size_t key_size, store_record_t *record)
{
    store_bytes_t place = {.size = key_size};
    memcpy (place.data, key, key_size);
    s_reserve (self);
    if (rollup_decode (&self->frames[self->count], self->draft->store->reader, record) == 0)
        s_keep (self, record->data, record->size, &place);
}

static int
s_gather (gathering_t *self, const seq_range_t *without)
{
    char error[DATABASE_ERROR_MAX], name[NODE_NAME_MAX + 1];
    store_bytes_t first = store_key_frame_start (self->node, self->minute_wall_s);
    store_bytes_t end = store_key_frame_start (self->node, self->minute_wall_s + MINUTE_S);
    scan_t *scan = scan_new_over (self->draft->store->database, self->draft->batch, first.data,
                                  first.size, end.data, end.size);
    store_record_t record;
    size_t size;
    int64_t minute_wall_s;
    int rc;
    while ((rc = scan_next (scan, error)) == 1) {
        const void *key = scan_key (scan, &size);
        record.data = scan_value (scan, &record.size);
        if (store_read_chunk_key (key, size, name, &minute_wall_s) == 0) {
            self->had_chunk = true;
            if (s_gather_chunk (self, record.data, record.size, without))
                break;
        } else if (!without && store_read_frame_key (key, size, name, &record) == 0)
            s_gather_frame (self, key, size, &record);
    }
    scan_destroy (&scan);
    return rc == 1 ? -1 : rc < 0 ? store_fail (self->draft->store, error) : 0;
}

//  --- order -----------------------------------------------------------------------------------

static int
s_compare_frames (const frame_t *a, const frame_t *b)
{
    if (a->start_wall_s != b->start_wall_s)
        return a->start_wall_s < b->start_wall_s ? -1 : 1;
    if (a->epoch != b->epoch)
        return a->epoch < b->epoch ? -1 : 1;
    return (a->seq > b->seq) - (a->seq < b->seq);
}

static bool
s_is_sorted (const gathering_t *self)
{
    for (unsigned i = 1; i < self->count; i++)
        if (s_compare_frames (&self->frames[i - 1], &self->frames[i]) > 0)
            return false;
    return true;
}

//  Frames of the chunk and those that came later, into one order.
static void
s_sort (gathering_t *self)
{
    gathering_t sorted = {.draft = self->draft,
                          .drafted = self->drafted,
                          .node = self->node,
                          .minute_wall_s = self->minute_wall_s,
                          .had_chunk = self->had_chunk};
    bool taken[CHUNK_FRAMES_MAX] = {false};
    for (unsigned n = 0; n < self->count; n++) {
        unsigned least = self->count;
        for (unsigned i = 0; i < self->count; i++)
            if (!taken[i] && (least == self->count ||
                              s_compare_frames (&self->frames[i], &self->frames[least]) < 0))
                least = i;
        size_t start = least ? self->ends[least - 1] : 0;
        taken[least] = true;
        s_reserve (&sorted);
        sorted.frames[sorted.count] = self->frames[least];
        s_keep (&sorted, self->bytes.data + start, self->ends[least] - start, &self->keys[least]);
    }
    s_fini (self);
    *self = sorted;
}

//  --- rewriting -------------------------------------------------------------------------------

//  Whether every frame can be had back from the chunk, byte for byte.
static bool
s_is_faithful (const gathering_t *self, const bytes_t *value)
{
    chunk_t *chunk =
        chunk_open (value->data, value->size, self->minute_wall_s, self->draft->store->reader);
    uint8_t *buffer = malloc (FRAME_MAX_BYTES);
    assert (buffer);
    bool equal = chunk && chunk_count (chunk) == self->count;
    for (unsigned i = 0; equal && i < self->count; i++) {
        size_t start = i ? self->ends[i - 1] : 0, size = self->ends[i] - start;
        frame_t frame;
        equal = chunk_frame (chunk, i, &frame) == 0 &&
                frame_encode (&frame, buffer, FRAME_MAX_BYTES) == size &&
                memcmp (buffer, self->bytes.data + start, size) == 0;
    }
    free (buffer);
    chunk_close (&chunk);
    return equal;
}

static void
s_put_chunk (gathering_t *self)
{
    bytes_t value = {0};
    batch_t *batch = self->draft->batch;
    store_bytes_t key = store_key_chunk (self->node, self->minute_wall_s);
    if (chunk_write (&value, self->frames, self->count, self->minute_wall_s) == 0 &&
        s_is_faithful (self, &value)) {
        for (unsigned i = 0; i < self->count; i++)
            if (self->keys[i].size > 0)
                batch_delete (batch, self->keys[i].data, self->keys[i].size);
        batch_put (batch, key.data, key.size, value.data, value.size);
        self->drafted->rolled.chunks += !self->had_chunk;
    }
    bytes_clear (&value);
}

int
minute_rewrite (store_draft_t *draft, holding_t *drafted, int64_t minute_wall_s, minute_t *minute)
{
    gathering_t gathering = {.draft = draft,
                             .drafted = drafted,
                             .node = drafted->node,
                             .minute_wall_s = minute_wall_s,
                             .minute = minute};
    if (minute)
        s_init_minute (minute);
    int rc = s_gather (&gathering, NULL);
    if (rc == 0 && !s_is_sorted (&gathering))
        s_sort (&gathering);
    if (rc == 0 && gathering.count > 0)
        s_put_chunk (&gathering);
    s_fini (&gathering);
    return rc;
}

int
minute_drop (store_draft_t *draft, holding_t *drafted, int64_t minute_wall_s,
             const seq_range_t *range)
{
    gathering_t gathering = {
        .draft = draft, .drafted = drafted, .node = drafted->node, .minute_wall_s = minute_wall_s};
    store_bytes_t key = store_key_chunk (drafted->node, minute_wall_s);
    int rc = s_gather (&gathering, range);
    if (rc == 0 && gathering.count > 0)
        s_put_chunk (&gathering);
    else if (rc == 0) {
        batch_delete (draft->batch, key.data, key.size);
        drafted->rolled.chunks -= gathering.had_chunk;
    }
    s_fini (&gathering);
    return rc;
}

//  --- comparing -------------------------------------------------------------------------------

static bool
s_is_equal (chunk_t *chunk, const store_record_t *record)
{
    store_record_t held;
    frame_t frame;
    bool equal = false;
    for (unsigned i = 0; i < chunk_count (chunk); i++) {
        chunk_record (chunk, i, &held);
        if (held.epoch != record->epoch || held.seq != record->seq)
            continue;
        uint8_t *buffer = malloc (FRAME_MAX_BYTES);
        assert (buffer);
        equal = chunk_frame (chunk, i, &frame) == 0 &&
                frame_encode (&frame, buffer, FRAME_MAX_BYTES) == record->size &&
                memcmp (buffer, record->data, record->size) == 0;
        free (buffer);
    }
    return equal;
}

int
minute_holds (store_t *store, const store_record_t *record)
{
    char error[DATABASE_ERROR_MAX];
    int64_t minute_wall_s = period_floor (record->start_wall_s, MINUTE_S);
    store_bytes_t key = store_key_chunk (record->node, minute_wall_s);
    scan_t *scan = scan_new (store->database, key.data, key.size, "\xFF", 1);
    int rc = scan_next (scan, error);
    size_t key_size = 0, size;
    const void *found = rc == 1 ? scan_key (scan, &key_size) : NULL;
    chunk_t *chunk = NULL;
    if (rc < 0)
        store_fail (store, error);
    else if (!found || key_size != key.size || memcmp (found, key.data, key.size) != 0)
        rc = 0;
    else {
        const void *data = scan_value (scan, &size);
        chunk = chunk_open (data, size, minute_wall_s, store->reader);
        rc = chunk ? s_is_equal (chunk, record) : s_fail_chunk (store);
    }
    chunk_close (&chunk);
    scan_destroy (&scan);
    return rc;
}
