//  SPDX-License-Identifier: GPL-2.0-or-later
//  ask - see ask.h. What comes back is bytes from a socket: bounded, decoded, never trusted.
#include "query/ask.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "query/limits.h"
#include "transport/socket.h"

struct asker_t {
    zsock_t *socket; //  DEALER
    void *handle;    //  The same, for libzmq
    wire_reader_t *reader;
    uint64_t last_id;
};

asker_t *
asker_new (const char *endpoint)
{
    char error[512];
    zsock_t *socket = socket_new (ZMQ_DEALER);
    if (socket_connect (socket, endpoint, error) == -1) {
        zsock_destroy (&socket);
        return NULL;
    }
    asker_t *self = calloc (1, sizeof *self);
    assert (self);
    self->socket = socket;
    self->handle = zsock_resolve (socket);
    self->reader = wire_reader_new ();
    return self;
}

void
asker_destroy (asker_t **self_p)
{
    asker_t *self = *self_p;
    if (!self)
        return;
    zsock_destroy (&self->socket);
    wire_reader_destroy (&self->reader);
    free (self);
    *self_p = NULL;
}

zsock_t *
asker_socket (const asker_t *self)
{
    return self->socket;
}

uint64_t
asker_send (asker_t *self, answer_form_t form, const char *statement, size_t size,
            uint32_t timeout_ms)
{
    message_t message = {.kind = MESSAGE_ASK, .id = self->last_id + 1, .form = form};
    message.timeout_ms = timeout_ms;
    message.statement = statement;
    message.statement_size = size;
    uint8_t *header = malloc (WIRE_MAX_BYTES);
    assert (header);
    size_t header_size =
        size <= STATEMENT_MAX_BYTES ? message_encode (&message, header, WIRE_MAX_BYTES) : 0;
    int rc = -1;
    if (header_size > 0)
        do
            rc = zmq_send (self->handle, header, header_size, ZMQ_DONTWAIT);
        while (rc == -1 && errno == EINTR);
    free (header);
    return rc == -1 ? 0 : ++self->last_id;
}

//  --- one reply -------------------------------------------------------------------------------

//  A reply while its parts come in.
typedef struct {
    asker_t *asker;
    uint64_t id;    //  That is waited for
    bool is_wanted; //  It carries that id
    answer_form_t form;
    size_t bytes, parts; //  Taken so far
    size_t histograms;   //  In the table so far
    reply_t *reply;
} incoming_t;

static int
s_fail (reply_t *reply, const char *what)
{
    reply_fini (reply);
    reply->kind = REPLY_ERROR;
    query_error_set (&reply->error, ERROR_INTERNAL, -1, "%s", what);
    query_error_hint (&reply->error, "is this the endpoint of a kpulse program of this version?");
    return -1;
}

static void
s_take_error (reply_t *reply, const message_t *message)
{
    reply->kind = REPLY_ERROR;
    query_error_set (&reply->error, message->code, message->position, "%s", message->text);
    memcpy (reply->error.expected, message->expected, sizeof reply->error.expected);
    memcpy (reply->error.hint, message->hint, sizeof reply->error.hint);
}

static int
s_take_header (incoming_t *self, const void *data, size_t size)
{
    message_t message;
    reply_t *reply = self->reply;
    if (message_decode (&message, self->asker->reader, data, size) == -1)
        return 0;
    self->is_wanted =
        message.id == self->id && (message.kind == MESSAGE_ANSWER || message.kind == MESSAGE_ERROR);
    if (!self->is_wanted)
        return 0;
    self->form = message.form;
    reply->since_wall_s = message.since_wall_s;
    reply->until_wall_s = message.until_wall_s;
    if (message.kind == MESSAGE_ERROR)
        s_take_error (reply, &message);
    else
        reply->kind = message.form == FORM_ROWS ? REPLY_TABLE : REPLY_PARTIALS;
    return 0;
}

//  A few bytes on the wire can be 4 KiB in memory.
static size_t
s_last_row_histograms (const table_t *table)
{
    size_t count = 0, row = table_rows (table) - 1;
    for (size_t i = 0; i < table_columns (table); i++)
        count += table_cell (table, row, i)->kind == CELL_BUCKETS;
    return count;
}

static int
s_take_table_part (incoming_t *self, const void *data, size_t size)
{
    reply_t *reply = self->reply;
    wire_reader_t *reader = self->asker->reader;
    if (!reply->table) {
        reply->table = table_new ();
        return table_decode_columns (reply->table, reader, data, size);
    }
    if (table_decode_row (reply->table, reader, data, size) == -1)
        return -1;
    self->histograms += s_last_row_histograms (reply->table);
    return self->histograms <= ANSWER_MAX_HISTOGRAMS ? 0 : -1;
}

static int
s_take_partial_part (incoming_t *self, const void *data, size_t size)
{
    reply_t *reply = self->reply;
    size_t count = reply->partial_count;
    if (count == ANSWER_MAX_PARTIALS)
        return -1;
    if ((count & (count - 1)) == 0) {
        size_t capacity = count ? 2 * count : 1;
        reply->partials = realloc (reply->partials, capacity * sizeof reply->partials[0]);
        assert (reply->partials);
    }
    return partial_decode (&reply->partials[reply->partial_count++], self->asker->reader, data,
                           size);
}

//  Take the next part in. Returns 0, or -1 where the reply is malformed (reply says so then).
static int
s_take_part (incoming_t *self, const void *data, size_t size)
{
    if (self->parts++ == 0)
        return s_take_header (self, data, size);
    if (!self->is_wanted)
        return 0;
    self->bytes += size;
    int rc = -1;
    if (self->bytes <= ANSWER_MAX_BYTES && self->reply->kind == REPLY_TABLE)
        rc = s_take_table_part (self, data, size);
    else if (self->bytes <= ANSWER_MAX_BYTES && self->reply->kind == REPLY_PARTIALS)
        rc = s_take_partial_part (self, data, size);
    return rc == 0 ? 0 : s_fail (self->reply, "the reply is malformed");
}

//  Take one whole reply in, which has arrived: what a malformed one has left is drained. Returns
//  whether it was the one waited for.
static bool
s_take_reply (asker_t *self, uint64_t id, reply_t *reply)
{
    incoming_t incoming = {.asker = self, .id = id, .reply = reply};
    bool is_sound = true;
    int more = 1;
    while (more) {
        zmq_msg_t part;
        zmq_msg_init (&part);
        if (zmq_msg_recv (&part, self->handle, ZMQ_DONTWAIT) == -1) {
            more = errno == EINTR;
            continue;
        }
        if (is_sound)
            is_sound = s_take_part (&incoming, zmq_msg_data (&part), zmq_msg_size (&part)) == 0;
        more = zmq_msg_more (&part);
        zmq_msg_close (&part);
    }
    if (incoming.is_wanted && is_sound && reply->kind == REPLY_TABLE && !reply->table)
        s_fail (reply, "the reply is malformed: it has no columns");
    return incoming.is_wanted;
}

//  --- waiting ---------------------------------------------------------------------------------

static int64_t
s_now_mono_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

int
asker_receive (asker_t *self, uint64_t id, int timeout_ms, int stop_fd, reply_t *reply)
{
    int64_t deadline_mono_ms = s_now_mono_ms () + timeout_ms;
    zmq_pollitem_t items[] = {{self->handle, 0, ZMQ_POLLIN, 0}, {NULL, stop_fd, ZMQ_POLLIN, 0}};
    memset (reply, 0, sizeof *reply);
    reply->kind = REPLY_NONE;
    while (true) {
        int64_t left_ms = deadline_mono_ms - s_now_mono_ms ();
        int rc = zmq_poll (items, stop_fd == -1 ? 1 : 2, left_ms > 0 ? (long) left_ms : 0);
        if (rc > 0 && stop_fd != -1 && items[1].revents)
            return -1;
        if (rc > 0 && items[0].revents && s_take_reply (self, id, reply))
            return 0;
        if (left_ms <= 0)
            return 0;
        if (rc == -1 && errno != EINTR)
            return -1;
    }
}

void
reply_fini (reply_t *self)
{
    table_destroy (&self->table);
    free (self->partials);
    self->partials = NULL;
    self->partial_count = 0;
}
