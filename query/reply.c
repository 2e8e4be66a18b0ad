//  SPDX-License-Identifier: GPL-2.0-or-later
//  reply - see reply.h. ZeroMQ says when it has let go of a message's bytes; that is how what
//  waits unread is counted.
#include "query/reply.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>
#include "schema/message.h"

//  Written here, read on ZeroMQ's thread.
typedef struct {
    atomic_size_t size;
    _Atomic (unread_t *) unread;
    uint8_t data[];
} block_t;

static size_t
s_answer_bytes (const answer_t *answer)
{
    size_t total = 0, size;
    for (size_t i = 0; i < answer_parts (answer); i++) {
        answer_part (answer, i, &size);
        total += size + REPLY_PART_EXTRA_BYTES;
    }
    return total;
}

int
reply_has_room_for (const peer_t *peer, size_t bytes, query_error_t *error)
{
    bool is_small = bytes <= REPLY_SMALL_BYTES;
    if (unread_of (peer) + bytes > REPLY_MAX_PEER_BYTES) {
        query_error_set (error, ERROR_BUSY, -1, "too many answers wait to be read by you");
        query_error_hint (error, "read them, then ask on");
        return -1;
    }
    if (unread_total () + bytes <= (is_small ? REPLY_MAX_SMALL_BYTES : REPLY_MAX_LARGE_BYTES))
        return 0;
    query_error_set (error, ERROR_BUSY, -1, "too many %sanswers wait to be read by others",
                     is_small ? "" : "large ");
    query_error_hint (error, "try again, or ask for less");
    return -1;
}

int
reply_has_room (const peer_t *peer, const answer_t *answer, query_error_t *error)
{
    return reply_has_room_for (peer, s_answer_bytes (answer), error);
}

//  Called on ZeroMQ's thread.
static void
s_let_go (void *data, void *block_p)
{
    (void) data;
    block_t *block = block_p;
    unread_end (atomic_load (&block->unread), atomic_load (&block->size) + REPLY_PART_EXTRA_BYTES);
    free (block);
}

int
reply_send_part (void *handle, const peer_t *peer, const void *data, size_t size, bool more)
{
    block_t *block = malloc (sizeof *block + size);
    assert (block);
    memcpy (block->data, data, size);
    atomic_store (&block->size, size);
    atomic_store (&block->unread, unread_begin (peer, size + REPLY_PART_EXTRA_BYTES));
    zmq_msg_t part;
    int rc = zmq_msg_init_data (&part, block->data, size, s_let_go, block);
    assert (rc == 0);
    do
        rc = zmq_msg_send (&part, handle, more ? ZMQ_SNDMORE | ZMQ_DONTWAIT : ZMQ_DONTWAIT);
    while (rc == -1 && errno == EINTR);
    if (rc != -1)
        return 0;
    zmq_msg_close (&part);
    return -1;
}

int
reply_send_header (void *handle, const peer_t *peer, const message_t *message, bool more)
{
    uint8_t header[4096];
    size_t size = message_encode (message, header, sizeof header);
    assert (size > 0);
    if (reply_send_part (handle, peer, peer->id, peer->size, true) == -1)
        return -1;
    return reply_send_part (handle, peer, header, size, more);
}

int
reply_send_answer (void *handle, const peer_t *peer, uint64_t id, const answer_t *answer)
{
    size_t count = answer_parts (answer);
    message_t message = {.kind = MESSAGE_ANSWER, .id = id, .form = answer_form (answer)};
    answer_window (answer, &message.since_wall_s, &message.until_wall_s);
    int rc = reply_send_header (handle, peer, &message, count > 0);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        size_t size;
        const void *data = answer_part (answer, i, &size);
        rc = reply_send_part (handle, peer, data, size, i + 1 < count);
    }
    return rc;
}

int
reply_send_error (void *handle, const peer_t *peer, uint64_t id, const query_error_t *error)
{
    message_t message = {.kind = MESSAGE_ERROR, .id = id};
    message.code = error->code;
    message.position = error->position;
    memcpy (message.text, error->text, sizeof message.text);
    memcpy (message.expected, error->expected, sizeof message.expected);
    memcpy (message.hint, error->hint, sizeof message.hint);
    if (unread_total () > REPLY_MAX_UNREAD_BYTES)
        return -1;
    return reply_send_header (handle, peer, &message, false);
}
