//  SPDX-License-Identifier: GPL-2.0-or-later
//  wire_take - the tokens of a message, one after another, with the type that the caller expects.

#include <string.h>
#include "schema/text.h"
#include "schema/wire_tape.h"

wire_type_t
wire_next (const wire_reader_t *self)
{
    if (self->failed || self->next == self->tape.count)
        return WIRE_END;
    return self->tape.tokens[self->next].type;
}

//  Take a token of the type. Returns NULL, and fails the reader, where the next is another.
static const token_t *
s_take (wire_reader_t *self, wire_type_t type)
{
    self->failed = wire_next (self) != type;
    return self->failed ? NULL : &self->tape.tokens[self->next++];
}

static int
s_fail (wire_reader_t *self)
{
    self->failed = true;
    return -1;
}

int
wire_take_array (wire_reader_t *self, uint32_t *items)
{
    const token_t *token = s_take (self, WIRE_ARRAY);
    if (!token)
        return -1;
    *items = (uint32_t) token->value;
    return 0;
}

int
wire_take_uint (wire_reader_t *self, uint64_t *value)
{
    const token_t *token = s_take (self, WIRE_UINT);
    if (!token)
        return -1;
    *value = token->value;
    return 0;
}

int
wire_take_int (wire_reader_t *self, int64_t *value)
{
    wire_type_t type = wire_next (self) == WIRE_INT ? WIRE_INT : WIRE_UINT;
    const token_t *token = s_take (self, type);
    if (!token || (type == WIRE_UINT && token->value > INT64_MAX))
        return s_fail (self);
    *value = (int64_t) token->value;
    return 0;
}

int
wire_take_real (wire_reader_t *self, double *value)
{
    const token_t *token = s_take (self, WIRE_REAL);
    if (!token)
        return -1;
    memcpy (value, &token->value, sizeof *value);
    return 0;
}

int
wire_take_string (wire_reader_t *self, const char **text, size_t *length)
{
    const token_t *token = s_take (self, WIRE_STRING);
    if (!token)
        return -1;
    *text = (const char *) self->data + token->offset + wire_string_header_size (token->value);
    *length = token->value;
    return 0;
}

int
wire_take_nil (wire_reader_t *self)
{
    return s_take (self, WIRE_NIL) ? 0 : -1;
}

int
wire_expect_array (wire_reader_t *self, uint32_t items)
{
    uint32_t found;
    if (wire_take_array (self, &found) || found != items)
        return s_fail (self);
    return 0;
}

int
wire_take_limited (wire_reader_t *self, uint64_t max, uint64_t *value)
{
    if (wire_take_uint (self, value) || *value > max)
        return s_fail (self);
    return 0;
}

int
wire_take_bool (wire_reader_t *self, bool *value)
{
    uint64_t number;
    if (wire_take_limited (self, 1, &number))
        return -1;
    *value = number;
    return 0;
}

int
wire_take_text (wire_reader_t *self, char *buffer, size_t capacity)
{
    const char *text;
    size_t length;
    if (wire_take_string (self, &text, &length) || length >= capacity ||
        !text_is_valid (text, length))
        return s_fail (self);
    memcpy (buffer, text, length);
    buffer[length] = '\0';
    return 0;
}

uint32_t
wire_next_items (const wire_reader_t *self)
{
    return wire_next (self) == WIRE_ARRAY ? (uint32_t) self->tape.tokens[self->next].value : 0;
}

bool
wire_is_nil (const wire_reader_t *self)
{
    return wire_next (self) == WIRE_NIL;
}

size_t
wire_offset (const wire_reader_t *self)
{
    if (self->next == self->tape.count)
        return self->tape.offset;
    return self->tape.tokens[self->next].offset;
}

int
wire_done (const wire_reader_t *self)
{
    return !self->failed && self->next == self->tape.count ? 0 : -1;
}
