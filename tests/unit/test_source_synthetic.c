//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about the synthetic source: it invents what its spec says, and says that it invents.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "program/exit_code.h"
#include "publisher/source.h"

static const scope_t s_all = {.kind = SCOPE_ALL};

static source_t *
s_open (const char *text)
{
    source_error_t error;
    source_t *source = source_new (text, &s_all, &error);
    assert_non_null (source);
    return source;
}

static void
s_read (source_t *source, uint32_t span_s, frame_t *frame)
{
    memset (frame, 0, sizeof *frame);
    frame->span_s = span_s;
    assert_int_equal (source_read (source, frame), 0);
}

static void
test_busy_has_3000_events_of_8_us_in_the_middle (void **state)
{
    (void) state;
    frame_t frame;
    histogram_t all = {0};
    source_t *source = s_open ("synthetic:busy");
    for (int i = 0; i < 100; i++) {
        s_read (source, 1, &frame);
        histogram_merge (&all, &frame.metrics[METRIC_runqlat].histogram);
    }
    source_destroy (&source);
    double median_ns, mean_ns;
    assert_int_equal (histogram_quantile (&all, 0.5, &median_ns), 0);
    assert_int_equal (histogram_mean (&all, &mean_ns), 0);
    assert_true (all.count > 298000 && all.count < 302000); //  Poisson: +- 550
    assert_true (median_ns > 7600 && median_ns < 8400);     //  Bucket's middle: +- 4.4 %
    assert_true (mean_ns > 18000 && mean_ns < 19300);       //  8 us e^(1.3^2 / 2) = 18.6 us
}

static void
test_every_metric_is_measured_and_marked_as_invented (void **state)
{
    (void) state;
    frame_t frame;
    source_t *source = s_open ("synthetic:busy");
    s_read (source, 1, &frame);
    source_destroy (&source);
    assert_int_equal (frame.source, FRAME_FROM_SYNTHETIC);
    for (metric_id_t id = 0; id < METRIC_COUNT_; id++)
        assert_true (frame.metrics[id].measured && frame.metrics[id].histogram.count > 0);
}

static void
test_idle_has_no_events (void **state)
{
    (void) state;
    frame_t frame;
    source_t *source = s_open ("synthetic:idle");
    s_read (source, 1, &frame);
    source_destroy (&source);
    for (metric_id_t id = 0; id < METRIC_COUNT_; id++)
        assert_true (frame.metrics[id].measured && frame.metrics[id].histogram.count == 0);
}

static void
test_equal_seeds_make_equal_frames_and_others_do_not (void **state)
{
    (void) state;
    frame_t frames[3];
    static const char *specs[] = {"synthetic:seed=7", "synthetic:events=3000,seed=7",
                                  "synthetic:seed=8"};
    for (int i = 0; i < 3; i++) {
        source_t *source = s_open (specs[i]);
        s_read (source, 1, &frames[i]);
        source_destroy (&source);
    }
    assert_memory_equal (&frames[0], &frames[1], sizeof frames[0]);
    assert_memory_not_equal (&frames[0], &frames[2], sizeof frames[0]);
}

static void
test_a_longer_span_has_more_events (void **state)
{
    (void) state;
    frame_t frame;
    source_t *source = s_open ("synthetic:events=1000");
    s_read (source, 10, &frame);
    source_destroy (&source);
    assert_true (frame.metrics[METRIC_cpudist].histogram.count > 9500);
}

static void
test_frames_can_be_encoded_at_the_limits_of_the_spec (void **state)
{
    (void) state;
    static const char *specs[] = {"synthetic:events=1000000,median=3600s,sigma=10",
                                  "synthetic:median=1ns,sigma=10", "synthetic:sigma=0"};
    static uint8_t data[FRAME_MAX_BYTES];
    frame_t frame;
    for (size_t i = 0; i < sizeof specs / sizeof specs[0]; i++) {
        source_t *source = s_open (specs[i]);
        s_read (source, 1, &frame);
        source_destroy (&source);
        strcpy (frame.node, "n1");
        frame.epoch = frame.seq = 1;
        for (metric_id_t id = 0; id < METRIC_COUNT_; id++)
            frame.metrics[id].total_count = frame.metrics[id].histogram.count;
        assert_true (frame_encode (&frame, data, sizeof data) > 0);
    }
}

static void
test_a_spec_that_means_nothing_is_refused (void **state)
{
    (void) state;
    static const char *texts[] = {
        "synthetic:",
        "synthetic:bus",
        "synthetic:events",
        "synthetic:events=",
        "synthetic:events=-1",
        "synthetic:events=1e7",
        "synthetic:events=nan",
        "synthetic:median=8",
        "synthetic:median=8h",
        "synthetic:median=0us",
        "synthetic:sigma=11",
        "synthetic:seed=7,",
        "synthetic:colour=red",
        "synthetic:events=3000us",
        "bpfx",
        "",
    };
    source_error_t error;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_null (source_new (texts[i], &s_all, &error));
        assert_int_equal (error.exit_code, EXIT_USAGE);
        assert_non_null (strstr (error.text, "write"));
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_busy_has_3000_events_of_8_us_in_the_middle),
        cmocka_unit_test (test_every_metric_is_measured_and_marked_as_invented),
        cmocka_unit_test (test_idle_has_no_events),
        cmocka_unit_test (test_equal_seeds_make_equal_frames_and_others_do_not),
        cmocka_unit_test (test_a_longer_span_has_more_events),
        cmocka_unit_test (test_frames_can_be_encoded_at_the_limits_of_the_spec),
        cmocka_unit_test (test_a_spec_that_means_nothing_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
