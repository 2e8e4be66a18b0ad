//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about publisher/ticker: frames end on whole seconds, cover every second once, and a
//  clock that was set ends the epoch. Clocks are numbers here; nothing waits.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "publisher/ticker.h"
#include "schema/frame.h"

#define MS 1000000LL

//  The wall clock runs 5000 s ahead of the monotonic one.
static clock_reading_t
s_at_ms (int64_t wall_ms)
{
    return (clock_reading_t){.wall_ns = wall_ms * MS, .mono_ns = (wall_ms - 5000000) * MS};
}

static ticker_t
s_started_at_ms (int64_t wall_ms)
{
    ticker_t ticker;
    clock_reading_t now = s_at_ms (wall_ms);
    ticker_init (&ticker, &now);
    return ticker;
}

static tick_kind_t
s_step (ticker_t *ticker, int64_t wall_ms, tick_t *tick)
{
    clock_reading_t now = s_at_ms (wall_ms);
    tick_kind_t kind = ticker_step (ticker, &now, tick);
    if (kind == TICK_BEGIN || kind == TICK_FRAME)
        ticker_accept (ticker, &now);
    return kind;
}

//  Measuring since 9,001,000 ms.
static ticker_t
s_measuring (void)
{
    tick_t tick;
    ticker_t ticker = s_started_at_ms (9000300);
    assert_int_equal (s_step (&ticker, 9001000, &tick), TICK_BEGIN);
    return ticker;
}

static void
test_first_frame_closes_the_first_full_second (void **state)
{
    (void) state;
    tick_t tick;
    ticker_t ticker = s_started_at_ms (9000300);
    assert_int_equal (ticker_due_wall_ns (&ticker), 9001000 * MS);
    assert_int_equal (s_step (&ticker, 9000999, &tick), TICK_EARLY);
    assert_int_equal (s_step (&ticker, 9001001, &tick), TICK_BEGIN);
    assert_int_equal (ticker_due_wall_ns (&ticker), 9002000 * MS);
    assert_int_equal (s_step (&ticker, 9002003, &tick), TICK_FRAME);
    assert_int_equal (tick.start_wall_s, 9001);
    assert_int_equal (tick.span_s, 1);
    assert_int_equal (tick.duration_mono_ns, 1002 * MS);
    assert_int_equal (tick.late_ticks, 0);
}

static void
test_started_on_an_edge_waits_for_the_next (void **state)
{
    (void) state;
    ticker_t ticker = s_started_at_ms (9000000);
    assert_int_equal (ticker_due_wall_ns (&ticker), 9001000 * MS);
}

static void
test_frames_follow_each_other_without_gap (void **state)
{
    (void) state;
    tick_t tick;
    ticker_t ticker = s_measuring ();
    for (int64_t second = 9001; second < 9100; second++) {
        assert_int_equal (s_step (&ticker, (second + 1) * 1000 + second % 90, &tick), TICK_FRAME);
        assert_int_equal (tick.start_wall_s, second);
        assert_int_equal (tick.span_s, 1);
        assert_int_equal (tick.late_ticks, 0);
    }
}

static void
test_a_stall_makes_one_long_frame (void **state)
{
    (void) state;
    tick_t tick;
    ticker_t ticker = s_measuring ();
    assert_int_equal (s_step (&ticker, 9005300, &tick), TICK_FRAME);
    assert_int_equal (tick.start_wall_s, 9001);
    assert_int_equal (tick.span_s, 4);
    assert_int_equal (tick.duration_mono_ns, 4300 * MS);
    assert_int_equal (tick.late_ticks, 4);
    assert_int_equal (ticker_due_wall_ns (&ticker), 9006000 * MS);
    assert_int_equal (s_step (&ticker, 9006000, &tick), TICK_FRAME);
    assert_int_equal (tick.start_wall_s, 9005);
    assert_int_equal (tick.span_s, 1);
    assert_int_equal (tick.late_ticks, 0);
}

static void
test_late_means_over_100_ms (void **state)
{
    (void) state;
    tick_t tick;
    ticker_t ticker = s_measuring ();
    s_step (&ticker, 9002100, &tick);
    assert_int_equal (tick.late_ticks, 0);
    s_step (&ticker, 9003101, &tick);
    assert_int_equal (tick.late_ticks, 1);
}

static void
test_an_unreadable_source_makes_the_next_frame_longer (void **state)
{
    (void) state;
    tick_t tick;
    ticker_t ticker = s_measuring ();
    clock_reading_t unread = s_at_ms (9002000);
    assert_int_equal (ticker_step (&ticker, &unread, &tick), TICK_FRAME);
    assert_int_equal (ticker_due_wall_ns (&ticker), 9003000 * MS);
    assert_int_equal (s_step (&ticker, 9003000, &tick), TICK_FRAME);
    assert_int_equal (tick.start_wall_s, 9001);
    assert_int_equal (tick.span_s, 2);
    assert_int_equal (tick.late_ticks, 0);
}

//  Move the wall clock of a measuring ticker by ms, half a second after its last tick.
static tick_kind_t
s_set_clock (ticker_t *ticker, int64_t ms)
{
    tick_t tick;
    clock_reading_t now = s_at_ms (9001500);
    now.wall_ns += ms * MS;
    return ticker_step (ticker, &now, &tick);
}

static void
test_a_step_over_half_a_second_ends_the_epoch (void **state)
{
    (void) state;
    static const int64_t steps_ms[] = {501, -501, 3600000, -3600000};
    for (size_t i = 0; i < sizeof steps_ms / sizeof steps_ms[0]; i++) {
        ticker_t ticker = s_measuring ();
        assert_int_equal (s_set_clock (&ticker, steps_ms[i]), TICK_STEPPED);
        assert_false (ticker.measuring);
        int64_t due_ms = ticker_due_wall_ns (&ticker) / MS;
        assert_true (due_ms > 9001500 + steps_ms[i] && due_ms <= 9002500 + steps_ms[i]);
    }
}

static void
test_a_smaller_step_does_not (void **state)
{
    (void) state;
    static const int64_t steps_ms[] = {500, -500, 100, -100};
    for (size_t i = 0; i < sizeof steps_ms / sizeof steps_ms[0]; i++) {
        ticker_t ticker = s_measuring ();
        tick_kind_t kind = s_set_clock (&ticker, steps_ms[i]);
        assert_int_equal (kind, steps_ms[i] == 500 ? TICK_FRAME : TICK_EARLY);
    }
}

static void
test_a_clock_set_back_a_little_never_repeats_a_second (void **state)
{
    (void) state;
    tick_t tick;
    ticker_t ticker = s_measuring ();
    s_step (&ticker, 9002000, &tick);
    clock_reading_t now = s_at_ms (9002100);
    now.wall_ns -= 400 * MS;
    assert_int_equal (ticker_step (&ticker, &now, &tick), TICK_EARLY);
    now.wall_ns += 1300 * MS;
    now.mono_ns += 1300 * MS;
    assert_int_equal (ticker_step (&ticker, &now, &tick), TICK_FRAME);
    assert_int_equal (tick.start_wall_s, 9002);
    assert_int_equal (tick.span_s, 1);
    assert_int_equal (tick.duration_mono_ns, 1400 * MS);
}

static void
test_slewing_never_adds_up_to_a_step (void **state)
{
    (void) state;
    tick_t tick;
    ticker_t ticker = s_measuring ();
    for (int64_t s = 1; s < 20000; s++) {
        clock_reading_t now = s_at_ms (9001000 + s * 1000);
        now.wall_ns += s * 500000; //  500 ppm, the most adjtimex slews
        tick_kind_t kind = ticker_step (&ticker, &now, &tick);
        assert_int_equal (kind, TICK_FRAME);
        ticker_accept (&ticker, &now);
    }
}

static void
test_sleep_of_the_machine_ends_the_epoch (void **state)
{
    (void) state;
    tick_t tick;
    ticker_t ticker = s_measuring ();
    clock_reading_t now = s_at_ms (9001500);
    now.wall_ns += 7200 * NS_PER_S; //  CLOCK_MONOTONIC stood still meanwhile
    assert_int_equal (ticker_step (&ticker, &now, &tick), TICK_STEPPED);
}

static void
test_a_stall_longer_than_a_frame_can_tell_ends_the_epoch (void **state)
{
    (void) state;
    tick_t tick;
    ticker_t ticker = s_measuring ();
    assert_int_equal (s_step (&ticker, 9001000 + FRAME_MAX_SPAN_S * 1000LL, &tick), TICK_FRAME);
    assert_int_equal (tick.span_s, FRAME_MAX_SPAN_S);
    ticker = s_measuring ();
    int64_t too_late_ms = 9001000 + (FRAME_MAX_SPAN_S + 1) * 1000LL;
    assert_int_equal (s_step (&ticker, too_late_ms, &tick), TICK_STEPPED);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_first_frame_closes_the_first_full_second),
        cmocka_unit_test (test_started_on_an_edge_waits_for_the_next),
        cmocka_unit_test (test_frames_follow_each_other_without_gap),
        cmocka_unit_test (test_a_stall_makes_one_long_frame),
        cmocka_unit_test (test_late_means_over_100_ms),
        cmocka_unit_test (test_an_unreadable_source_makes_the_next_frame_longer),
        cmocka_unit_test (test_a_step_over_half_a_second_ends_the_epoch),
        cmocka_unit_test (test_a_smaller_step_does_not),
        cmocka_unit_test (test_a_clock_set_back_a_little_never_repeats_a_second),
        cmocka_unit_test (test_slewing_never_adds_up_to_a_step),
        cmocka_unit_test (test_sleep_of_the_machine_ends_the_epoch),
        cmocka_unit_test (test_a_stall_longer_than_a_frame_can_tell_ends_the_epoch),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
