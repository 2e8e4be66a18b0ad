//  SPDX-License-Identifier: GPL-2.0-or-later
//  workload - the data set "busy": one node's frames, second after second, invented fast and
//  the same for the same seed. They say that they are synthetic.
//
//  Per second and histogram, Poisson(3000) events whose durations are lognormal with a median of
//  8 us and a sigma of 1.3, cut to whole ns, in the buckets of schema/buckets.h: about 94 of them
//  hold events. A Poisson number of independent events is the same as independent Poisson numbers
//  in the buckets, so each bucket's count is drawn by itself, for every frame anew. Two things are
//  not drawn event by event: buckets that would see less than one event in a million seconds stay
//  empty, and the sum is normally distributed around what the counts make of it, each event lying
//  anywhere in its bucket. All else that a worker fills in (true length, clock error, stints in
//  progress, cost) varies as it does in a worker's frames, so that nothing is stored for free.
//
//  Not safe for use by two threads.
#ifndef TESTS_BENCH_WORKLOAD_H
#define TESTS_BENCH_WORKLOAD_H

#include "schema/frame.h"

typedef struct workload_t workload_t;

//  Number of a node, from 0, to its name: "n001", "n002" ...
void workload_name (size_t number, char name[NODE_NAME_MAX + 1]);

//  A node whose first frame covers first_wall_s, and which measures those metrics. The epoch
//  begins there too. Of one seed, nodes differ.
workload_t *workload_new (const char *node, uint64_t seed, int64_t first_wall_s,
                          metric_set_t metrics);
void workload_destroy (workload_t **self_p);

//  The next second's frame, borrowed until the next call.
const frame_t *workload_next (workload_t *self);

#endif
