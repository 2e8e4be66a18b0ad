//  SPDX-License-Identifier: GPL-2.0-or-later
//  busy - the data set "busy" of the benchmarks: frames of invented nodes that do a lot. Per node
//  and second, each of cpudist, offcpu and runqlat has Poisson(3000) events, drawn from a lognormal
//  with median 8 us and sigma 1.3 (about 94 buckets are not empty), and pidpersec Poisson(3000).
//
//  Drawing that many numbers a frame would cost more than what is measured. So BUSY_SECONDS seconds
//  are drawn once, from a seed, and each frame is one of them: which, its node and seq tell.
//  Frames are marked synthetic; their cumulative totals are true. Not safe for use by two threads.
#ifndef TESTS_BENCH_BUSY_H
#define TESTS_BENCH_BUSY_H

#include "schema/frame.h"

#define BUSY_SECONDS 256

typedef struct busy_t busy_t;

//  The same seed makes the same seconds.
busy_t *busy_new (uint64_t seed);
void busy_destroy (busy_t **self_p);

//  One node's place in its stream; {0} and a name before its first frame.
typedef struct {
    char name[NODE_NAME_MAX + 1];
    uint64_t seq;                        //  Of its latest frame
    uint64_t total_counts[METRIC_COUNT_], total_sums[METRIC_COUNT_];
} busy_node_t;

//  The node's next frame, which starts at start_wall_s and is borrowed until the next call.
const frame_t *busy_next (busy_t *self, busy_node_t *node, uint64_t epoch, int64_t start_wall_s);

#endif
