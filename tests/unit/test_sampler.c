//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about how the sampler names frames, and what their totals count from.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "publisher/sampler.h"

#define CPUDIST(frame) ((frame).metrics[METRIC_cpudist])

static const tick_t s_tick = {
    .start_wall_s = 1795420800, .span_s = 1, .duration_mono_ns = 1000000000};

static sampler_t *
s_sampler_new (void)
{
    source_error_t error;
    source_t *source = source_new_synthetic ("busy", &error);
    assert_non_null (source);
    return sampler_new (&source, "n1");
}

static void
test_frames_of_an_epoch_are_numbered_and_summed_up (void **state)
{
    (void) state;
    frame_t first, second;
    sampler_t *sampler = s_sampler_new ();
    assert_int_equal (sampler_begin (sampler, 5), 0);
    assert_int_equal (sampler_read (sampler, &s_tick, &first), 0);
    assert_int_equal (sampler_read (sampler, &s_tick, &second), 0);
    assert_int_equal (first.seq, 1);
    assert_int_equal (second.seq, 2);
    assert_int_equal (second.epoch, 5);
    assert_int_equal (CPUDIST (second).total_count,
                      CPUDIST (first).total_count + CPUDIST (second).histogram.count);
    sampler_destroy (&sampler);
}

static void
test_a_renamed_frame_opens_its_epoch_and_loses_nothing (void **state)
{
    (void) state;
    frame_t frame, next;
    sampler_t *sampler = s_sampler_new ();
    assert_int_equal (sampler_begin (sampler, 5), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal (sampler_read (sampler, &s_tick, &frame), 0);
    uint64_t count = CPUDIST (frame).histogram.count;
    sampler_rename (sampler, 9, &frame);
    assert_int_equal (frame.epoch, 9);
    assert_int_equal (frame.seq, 1);
    assert_int_equal (CPUDIST (frame).histogram.count, count);
    assert_int_equal (CPUDIST (frame).total_count, count);
    assert_null (frame_fault (&frame));
    assert_int_equal (sampler_read (sampler, &s_tick, &next), 0);
    assert_int_equal (next.epoch, 9);
    assert_int_equal (next.seq, 2);
    assert_int_equal (CPUDIST (next).total_count, count + CPUDIST (next).histogram.count);
    sampler_destroy (&sampler);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_frames_of_an_epoch_are_numbered_and_summed_up),
        cmocka_unit_test (test_a_renamed_frame_opens_its_epoch_and_loses_nothing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
