//  SPDX-License-Identifier: GPL-2.0-or-later
//  column - see column.h. A byte says how; all arithmetic is modulo 2^64.
#include "storage/column.h"

#include <endian.h>
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

static size_t
s_varint_bytes (uint64_t value)
{
    return (s_width (value | 1) + 6) / 7;
}

static void
s_put_eight (uint8_t *place, uint64_t eight)
{
    eight = htole64 (eight);
    memcpy (place, &eight, sizeof eight);
}

static void
s_put_bits (bytes_t *bytes, const uint64_t *values, unsigned count, unsigned width)
{
    size_t size = s_packed_bytes (count, width);
    uint8_t *place = bytes_reserve (bytes, size + sizeof (uint64_t));
    unsigned __int128 pending = 0;
    unsigned filled = 0;
    for (unsigned i = 0; i < count; i++) {
        pending |= (unsigned __int128) values[i] << filled;
        filled += width;
        if (filled >= 64) {
            s_put_eight (place, (uint64_t) pending);
            place += sizeof (uint64_t);
            pending >>= 64;
            filled -= 64;
        }
    }
    s_put_eight (place, (uint64_t) pending);
    bytes->size += size;
}

static uint64_t
s_eight_at (const uint8_t *place)
{
    uint64_t eight;
    memcpy (&eight, place, sizeof eight);
    return le64toh (eight);
}

//  Take the numbers of which all bits are in the eight bytes from where they begin, and these are
//  there to be read. Returns how many they are: all but the last few, or none.
static unsigned
s_take_narrow (const uint8_t *place, size_t size, uint64_t *values, unsigned count, unsigned width)
{
    if (width == 0 || width > 64 - 7 || size < sizeof (uint64_t))
        return 0;
    size_t begin_there = ((size - sizeof (uint64_t)) * 8 + 7) / width + 1;
    unsigned taken = begin_there < count ? (unsigned) begin_there : count;
    uint64_t mask = (1ULL << width) - 1;
    for (unsigned i = 0; i < taken; i++) {
        size_t bit = (size_t) i * width;
        values[i] = s_eight_at (place + bit / 8) >> bit % 8 & mask;
    }
    return taken;
}

static void
s_take_bits (taker_t *taker, uint64_t *values, unsigned count, unsigned width)
{
    size_t size = s_packed_bytes (count, width);
    const uint8_t *place = taker_bytes (taker, size);
    if (!place || width == 0)
        return;
    unsigned i = s_take_narrow (place, size, values, count, width);
    uint64_t mask = width < 64 ? (1ULL << width) - 1 : UINT64_MAX;
    unsigned __int128 pending = 0;
    unsigned filled = 0, begun = i * width % 8;
    place += (size_t) i * width / 8;
    if (i < count && begun > 0) {
        pending = *place++ >> begun;
        filled = 8 - begun;
    }
    for (; i < count; i++) {
        for (; filled < width; filled += 8)
            pending |= (unsigned __int128) *place++ << filled;
        values[i] = (uint64_t) pending & mask;
        pending >>= width;
        filled -= width;
    }
}

//  --- ways ------------------------------------------------------------------------------------

//  What is told of numbers beside the bits of each that are above the least.
typedef struct {
    uint64_t least;
    unsigned width; //  Bits of the largest that are above it
} range_t;

static range_t
s_range (const uint64_t *values, unsigned count)
{
    uint64_t least = UINT64_MAX, most = 0;
    for (unsigned i = 0; i < count; i++) {
        least = values[i] < least ? values[i] : least;
        most = values[i] > most ? values[i] : most;
    }
    return (range_t){least, s_width (most - least)};
}

static size_t
s_above_bytes (range_t range, unsigned count)
{
    return s_varint_bytes (range.least) + 1 + s_packed_bytes (count, range.width);
}

static void
s_put_above (bytes_t *bytes, const uint64_t *values, unsigned count, range_t range)
{
    uint64_t above[count];
    for (unsigned i = 0; i < count; i++)
        above[i] = values[i] - range.least;
    bytes_put_varint (bytes, range.least);
    bytes_put_varint (bytes, range.width);
    s_put_bits (bytes, above, count, range.width);
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

static size_t
s_varints_bytes (const uint64_t *values, unsigned count)
{
    size_t size = 0;
    for (unsigned i = 0; i < count; i++)
        size += s_varint_bytes (values[i]);
    return size;
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

//  Put the shortest of the ways that always work. There are three numbers or more.
static void
s_put_shortest (bytes_t *bytes, const uint64_t *values, const uint64_t *steps, unsigned count)
{
    range_t of_values = s_range (values, count), of_steps = s_range (steps, count - 1);
    size_t above_least = s_above_bytes (of_values, count);
    size_t differences = s_varint_bytes (values[0]) + s_above_bytes (of_steps, count - 1);
    size_t varints = s_varints_bytes (values, count);
    if (above_least <= differences && above_least <= varints) {
        s_put_way (bytes, ABOVE_LEAST);
        s_put_above (bytes, values, count, of_values);
    } else if (differences <= varints) {
        s_put_way (bytes, DIFFERENCES);
        bytes_put_varint (bytes, values[0]);
        s_put_above (bytes, steps, count - 1, of_steps);
    } else {
        s_put_way (bytes, VARINTS);
        s_put_varints (bytes, values, count);
    }
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
