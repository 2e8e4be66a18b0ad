//  SPDX-License-Identifier: GPL-2.0-or-later
//  test_frames - what frames hold, by chance (see test_chance.h).
#ifndef TESTS_UNIT_TEST_FRAMES_H
#define TESTS_UNIT_TEST_FRAMES_H

#include "schema/frame.h"
#include "test_chance.h"

//  Measure each metric, but one in so many times not, with fewer events than that.
static inline void
fill_metrics_by_chance (frame_t *frame, unsigned but_one_in, unsigned events_below)
{
    for (unsigned id = 0; id < METRIC_COUNT_; id++) {
        frame_metric_t *metric = &frame->metrics[id];
        metric->measured = chance_below (but_one_in) > 0;
        uint64_t events = metric->measured ? chance_below (events_below) : 0;
        for (uint64_t i = 0; i < events; i++) {
            if (metric_get (id)->kind == METRIC_HISTOGRAM)
                histogram_add (&metric->histogram, chance_below (1ULL << chance_below (45)));
            else {
                metric->histogram.count++;
                metric->histogram.sum++;
            }
        }
        if (metric->measured && metric_get (id)->kind == METRIC_HISTOGRAM)
            metric->accrued_ns = chance_below (1ULL << 40);
        metric->total_count = metric->histogram.count + chance_below (1000000);
        metric->total_sum = chance_below (UINT64_MAX);
    }
}

//  Mostly 1; one in so many spans is longer, and one in so many of those may be far longer.
static inline uint32_t
span_by_chance (unsigned longer_one_in, unsigned far_one_in)
{
    if (chance_below (longer_one_in) > 0)
        return 1;
    if (chance_below (far_one_in) > 0)
        return 1 + (uint32_t) chance_below (150);
    return chance_below (6) > 0 ? 1 + (uint32_t) chance_below (9000) : 86400;
}

#endif
