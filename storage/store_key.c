//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_key - numbers and names to bytes that sort, and back.
#include "storage/store_key.h"

#include <assert.h>
#include <endian.h>
#include <string.h>
#include "schema/manifest.h"
#include "storage/database.h"

#define TAG_FORMAT   '!'
#define TAG_INBOX    DATABASE_BRIEF
#define TAG_CONFLICT 'c'
#define TAG_FRAME    'f'
#define TAG_NODE     'n'
#define TAG_RANGE    'r'
#define TAG_LOSS     's'
#define TAG_ROW      'w'

#define RUN_KEY_REST      16 //  Bytes behind the name
#define CHUNK_KEY_REST    8
#define FRAME_KEY_REST    28
#define INBOX_KEY_BYTES   11
#define ROW_KEY_REST      8
#define CONFLICT_KEY_REST 24

#define NODE_VALUE_NUMBERS (9 + 2 * (LEVEL_COUNT + 1) + 1) //  And one for each metric

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
store_value_loss (const loss_t *loss)
{
    store_bytes_t self = {.size = 0};
    s_put_unsigned (&self, loss->range.last_seq);
    self.data[self.size++] = (uint8_t) loss->cause;
    return self;
}

static uint64_t
s_unsigned_at (const uint8_t *data)
{
    uint64_t bytes;
    memcpy (&bytes, data, sizeof bytes);
    return be64toh (bytes);
}

static int64_t
s_signed_at (const uint8_t *data)
{
    return (int64_t) (s_unsigned_at (data) ^ (1ULL << 63));
}

//  Read the tag and node of a key of this tag with rest bytes after its name. Returns those
//  bytes, or NULL where the key is another.
static const uint8_t *
s_read_tagged_node (const uint8_t *key, size_t size, char tag, size_t rest,
                    char node[NODE_NAME_MAX + 1])
{
    if (size < 3 + rest || size > STORE_BYTES_MAX || key[0] != (uint8_t) tag)
        return NULL;
    size_t length = size - rest - 2;
    if (length > NODE_NAME_MAX || key[1 + length] != 0)
        return NULL;
    memcpy (node, key + 1, length + 1);
    return strlen (node) == length && node_name_is_valid (node) ? key + 1 + length + 1 : NULL;
}

//  The same of a key which has the node's group before its name.
static const uint8_t *
s_read_grouped_node (const uint8_t *key, size_t size, char tag, size_t rest,
                     char node[NODE_NAME_MAX + 1])
{
    uint8_t ungrouped[STORE_BYTES_MAX];
    if (size < 5 + rest || size > STORE_BYTES_MAX)
        return NULL;
    ungrouped[0] = key[0];
    memcpy (ungrouped + 1, key + 3, size - 3);
    return s_read_tagged_node (ungrouped, size - 2, tag, rest, node) ? key + size - rest : NULL;
}

int
store_read_identity (const void *value, size_t value_size, uint64_t *id,
                     char owner[NODE_NAME_MAX + 1])
{
    const uint8_t *bytes = value;
    if (value_size < 8 || value_size > 8 + NODE_NAME_MAX)
        return -1;
    *id = s_unsigned_at (bytes);
    memcpy (owner, bytes + 8, value_size - 8);
    owner[value_size - 8] = 0;
    return 0;
}

static void
s_read_rolled (rolled_t *self, const uint8_t *bytes, size_t metrics)
{
    *self = rolled_none ();
    self->origin_wall_s = s_signed_at (bytes);
    self->closed_wall_s = s_signed_at (bytes + 8);
    self->late_wall_s = s_signed_at (bytes + 16);
    bytes += 24;
    for (unsigned i = 0; i <= LEVEL_COUNT; i++, bytes += 8)
        self->kept_wall_s[i] = s_signed_at (bytes);
    self->disorder = s_unsigned_at (bytes);
    bytes += 8;
    for (unsigned i = 0; i < LEVEL_COUNT; i++, bytes += 8)
        self->rows[i] = s_unsigned_at (bytes);
    self->chunks = s_unsigned_at (bytes);
    bytes += 8;
    self->reach_wall_s[METRIC_COUNT_] = s_signed_at (bytes);
    for (size_t id = 0; id < metrics && id < METRIC_COUNT_; id++)
        self->reach_wall_s[id] = s_signed_at (bytes + 8 + 8 * id);
}

int
store_read_node (const void *key, size_t key_size, const void *value, size_t value_size,
                 char node[NODE_NAME_MAX + 1], holding_t *holding)
{
    if (!s_read_grouped_node (key, key_size, TAG_NODE, 0, node) ||
        value_size < 8 * NODE_VALUE_NUMBERS || value_size % 8 != 0)
        return -1;
    const uint8_t *bytes = value;
    holding->first_wall_s = s_signed_at (bytes);
    holding->expired_epoch = s_unsigned_at (bytes + 8);
    holding->expired_seq = s_unsigned_at (bytes + 16);
    holding->conflicts = s_unsigned_at (bytes + 24);
    holding->conflicts_kept = s_unsigned_at (bytes + 32);
    s_read_rolled (&holding->rolled, bytes + 40, value_size / 8 - NODE_VALUE_NUMBERS);
    return 0;
}

int
store_read_range (const void *key, size_t key_size, const void *value, size_t value_size,
                  char node[NODE_NAME_MAX + 1], store_range_t *range)
{
    const uint8_t *rest = s_read_grouped_node (key, key_size, TAG_RANGE, RUN_KEY_REST, node);
    if (!rest || value_size != 56)
        return -1;
    const uint8_t *bytes = value;
    *range = (store_range_t){.epoch = s_unsigned_at (rest),
                             .first_seq = s_unsigned_at (rest + 8),
                             .last_seq = s_unsigned_at (bytes),
                             .first_wall_s = s_signed_at (bytes + 8),
                             .last_wall_s = s_signed_at (bytes + 16),
                             .end_wall_s = s_signed_at (bytes + 24),
                             .covered_s = s_unsigned_at (bytes + 32),
                             .bytes = s_unsigned_at (bytes + 40),
                             .digest = s_unsigned_at (bytes + 48)};
    return 0;
}

int
store_read_loss (const void *key, size_t key_size, const void *value, size_t value_size,
                 char node[NODE_NAME_MAX + 1], loss_t *loss)
{
    const uint8_t *rest = s_read_tagged_node (key, key_size, TAG_LOSS, RUN_KEY_REST, node);
    const uint8_t *bytes = value;
    if (!rest || value_size != 9 || bytes[8] > LOSS_ABSENT)
        return -1;
    *loss = (loss_t){.range = {.epoch = s_unsigned_at (rest),
                               .first_seq = s_unsigned_at (rest + 8),
                               .last_seq = s_unsigned_at (bytes)},
                     .cause = (loss_cause_t) bytes[8]};
    return loss->range.first_seq <= loss->range.last_seq ? 0 : -1;
}

int
store_read_frame_key (const void *key, size_t key_size, char node[NODE_NAME_MAX + 1],
                      store_record_t *frame)
{
    const uint8_t *rest = s_read_tagged_node (key, key_size, TAG_FRAME, FRAME_KEY_REST, node);
    uint32_t span;
    if (!rest)
        return -1;
    memcpy (&span, rest + 24, sizeof span);
    frame->node = node;
    frame->start_wall_s = s_signed_at (rest);
    frame->epoch = s_unsigned_at (rest + 8);
    frame->seq = s_unsigned_at (rest + 16);
    frame->span_s = be32toh (span);
    return 0;
}

int
store_read_chunk_key (const void *key, size_t key_size, char node[NODE_NAME_MAX + 1],
                      int64_t *minute_wall_s)
{
    const uint8_t *rest = s_read_tagged_node (key, key_size, TAG_FRAME, CHUNK_KEY_REST, node);
    if (!rest)
        return -1;
    *minute_wall_s = s_signed_at (rest);
    return 0;
}

int
store_read_inbox_key (const void *key, size_t key_size, unsigned *group, uint64_t *number)
{
    const uint8_t *bytes = key;
    if (key_size != INBOX_KEY_BYTES || bytes[0] != TAG_INBOX)
        return -1;
    *group = (unsigned) bytes[1] << 8 | bytes[2];
    *number = s_unsigned_at (bytes + 3);
    return 0;
}

int
store_read_row_key (const void *key, size_t key_size, char node[NODE_NAME_MAX + 1], unsigned *level,
                    int64_t *start_wall_s)
{
    uint8_t untagged[STORE_BYTES_MAX];
    if (key_size < 3 || key_size > STORE_BYTES_MAX)
        return -1;
    memcpy (untagged + 1, (const uint8_t *) key + 2, key_size - 2);
    untagged[0] = *(const uint8_t *) key;
    const uint8_t *rest = s_read_tagged_node (untagged, key_size - 1, TAG_ROW, ROW_KEY_REST, node);
    if (!rest)
        return -1;
    *level = ((const uint8_t *) key)[1];
    *start_wall_s = s_signed_at (rest);
    return *level < LEVEL_COUNT ? 0 : -1;
}

int
store_read_conflict_key (const void *key, size_t key_size, char node[NODE_NAME_MAX + 1],
                         store_conflict_t *conflict)
{
    const uint8_t *rest = s_read_tagged_node (key, key_size, TAG_CONFLICT, CONFLICT_KEY_REST, node);
    if (!rest)
        return -1;
    conflict->epoch = s_unsigned_at (rest);
    conflict->seq = s_unsigned_at (rest + 8);
    conflict->digest = s_unsigned_at (rest + 16);
    return 0;
}
