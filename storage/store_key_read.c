//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_key_read - bytes back to numbers and names: nothing is taken for what it is not.
#include "storage/store_key_self.h"

#include <endian.h>
#include <string.h>

#define RUN_KEY_REST      16 //  Bytes behind the name
#define CHUNK_KEY_REST    8
#define FRAME_KEY_REST    28
#define INBOX_KEY_BYTES   11
#define GROUP_KEY_BYTES   3
#define ROW_KEY_REST      8
#define CONFLICT_KEY_REST 24

#define NODE_VALUE_NUMBERS (9 + 2 * (LEVEL_COUNT + 1) + 1) //  And one for each metric

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
store_read_unwritten (const void *key, size_t key_size, const void *value, size_t value_size,
                      unsigned *group, uint64_t *number)
{
    const uint8_t *bytes = key;
    if (key_size != GROUP_KEY_BYTES || bytes[0] != TAG_RANGE || value_size != sizeof *number)
        return -1;
    *group = (unsigned) bytes[1] << 8 | bytes[2];
    *number = s_unsigned_at (value);
    return *group < STORE_GROUPS ? 0 : -1;
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
