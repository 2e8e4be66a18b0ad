//  SPDX-License-Identifier: GPL-2.0-or-later
//  wire - writing by msgpack-c's packer; reading by a walk over the bytes that checks all of them
//  before the first token is handed out (wire_take.c). Why not by msgpack-c's parser:
//  docs/decisions/0006-the-way-of-a-frame-through-the-broker.md; it is the peer that
//  tests/unit/test_wire_peer.c compares this walk with.

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <msgpack.h>
#include "schema/text.h"
#include "schema/wire_token.h"

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
    if (value < 128 && !self->overflow && self->size < self->capacity) {
        self->data[self->size++] = (uint8_t) value; //  Most of a frame, without a call
        return;
    }
    msgpack_packer packer = s_packer (self);
    msgpack_pack_uint64 (&packer, value);
}

void
wire_put_uints (wire_writer_t *self, const uint64_t *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        wire_put_uint (self, values[i]);
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

//  --- reader --------------------------------------------------------------------------------

wire_reader_t *
wire_reader_new (void)
{
    wire_reader_t *self = calloc (1, sizeof *self);
    assert (self);
    self->failed = true;
    return self;
}

void
wire_reader_destroy (wire_reader_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

//  The arrays that are open around the next token.
typedef struct {
    uint32_t left[WIRE_MAX_DEPTH]; //  Items still to come of each
    unsigned depth;
} nesting_t;

//  Returns 0, or -1 where the array lies too deep, or has more items than bytes can follow: every
//  item has at least one.
static int
s_open (nesting_t *self, uint64_t items, size_t offset)
{
    if (self->depth == WIRE_MAX_DEPTH || items > WIRE_MAX_BYTES - offset)
        return -1;
    self->left[self->depth++] = (uint32_t) items;
    return 0;
}

//  Close the arrays that have no more items.
static void
s_close (nesting_t *self)
{
    while (self->depth && self->left[self->depth - 1] == 0)
        self->depth--;
}

//  Small numbers, which most of a frame is, up to the end of their array.
static const uint8_t *
s_skip_small (nesting_t *self, const uint8_t *next, const uint8_t *end)
{
    uint32_t *left = &self->left[self->depth - 1];
    size_t most = *left < (size_t) (end - next) ? *left : (size_t) (end - next);
    size_t small = wire_small_uints (next, most);
    *left -= (uint32_t) small;
    return next + small;
}

//  Walk over one item and all that is in it. Returns 1 and its end; 0 where the data end before it
//  does; -1 where it is not canonical.
static int
s_walk (const uint8_t *data, const uint8_t *end, const uint8_t **item_end)
{
    nesting_t nesting = {.depth = 0};
    token_t token;
    const uint8_t *next = data;
    do {
        int rc = wire_token_read (next, end, &token);
        if (rc != 1)
            return rc;
        if (nesting.depth)
            nesting.left[nesting.depth - 1]--;
        if (token.type == WIRE_ARRAY && s_open (&nesting, token.value, (size_t) (next - data)))
            return -1;
        next += token.size;
        if (nesting.depth)
            next = s_skip_small (&nesting, next, end);
        s_close (&nesting);
    } while (nesting.depth);
    *item_end = next;
    return 1;
}

int
wire_read_first (wire_reader_t *self, const void *data, size_t size, size_t *used)
{
    size_t limit = size < WIRE_MAX_BYTES ? size : WIRE_MAX_BYTES;
    self->data = self->next = self->end = data;
    int rc = s_walk (data, self->data + limit, &self->end);
    if (rc == 0 && size >= WIRE_MAX_BYTES)
        rc = -1;
    self->failed = rc != 1; //  Then end is still where the data start
    *used = (size_t) (self->end - self->data);
    return rc;
}

void
wire_open (wire_reader_t *self, const void *data, size_t size)
{
    self->data = self->next = data;
    self->end = self->data + size;
    self->failed = false;
    if (size > WIRE_MAX_BYTES)
        wire_reader_fail (self);
}

int
wire_read (wire_reader_t *self, const void *data, size_t size)
{
    size_t used;
    if (wire_read_first (self, data, size, &used) != 1 || used != size)
        return wire_reader_fail (self);
    return 0;
}

void
wire_open_beginning (wire_reader_t *self, const void *data, size_t size)
{
    wire_open (self, data, size < WIRE_MAX_BYTES ? size : WIRE_MAX_BYTES);
}
