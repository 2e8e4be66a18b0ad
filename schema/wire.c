//  SPDX-License-Identifier: GPL-2.0-or-later
//  wire - writing by msgpack-c's packer; reading by msgpack-c's parser with callbacks of ours,
//  which put the tokens on a tape in the order of their bytes instead of building objects. From
//  there wire_take.c hands them out.
//
//  How the reader knows that everything is in its shortest form: each callback adds the shortest
//  size its token can have, and refuses integers from 0 up in a signed form. No token can be
//  shorter, so all are shortest exactly when these sizes add up to what the parser consumed.

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#define MSGPACK_EMBED_STACK_SIZE 8 //  WIRE_MAX_DEPTH: the parser's stack is the limit
#include <msgpack.h>
#include <msgpack/unpack_define.h>
#include "schema/text.h"
#include "schema/wire_tape.h"

_Static_assert(MSGPACK_EMBED_STACK_SIZE == WIRE_MAX_DEPTH, "the parser nests as deep as we say");

//  --- writer --------------------------------------------------------------------------------

void
wire_writer_init (wire_writer_t *self, void *buffer, size_t capacity)
{
    *self = (wire_writer_t){.data = buffer, .capacity = capacity};
}

static int
s_write (void *context, const char *data, size_t size)
{
    wire_writer_t *self = context;
    if (self->overflow || size > self->capacity - self->size)
        self->overflow = true;
    else
        memcpy (self->data + self->size, data, size);
    self->size += size;
    return 0;
}

static msgpack_packer
s_packer (wire_writer_t *self)
{
    return (msgpack_packer){.data = self, .callback = s_write};
}

void
wire_put_array (wire_writer_t *self, uint32_t items)
{
    msgpack_packer packer = s_packer (self);
    msgpack_pack_array (&packer, items);
}

void
wire_put_uint (wire_writer_t *self, uint64_t value)
{
    msgpack_packer packer = s_packer (self);
    msgpack_pack_uint64 (&packer, value);
}

void
wire_put_int (wire_writer_t *self, int64_t value)
{
    msgpack_packer packer = s_packer (self);
    msgpack_pack_int64 (&packer, value);
}

void
wire_put_real (wire_writer_t *self, double value)
{
    assert (isfinite (value));
    msgpack_packer packer = s_packer (self);
    msgpack_pack_double (&packer, value);
}

void
wire_put_string (wire_writer_t *self, const char *text, size_t length)
{
    msgpack_packer packer = s_packer (self);
    msgpack_pack_str (&packer, length);
    s_write (self, text, length);
}

void
wire_put_text (wire_writer_t *self, const char *text, size_t max)
{
    size_t length = text_cut (text, max);
    msgpack_packer packer = s_packer (self);
    msgpack_pack_str (&packer, length);
    while (length > 0) {
        size_t size = text_character (text, length);
        s_write (self, size == 0 ? "?" : text, size == 0 ? 1 : size);
        text += size == 0 ? 1 : size;
        length -= size == 0 ? 1 : size;
    }
}

void
wire_put_nil (wire_writer_t *self)
{
    msgpack_packer packer = s_packer (self);
    msgpack_pack_nil (&packer);
}

size_t
wire_writer_size (const wire_writer_t *self)
{
    return self->overflow ? 0 : self->size;
}

//  --- the tape ----------------------------------------------------------------------------------

static int
s_append (tape_t *self, wire_type_t type, uint64_t value, size_t bytes)
{
    self->tokens[self->count++] = (token_t){value, (uint32_t) self->offset, type};
    self->offset += bytes;
    return 0;
}

static size_t
s_uint_size (uint64_t value)
{
    if (value < 128)
        return 1;
    if (value <= UINT8_MAX)
        return 2;
    if (value <= UINT16_MAX)
        return 3;
    return value <= UINT32_MAX ? 5 : 9;
}

static size_t
s_negative_size (int64_t value)
{
    if (value >= -32)
        return 1;
    if (value >= INT8_MIN)
        return 2;
    if (value >= INT16_MIN)
        return 3;
    return value >= INT32_MIN ? 5 : 9;
}

size_t
wire_string_header_size (uint64_t length)
{
    if (length < 32)
        return 1;
    if (length <= UINT8_MAX)
        return 2;
    return length <= UINT16_MAX ? 3 : 5;
}

static size_t
s_array_header_size (uint64_t items)
{
    if (items < 16)
        return 1;
    return items <= UINT16_MAX ? 3 : 5;
}

static int
s_append_uint (tape_t *self, uint64_t value)
{
    return s_append (self, WIRE_UINT, value, s_uint_size (value));
}

static int
s_append_int (tape_t *self, int64_t value)
{
    if (value >= 0)
        return MSGPACK_UNPACK_PARSE_ERROR;
    return s_append (self, WIRE_INT, (uint64_t) value, s_negative_size (value));
}

//  --- msgpack-c's parser with callbacks that append to the tape ---------------------------------
//  The template's "object" is what a callback hands to the container around it: here nothing.

typedef char nothing_t;

#define msgpack_unpack_struct(name)     struct s_parser##name
#define msgpack_unpack_func(type, name) __attribute__ ((unused)) static type s_parse##name
#define msgpack_unpack_callback(name)   s_on##name
#define msgpack_unpack_object           nothing_t
#define msgpack_unpack_user             tape_t

static nothing_t
s_on_root (tape_t *self)
{
    (void) self;
    return 0;
}

#define ON_NUMBER(name, type, append)                                                              \
    static int s_on##name (tape_t *self, type value, nothing_t *object)                            \
    {                                                                                              \
        *object = 0;                                                                               \
        return append (self, value);                                                               \
    }
ON_NUMBER (_uint8, uint8_t, s_append_uint)
ON_NUMBER (_uint16, uint16_t, s_append_uint)
ON_NUMBER (_uint32, uint32_t, s_append_uint)
ON_NUMBER (_uint64, uint64_t, s_append_uint)
ON_NUMBER (_int8, int8_t, s_append_int)
ON_NUMBER (_int16, int16_t, s_append_int)
ON_NUMBER (_int32, int32_t, s_append_int)
ON_NUMBER (_int64, int64_t, s_append_int)

static int
s_on_double (tape_t *self, double value, nothing_t *object)
{
    uint64_t bits;
    memcpy (&bits, &value, sizeof bits);
    *object = 0;
    return isfinite (value) ? s_append (self, WIRE_REAL, bits, 9) : MSGPACK_UNPACK_PARSE_ERROR;
}

static int
s_on_nil (tape_t *self, nothing_t *object)
{
    *object = 0;
    return s_append (self, WIRE_NIL, 0, 1);
}

static int
s_on_str (tape_t *self, const char *base, const char *text, unsigned length, nothing_t *object)
{
    (void) base;
    (void) text;
    *object = 0;
    return s_append (self, WIRE_STRING, length, wire_string_header_size (length) + length);
}

//  Every item has at least a byte, so an array of more items than bytes can follow is a lie.
static int
s_on_array (tape_t *self, unsigned items, nothing_t *object)
{
    *object = 0;
    if (items > WIRE_MAX_BYTES - self->offset)
        return MSGPACK_UNPACK_PARSE_ERROR;
    return s_append (self, WIRE_ARRAY, items, s_array_header_size (items));
}

static int
s_on_array_item (tape_t *self, nothing_t *array, nothing_t item)
{
    (void) self;
    (void) array;
    (void) item;
    return 0;
}

//  Types that we do not have. The macros stand in place of callbacks, of any arguments.
#define s_on_true(...)     MSGPACK_UNPACK_PARSE_ERROR
#define s_on_false(...)    MSGPACK_UNPACK_PARSE_ERROR
#define s_on_float(...)    MSGPACK_UNPACK_PARSE_ERROR
#define s_on_bin(...)      MSGPACK_UNPACK_PARSE_ERROR
#define s_on_ext(...)      MSGPACK_UNPACK_PARSE_ERROR
#define s_on_map(...)      MSGPACK_UNPACK_PARSE_ERROR
#define s_on_map_item(...) MSGPACK_UNPACK_PARSE_ERROR

#include <msgpack/unpack_template.h>

//  --- reader --------------------------------------------------------------------------------

wire_reader_t *
wire_reader_new (void)
{
    wire_reader_t *self = calloc (1, sizeof *self);
    assert (self);
    self->tape.tokens = malloc (WIRE_MAX_BYTES * sizeof (token_t));
    assert (self->tape.tokens);
    self->failed = true;
    return self;
}

void
wire_reader_destroy (wire_reader_t **self_p)
{
    wire_reader_t *self = *self_p;
    if (self) {
        free (self->tape.tokens);
        free (self);
        *self_p = NULL;
    }
}

int
wire_read_first (wire_reader_t *self, const void *data, size_t size, size_t *used)
{
    struct s_parser_context parser;
    size_t limit = size < WIRE_MAX_BYTES ? size : WIRE_MAX_BYTES;
    parser.user = (tape_t){.tokens = self->tape.tokens};
    s_parse_init (&parser);
    *used = 0;
    int rc = s_parse_execute (&parser, data, limit, used);
    self->tape = parser.user;
    self->data = data;
    self->next = 0;
    self->failed = rc != 1 || self->tape.offset != *used;
    if (rc == 0 && size < WIRE_MAX_BYTES)
        return 0;
    return self->failed ? -1 : 1;
}

int
wire_read (wire_reader_t *self, const void *data, size_t size)
{
    size_t used;
    if (wire_read_first (self, data, size, &used) != 1 || used != size)
        self->failed = true;
    return self->failed ? -1 : 0;
}

void
wire_read_beginning (wire_reader_t *self, const void *data, size_t size)
{
    size_t used;
    wire_read_first (self, data, size, &used);
    self->failed = false;
}
