//  SPDX-License-Identifier: GPL-2.0-or-later
//  probe_interval: when bin/probe's intervals end.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "publisher/probe_interval.h"
#include "schema/frame.h"

#define MS (NS_PER_S / 1000)

//  1,000 s on the monotonic clock is 17:00:00.25 on the wall.
static clock_reading_t
s_at (int64_t ms)
{
    return (clock_reading_t){.mono_ns = 1000 * NS_PER_S + ms * MS,
                             .wall_ns = 61200 * NS_PER_S + (250 + ms) * MS};
}

static probe_interval_t
s_begin (unsigned seconds, bool on_seconds, int64_t ms)
{
    probe_interval_t self;
    clock_reading_t now = s_at (ms);
    probe_interval_init (&self, seconds, on_seconds, &now);
    return self;
}

static tick_t
s_close (probe_interval_t *self, int64_t ms)
{
    tick_t covered;
    clock_reading_t now = s_at (ms);
    assert_false (probe_interval_close (self, &now, &covered));
    return covered;
}

static void
test_screen_intervals_do_not_drift_however_late_each_is_noticed (void **state)
{
    (void) state;
    probe_interval_t self = s_begin (1, false, 0);
    for (int64_t n = 1; n <= 100; n++) {
        assert_int_equal (self.end_mono_ns, s_at (1000 * n).mono_ns);
        s_close (&self, 1000 * n + 7);
    }
}

static void
test_screen_interval_after_a_stall_ends_on_the_grid (void **state)
{
    (void) state;
    probe_interval_t self = s_begin (2, false, 0);
    s_close (&self, 7300);
    assert_int_equal (self.end_mono_ns, s_at (8000).mono_ns);
}

static void
test_next_second_is_the_wall_clocks (void **state)
{
    (void) state;
    clock_reading_t now = s_at (0);
    assert_int_equal (probe_interval_next_second (&now), s_at (750).mono_ns);
}

static void
test_recorded_intervals_end_on_whole_wall_seconds (void **state)
{
    (void) state;
    probe_interval_t self = s_begin (1, true, 753);
    for (int64_t n = 1; n <= 100; n++) {
        assert_int_equal (self.end_mono_ns, s_at (750 + 1000 * n).mono_ns);
        tick_t covered = s_close (&self, 750 + 1000 * n + n % 5);
        assert_int_equal (covered.start_wall_s, 61200 + n);
        assert_int_equal (covered.span_s, 1);
    }
}

static void
test_recorded_intervals_adjoin_after_a_stall (void **state)
{
    (void) state;
    probe_interval_t self = s_begin (1, true, 750);
    tick_t covered = s_close (&self, 5950);
    assert_int_equal (covered.start_wall_s, 61201);
    assert_int_equal (covered.span_s, 5);
    assert_int_equal (covered.late_ticks, 1);
    covered = s_close (&self, 6750);
    assert_int_equal (covered.start_wall_s, 61206);
    assert_int_equal (covered.span_s, 1);
}

static void
test_interrupted_interval_spans_a_second_and_tells_its_true_length (void **state)
{
    (void) state;
    probe_interval_t self = s_begin (1, true, 750);
    tick_t covered = s_close (&self, 950);
    assert_int_equal (covered.span_s, 1);
    assert_int_equal (covered.duration_mono_ns, 200 * MS);
    assert_int_equal (covered.late_ticks, 0);
}

static void
test_span_never_exceeds_a_frames_longest (void **state)
{
    (void) state;
    probe_interval_t self = s_begin (1, true, 750);
    assert_int_equal (s_close (&self, 200000000).span_s, FRAME_MAX_SPAN_S);
}

static void
test_setting_the_wall_clock_is_noticed_and_realigns (void **state)
{
    (void) state;
    probe_interval_t self = s_begin (1, true, 750);
    clock_reading_t now = s_at (1750);
    now.wall_ns -= 3600 * NS_PER_S + 400 * MS;
    tick_t covered;
    assert_true (probe_interval_close (&self, &now, &covered));
    assert_int_equal (covered.span_s, 1);
    int64_t end_wall_ns = now.wall_ns + self.end_mono_ns - now.mono_ns;
    assert_int_equal (end_wall_ns % NS_PER_S, 0);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_screen_intervals_do_not_drift_however_late_each_is_noticed),
        cmocka_unit_test (test_screen_interval_after_a_stall_ends_on_the_grid),
        cmocka_unit_test (test_next_second_is_the_wall_clocks),
        cmocka_unit_test (test_recorded_intervals_end_on_whole_wall_seconds),
        cmocka_unit_test (test_recorded_intervals_adjoin_after_a_stall),
        cmocka_unit_test (test_interrupted_interval_spans_a_second_and_tells_its_true_length),
        cmocka_unit_test (test_span_never_exceeds_a_frames_longest),
        cmocka_unit_test (test_setting_the_wall_clock_is_noticed_and_realigns),
    };
    return cmocka_run_group_tests_name ("probe_interval", tests, NULL, NULL);
}
