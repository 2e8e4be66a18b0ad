//  SPDX-License-Identifier: GPL-2.0-or-later
//  varint - see varint.h.
#include "storage/varint.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define VARINT_MAX 10

void
bytes_clear (bytes_t *self)
{
    free (self->data);
    *self = (bytes_t){0};
}

uint8_t *
bytes_reserve (bytes_t *self, size_t size)
{
    if (self->size + size > self->capacity) {
        self->capacity = 2 * (self->size + size) + 64;
        self->data = realloc (self->data, self->capacity);
        assert (self->data);
    }
    return self->data + self->size;
}

void
bytes_put (bytes_t *self, const void *data, size_t size)
{
    if (size > 0)
        memcpy (bytes_reserve (self, size), data, size);
    self->size += size;
}

void
bytes_put_varint (bytes_t *self, uint64_t value)
{
    uint8_t *place = bytes_reserve (self, VARINT_MAX);
    for (; value >= 0x80; value >>= 7, self->size++)
        *place++ = (uint8_t) (value | 0x80);
    *place = (uint8_t) value;
    self->size++;
}

void
bytes_put_sum (bytes_t *self, uint128_t value)
{
    bytes_put_varint (self, (uint64_t) value);
    bytes_put_varint (self, (uint64_t) (value >> 64));
}

uint128_t
taker_sum (taker_t *self)
{
    uint128_t low = taker_varint (self);
    return low | (uint128_t) taker_varint (self) << 64;
}

const uint8_t *
taker_bytes (taker_t *self, uint64_t size)
{
    if (size > (uint64_t) (self->end - self->next)) {
        self->fault = true;
        self->next = self->end;
        return NULL;
    }
    const uint8_t *bytes = self->next;
    self->next += size;
    return bytes;
}
