//  SPDX-License-Identifier: GPL-2.0-or-later
//  recovery - see recovery.h.
#include "query/recovery.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int
s_refuse (void *handle, const peer_t *peer, uint64_t id, store_t *store)
{
    query_error_t error;
    char why[512];
    store_error (store, why);
    query_error_set (&error, ERROR_INTERNAL, -1, "the store could not be read: %s", why);
    return reply_send_error (handle, peer, id, &error);
}

static message_t
s_header (const message_t *question, message_kind_t kind)
{
    message_t header = {.kind = kind, .id = question->id};
    memcpy (header.node, question->node, sizeof header.node);
    return header;
}

int
recovery_send_manifest (void *handle, const peer_t *peer, store_t *store, const message_t *question)
{
    manifest_t manifest;
    query_error_t error;
    uint8_t page[WIRE_MAX_BYTES];
    if (reply_has_room_for (peer, sizeof page, &error) == -1)
        return reply_send_error (handle, peer, question->id, &error);
    if (store_manifest (store, question->node, question->from_epoch, question->from_seq,
                        &manifest) == -1)
        return s_refuse (handle, peer, question->id, store);
    size_t size = manifest_encode (&manifest, page, sizeof page);
    manifest_clear (&manifest);
    message_t header = s_header (question, MESSAGE_MANIFEST);
    if (reply_send_header (handle, peer, &header, true) == -1)
        return -1;
    return reply_send_part (handle, peer, page, size, false);
}

//  The frames of a chunk, copied: how far they go must be said before the first one.
typedef struct {
    uint8_t *data;
    size_t sizes[RECOVERY_CHUNK_FRAMES];
    size_t count;
    uint64_t through_seq;
} chunk_t;

//  Returns 0, or -1 where the store could not be read.
static int
s_fill (chunk_t *self, store_cursor_t *cursor, const seq_range_t *range)
{
    const void *data;
    size_t size, used = 0;
    int rc;
    self->through_seq = range->last_seq;
    while ((rc = store_cursor_next (cursor, &data, &size)) == 1) {
        memcpy (self->data + used, data, size);
        used += size;
        self->sizes[self->count++] = size;
        if (self->count == RECOVERY_CHUNK_FRAMES || used >= RECOVERY_CHUNK_BYTES) {
            store_record_t last;
            store_cursor_record (cursor, &last);
            self->through_seq = last.seq;
            return 0;
        }
    }
    return rc;
}

static int
s_send_chunk (void *handle, const peer_t *peer, const message_t *question, const chunk_t *chunk)
{
    message_t header = s_header (question, MESSAGE_REPLAY);
    header.range = question->range;
    header.range.last_seq = chunk->through_seq;
    int rc = reply_send_header (handle, peer, &header, chunk->count > 0);
    const uint8_t *data = chunk->data;
    for (size_t i = 0; rc == 0 && i < chunk->count; i++) {
        rc = reply_send_part (handle, peer, data, chunk->sizes[i], i + 1 < chunk->count);
        data += chunk->sizes[i];
    }
    return rc;
}

//  Read the chunk and send it, unless too much waits unread.
static int
s_answer (void *handle, const peer_t *peer, store_t *store, const message_t *question,
          store_cursor_t *cursor, chunk_t *chunk)
{
    query_error_t error;
    if (reply_has_room_for (peer, RECOVERY_CHUNK_BYTES, &error) == -1)
        return reply_send_error (handle, peer, question->id, &error);
    if (!cursor || s_fill (chunk, cursor, &question->range) == -1)
        return s_refuse (handle, peer, question->id, store);
    return s_send_chunk (handle, peer, question, chunk);
}

int
recovery_send_replay (void *handle, const peer_t *peer, store_t *store, const message_t *question)
{
    store_cursor_t *cursor = store_cursor_new_replay (store, question->node, &question->range);
    chunk_t chunk = {.data = malloc (RECOVERY_CHUNK_BYTES + FRAME_MAX_BYTES)};
    assert (chunk.data);
    int rc = s_answer (handle, peer, store, question, cursor, &chunk);
    store_cursor_destroy (&cursor);
    free (chunk.data);
    return rc;
}
