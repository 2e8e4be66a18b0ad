//  SPDX-License-Identifier: GPL-2.0-or-later
//  test_query - what the tests of answering share: a store with frames whose numbers are known.
#ifndef TESTS_UNIT_TEST_QUERY_H
#define TESTS_UNIT_TEST_QUERY_H

#include "test_store.h"

//  Append count frames of one second each, the first of which starts at start_wall_s. In every
//  second each histogram metric has two events, of value_ns and 3 * value_ns, and 23 tasks begin.
static inline void
fill_seconds (store_t *store, const char *node, int64_t start_wall_s, size_t count,
              uint64_t value_ns)
{
    static uint8_t buffer[FRAME_MAX_BYTES];
    frame_t frame = {.epoch = 1, .span_s = 1, .duration_mono_ns = 1000000000};
    strcpy (frame.node, node);
    strcpy (frame.version, "0.1.0");
    for (int m = 0; m < METRIC_COUNT_; m++) {
        frame_metric_t *metric = &frame.metrics[m];
        metric->measured = true;
        if (metric_get ((metric_id_t) m)->kind == METRIC_COUNT)
            metric->histogram.count = metric->histogram.sum = 23;
        else {
            histogram_add (&metric->histogram, value_ns);
            histogram_add (&metric->histogram, 3 * value_ns);
            metric->accrued_ns = 5 * value_ns;
        }
        metric->total_count = metric->histogram.count;
    }
    for (size_t i = 0; i < count; i++) {
        frame.start_wall_s = start_wall_s + (int64_t) i;
        frame.seq = (uint64_t) (frame.start_wall_s - 1000000000);
        size_t size = frame_encode (&frame, buffer, sizeof buffer);
        assert_true (size > 0);
        store_record_t one = {.node = node, .epoch = 1, .seq = frame.seq, .span_s = 1};
        one.start_wall_s = frame.start_wall_s;
        one.data = buffer;
        one.size = size;
        assert_int_equal (append_one (store, one), STORE_ADDED);
    }
}

#endif
