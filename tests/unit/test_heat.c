//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about heat and bars: which cell shows what, how hot, and in which bytes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "subscriber/bars.h"
#include "subscriber/heat.h"

static const screen_t s_plain = {.is_terminal = false};
static const screen_t s_true = {.is_terminal = true, .colour = true, .colours = COLOURS_TRUE};
static const screen_t s_256 = {.is_terminal = true, .colour = true, .colours = COLOURS_256};

static unsigned
s_axis_cell_of (const heat_axis_t *axis, uint64_t ns)
{
    return heat_axis_cell (axis, bucket_slot (ns));
}

static char *
s_printed_axis (const heat_axis_t *axis)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream (&text, &size);
    heat_axis_print (axis, &s_plain, out);
    fclose (out);
    return text;
}

static char *
s_printed (const double *values, size_t count, const screen_t *screen)
{
    const heat_scale_t scale = {.most = 1000};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream (&text, &size);
    heat_print (&scale, values, count, screen, out);
    fclose (out);
    return text;
}

static void
s_assert_printed (const double *values, size_t count, const screen_t *screen, const char *expected)
{
    char *text = s_printed (values, count, screen);
    assert_string_equal (text, expected);
    free (text);
}

static void
test_an_axis_never_has_more_cells_than_fit (void **state)
{
    (void) state;
    for (unsigned most = 1; most <= HEAT_CELLS_MAX; most++)
        for (unsigned first = 0; first < BUCKET_SLOTS; first += 37) {
            heat_axis_t axis = heat_axis_new (first, BUCKET_SLOTS - 1, most);
            assert_in_range (axis.cells, 1, most);
            assert_int_equal (heat_axis_cell (&axis, BUCKET_SLOTS - 1), axis.cells - 1);
            assert_int_equal (heat_axis_cell (&axis, 0), 0);
        }
}

//  2 s and above begin a doubling; a second is where one ends, upper edges being inclusive.
static void
test_cells_begin_at_powers_of_two_of_a_second (void **state)
{
    (void) state;
    heat_axis_t axis = heat_axis_new (bucket_slot (1500000000), bucket_slot (30000000000), 20);
    assert_int_equal (axis.slots_per_cell, 2);
    assert_int_equal (s_axis_cell_of (&axis, 1000000001), 0);
    assert_int_equal (s_axis_cell_of (&axis, 2000000000), 3);
    assert_int_equal (s_axis_cell_of (&axis, 2000000001), 4);
    assert_int_equal (s_axis_cell_of (&axis, 1), 0);
}

static void
test_labels_stand_in_the_cell_that_holds_them (void **state)
{
    (void) state;
    heat_axis_t axis = heat_axis_new (bucket_slot (1000), bucket_slot (1000000000), 60);
    char *text = s_printed_axis (&axis);
    assert_int_equal (strlen (text), axis.cells);
    assert_ptr_equal (strstr (text, "|1us"), text + s_axis_cell_of (&axis, 1000));
    assert_ptr_equal (strstr (text, "|100us"), text + s_axis_cell_of (&axis, 100000));
    assert_ptr_equal (strstr (text, "|10ms"), text + s_axis_cell_of (&axis, 10000000));
    free (text);
}

static void
test_a_narrow_axis_is_still_as_wide_as_its_cells (void **state)
{
    (void) state;
    for (unsigned most = 1; most < 90; most++) {
        heat_axis_t axis = heat_axis_new (0, BUCKET_SLOTS - 1, most);
        char *text = s_printed_axis (&axis);
        assert_int_equal (strlen (text), axis.cells);
        free (text);
    }
}

static void
test_every_event_is_in_one_cell (void **state)
{
    (void) state;
    histogram_t histogram = {0};
    double values[HEAT_CELLS_MAX], sum = 0;
    for (uint64_t ns = 0; ns < 100000000; ns = ns * 3 + 1)
        histogram_add (&histogram, ns);
    heat_axis_t axis = heat_axis_new (bucket_slot (1000), bucket_slot (1000000), 40);
    heat_fill (&axis, &histogram, 2, values);
    for (unsigned cell = 0; cell < axis.cells; cell++)
        sum += values[cell];
    assert_float_equal (sum, (double) histogram.count / 2, 1e-9);
}

static void
test_heat_grows_with_the_logarithm_of_events (void **state)
{
    (void) state;
    const heat_scale_t scale = {.most = 10000};
    double one = heat_scale_level (&scale, 1), hundred = heat_scale_level (&scale, 100);
    assert_true (heat_scale_level (&scale, 0) == 0 && heat_scale_level (&scale, -1) == 0);
    assert_true (one > 0 && heat_scale_level (&scale, 0.1) == one);
    assert_float_equal (hundred - one, heat_scale_level (&scale, 10000) - hundred, 1e-9);
    assert_true (heat_scale_level (&scale, 1e9) == 1);
}

static void
test_a_scale_grows_to_the_next_power_of_ten (void **state)
{
    (void) state;
    heat_scale_t scale = heat_scale_new ();
    assert_false (heat_scale_widen (&scale, 10));
    assert_true (heat_scale_widen (&scale, 1001));
    assert_true (scale.most == 10000);
    assert_false (heat_scale_widen (&scale, 5));
}

static void
test_cells_without_colours_are_characters (void **state)
{
    (void) state;
    const double values[] = {0, 1, 10, 100, 1000, 1e9};
    s_assert_printed (values, 6, &s_plain, " .=#@@");
}

static void
test_colours_end_where_the_row_does (void **state)
{
    (void) state;
    const double values[] = {0, 1000, 1000, 0};
    s_assert_printed (values, 4, &s_256, " \033[48;5;230m  \033[49m ");
    s_assert_printed (values + 2, 1, &s_true, "\033[48;2;252;255;164m \033[49m");
}

static void
test_bars_are_full_for_the_greatest_and_never_nothing_for_some (void **state)
{
    (void) state;
    const double values[] = {0, -1, 0.001, 4, 8, NAN};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream (&text, &size);
    bars_print (values, 6, true, out);
    bars_print (values, 6, false, out);
    fclose (out);
    assert_string_equal (text, " ·▁▄█  ?.=# ");
    free (text);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_an_axis_never_has_more_cells_than_fit),
        cmocka_unit_test (test_cells_begin_at_powers_of_two_of_a_second),
        cmocka_unit_test (test_labels_stand_in_the_cell_that_holds_them),
        cmocka_unit_test (test_a_narrow_axis_is_still_as_wide_as_its_cells),
        cmocka_unit_test (test_every_event_is_in_one_cell),
        cmocka_unit_test (test_heat_grows_with_the_logarithm_of_events),
        cmocka_unit_test (test_a_scale_grows_to_the_next_power_of_ten),
        cmocka_unit_test (test_cells_without_colours_are_characters),
        cmocka_unit_test (test_colours_end_where_the_row_does),
        cmocka_unit_test (test_bars_are_full_for_the_greatest_and_never_nothing_for_some),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
