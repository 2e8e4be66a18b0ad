//  SPDX-License-Identifier: GPL-2.0-or-later
//  histogram - durations counted into the buckets of schema/buckets.h, with exact count and sum.
//  A plain value owned by its holder; {0} is the empty histogram. Not safe for shared writing.
#ifndef SCHEMA_HISTOGRAM_H
#define SCHEMA_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/buckets.h"
#include "schema/metric.h"

//  Sums of ns over many nodes and days pass 2^64 (584 thread-years): off-CPU time of 10,000
//  sleeping threads does so in three weeks.
__extension__ typedef unsigned __int128 uint128_t;

typedef struct {
    uint64_t count;                 //  Events
    uint128_t sum;                  //  Exact total, ns (tasks for a count metric)
    uint64_t buckets[BUCKET_SLOTS]; //  Events by slot; all 0 for a count metric
} histogram_t;

//  Count one event of value_ns.
void histogram_add (histogram_t *self, uint64_t value_ns);

//  Add all of other's events. Exact and associative.
void histogram_merge (histogram_t *self, const histogram_t *other);

//  Remove other's events, which must have been merged before.
void histogram_subtract (histogram_t *self, const histogram_t *other);

//  True where the numbers of a metric of that kind agree: the buckets of durations add up to the
//  count; a count metric has no buckets, and the sum of its count; without events the sum is 0.
bool histogram_agrees (const histogram_t *self, metric_kind_t kind);
//  The same of a histogram whose buckets are known to add up to events.
bool histogram_agrees_with (const histogram_t *self, metric_kind_t kind, uint128_t events);
//  The first slot from slot on that holds events, or BUCKET_SLOTS: most hold none.
unsigned histogram_next_slot (const uint64_t buckets[BUCKET_SLOTS], unsigned slot);
//  The slot behind the last one that holds events, or 0.
unsigned histogram_end_slot (const uint64_t buckets[BUCKET_SLOTS]);
//  What the buckets add up to.
uint128_t histogram_events (const histogram_t *self);

//  Value at quantile (0 .. 1) by nearest rank, in ns: the event of rank ceil (quantile * count),
//  the first for quantile 0, reported as its bucket's middle and so within 4.4 % of the truth.
//  Returns 0 and stores the value, or -1 where there are no events or no buckets.
int histogram_quantile (const histogram_t *self, double quantile, double *value_ns);

//  Lower edge of the lowest and upper edge of the highest bucket that holds events, in ns: no
//  event was below or above. Return 0, or -1 where the histogram is empty.
int histogram_min (const histogram_t *self, double *value_ns);
int histogram_max (const histogram_t *self, double *value_ns);

//  Exact mean, sum / count, as a double. Returns 0, or -1 where the histogram is empty.
int histogram_mean (const histogram_t *self, double *value);

#endif
