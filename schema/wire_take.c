//  SPDX-License-Identifier: GPL-2.0-or-later
//  wire_take - the tokens of a message, one after another, with the type that the caller expects.

#include <string.h>
#include "schema/text.h"
#include "schema/wire_token.h"

//  What stands next, in a message that was checked: a token, or none at its end.
static inline token_t
s_peek (const wire_reader_t *self)
{
    token_t token;
    if (self->failed || wire_token_read (self->next, self->end, &token) != 1)
        return (token_t){.type = WIRE_END};
    return token;
}

wire_type_t
wire_next (const wire_reader_t *self)
{
    return s_peek (self).type;
}

//  Take a token of the type. Returns false, and fails the reader, where the next is another.
static inline bool
s_take (wire_reader_t *self, wire_type_t type, token_t *token)
{
    *token = s_peek (self);
    self->failed = token->type != type;
    if (!self->failed)
        self->next += token->size;
    return !self->failed;
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
    token_t token;
    if (!s_take (self, WIRE_ARRAY, &token))
        return -1;
    *items = (uint32_t) token.value;
    return 0;
}

int
wire_take_uint (wire_reader_t *self, uint64_t *value)
{
    token_t token;
    if (!s_take (self, WIRE_UINT, &token))
        return -1;
    *value = token.value;
    return 0;
}

//  Numbers of a byte each in one go, others one by one.
int
wire_take_uints (wire_reader_t *self, uint64_t *values, size_t count)
{
    size_t taken = 0;
    while (taken < count && !self->failed) {
        size_t left = count - taken, bytes = (size_t) (self->end - self->next);
        size_t small = wire_small_uints (self->next, left < bytes ? left : bytes);
        for (size_t i = 0; i < small; i++)
            values[taken + i] = self->next[i];
        self->next += small;
        taken += small;
        if (taken < count && wire_take_uint (self, &values[taken++]))
            return -1;
    }
    return self->failed ? -1 : 0;
}

int
wire_take_int (wire_reader_t *self, int64_t *value)
{
    wire_type_t type = wire_next (self) == WIRE_INT ? WIRE_INT : WIRE_UINT;
    token_t token;
    if (!s_take (self, type, &token) || (type == WIRE_UINT && token.value > INT64_MAX))
        return s_fail (self);
    *value = (int64_t) token.value;
    return 0;
}

int
wire_take_real (wire_reader_t *self, double *value)
{
    token_t token;
    if (!s_take (self, WIRE_REAL, &token))
        return -1;
    memcpy (value, &token.value, sizeof *value);
    return 0;
}

int
wire_take_string (wire_reader_t *self, const char **text, size_t *length)
{
    token_t token;
    if (!s_take (self, WIRE_STRING, &token))
        return -1;
    *text = (const char *) self->next - token.value;
    *length = token.value;
    return 0;
}

int
wire_take_nil (wire_reader_t *self)
{
    token_t token;
    return s_take (self, WIRE_NIL, &token) ? 0 : -1;
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
    token_t token = s_peek (self);
    return token.type == WIRE_ARRAY ? (uint32_t) token.value : 0;
}

bool
wire_is_nil (const wire_reader_t *self)
{
    return wire_next (self) == WIRE_NIL;
}

size_t
wire_offset (const wire_reader_t *self)
{
    return (size_t) (self->next - self->data);
}

int
wire_done (const wire_reader_t *self)
{
    return !self->failed && self->next == self->end ? 0 : -1;
}
