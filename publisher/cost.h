//  SPDX-License-Identifier: GPL-2.0-or-later
//  cost - what this process uses of the machine it measures.
//  Not safe for use by two threads.
#ifndef PUBLISHER_COST_H
#define PUBLISHER_COST_H

#include "schema/frame.h"

//  CPU time already reported; {0} reports from the process's start.
typedef struct {
    uint64_t reported_cpu_ns;
} cost_meter_t;

//  Fill cpu_ns (all threads, since the previous reading) and rss_bytes (now); bpf_ns stays. What
//  the kernel does not tell is 0.
void cost_read (cost_meter_t *self, frame_cost_t *cost);

#endif
