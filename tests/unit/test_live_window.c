//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about rolling windows: adding and taking away gives what adding up anew gives.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "subscriber/live_windows.h"

#define START 1795420800

static uint64_t s_random = 88172645463325252ULL;

//  xorshift64
static uint64_t
s_next (void)
{
    s_random ^= s_random << 13;
    s_random ^= s_random >> 7;
    return s_random ^= s_random << 17;
}

static void
s_measure (frame_metric_t *metric)
{
    metric->measured = true;
    metric->accrued_ns = s_next () % 1000000000;
    for (uint64_t i = s_next () % 20; i > 0; i--) //  A frame's sum fits 64 bits
        histogram_add (&metric->histogram, s_next () >> (5 + s_next () % 59));
}

static void
s_fill (frame_t *frame, int64_t start_wall_s, uint32_t span_s)
{
    memset (frame, 0, sizeof *frame);
    strcpy (frame->node, "n1");
    frame->start_wall_s = start_wall_s;
    frame->span_s = span_s;
    s_measure (&frame->metrics[METRIC_cpudist]);
    if (s_next () % 2)
        s_measure (&frame->metrics[METRIC_runqlat]);
}

//  The truth: all frames of the window added up, seconds counted one by one.
static void
s_add_up (const frame_t *frames, size_t count, int64_t since_wall_s, int64_t until_wall_s,
          partial_t *sum)
{
    partial_init (sum, "n1", since_wall_s, until_wall_s);
    for (size_t i = 0; i < count; i++) {
        const frame_t *frame = &frames[i];
        uint64_t seconds = 0;
        for (int64_t second = since_wall_s; second < until_wall_s; second++)
            seconds +=
                second >= frame->start_wall_s && second < frame->start_wall_s + frame->span_s;
        if (frame->start_wall_s >= since_wall_s)
            partial_add_frame (sum, frame, METRIC_ALL, seconds);
        else
            partial_cover (sum, frame, METRIC_ALL, seconds);
    }
}

static void
s_assert_equal (const partial_t *one, const partial_t *other)
{
    assert_int_equal (one->since_wall_s, other->since_wall_s);
    assert_int_equal (one->until_wall_s, other->until_wall_s);
    assert_int_equal (one->expected_s, other->expected_s);
    assert_int_equal (one->present_s, other->present_s);
    assert_int_equal (one->frames, other->frames);
    assert_memory_equal (one->metrics, other->metrics, sizeof one->metrics);
}

static void
test_a_window_equals_its_frames_added_up (void **state)
{
    (void) state;
    enum { FRAMES = 300, OVER = 17 };
    static frame_t frames[FRAMES];
    static partial_t truth;
    live_window_t *window = live_window_new ("n1", OVER, METRIC_ALL);
    int64_t start_wall_s = START;
    for (size_t i = 0; i < FRAMES; i++) {
        //  Now and then some are missing, or several seconds are one frame.
        start_wall_s += s_next () % 9 ? 0 : (int64_t) (s_next () % 25);
        s_fill (&frames[i], start_wall_s, s_next () % 5 ? 1 : 1 + (uint32_t) (s_next () % 22));
        start_wall_s += frames[i].span_s;
        live_window_add (window, &frames[i]);
        s_add_up (frames, i + 1, start_wall_s - OVER, start_wall_s, &truth);
        s_assert_equal (live_window_held (window), &truth);
    }
    live_window_destroy (&window);
}

static void
test_a_window_without_frames_grows_empty (void **state)
{
    (void) state;
    frame_t frame;
    live_window_t *window = live_window_new ("n1", 10, METRIC_ALL);
    for (int i = 0; i < 10; i++) {
        s_fill (&frame, START + i, 1);
        live_window_add (window, &frame);
    }
    live_window_advance (window, START + 14);
    assert_int_equal (live_window_held (window)->present_s, 6);
    live_window_advance (window, START + 12); //  Never back
    assert_int_equal (live_window_held (window)->present_s, 6);
    live_window_advance (window, START + 100);
    const partial_t *held = live_window_held (window);
    assert_true (held->present_s == 0 && held->frames == 0 && held->expected_s == 10);
    assert_true (held->metrics[METRIC_cpudist].histogram.count == 0);
    assert_int_equal (live_window_bytes (window), 0);
    live_window_destroy (&window);
}

static void
test_a_window_begins_anew_when_the_clock_steps_back (void **state)
{
    (void) state;
    frame_t frame;
    live_window_t *window = live_window_new ("n1", 60, METRIC_ALL);
    s_fill (&frame, START, 1);
    live_window_add (window, &frame);
    s_fill (&frame, START - 3600, 1);
    live_window_add (window, &frame);
    const partial_t *held = live_window_held (window);
    assert_true (held->frames == 1 && held->present_s == 1);
    assert_int_equal (held->until_wall_s, START - 3599);
    live_window_destroy (&window);
}

static void
test_only_the_chosen_metrics_are_kept (void **state)
{
    (void) state;
    frame_t frame;
    live_window_t *window = live_window_new ("n1", 2, METRIC_BIT (METRIC_runqlat));
    for (int i = 0; i < 5; i++) {
        s_fill (&frame, START + i, 1);
        live_window_add (window, &frame);
    }
    assert_int_equal (live_window_held (window)->metrics[METRIC_cpudist].present_s, 0);
    assert_int_equal (live_window_held (window)->present_s, 2);
    live_window_destroy (&window);
}

static void
test_without_a_window_each_frame_stands_alone (void **state)
{
    (void) state;
    frame_t frame;
    live_windows_t *windows = live_windows_new (0, METRIC_ALL);
    for (int i = 0; i < 3; i++) {
        s_fill (&frame, START + i, 1);
        const partial_t *held = live_windows_add (windows, &frame);
        assert_true (held->frames == 1 && held->expected_s == 1 && held->present_s == 1);
        assert_true (held->metrics[METRIC_cpudist].histogram.count ==
                     frame.metrics[METRIC_cpudist].histogram.count);
    }
    live_windows_destroy (&windows);
}

static void
test_windows_of_all_nodes_add_up (void **state)
{
    (void) state;
    frame_t frame;
    static partial_t sum;
    uint64_t events = 0;
    live_windows_t *windows = live_windows_new (4, METRIC_ALL);
    for (int i = 0; i < 8; i++) {
        s_fill (&frame, START + i / 2, 1);
        snprintf (frame.node, sizeof frame.node, "n%d", i % 2);
        live_windows_add (windows, &frame);
        events += frame.metrics[METRIC_cpudist].histogram.count;
    }
    assert_int_equal (live_windows_sum (windows, START + 4, &sum), 2);
    assert_true (sum.present_s == 8 && sum.expected_s == 8);
    assert_int_equal (sum.metrics[METRIC_cpudist].histogram.count, events);
    live_windows_sum (windows, START + 6, &sum);
    assert_true (sum.present_s == 4 && sum.expected_s == 8);
    live_windows_destroy (&windows);
}

static void
test_nodes_beyond_the_bound_show_their_newest_frame (void **state)
{
    (void) state;
    frame_t frame;
    live_windows_t *windows = live_windows_new (60, METRIC_ALL);
    for (int i = 0; i <= LIVE_WINDOWS_NODES; i++)
        for (int second = 0; second < 2; second++) {
            s_fill (&frame, START + second, 1);
            snprintf (frame.node, sizeof frame.node, "n%d", i);
            const partial_t *held = live_windows_add (windows, &frame);
            assert_int_equal (held->present_s, i < LIVE_WINDOWS_NODES ? 1 + second : 1);
            assert_int_equal (held->expected_s, 60);
        }
    live_windows_destroy (&windows);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_window_equals_its_frames_added_up),
        cmocka_unit_test (test_a_window_without_frames_grows_empty),
        cmocka_unit_test (test_a_window_begins_anew_when_the_clock_steps_back),
        cmocka_unit_test (test_only_the_chosen_metrics_are_kept),
        cmocka_unit_test (test_without_a_window_each_frame_stands_alone),
        cmocka_unit_test (test_windows_of_all_nodes_add_up),
        cmocka_unit_test (test_nodes_beyond_the_bound_show_their_newest_frame),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
