//  SPDX-License-Identifier: GPL-2.0-or-later
//  histogram_wire - histograms as canonical msgpack, the same in frames, partials and tables:
//
//      runs         [start, [n, n, ...], start, [n, ...], ...]
//      sum          [high 64 bits, low 64 bits]
//      histogram    [count, sum, runs]
//
//  A run is its first slot (schema/buckets.h) and the counts of that slot and the ones after it.
//  Runs are maximal: no count is 0, and at least one empty slot lies between two runs. So equal
//  histograms have equal bytes.
//  The takers return 0, or -1 where the bytes are malformed or runs not maximal.
#ifndef SCHEMA_HISTOGRAM_WIRE_H
#define SCHEMA_HISTOGRAM_WIRE_H

#include "schema/histogram.h"
#include "schema/wire.h"

void histogram_wire_put_runs (wire_writer_t *writer, const uint64_t buckets[BUCKET_SLOTS]);

//  What was taken of buckets: what they add up to, and the slots from the first to behind the last
//  that holds events (0, 0: none does).
typedef struct {
    uint128_t events;
    unsigned first, end;
} histogram_taken_t;

//  buckets must be all 0, or NULL where only the check is wanted. *taken becomes what was taken;
//  after -1 too it has all slots that were written.
int histogram_wire_take_runs (wire_reader_t *reader, uint64_t buckets[BUCKET_SLOTS],
                              histogram_taken_t *taken);

void histogram_wire_put_sum (wire_writer_t *writer, uint128_t sum);
int histogram_wire_take_sum (wire_reader_t *reader, uint128_t *sum);

void histogram_wire_put (wire_writer_t *writer, const histogram_t *histogram);
//  histogram must be {0}. Whether its numbers agree is for the caller to check.
int histogram_wire_take (wire_reader_t *reader, histogram_t *histogram);

#endif
