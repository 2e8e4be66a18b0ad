//  SPDX-License-Identifier: GPL-2.0-or-later
//  column - see column.h. A byte says how; all arithmetic is modulo 2^64.
#include "storage/column.h"

#include <string.h>

typedef enum { EQUAL, EVEN, ABOVE_LEAST, DIFFERENCES, VARINTS } way_t;

//  --- bits ------------------------------------------------------------------------------------

static unsigned
s_width (uint64_t value)
{
    return value ? 64 - (unsigned) __builtin_clzll (value) : 0;
}

static size_t
s_packed_bytes (unsigned count, unsigned width)
{
    return ((size_t) count * width + 7) / 8;
}

static void
s_put_bits (bytes_t *bytes, const uint64_t *values, unsigned count, unsigned width)
{
    size_t size = s_packed_bytes (count, width);
    uint8_t *place = bytes_reserve (bytes, size + 1);
    unsigned __int128 pending = 0;
    unsigned filled = 0;
    for (unsigned i = 0; i < count; i++) {
        pending |= (unsigned __int128) values[i] << filled;
        for (filled += width; filled >= 8; filled -= 8, pending >>= 8)
            *place++ = (uint8_t) pending;
    }
    if (filled > 0)
        *place = (uint8_t) pending;
    bytes->size += size;
}

static void
s_take_bits (taker_t *taker, uint64_t *values, unsigned count, unsigned width)
{
    const uint8_t *place = taker_bytes (taker, s_packed_bytes (count, width));
    unsigned __int128 pending = 0;
    unsigned filled = 0;
    uint64_t mask = width < 64 ? (1ULL << width) - 1 : UINT64_MAX;
    if (!place)
        return;
    for (unsigned i = 0; i < count; i++) {
        for (; filled < width; filled += 8)
            pending |= (unsigned __int128) *place++ << filled;
        values[i] = (uint64_t) pending & mask;
        pending >>= width;
        filled -= width;
    }
}

//  --- ways ------------------------------------------------------------------------------------

//  Numbers as the least of them, and bits for what is above it.
static void
s_put_above (bytes_t *bytes, const uint64_t *values, unsigned count)
{
    uint64_t least = UINT64_MAX, most = 0, above[count];
    for (unsigned i = 0; i < count; i++) {
        least = values[i] < least ? values[i] : least;
        most = values[i] > most ? values[i] : most;
    }
    for (unsigned i = 0; i < count; i++)
        above[i] = values[i] - least;
    bytes_put_varint (bytes, least);
    bytes_put_varint (bytes, s_width (most - least));
    s_put_bits (bytes, above, count, s_width (most - least));
}

static void
s_take_above (taker_t *taker, uint64_t *values, unsigned count)
{
    uint64_t least = taker_varint (taker), width = taker_varint (taker);
    if (width > 64)
        taker->fault = true;
    if (taker->fault)
        return;
    s_take_bits (taker, values, count, (unsigned) width);
    for (unsigned i = 0; i < count && !taker->fault; i++)
        values[i] += least;
}

static void
s_put_varints (bytes_t *bytes, const uint64_t *values, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        bytes_put_varint (bytes, values[i]);
}

static void
s_put_way (bytes_t *bytes, way_t way)
{
    uint8_t byte = (uint8_t) way;
    bytes_put (bytes, &byte, 1);
}

//  Put the shortest of the ways that always work.
static void
s_put_shortest (bytes_t *bytes, const uint64_t *values, const uint64_t *steps, unsigned count)
{
    bytes_t tries[3] = {{0}, {0}, {0}};
    s_put_way (&tries[0], ABOVE_LEAST);
    s_put_above (&tries[0], values, count);
    s_put_way (&tries[1], DIFFERENCES);
    bytes_put_varint (&tries[1], values[0]);
    s_put_above (&tries[1], steps, count - 1);
    s_put_way (&tries[2], VARINTS);
    s_put_varints (&tries[2], values, count);
    unsigned best = 0;
    for (unsigned i = 1; i < 3; i++)
        if (tries[i].size < tries[best].size)
            best = i;
    bytes_put (bytes, tries[best].data, tries[best].size);
    for (unsigned i = 0; i < 3; i++)
        bytes_clear (&tries[i]);
}

void
column_put (bytes_t *bytes, const uint64_t *values, unsigned count)
{
    if (count == 0)
        return;
    uint64_t steps[count];
    bool equal = true, even = true;
    for (unsigned i = 1; i < count; i++) {
        steps[i - 1] = varint_fold (values[i] - values[i - 1]);
        equal &= steps[i - 1] == 0;
        even &= steps[i - 1] == steps[0];
    }
    if (!even) {
        s_put_shortest (bytes, values, steps, count);
        return;
    }
    s_put_way (bytes, equal ? EQUAL : EVEN);
    bytes_put_varint (bytes, values[0]);
    if (!equal)
        bytes_put_varint (bytes, steps[0]);
}

static void
s_take_differences (taker_t *taker, uint64_t *values, unsigned count)
{
    values[0] = taker_varint (taker);
    s_take_above (taker, values + 1, count - 1);
    for (unsigned i = 1; i < count; i++)
        values[i] = values[i - 1] + varint_unfold (values[i]);
}

static void
s_take_even (taker_t *taker, uint64_t *values, unsigned count, bool equal)
{
    values[0] = taker_varint (taker);
    uint64_t step = equal ? 0 : varint_unfold (taker_varint (taker));
    for (unsigned i = 1; i < count; i++)
        values[i] = values[i - 1] + step;
}

void
column_take (taker_t *taker, uint64_t *values, unsigned count)
{
    if (count == 0)
        return;
    memset (values, 0, count * sizeof *values);
    const uint8_t *way = taker_bytes (taker, 1);
    if (!way)
        return;
    if (*way == EQUAL || *way == EVEN)
        s_take_even (taker, values, count, *way == EQUAL);
    else if (*way == ABOVE_LEAST)
        s_take_above (taker, values, count);
    else if (*way == DIFFERENCES)
        s_take_differences (taker, values, count);
    else if (*way == VARINTS)
        for (unsigned i = 0; i < count; i++)
            values[i] = taker_varint (taker);
    else
        taker->fault = true;
}
