//  SPDX-License-Identifier: GPL-2.0-or-later
//  histogram_wire - see histogram_wire.h.

#include "schema/histogram_wire.h"
#include "schema/wire_token.h"

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

//  --- taking -------------------------------------------------------------------------------------
//  Most counts are of a byte, and are taken and checked eight at a time. Inline all the way, so
//  that what a run is taken with stays in registers.

#define ALWAYS_INLINE static inline __attribute__ ((always_inline))

//  Runs on the way from the wire.
typedef struct {
    const uint8_t *next, *end; //  Of the bytes
    unsigned first_slot;       //  Of the first run
    unsigned free_slot;        //  Where the next run may start, at the earliest
    bool zero;                 //  A count was 0
    uint128_t events;          //  So far
} runs_t;

//  Eight counts of a byte each; there is room for them.
ALWAYS_INLINE void
s_spread (uint64_t *counts, uint64_t eight)
{
    for (unsigned i = 0; i < 8; i++)
        counts[i] = eight >> (8 * i) & 0xff;
}

//  Whether one of eight bytes below 128 is 0; of those that the mask has.
ALWAYS_INLINE bool
s_has_zero (uint64_t eight, uint64_t mask)
{
    return ~(eight + ~WIRE_HIGH_BITS) & WIRE_HIGH_BITS & mask;
}

//  Eight bytes as four sums of two.
ALWAYS_INLINE uint64_t
s_pairs (uint64_t eight)
{
    const uint64_t even = 0x00ff00ff00ff00ff;
    return (eight & even) + (eight >> 8 & even);
}

ALWAYS_INLINE uint64_t
s_sum_of_pairs (uint64_t pairs)
{
    return pairs * 0x0001000100010001 >> 48;
}

//  Take counts of a byte each, while eight of them stand there. Returns how many were taken.
ALWAYS_INLINE size_t
s_take_eights (runs_t *self, uint64_t *counts, size_t length)
{
    size_t taken = 0;
    uint64_t pairs = 0; //  Of 514 counts below 128 they stay below 2^16
    for (; length - taken >= 8 && self->end - self->next >= 8; taken += 8, self->next += 8) {
        uint64_t eight = wire_eight (self->next);
        if (eight & WIRE_HIGH_BITS)
            break;
        pairs += s_pairs (eight);
        self->zero |= s_has_zero (eight, UINT64_MAX);
        if (counts)
            s_spread (counts + taken, eight);
    }
    self->events += s_sum_of_pairs (pairs);
    return taken;
}

//  Take the counts of a byte each that stand there, less than eight, without a jump for each: most
//  runs are short, and the jumps would be mispredicted. There are eight bytes to look at, and eight
//  places for counts, of which those behind the counts become 0. Returns how many were taken.
ALWAYS_INLINE size_t
s_take_some (runs_t *self, uint64_t *counts, size_t length)
{
    uint64_t eight = wire_eight (self->next);
    uint64_t stops = (eight & WIRE_HIGH_BITS) | (length < 8 ? 0x80ull << (8 * length) : 0);
    uint64_t first_stop = stops & -stops, mask = (first_stop >> 7) - 1;
    size_t taken = (size_t) __builtin_ctzll (first_stop) / 8;
    eight &= mask;
    self->events += s_sum_of_pairs (s_pairs (eight));
    self->zero |= s_has_zero (eight, mask);
    if (counts)
        s_spread (counts, eight);
    self->next += taken;
    return taken;
}

//  Take a count of any size, and those of more than a byte that follow. Returns how many, or 0
//  where no number stands there.
ALWAYS_INLINE size_t
s_take_long (runs_t *self, uint64_t *counts, size_t length)
{
    size_t taken = 0;
    do {
        wire_found_t found = wire_find_uint (self->next, self->end);
        if (!found.next)
            return 0;
        self->next = found.next;
        self->events += found.value;
        self->zero |= found.value == 0;
        if (counts)
            counts[taken] = found.value;
    } while (++taken < length && self->next != self->end && *self->next >= 0x80);
    return taken;
}

//  Take a run's counts. There are so many more places behind theirs.
ALWAYS_INLINE bool
s_take_counts (runs_t *self, uint64_t *counts, size_t length, size_t more_places)
{
    for (size_t taken = 0; taken < length;) {
        taken += s_take_eights (self, counts ? counts + taken : NULL, length - taken);
        if (self->end - self->next >= 8 && length - taken + more_places >= 8)
            taken += s_take_some (self, counts ? counts + taken : NULL, length - taken);
        if (taken == length)
            break;
        size_t longs = s_take_long (self, counts ? counts + taken : NULL, length - taken);
        if (longs == 0)
            return false;
        taken += longs;
    }
    return true;
}

//  Take one run, and move to behind the empty slot that must follow it.
ALWAYS_INLINE bool
s_take_run (runs_t *self, uint64_t *buckets)
{
    wire_found_t start = wire_find_uint (self->next, self->end);
    if (!start.next || start.value < self->free_slot || start.value >= BUCKET_SLOTS)
        return false;
    wire_found_t length = wire_find_array (start.next, self->end);
    size_t slots = BUCKET_SLOTS - start.value;
    if (!length.next || length.value == 0 || length.value > slots)
        return false;
    self->next = length.next;
    self->first_slot = self->free_slot == 0 ? (unsigned) start.value : self->first_slot;
    self->free_slot = (unsigned) (start.value + length.value) + 1;
    return s_take_counts (self, buckets ? &buckets[start.value] : NULL, length.value,
                          slots - length.value);
}

ALWAYS_INLINE int
s_take_runs (wire_reader_t *reader, uint64_t *buckets, histogram_taken_t *taken)
{
    wire_found_t items = wire_find_array (reader->next, reader->end);
    runs_t runs = {.next = items.next, .end = reader->end};
    bool fine = items.next && items.value % 2 == 0;
    for (; fine && items.value > 0; items.value -= 2)
        fine = s_take_run (&runs, buckets);
    *taken = (histogram_taken_t){.events = runs.events,
                                 .first = runs.first_slot,
                                 .end = runs.free_slot > 0 ? runs.free_slot - 1 : 0};
    if (!fine || runs.zero)
        return wire_reader_fail (reader);
    reader->next = runs.next;
    return 0;
}

//  Compiled twice, for a broker's intake wants no buckets.
int
histogram_wire_take_runs (wire_reader_t *reader, uint64_t buckets[BUCKET_SLOTS],
                          histogram_taken_t *taken)
{
    return buckets ? s_take_runs (reader, buckets, taken) : s_take_runs (reader, NULL, taken);
}

//  --- sums and whole histograms ------------------------------------------------------------------

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
    histogram_taken_t taken;
    if (wire_expect_array (reader, 3) || wire_take_uint (reader, &histogram->count) ||
        histogram_wire_take_sum (reader, &histogram->sum))
        return -1;
    return histogram_wire_take_runs (reader, histogram->buckets, &taken);
}
