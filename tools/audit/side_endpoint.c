//  SPDX-License-Identifier: GPL-2.0-or-later
//  side_endpoint - the side that is a running program, asked over its ROUTER socket. What comes
//  back is checked and bounded like anything from a socket.
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "query/ask.h"
#include "schema/message.h"
#include "tools/audit/side_self.h"
#include "transport/socket.h"

#define REPLY_TIMEOUT_MS 5000
#define REPLY_MAX_BYTES  (4u << 20)
#define REPLY_MAX_PARTS  4096

//  One reply: its header, decoded, and the parts behind it.
typedef struct {
    message_t header;
    zmq_msg_t parts[REPLY_MAX_PARTS];
    size_t count;
    size_t bytes;
} parts_t;

typedef struct {
    side_t side; //  First: a side_t * is an endpoint_t *
    zsock_t *socket;
    void *handle; //  The same, for libzmq
    asker_t *asker;
    wire_reader_t *reader;
    uint64_t last_id;
    parts_t reply;
    //  The replay that is being read.
    char node[NODE_NAME_MAX + 1];
    seq_range_t range; //  What is still to be asked for; empty where first_seq is over last_seq
    size_t next_part;
} endpoint_t;

//  --- asking ----------------------------------------------------------------------------------

static void
s_clear_parts (endpoint_t *self)
{
    for (size_t i = 0; i < self->reply.count; i++)
        zmq_msg_close (&self->reply.parts[i]);
    self->reply.count = 0;
    self->reply.bytes = 0;
    self->next_part = 0;
}

//  Take one part; those past the limits are dropped. Returns true while more follow.
static bool
s_receive_part (endpoint_t *self)
{
    zmq_msg_t part;
    zmq_msg_init (&part);
    if (zmq_msg_recv (&part, self->handle, ZMQ_DONTWAIT) == -1) {
        zmq_msg_close (&part);
        return false;
    }
    bool more = zmq_msg_more (&part);
    parts_t *reply = &self->reply;
    size_t size = zmq_msg_size (&part);
    if (reply->count == REPLY_MAX_PARTS || reply->bytes + size > REPLY_MAX_BYTES) {
        zmq_msg_close (&part);
        return more;
    }
    zmq_msg_init (&reply->parts[reply->count]);
    zmq_msg_move (&reply->parts[reply->count++], &part);
    reply->bytes += size;
    return more;
}

//  Whether what was received is the reply to the last question.
static bool
s_is_wanted (endpoint_t *self)
{
    parts_t *reply = &self->reply;
    return reply->count > 0 &&
           message_decode (&reply->header, self->reader, zmq_msg_data (&reply->parts[0]),
                           zmq_msg_size (&reply->parts[0])) == 0 &&
           reply->header.id == self->last_id;
}

//  Wait for the reply to the last question. Returns 0, or -1 when none came in time.
static int
s_receive (endpoint_t *self)
{
    int64_t until_mono_ms = zclock_mono () + REPLY_TIMEOUT_MS;
    int64_t left_ms;
    while ((left_ms = until_mono_ms - zclock_mono ()) > 0) {
        zmq_pollitem_t item = {.socket = self->handle, .events = ZMQ_POLLIN};
        if (zmq_poll (&item, 1, left_ms) <= 0)
            continue;
        s_clear_parts (self);
        while (s_receive_part (self))
            continue;
        if (s_is_wanted (self))
            return 0;
    }
    return side_fail (&self->side,
                      "no answer within %d s; does a program of this version run there?",
                      REPLY_TIMEOUT_MS / 1000);
}

//  Send a question and take its reply, which must be of a kind and about the node.
static int
s_ask (endpoint_t *self, message_t *question, message_kind_t kind)
{
    uint8_t data[1024];
    question->id = ++self->last_id;
    size_t size = message_encode (question, data, sizeof data);
    assert (size > 0);
    if (zmq_send (self->handle, data, size, ZMQ_DONTWAIT) == -1)
        return side_fail (&self->side, "cannot be asked: %s", zmq_strerror (errno));
    if (s_receive (self) == -1)
        return -1;
    const message_t *header = &self->reply.header;
    if (header->kind == MESSAGE_ERROR)
        return side_fail (&self->side, "%s", header->text);
    if (header->kind != kind || strcmp (header->node, question->node) != 0)
        return side_fail (&self->side, "the reply is not what was asked for");
    return 0;
}

//  --- manifest --------------------------------------------------------------------------------

static int
s_ask_page (endpoint_t *self, const char *node, const manifest_t *before, manifest_t *page)
{
    message_t question = {.kind = MESSAGE_ASK_MANIFEST};
    const char *reason;
    snprintf (question.node, sizeof question.node, "%s", node);
    if (before->count > 0) {
        question.from_epoch = before->runs[before->count - 1].range.epoch;
        question.from_seq = before->runs[before->count - 1].range.last_seq + 1;
    }
    if (s_ask (self, &question, MESSAGE_MANIFEST) == -1)
        return -1;
    if (self->reply.count != 2)
        return side_fail (&self->side, "the manifest is not one page");
    zmq_msg_t *part = &self->reply.parts[1];
    if (manifest_decode (page, self->reader, zmq_msg_data (part), zmq_msg_size (part), &reason) ==
        -1)
        return side_fail (&self->side, "the manifest cannot be read: %s", reason);
    return 0;
}

static int
s_manifest (side_t *side, const char *node, manifest_t *manifest)
{
    endpoint_t *self = (endpoint_t *) side;
    *manifest = (manifest_t){0};
    if (s_ask_page (self, node, manifest, manifest) == -1)
        return -1;
    while (manifest->more) {
        manifest_t page;
        if (s_ask_page (self, node, manifest, &page) == -1)
            return -1;
        int rc = manifest_append (manifest, &page, SIDE_RUNS_MAX);
        manifest_clear (&page);
        if (rc == -1)
            return side_fail (side, "the pages of the manifest do not follow each other");
    }
    return 0;
}

//  --- replay ----------------------------------------------------------------------------------

static int
s_seek (side_t *side, const char *node, const seq_range_t *range)
{
    endpoint_t *self = (endpoint_t *) side;
    s_clear_parts (self);
    snprintf (self->node, sizeof self->node, "%s", node);
    self->range = *range;
    return 0;
}

static int
s_ask_chunk (endpoint_t *self)
{
    message_t question = {.kind = MESSAGE_ASK_REPLAY, .range = self->range};
    memcpy (question.node, self->node, sizeof question.node);
    if (s_ask (self, &question, MESSAGE_REPLAY) == -1)
        return -1;
    const seq_range_t *covered = &self->reply.header.range;
    if (covered->epoch != self->range.epoch || covered->first_seq != self->range.first_seq ||
        covered->last_seq < self->range.first_seq || covered->last_seq > self->range.last_seq)
        return side_fail (&self->side, "the replay is not of the frames that were asked for");
    self->range.first_seq = covered->last_seq + 1;
    self->next_part = 1;
    return 0;
}

static int
s_next (side_t *side, const void **data, size_t *size)
{
    endpoint_t *self = (endpoint_t *) side;
    while (self->next_part >= self->reply.count) {
        if (self->range.first_seq > self->range.last_seq)
            return 0;
        if (s_ask_chunk (self) == -1)
            return -1;
    }
    zmq_msg_t *part = &self->reply.parts[self->next_part++];
    *data = zmq_msg_data (part);
    *size = zmq_msg_size (part);
    return 1;
}

//  --- what statements tell --------------------------------------------------------------------

//  Answer a statement with a table, the caller's.
static int
s_show (endpoint_t *self, const char *statement, table_t **table)
{
    reply_t reply;
    uint64_t id =
        asker_send (self->asker, FORM_ROWS, statement, strlen (statement), REPLY_TIMEOUT_MS);
    asker_receive (self->asker, id, REPLY_TIMEOUT_MS, -1, &reply);
    *table = reply.kind == REPLY_TABLE ? reply.table : NULL;
    if (*table)
        reply.table = NULL;
    else
        side_fail (&self->side, "'%s': %s", statement,
                   reply.kind == REPLY_ERROR ? reply.error.text : "no answer");
    reply_fini (&reply);
    return *table ? 0 : -1;
}

//  The text of a cell, by its column's name; "" where it is another kind or there is none.
static const char *
s_text (const table_t *table, size_t row, const char *column)
{
    for (size_t i = 0; i < table_columns (table); i++)
        if (strcmp (table_column_name (table, i), column) == 0) {
            const cell_t *cell = table_cell (table, row, i);
            return cell->kind == CELL_TEXT ? cell->value.text : "";
        }
    return "";
}

//  The same of a whole number, 0 where it is another kind.
static uint64_t
s_number (const table_t *table, size_t row, const char *column)
{
    for (size_t i = 0; i < table_columns (table); i++)
        if (strcmp (table_column_name (table, i), column) == 0) {
            const cell_t *cell = table_cell (table, row, i);
            return cell->kind == CELL_INTEGER ? (uint64_t) cell->value.integer : 0;
        }
    return 0;
}

static int
s_nodes (side_t *side, node_name_t **nodes, size_t *count)
{
    endpoint_t *self = (endpoint_t *) side;
    table_t *table;
    if (s_show (self, "show nodes", &table) == -1)
        return -1;
    size_t rows = table_rows (table) < SIDE_NODES_MAX ? table_rows (table) : SIDE_NODES_MAX;
    *nodes = calloc (rows + 1, sizeof **nodes);
    assert (*nodes);
    *count = 0;
    for (size_t row = 0; row < rows; row++)
        if (node_name_is_valid (s_text (table, row, "node")))
            strcpy ((*nodes)[(*count)++], s_text (table, row, "node"));
    table_destroy (&table);
    return 0;
}

static loss_t
s_loss (const table_t *table, size_t row)
{
    const char *cause = s_text (table, row, "cause");
    return (loss_t){.range = {.epoch = strtoull (s_text (table, row, "epoch"), NULL, 10),
                              .first_seq = s_number (table, row, "first_seq"),
                              .last_seq = s_number (table, row, "last_seq")},
                    .cause = strcmp (cause, "expired") == 0 ? LOSS_EXPIRED : LOSS_ABSENT};
}

//  Rows of show gaps that name a cause are losses; the others are seconds nobody knows of.
static int
s_losses (side_t *side, const char *node, loss_t **losses, size_t *count)
{
    endpoint_t *self = (endpoint_t *) side;
    table_t *table;
    if (s_show (self, "show gaps", &table) == -1)
        return -1;
    size_t rows = table_rows (table) < SIDE_LOSSES_MAX ? table_rows (table) : SIDE_LOSSES_MAX;
    *losses = calloc (rows + 1, sizeof **losses);
    assert (*losses);
    *count = 0;
    for (size_t row = 0; row < rows; row++)
        if (strcmp (s_text (table, row, "node"), node) == 0 && *s_text (table, row, "cause"))
            (*losses)[(*count)++] = s_loss (table, row);
    table_destroy (&table);
    return 0;
}

//  --- making one ------------------------------------------------------------------------------

static void
s_destroy (side_t *side)
{
    endpoint_t *self = (endpoint_t *) side;
    s_clear_parts (self);
    asker_destroy (&self->asker);
    zsock_destroy (&self->socket);
    wire_reader_destroy (&self->reader);
    free (self);
}

side_t *
side_endpoint_new (const char *endpoint, char error[SIDE_ERROR_MAX + 1])
{
    zsock_t *socket = socket_new (ZMQ_DEALER);
    if (socket_connect (socket, endpoint, error) == -1) {
        zsock_destroy (&socket);
        return NULL;
    }
    endpoint_t *self = calloc (1, sizeof *self);
    assert (self);
    self->socket = socket;
    self->handle = zsock_resolve (socket);
    self->asker = asker_new (endpoint);
    self->reader = wire_reader_new ();
    self->side = (side_t){.destroy = s_destroy,
                          .nodes = s_nodes,
                          .manifest = s_manifest,
                          .losses = s_losses,
                          .seek = s_seek,
                          .next = s_next};
    return &self->side;
}
