//  SPDX-License-Identifier: GPL-2.0-or-later
//  varint - numbers of 7 bits a byte, the lowest first, as rollups and chunks hold them.
//  Keeps no state.
#ifndef STORAGE_VARINT_H
#define STORAGE_VARINT_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "schema/histogram.h"

//  A difference of either sign, modulo 2^64, as a number that is small where the difference is.
static inline uint64_t
varint_fold (uint64_t difference)
{
    return difference << 1 ^ (0 - (difference >> 63));
}

static inline uint64_t
varint_unfold (uint64_t folded)
{
    return folded >> 1 ^ (0 - (folded & 1));
}

//  Bytes being written; they grow.
typedef struct {
    uint8_t *data; //  Owned
    size_t size;
    size_t capacity;
} bytes_t;

void bytes_clear (bytes_t *self);
void bytes_put (bytes_t *self, const void *data, size_t size);
void bytes_put_varint (bytes_t *self, uint64_t value);
//  Both halves of a sum, the lower one first.
void bytes_put_sum (bytes_t *self, uint128_t value);
//  Room for size bytes behind the last, which the caller then fills and adds to size.
uint8_t *bytes_reserve (bytes_t *self, size_t size);

//  Bytes being read; fault is set, and zeros are read, once they end too early.
typedef struct {
    const uint8_t *next, *end;
    bool fault;
} taker_t;

static inline uint64_t
taker_varint (taker_t *self)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && self->next < self->end; shift += 7) {
        uint8_t byte = *self->next++;
        value |= (uint64_t) (byte & 0x7F) << shift;
        if (byte < 0x80)
            return value;
    }
    self->fault = true;
    return 0;
}

//  Bits of the bytes that tell of one more to follow, in eight of them.
#define VARINT_MORE_BITS 0x8080808080808080u

//  Put the low 7 bits of each byte together.
static inline uint64_t
varint_pack (uint64_t bytes)
{
    bytes = (bytes & 0x007F007F007F007F) | (bytes & 0x7F007F007F007F00) >> 1;
    bytes = (bytes & 0x00003FFF00003FFF) | (bytes & 0x3FFF00003FFF0000) >> 2;
    return (bytes & 0x000000000FFFFFFF) | (bytes & 0x0FFFFFFF00000000) >> 4;
}

//  The same as taker_varint, for many numbers of differing lengths: eight bytes are taken at a
//  look, as a jump after each of them is foreseen badly.
static inline uint64_t
taker_varint_of_many (taker_t *self)
{
    uint64_t bytes;
    if ((size_t) (self->end - self->next) < sizeof bytes)
        return taker_varint (self);
    memcpy (&bytes, self->next, sizeof bytes);
    bytes = le64toh (bytes);
    uint64_t last = ~bytes & VARINT_MORE_BITS;
    if (last == 0)
        return taker_varint (self);
    uint64_t up_to_last = last ^ (last - 1);
    self->next += (unsigned) (__builtin_ctzll (last) + 1) / 8;
    return varint_pack (bytes & up_to_last & ~VARINT_MORE_BITS);
}

uint128_t taker_sum (taker_t *self);
//  So many bytes, borrowed; NULL where they end before.
const uint8_t *taker_bytes (taker_t *self, uint64_t size);

#endif
