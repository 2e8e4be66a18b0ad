//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_key - numbers and names to bytes that sort.
#include "storage/store_key_self.h"

#include <assert.h>
#include <endian.h>
#include <string.h>
#include "schema/manifest.h"

static void
s_put_tag (store_bytes_t *self, char tag)
{
    self->data[0] = (uint8_t) tag;
    self->size = 1;
}

static void
s_put_unsigned (store_bytes_t *self, uint64_t number)
{
    uint64_t bytes = htobe64 (number);
    memcpy (self->data + self->size, &bytes, sizeof bytes);
    self->size += sizeof bytes;
}

static void
s_put_unsigned_32 (store_bytes_t *self, uint32_t number)
{
    uint32_t bytes = htobe32 (number);
    memcpy (self->data + self->size, &bytes, sizeof bytes);
    self->size += sizeof bytes;
}

static void
s_put_signed (store_bytes_t *self, int64_t number)
{
    s_put_unsigned (self, (uint64_t) number ^ (1ULL << 63));
}

static void
s_put_tagged_node (store_bytes_t *self, char tag, const char *node)
{
    size_t length = strlen (node);
    assert (length <= NODE_NAME_MAX);
    s_put_tag (self, tag);
    memcpy (self->data + self->size, node, length + 1);
    self->size += length + 1;
}

unsigned
store_group (const char *node)
{
    return (unsigned) (manifest_digest (node, strlen (node)) % STORE_GROUPS);
}

static void
s_put_group (store_bytes_t *self, unsigned group)
{
    self->data[self->size++] = (uint8_t) (group >> 8);
    self->data[self->size++] = (uint8_t) group;
}

static void
s_put_grouped_node (store_bytes_t *self, char tag, const char *node)
{
    s_put_tag (self, tag);
    s_put_group (self, store_group (node));
    memcpy (self->data + self->size, node, strlen (node) + 1);
    self->size += strlen (node) + 1;
}

store_bytes_t
store_key_format (void)
{
    store_bytes_t self;
    s_put_tag (&self, TAG_FORMAT);
    return self;
}

store_bytes_t
store_key_identity (void)
{
    store_bytes_t self = {.size = 2, .data = {TAG_FORMAT, TAG_FORMAT}};
    return self;
}

store_bytes_t
store_key_frame_start (const char *node, int64_t start_wall_s)
{
    store_bytes_t self;
    s_put_tagged_node (&self, TAG_FRAME, node);
    s_put_signed (&self, start_wall_s);
    return self;
}

store_bytes_t
store_key_frame (const store_record_t *frame)
{
    store_bytes_t self = store_key_frame_start (frame->node, frame->start_wall_s);
    s_put_unsigned (&self, frame->epoch);
    s_put_unsigned (&self, frame->seq);
    s_put_unsigned_32 (&self, frame->span_s);
    return self;
}

store_bytes_t
store_key_chunk (const char *node, int64_t minute_wall_s)
{
    return store_key_frame_start (node, minute_wall_s);
}

store_bytes_t
store_key_inbox (unsigned group, uint64_t number)
{
    store_bytes_t self;
    s_put_tag (&self, TAG_INBOX);
    s_put_group (&self, group);
    s_put_unsigned (&self, number);
    return self;
}

store_bytes_t
store_key_unwritten (unsigned group)
{
    store_bytes_t self;
    s_put_tag (&self, TAG_RANGE);
    s_put_group (&self, group);
    return self;
}

store_bytes_t
store_key_row (const char *node, unsigned level, int64_t start_wall_s)
{
    store_bytes_t self;
    s_put_tagged_node (&self, TAG_ROW, node);
    memmove (self.data + 2, self.data + 1, self.size - 1);
    self.data[1] = (uint8_t) level;
    self.size++;
    s_put_signed (&self, start_wall_s);
    return self;
}

store_bytes_t
store_key_node (const char *node)
{
    store_bytes_t self;
    s_put_grouped_node (&self, TAG_NODE, node);
    return self;
}

static store_bytes_t
s_key_run (char tag, const char *node, uint64_t epoch, uint64_t first_seq)
{
    store_bytes_t self;
    s_put_tagged_node (&self, tag, node);
    s_put_unsigned (&self, epoch);
    s_put_unsigned (&self, first_seq);
    return self;
}

store_bytes_t
store_key_range (const char *node, uint64_t epoch, uint64_t first_seq)
{
    store_bytes_t self;
    s_put_grouped_node (&self, TAG_RANGE, node);
    s_put_unsigned (&self, epoch);
    s_put_unsigned (&self, first_seq);
    return self;
}

store_bytes_t
store_key_loss (const char *node, uint64_t epoch, uint64_t first_seq)
{
    return s_key_run (TAG_LOSS, node, epoch, first_seq);
}

store_bytes_t
store_key_conflict (const char *node, uint64_t epoch, uint64_t seq, uint64_t digest)
{
    store_bytes_t self = s_key_run (TAG_CONFLICT, node, epoch, seq);
    s_put_unsigned (&self, digest);
    return self;
}

store_bytes_t
store_key_frames_first (void)
{
    store_bytes_t self;
    s_put_tag (&self, TAG_FRAME);
    return self;
}

store_bytes_t
store_key_frames_end (void)
{
    store_bytes_t self;
    s_put_tag (&self, TAG_FRAME + 1);
    return self;
}

store_bytes_t
store_key_rows_first (unsigned level)
{
    return (store_bytes_t){.size = 2, .data = {TAG_ROW, (uint8_t) level}};
}

store_bytes_t
store_key_rows_end (unsigned level)
{
    return store_key_rows_first (level + 1);
}

store_bytes_t
store_key_books_first (void)
{
    store_bytes_t self;
    s_put_tag (&self, TAG_NODE);
    return self;
}

store_bytes_t
store_key_books_end (void)
{
    store_bytes_t self;
    s_put_tag (&self, TAG_LOSS + 1);
    return self;
}

store_bytes_t
store_key_ranges_first (void)
{
    store_bytes_t self;
    s_put_tag (&self, TAG_RANGE);
    return self;
}

store_bytes_t
store_key_ranges_end (void)
{
    store_bytes_t self;
    s_put_tag (&self, TAG_RANGE + 1);
    return self;
}

store_bytes_t
store_value_identity (uint64_t id, const char *owner)
{
    store_bytes_t self = {.size = 0};
    size_t length = strlen (owner);
    assert (length <= NODE_NAME_MAX);
    s_put_unsigned (&self, id);
    memcpy (self.data + self.size, owner, length);
    self.size += length;
    return self;
}

//  Metrics come last, so that there may be more of them one day.
static void
s_put_rolled (store_bytes_t *self, const rolled_t *rolled)
{
    s_put_signed (self, rolled->origin_wall_s);
    s_put_signed (self, rolled->closed_wall_s);
    s_put_signed (self, rolled->late_wall_s);
    for (unsigned i = 0; i <= LEVEL_COUNT; i++)
        s_put_signed (self, rolled->kept_wall_s[i]);
    s_put_unsigned (self, rolled->disorder);
    for (unsigned i = 0; i < LEVEL_COUNT; i++)
        s_put_unsigned (self, rolled->rows[i]);
    s_put_unsigned (self, rolled->chunks);
    s_put_signed (self, rolled->reach_wall_s[METRIC_COUNT_]);
    for (unsigned id = 0; id < METRIC_COUNT_; id++)
        s_put_signed (self, rolled->reach_wall_s[id]);
}

store_bytes_t
store_value_node (const holding_t *holding)
{
    store_bytes_t self = {.size = 0};
    s_put_signed (&self, holding->first_wall_s);
    s_put_unsigned (&self, holding->expired_epoch);
    s_put_unsigned (&self, holding->expired_seq);
    s_put_unsigned (&self, holding->conflicts);
    s_put_unsigned (&self, holding->conflicts_kept);
    s_put_rolled (&self, &holding->rolled);
    return self;
}

store_bytes_t
store_value_range (const store_range_t *range)
{
    store_bytes_t self = {.size = 0};
    s_put_unsigned (&self, range->last_seq);
    s_put_signed (&self, range->first_wall_s);
    s_put_signed (&self, range->last_wall_s);
    s_put_signed (&self, range->end_wall_s);
    s_put_unsigned (&self, range->covered_s);
    s_put_unsigned (&self, range->bytes);
    s_put_unsigned (&self, range->digest);
    return self;
}

store_bytes_t
store_value_unwritten (uint64_t number)
{
    store_bytes_t self = {.size = 0};
    s_put_unsigned (&self, number);
    return self;
}

store_bytes_t
store_value_loss (const loss_t *loss)
{
    store_bytes_t self = {.size = 0};
    s_put_unsigned (&self, loss->range.last_seq);
    self.data[self.size++] = (uint8_t) loss->cause;
    return self;
}
