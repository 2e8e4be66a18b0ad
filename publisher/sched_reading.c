//  SPDX-License-Identifier: GPL-2.0-or-later
//  sched_reading - see sched_reading.h.

#include "publisher/sched_reading.h"

static void
s_fill_metric (frame_metric_t *metric, metric_id_t id, const sched_reading_t *before,
               const sched_reading_t *now)
{
    metric->measured = true;
    metric->histogram = now->histograms[id];
    histogram_subtract (&metric->histogram, &before->histograms[id]);
    metric->accrued_ns = now->accrued_ns[id] - before->accrued_ns[id];
}

void
sched_reading_fill_frame (frame_t *frame, metric_set_t metrics, const sched_reading_t *before,
                          const sched_reading_t *now)
{
    for (metric_id_t id = 0; id < METRIC_COUNT_; id++)
        if (metrics & METRIC_BIT (id))
            s_fill_metric (&frame->metrics[id], id, before, now);
    frame->source = FRAME_FROM_BPF;
    frame->losses.discards = now->discards - before->discards;
    frame->losses.missing_storage = now->missing_storage - before->missing_storage;
    frame->cost.bpf_ns = now->bpf_ns - before->bpf_ns;
}
