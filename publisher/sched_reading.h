//  SPDX-License-Identifier: GPL-2.0-or-later
//  sched_reading - what was measured between two readings of the kernel, as a frame has it. Pure.
#ifndef PUBLISHER_SCHED_READING_H
#define PUBLISHER_SCHED_READING_H

#include "publisher/sched_probe.h"

//  Fill in the metrics of the set without their totals, the source, the losses that the kernel
//  counts, and what the hooks cost. The rest of frame stays.
void sched_reading_fill_frame (frame_t *frame, metric_set_t metrics, const sched_reading_t *before,
                               const sched_reading_t *now);

#endif
