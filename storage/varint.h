//  SPDX-License-Identifier: GPL-2.0-or-later
//  varint - numbers of 7 bits a byte, the lowest first, as rollups and chunks hold them.
//  Keeps no state.
#ifndef STORAGE_VARINT_H
#define STORAGE_VARINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
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

uint128_t taker_sum (taker_t *self);
//  So many bytes, borrowed; NULL where they end before.
const uint8_t *taker_bytes (taker_t *self, uint64_t size);

#endif
