//  SPDX-License-Identifier: GPL-2.0-or-later
//  series - frames as Prometheus is given them: per node and metric one series of native
//  histograms, cumulative as a scrape would find them. A bucket of ours is a bucket of schema 3.
//  Not safe for use by two threads.
#ifndef TESTS_BENCH_SERIES_H
#define TESTS_BENCH_SERIES_H

#include "schema/frame.h"

//  A WriteRequest in the making.
typedef struct series_t series_t;

//  For frames of nodes 0 to node_count - 1, which must not change between requests.
series_t *series_new (size_t node_count);
void series_destroy (series_t **self_p);

//  Add all histograms of a frame of node number. Per node, frames come in order of time.
void series_add (series_t *self, size_t number, const frame_t *frame);

//  How many histograms were added since the last request.
size_t series_count (const series_t *self);

//  The request of what was added, as protobuf in snappy's block format: borrowed until the next
//  call. What is added next goes into the next one.
const void *series_request (series_t *self, size_t *size);

#endif
