//  SPDX-License-Identifier: GPL-2.0-or-later
//  inbox - see inbox.h. A frame in a record: size:4 span:4 epoch:8 seq:8 start:8 node 0 payload, of
//  fixed widths, so that those of other nodes are stepped over at a look.
#include "storage/inbox.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include "storage/store_key.h"

#define HEAD_BYTES 32

bool
inbox_is_open (const rolled_t *rolled, int64_t start_wall_s)
{
    return rolled->closed_wall_s != INT64_MIN && start_wall_s >= rolled->closed_wall_s;
}

bool
inbox_is_next (const rolled_t *rolled, int64_t start_wall_s)
{
    return inbox_is_open (rolled, start_wall_s) &&
           (uint64_t) start_wall_s - (uint64_t) rolled->closed_wall_s >= MINUTE_S;
}

bool
inbox_is_alive (const holding_t *holding, const store_record_t *frame)
{
    return inbox_is_open (&holding->rolled, frame->start_wall_s) &&
           !holding_has_expired (holding, frame->epoch, frame->seq);
}

//  --- records ---------------------------------------------------------------------------------

static void
s_put_32 (uint8_t *place, uint32_t number)
{
    number = htobe32 (number);
    memcpy (place, &number, sizeof number);
}

static void
s_put_64 (uint8_t *place, uint64_t number)
{
    number = htobe64 (number);
    memcpy (place, &number, sizeof number);
}

static uint32_t
s_32_at (const uint8_t *place)
{
    uint32_t number;
    memcpy (&number, place, sizeof number);
    return be32toh (number);
}

static uint64_t
s_64_at (const uint8_t *place)
{
    uint64_t number;
    memcpy (&number, place, sizeof number);
    return be64toh (number);
}

void
inbox_put (bytes_t *record, const store_record_t *frame)
{
    uint8_t head[HEAD_BYTES];
    s_put_32 (head, (uint32_t) frame->size);
    s_put_32 (head + 4, frame->span_s);
    s_put_64 (head + 8, frame->epoch);
    s_put_64 (head + 16, frame->seq);
    s_put_64 (head + 24, (uint64_t) frame->start_wall_s);
    bytes_put (record, head, sizeof head);
    bytes_put (record, frame->node, strlen (frame->node) + 1);
    bytes_put (record, frame->data, frame->size);
}

//  The node's name with its NUL. NULL where there is none.
static const char *
s_take_name (taker_t *self)
{
    size_t left = (size_t) (self->end - self->next);
    size_t length = strnlen ((const char *) self->next, left);
    if (length == left || length > NODE_NAME_MAX)
        return NULL;
    return (const char *) taker_bytes (self, length + 1);
}

int
inbox_take (taker_t *record, store_record_t *frame)
{
    if (record->next == record->end)
        return 0;
    const uint8_t *head = taker_bytes (record, HEAD_BYTES);
    if (!head)
        return -1;
    *frame = (store_record_t){.size = s_32_at (head),
                              .span_s = s_32_at (head + 4),
                              .epoch = s_64_at (head + 8),
                              .seq = s_64_at (head + 16),
                              .start_wall_s = (int64_t) s_64_at (head + 24)};
    frame->node = s_take_name (record);
    frame->data = frame->node ? taker_bytes (record, frame->size) : NULL;
    return frame->data ? 1 : -1;
}

//  --- frames of one node ----------------------------------------------------------------------

void
inbox_frames_clear (inbox_frames_t *self)
{
    bytes_clear (&self->bytes);
    free (self->frames);
    *self = (inbox_frames_t){.count = 0};
}

static void
s_copy (inbox_frames_t *self, const char *node, const store_record_t *frame)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? 2 * self->capacity : 64;
        self->frames = realloc (self->frames, self->capacity * sizeof *self->frames);
        assert (self->frames);
    }
    store_record_t *copy = &self->frames[self->count++];
    *copy = *frame;
    copy->node = node;
    bytes_put (&self->bytes, frame->data, frame->size);
}

static int
s_compare (const void *one_p, const void *other_p)
{
    const store_record_t *one = one_p, *other = other_p;
    if (one->start_wall_s != other->start_wall_s)
        return one->start_wall_s < other->start_wall_s ? -1 : 1;
    if (one->epoch != other->epoch)
        return one->epoch < other->epoch ? -1 : 1;
    return (one->seq > other->seq) - (one->seq < other->seq);
}

//  The bytes do not move any more: let the frames know where theirs are.
static void
s_arrange (inbox_frames_t *self)
{
    const uint8_t *data = self->bytes.data;
    for (size_t i = 0; i < self->count; i++) {
        self->frames[i].data = data;
        data += self->frames[i].size;
    }
    if (self->count > 1)
        qsort (self->frames, self->count, sizeof *self->frames, s_compare);
}

//  What of one record is asked for.
typedef struct {
    const holding_t *holding;
    int64_t from_wall_s, until_wall_s;
    inbox_frames_t *frames;
    bool left_some; //  Frames that start from until on
} selection_t;

static int
s_select (selection_t *self, const void *value, size_t size)
{
    taker_t record = {.next = value, .end = (const uint8_t *) value + size};
    store_record_t frame;
    int rc;
    while ((rc = inbox_take (&record, &frame)) == 1) {
        if (strcmp (frame.node, self->holding->node) != 0 ||
            !inbox_is_alive (self->holding, &frame))
            continue;
        self->left_some |= frame.start_wall_s >= self->until_wall_s;
        if (frame.start_wall_s >= self->from_wall_s && frame.start_wall_s < self->until_wall_s)
            s_copy (self->frames, self->holding->node, &frame);
    }
    return rc;
}

int
inbox_read (scan_t *scan, const holding_t *holding, int64_t from_wall_s, int64_t until_wall_s,
            uint64_t *number, inbox_frames_t *frames, char error[DATABASE_ERROR_MAX])
{
    selection_t selection = {holding, from_wall_s, until_wall_s, frames, false};
    unsigned group = store_group (holding->node), found_group;
    store_bytes_t first = store_key_inbox (group, *number);
    uint64_t found;
    size_t key_size, size;
    int rc = scan_seek (scan, first.data, first.size, error);
    for (; rc == 1; rc = scan_next (scan, error)) {
        const void *key = scan_key (scan, &key_size);
        if (store_read_inbox_key (key, key_size, &found_group, &found) || found_group != group)
            break;
        const void *value = scan_value (scan, &size);
        if (s_select (&selection, value, size))
            return INBOX_DAMAGED;
        if (!selection.left_some)
            *number = found + 1;
    }
    s_arrange (frames);
    return rc < 0 ? -1 : 0;
}

//  --- numbers ---------------------------------------------------------------------------------

//  Where the scan stands on a record: its group, and the number of the last one of that group.
static int
s_last_number (scan_t *scan, unsigned *group, uint64_t *number, char error[DATABASE_ERROR_MAX])
{
    size_t size;
    const void *key = scan_key (scan, &size);
    if (store_read_inbox_key (key, size, group, number))
        return 0;
    store_bytes_t last = store_key_inbox (*group, UINT64_MAX);
    int rc = scan_seek_back (scan, last.data, last.size, error);
    if (rc <= 0)
        return rc;
    key = scan_key (scan, &size);
    return store_read_inbox_key (key, size, group, number) ? 0 : 1;
}

int
inbox_next_number (database_t *database, uint64_t *number, char error[DATABASE_ERROR_MAX])
{
    store_bytes_t first = store_key_inbox (0, 0), end = store_key_inbox (STORE_GROUPS, 0);
    scan_t *scan = scan_new (database, first.data, first.size, end.data, end.size);
    unsigned group;
    uint64_t last;
    int rc = scan_next (scan, error);
    while (rc == 1 && (rc = s_last_number (scan, &group, &last, error)) == 1) {
        if (last >= *number)
            *number = last + 1;
        first = store_key_inbox (group + 1, 0);
        rc = scan_seek (scan, first.data, first.size, error);
    }
    scan_destroy (&scan);
    return rc < 0 ? -1 : 0;
}
