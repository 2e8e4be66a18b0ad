//  SPDX-License-Identifier: GPL-2.0-or-later
//  wire_take - the tokens of a message, one after another, with the type that the caller expects.

#include <string.h>
#include "schema/text.h"
#include "schema/wire_token.h"

wire_found_t
wire_find (const uint8_t *data, const uint8_t *end, wire_type_t type)
{
    token_t token;
    if (wire_token_read (data, end, &token) != 1 || token.type != type)
        return (wire_found_t){.next = NULL};
    return (wire_found_t){token.value, data + token.size};
}

wire_type_t
wire_next (const wire_reader_t *self)
{
    token_t token;
    return wire_token_read (self->next, self->end, &token) == 1 ? token.type : WIRE_END;
}

//  Take what was found. Returns 0 and its value, or fails the reader and returns -1.
static inline int
s_take (wire_reader_t *self, wire_found_t found, uint64_t *value)
{
    if (!found.next)
        return wire_reader_fail (self);
    self->next = found.next;
    *value = found.value;
    return 0;
}

int
wire_take_array (wire_reader_t *self, uint32_t *items)
{
    uint64_t value;
    if (s_take (self, wire_find_array (self->next, self->end), &value))
        return -1;
    *items = (uint32_t) value;
    return 0;
}

int
wire_take_uint (wire_reader_t *self, uint64_t *value)
{
    return s_take (self, wire_find_uint (self->next, self->end), value);
}

int
wire_take_uints (wire_reader_t *self, uint64_t *values, size_t count)
{
    const uint8_t *next = self->next, *end = self->end;
    for (size_t i = 0; i < count; i++) {
        wire_found_t found = wire_find_uint (next, end);
        if (!found.next)
            return wire_reader_fail (self);
        values[i] = found.value;
        self->next = next = found.next;
    }
    return 0;
}

int
wire_take_int (wire_reader_t *self, int64_t *value)
{
    wire_found_t found = wire_find_uint (self->next, self->end);
    if (found.next && found.value > INT64_MAX)
        return wire_reader_fail (self);
    if (!found.next)
        found = wire_find (self->next, self->end, WIRE_INT);
    uint64_t bits;
    if (s_take (self, found, &bits))
        return -1;
    *value = (int64_t) bits;
    return 0;
}

int
wire_take_real (wire_reader_t *self, double *value)
{
    uint64_t bits;
    if (s_take (self, wire_find (self->next, self->end, WIRE_REAL), &bits))
        return -1;
    memcpy (value, &bits, sizeof *value);
    return 0;
}

int
wire_take_string (wire_reader_t *self, const char **text, size_t *length)
{
    uint64_t bytes;
    if (s_take (self, wire_find (self->next, self->end, WIRE_STRING), &bytes))
        return -1;
    *text = (const char *) self->next - bytes;
    *length = bytes;
    return 0;
}

int
wire_take_nil (wire_reader_t *self)
{
    uint64_t nothing;
    return s_take (self, wire_find (self->next, self->end, WIRE_NIL), &nothing);
}

int
wire_expect_array (wire_reader_t *self, uint32_t items)
{
    uint32_t found;
    if (wire_take_array (self, &found) || found != items)
        return wire_reader_fail (self);
    return 0;
}

int
wire_take_limited (wire_reader_t *self, uint64_t max, uint64_t *value)
{
    if (wire_take_uint (self, value) || *value > max)
        return wire_reader_fail (self);
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
        return wire_reader_fail (self);
    memcpy (buffer, text, length);
    buffer[length] = '\0';
    return 0;
}

uint32_t
wire_next_items (const wire_reader_t *self)
{
    wire_found_t found = wire_find_array (self->next, self->end);
    return found.next ? (uint32_t) found.value : 0;
}

bool
wire_is_nil (const wire_reader_t *self)
{
    return self->next != self->end && *self->next == WIRE_NIL_TAG;
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
