//  SPDX-License-Identifier: GPL-2.0-or-later
//  message - the codec of headers. Each kind has a function that puts what follows the kind's
//  name and one that takes it, and s_kinds lists them.

#include <string.h>
#include "schema/message.h"

static const char *const s_forms[] = {[FORM_ROWS] = "rows", [FORM_PARTIALS] = "partials"};

static const char *const s_codes[] = {
    [ERROR_SYNTAX] = "syntax", [ERROR_UNKNOWN] = "unknown",   [ERROR_UNSUPPORTED] = "unsupported",
    [ERROR_BUSY] = "busy",     [ERROR_INTERNAL] = "internal",
};

#define LENGTH(table) (sizeof (table) / sizeof (table)[0])

static void
s_put_name (wire_writer_t *writer, const char *name)
{
    wire_put_string (writer, name, strlen (name));
}

//  Take one of the names; returns which, or -1.
static int
s_take_name (wire_reader_t *reader, const char *const *names, size_t count)
{
    const char *text;
    size_t length;
    if (wire_take_string (reader, &text, &length))
        return -1;
    for (size_t i = 0; i < count; i++)
        if (strlen (names[i]) == length && memcmp (names[i], text, length) == 0)
            return (int) i;
    return -1;
}

static int
s_take_form (wire_reader_t *reader, answer_form_t *form)
{
    int found = s_take_name (reader, s_forms, LENGTH (s_forms));
    *form = (answer_form_t) found;
    return found < 0 ? -1 : 0;
}

//  --- the kinds -------------------------------------------------------------------------------

static void
s_put_ask (const message_t *self, wire_writer_t *writer)
{
    wire_put_uint (writer, self->id);
    s_put_name (writer, s_forms[self->form]);
    wire_put_uint (writer, self->timeout_ms);
    wire_put_string (writer, self->statement, self->statement_size);
}

//  All but the statement.
static int
s_take_asker (message_t *self, wire_reader_t *reader)
{
    uint64_t timeout_ms;
    if (wire_take_uint (reader, &self->id) || s_take_form (reader, &self->form) ||
        wire_take_limited (reader, UINT32_MAX, &timeout_ms))
        return -1;
    self->timeout_ms = (uint32_t) timeout_ms;
    return 0;
}

static int
s_take_ask (message_t *self, wire_reader_t *reader)
{
    if (s_take_asker (self, reader) ||
        wire_take_string (reader, &self->statement, &self->statement_size))
        return -1;
    return self->statement_size <= STATEMENT_MAX_BYTES ? 0 : -1;
}

static void
s_put_answer (const message_t *self, wire_writer_t *writer)
{
    wire_put_uint (writer, self->id);
    s_put_name (writer, s_forms[self->form]);
    wire_put_int (writer, self->since_wall_s);
    wire_put_int (writer, self->until_wall_s);
}

static int
s_take_answer (message_t *self, wire_reader_t *reader)
{
    if (wire_take_uint (reader, &self->id) || s_take_form (reader, &self->form) ||
        wire_take_int (reader, &self->since_wall_s))
        return -1;
    return wire_take_int (reader, &self->until_wall_s);
}

static void
s_put_error (const message_t *self, wire_writer_t *writer)
{
    wire_put_uint (writer, self->id);
    s_put_name (writer, s_codes[self->code]);
    wire_put_int (writer, self->position);
    wire_put_text (writer, self->text, MESSAGE_TEXT_MAX);
    wire_put_text (writer, self->expected, MESSAGE_TEXT_MAX);
    wire_put_text (writer, self->hint, MESSAGE_TEXT_MAX);
}

static int
s_take_position (wire_reader_t *reader, int32_t *position)
{
    int64_t value;
    if (wire_take_int (reader, &value) || value < -1 || value > STATEMENT_MAX_BYTES)
        return -1;
    *position = (int32_t) value;
    return 0;
}

static int
s_take_error (message_t *self, wire_reader_t *reader)
{
    int code = wire_take_uint (reader, &self->id);
    if (code == 0)
        code = s_take_name (reader, s_codes, LENGTH (s_codes));
    self->code = (error_code_t) code;
    if (code < 0 || s_take_position (reader, &self->position) ||
        wire_take_text (reader, self->text, sizeof self->text) ||
        wire_take_text (reader, self->expected, sizeof self->expected))
        return -1;
    return wire_take_text (reader, self->hint, sizeof self->hint);
}

static void
s_put_announce (const message_t *self, wire_writer_t *writer)
{
    wire_put_text (writer, self->node, NODE_NAME_MAX);
    wire_put_text (writer, self->publish_endpoint, ENDPOINT_MAX);
    wire_put_text (writer, self->answer_endpoint, ENDPOINT_MAX);
    wire_put_text (writer, self->version, VERSION_TEXT_MAX);
}

static int
s_take_announce (message_t *self, wire_reader_t *reader)
{
    if (wire_take_text (reader, self->node, sizeof self->node) ||
        wire_take_text (reader, self->publish_endpoint, sizeof self->publish_endpoint) ||
        wire_take_text (reader, self->answer_endpoint, sizeof self->answer_endpoint) ||
        wire_take_text (reader, self->version, sizeof self->version))
        return -1;
    return node_name_is_valid (self->node) ? 0 : -1;
}

static void
s_put_request (const message_t *self, wire_writer_t *writer)
{
    wire_put_uint (writer, self->id);
    wire_put_text (writer, self->node, NODE_NAME_MAX);
}

static int
s_take_request (message_t *self, wire_reader_t *reader)
{
    if (wire_take_uint (reader, &self->id) ||
        wire_take_text (reader, self->node, sizeof self->node))
        return -1;
    return node_name_is_valid (self->node) ? 0 : -1;
}

static void
s_put_ask_manifest (const message_t *self, wire_writer_t *writer)
{
    s_put_request (self, writer);
    wire_put_uint (writer, self->from_epoch);
    wire_put_uint (writer, self->from_seq);
}

static int
s_take_ask_manifest (message_t *self, wire_reader_t *reader)
{
    if (s_take_request (self, reader) || wire_take_uint (reader, &self->from_epoch))
        return -1;
    return wire_take_uint (reader, &self->from_seq);
}

static void
s_put_replay (const message_t *self, wire_writer_t *writer)
{
    s_put_request (self, writer);
    wire_put_uint (writer, self->range.epoch);
    wire_put_uint (writer, self->range.first_seq);
    wire_put_uint (writer, self->range.last_seq);
}

static int
s_take_replay (message_t *self, wire_reader_t *reader)
{
    seq_range_t *range = &self->range;
    if (s_take_request (self, reader) || wire_take_uint (reader, &range->epoch) ||
        wire_take_uint (reader, &range->first_seq) || wire_take_uint (reader, &range->last_seq))
        return -1;
    return range->first_seq >= 1 && range->first_seq <= range->last_seq ? 0 : -1;
}

typedef struct {
    const char *name;
    uint32_t items; //  Of the whole header
    void (*put) (const message_t *self, wire_writer_t *writer);
    int (*take) (message_t *self, wire_reader_t *reader); //  0, or -1 where malformed
} kind_t;

static const kind_t s_kinds[] = {
    [MESSAGE_ASK] = {"ask", 6, s_put_ask, s_take_ask},
    [MESSAGE_ANSWER] = {"answer", 6, s_put_answer, s_take_answer},
    [MESSAGE_ERROR] = {"error", 8, s_put_error, s_take_error},
    [MESSAGE_ANNOUNCE] = {"announce", 6, s_put_announce, s_take_announce},
    [MESSAGE_ASK_MANIFEST] = {"ask-manifest", 6, s_put_ask_manifest, s_take_ask_manifest},
    [MESSAGE_MANIFEST] = {"manifest", 4, s_put_request, s_take_request},
    [MESSAGE_ASK_REPLAY] = {"ask-replay", 7, s_put_replay, s_take_replay},
    [MESSAGE_REPLAY] = {"replay", 7, s_put_replay, s_take_replay},
};

//  --- the whole -------------------------------------------------------------------------------

size_t
message_encode (const message_t *self, void *buffer, size_t capacity)
{
    const kind_t *kind = &s_kinds[self->kind];
    wire_writer_t writer;
    wire_writer_init (&writer, buffer, capacity);
    wire_put_array (&writer, kind->items);
    wire_put_uint (&writer, MESSAGE_VERSION);
    s_put_name (&writer, kind->name);
    kind->put (self, &writer);
    return wire_writer_size (&writer);
}

static const kind_t *
s_take_kind (wire_reader_t *reader)
{
    const char *text;
    size_t length;
    if (wire_take_string (reader, &text, &length))
        return NULL;
    for (size_t i = 0; i < LENGTH (s_kinds); i++)
        if (strlen (s_kinds[i].name) == length && memcmp (s_kinds[i].name, text, length) == 0)
            return &s_kinds[i];
    return NULL;
}

//  Take what every header begins with. Returns its kind, or NULL.
static const kind_t *
s_take_start (wire_reader_t *reader)
{
    uint32_t items;
    uint64_t version;
    if (wire_take_array (reader, &items) || wire_take_uint (reader, &version) ||
        version != MESSAGE_VERSION)
        return NULL;
    const kind_t *kind = s_take_kind (reader);
    return kind && items == kind->items ? kind : NULL;
}

int
message_decode (message_t *self, wire_reader_t *reader, const void *data, size_t size)
{
    memset (self, 0, sizeof *self);
    if (wire_read (reader, data, size))
        return -1;
    const kind_t *kind = s_take_start (reader);
    if (!kind || kind->take (self, reader))
        return -1;
    self->kind = (message_kind_t) (kind - s_kinds);
    return wire_done (reader);
}

int
message_decode_long_ask (message_t *self, wire_reader_t *reader, const void *data, size_t size)
{
    memset (self, 0, sizeof *self);
    if (size <= STATEMENT_MAX_BYTES)
        return -1;
    wire_open_beginning (reader, data, size);
    const kind_t *kind = s_take_start (reader);
    if (kind != &s_kinds[MESSAGE_ASK] || s_take_asker (self, reader))
        return -1;
    size_t rest = size - wire_offset (reader); //  The statement, behind its length in 2 or 4 bytes
    self->statement_size = rest - (rest > UINT16_MAX + 3 ? 5 : 3);
    return self->statement_size > STATEMENT_MAX_BYTES ? 0 : -1;
}
