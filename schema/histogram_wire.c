//  SPDX-License-Identifier: GPL-2.0-or-later
//  histogram_wire - see histogram_wire.h.

#include "schema/histogram_wire.h"

//  The next run at or after slot: *start to *end (exclusive). False where there is none.
static bool
s_next (const uint64_t buckets[BUCKET_SLOTS], unsigned slot, unsigned *start, unsigned *end)
{
    slot = histogram_next_slot (buckets, slot);
    *start = slot;
    while (slot < BUCKET_SLOTS && buckets[slot] != 0)
        slot++;
    *end = slot;
    return *start < *end;
}

void
histogram_wire_put_runs (wire_writer_t *writer, const uint64_t buckets[BUCKET_SLOTS])
{
    unsigned start, end, runs = 0;
    for (end = 0; s_next (buckets, end, &start, &end);)
        runs++;
    wire_put_array (writer, 2 * runs);
    for (end = 0; s_next (buckets, end, &start, &end);) {
        wire_put_uint (writer, start);
        wire_put_array (writer, end - start);
        wire_put_uints (writer, &buckets[start], end - start);
    }
}

//  Add the counts to *events. Returns 0, or -1 where one of them is 0.
static int
s_add_up (const uint64_t *counts, size_t length, uint128_t *events)
{
    bool zero = false;
    for (size_t i = 0; i < length; i++) {
        *events += counts[i];
        zero |= counts[i] == 0;
    }
    return zero ? -1 : 0;
}

//  Take one run that starts at or after slot *end; moves *end behind the run and the empty slot
//  that must follow it. Where buckets are NULL the counts are only looked at.
static int
s_take_run (wire_reader_t *reader, uint64_t buckets[BUCKET_SLOTS], unsigned *end, uint128_t *events)
{
    uint64_t start, unwanted[BUCKET_SLOTS];
    uint32_t length;
    if (wire_take_limited (reader, BUCKET_SLOTS - 1, &start) || wire_take_array (reader, &length))
        return -1;
    if (start < *end || length == 0 || length > BUCKET_SLOTS - start)
        return -1;
    uint64_t *counts = buckets ? &buckets[start] : unwanted;
    if (wire_take_uints (reader, counts, length) || s_add_up (counts, length, events))
        return -1;
    *end = (unsigned) start + length + 1;
    return 0;
}

int
histogram_wire_take_runs (wire_reader_t *reader, uint64_t buckets[BUCKET_SLOTS], uint128_t *events)
{
    uint32_t items;
    unsigned end = 0;
    *events = 0;
    if (wire_take_array (reader, &items) || items % 2 != 0)
        return -1;
    for (; items > 0; items -= 2)
        if (s_take_run (reader, buckets, &end, events))
            return -1;
    return 0;
}

void
histogram_wire_put_sum (wire_writer_t *writer, uint128_t sum)
{
    wire_put_array (writer, 2);
    wire_put_uint (writer, (uint64_t) (sum >> 64));
    wire_put_uint (writer, (uint64_t) sum);
}

int
histogram_wire_take_sum (wire_reader_t *reader, uint128_t *sum)
{
    uint64_t high, low;
    if (wire_expect_array (reader, 2) || wire_take_uint (reader, &high) ||
        wire_take_uint (reader, &low))
        return -1;
    *sum = (uint128_t) high << 64 | low;
    return 0;
}

void
histogram_wire_put (wire_writer_t *writer, const histogram_t *histogram)
{
    wire_put_array (writer, 3);
    wire_put_uint (writer, histogram->count);
    histogram_wire_put_sum (writer, histogram->sum);
    histogram_wire_put_runs (writer, histogram->buckets);
}

int
histogram_wire_take (wire_reader_t *reader, histogram_t *histogram)
{
    uint128_t events;
    if (wire_expect_array (reader, 3) || wire_take_uint (reader, &histogram->count) ||
        histogram_wire_take_sum (reader, &histogram->sum))
        return -1;
    return histogram_wire_take_runs (reader, histogram->buckets, &events);
}
