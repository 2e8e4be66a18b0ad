//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about a timeline: which seconds are accounted for. The truth is a table of flags.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "storage/timeline.h"

static void
test_each_second_is_counted_once (void **state)
{
    (void) state;
    timeline_t timeline;
    timeline_init (&timeline, 10, 20);
    assert_int_equal (timeline_add (&timeline, 12, 14), 2);
    assert_int_equal (timeline_add (&timeline, 13, 16), 2);
    assert_int_equal (timeline_add (&timeline, 12, 16), 0);
    assert_int_equal (timeline_add (&timeline, 16, 17), 1);
    assert_int_equal (timeline.count, 1);
    timeline_fini (&timeline);
}

static void
test_seconds_outside_the_window_are_left_out (void **state)
{
    (void) state;
    timeline_t timeline;
    stretch_t hole;
    timeline_init (&timeline, 10, 20);
    assert_int_equal (timeline_add (&timeline, INT64_MIN, 11), 1);
    assert_int_equal (timeline_add (&timeline, 19, INT64_MAX), 1);
    assert_int_equal (timeline_add (&timeline, 25, 30), 0);
    assert_int_equal (timeline_add (&timeline, 15, 12), 0);
    assert_false (timeline_hole (&timeline, 0, &hole));
    assert_true (timeline_hole (&timeline, 1, &hole));
    assert_int_equal (hole.from_wall_s, 11);
    assert_int_equal (hole.until_wall_s, 19);
    assert_false (timeline_hole (&timeline, 2, &hole));
    timeline_fini (&timeline);
}

enum { MODEL_SECONDS = 100 };

static uint64_t
s_flag (bool flags[MODEL_SECONDS], int from, int until)
{
    uint64_t added = 0;
    for (int second = from; second < until; second++) {
        added += !flags[second];
        flags[second] = true;
    }
    return added;
}

static void
s_assert_holes (const timeline_t *timeline, const bool flags[MODEL_SECONDS])
{
    int second = 0, holes = 0;
    for (size_t i = 0; i <= timeline->count; i++) {
        stretch_t hole;
        if (!timeline_hole (timeline, i, &hole))
            continue;
        for (; second < hole.from_wall_s; second++)
            assert_true (flags[second]);
        for (; second < hole.until_wall_s; second++, holes++)
            assert_false (flags[second]);
    }
    for (; second < MODEL_SECONDS; second++)
        assert_true (flags[second]);
}

static void
test_random_stretches_equal_a_table_of_flags (void **state)
{
    (void) state;
    unsigned seed = 23;
    for (int round = 0; round < 300; round++) {
        bool flags[MODEL_SECONDS] = {false};
        timeline_t timeline;
        timeline_init (&timeline, 0, MODEL_SECONDS);
        for (int i = 0; i < 25; i++) {
            int from = rand_r (&seed) % MODEL_SECONDS;
            int until = from + rand_r (&seed) % 9;
            until = until > MODEL_SECONDS ? MODEL_SECONDS : until;
            assert_int_equal (timeline_add (&timeline, from, until), s_flag (flags, from, until));
            s_assert_holes (&timeline, flags);
        }
        timeline_fini (&timeline);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_each_second_is_counted_once),
        cmocka_unit_test (test_seconds_outside_the_window_are_left_out),
        cmocka_unit_test (test_random_stretches_equal_a_table_of_flags),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
