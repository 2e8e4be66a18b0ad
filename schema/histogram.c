//  SPDX-License-Identifier: GPL-2.0-or-later
//  histogram - counting, merging and reading off quantiles.

#include <float.h>
#include <math.h>
#include "schema/histogram.h"

void
histogram_add (histogram_t *self, uint64_t value_ns)
{
    self->count++;
    self->sum += value_ns;
    self->buckets[bucket_slot (value_ns)]++;
}

void
histogram_merge (histogram_t *self, const histogram_t *other)
{
    self->count += other->count;
    self->sum += other->sum;
    for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++)
        self->buckets[slot] += other->buckets[slot];
}

void
histogram_subtract (histogram_t *self, const histogram_t *other)
{
    self->count -= other->count;
    self->sum -= other->sum;
    for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++)
        self->buckets[slot] -= other->buckets[slot];
}

//  Most buckets are empty: eight at a time are as quickly seen as one.
static inline bool
s_eight_are_empty (const uint64_t *b)
{
    return !(b[0] | b[1] | b[2] | b[3] | b[4] | b[5] | b[6] | b[7]);
}

unsigned
histogram_next_slot (const uint64_t buckets[BUCKET_SLOTS], unsigned slot)
{
    while (slot + 8 <= BUCKET_SLOTS && s_eight_are_empty (&buckets[slot]))
        slot += 8;
    while (slot < BUCKET_SLOTS && buckets[slot] == 0)
        slot++;
    return slot;
}

unsigned
histogram_end_slot (const uint64_t buckets[BUCKET_SLOTS])
{
    unsigned end = BUCKET_SLOTS;
    while (end >= 8 && s_eight_are_empty (&buckets[end - 8]))
        end -= 8;
    while (end > 0 && buckets[end - 1] == 0)
        end--;
    return end;
}

uint128_t
histogram_events (const histogram_t *self)
{
    uint128_t total = 0;
    unsigned slot = 0;
    while ((slot = histogram_next_slot (self->buckets, slot)) < BUCKET_SLOTS)
        while (slot < BUCKET_SLOTS && self->buckets[slot] != 0)
            total += self->buckets[slot++];
    return total;
}

bool
histogram_agrees_with (const histogram_t *self, metric_kind_t kind, uint128_t events)
{
    if (self->count == 0 && self->sum != 0)
        return false;
    if (kind == METRIC_COUNT)
        return events == 0 && self->sum == self->count;
    return events == self->count;
}

bool
histogram_agrees (const histogram_t *self, metric_kind_t kind)
{
    return histogram_agrees_with (self, kind, histogram_events (self));
}

//  ceil (quantile * count), 1 .. count. A quantile such as 0.07 may be stored as a double just
//  above itself; shrinking it by that error keeps 0.07 of 100 the 7th, not the 8th.
static uint64_t
s_rank (uint64_t count, double quantile)
{
    if (quantile >= 1)
        return count;
    if (!(quantile > 0))
        return 1;
    long double rank = ceill ((long double) quantile * count * (1 - DBL_EPSILON));
    return rank < 1 ? 1 : (uint64_t) rank;
}

int
histogram_quantile (const histogram_t *self, double quantile, double *value_ns)
{
    uint64_t remaining = s_rank (self->count, quantile);
    if (self->count == 0)
        return -1;
    for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++) {
        if (self->buckets[slot] >= remaining) {
            *value_ns = bucket_middle_ns (slot);
            return 0;
        }
        remaining -= self->buckets[slot];
    }
    return -1;
}

int
histogram_min (const histogram_t *self, double *value_ns)
{
    for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++) {
        if (self->buckets[slot] != 0) {
            *value_ns = bucket_lower_ns (slot);
            return 0;
        }
    }
    return -1;
}

int
histogram_max (const histogram_t *self, double *value_ns)
{
    for (unsigned slot = BUCKET_SLOTS; slot-- > 0;) {
        if (self->buckets[slot] != 0) {
            *value_ns = bucket_upper_ns (slot);
            return 0;
        }
    }
    return -1;
}

int
histogram_mean (const histogram_t *self, double *value)
{
    if (self->count == 0)
        return -1;
    *value = (double) ((long double) self->sum / self->count);
    return 0;
}
