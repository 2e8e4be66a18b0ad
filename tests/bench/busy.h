//  SPDX-License-Identifier: GPL-2.0-or-later
//  busy - the data set "busy" (tests/bench/workload.h) for senders that have no time: drawing and
//  encoding that many numbers a frame would cost more than what is measured. So BUSY_SECONDS
//  seconds are drawn once, from a seed, and each frame is one of them: which, its node and seq
//  tell. Their buckets are encoded once; name, time, cumulative totals and hash are each frame's
//  own. Frames are marked synthetic. Not safe for use by two threads.
#ifndef TESTS_BENCH_BUSY_H
#define TESTS_BENCH_BUSY_H

#include "schema/frame.h"

#define BUSY_SECONDS   1024
#define BUSY_MAX_BYTES 2048 //  Of a frame

typedef struct busy_t busy_t;

//  Of the epoch all frames are of. The same seed makes the same seconds.
busy_t *busy_new (uint64_t seed, uint64_t epoch);
void busy_destroy (busy_t **self_p);

//  One node's place in its stream; {0} and a name before its first frame.
typedef struct {
    char name[NODE_NAME_MAX + 1];
    uint64_t seq; //  Of its latest frame
    uint64_t total_counts[METRIC_COUNT_], total_sums[METRIC_COUNT_];
} busy_node_t;

//  Encode the node's next frame, which starts at start_wall_s. Returns its size.
size_t busy_next (busy_t *self, busy_node_t *node, int64_t start_wall_s,
                  uint8_t data[BUSY_MAX_BYTES]);

#endif
