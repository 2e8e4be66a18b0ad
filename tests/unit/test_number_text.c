//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about numbers for programs: the same bytes as the C library's, only sooner.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "subscriber/number_text.h"

#define REALS 200000 //  Of each range

//  What defines a real's text: the fewest digits from 15 on that read back as the same.
static void
s_assert_real (double value)
{
    char text[NUMBER_TEXT_MAX + 1], expected[512];
    int digits = 15;
    do
        snprintf (expected, sizeof expected, "%.*g", digits++, value);
    while (strtod (expected, NULL) != value);
    assert_string_equal (number_text_real (value, text), expected);
}

static uint64_t
s_random (void)
{
    static uint64_t state = 88172645463325252;
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

static void
test_any_finite_double_is_written_as_by_printf (void **state)
{
    (void) state;
    for (int i = 0; i < REALS; i++) {
        uint64_t bits = s_random ();
        double value;
        memcpy (&value, &bits, sizeof value);
        if (isfinite (value))
            s_assert_real (value);
    }
    s_assert_real (0.0);
    s_assert_real (-0.0);
    s_assert_real (DBL_MAX);
    s_assert_real (DBL_TRUE_MIN);
}

static void
test_means_of_durations_are_written_as_by_printf (void **state)
{
    (void) state;
    for (int i = 0; i < REALS; i++)
        s_assert_real ((double) (s_random () >> (8 + i % 56)) / (double) (1 + s_random () % 10000));
}

static void
test_edges_of_buckets_are_written_as_by_printf (void **state)
{
    (void) state;
    for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++) {
        s_assert_real (bucket_lower_ns (slot));
        s_assert_real (bucket_middle_ns (slot));
        s_assert_real (bucket_upper_ns (slot));
    }
}

static void
test_doubles_about_powers_are_written_as_by_printf (void **state)
{
    (void) state;
    for (int exponent = -20; exponent <= 20; exponent++) {
        const double powers[] = {pow (10, exponent), pow (2, 3 * exponent)};
        for (int i = 0; i < 2; i++) {
            s_assert_real (powers[i]);
            s_assert_real (-powers[i]);
            s_assert_real (nextafter (powers[i], 0));
            s_assert_real (nextafter (powers[i], INFINITY));
            s_assert_real (powers[i] + 0.5);
        }
    }
}

static void
test_decimals_are_written_as_they_are_read (void **state)
{
    (void) state;
    char decimal[32], text[NUMBER_TEXT_MAX + 1];
    for (int i = 0; i < REALS; i++) {
        snprintf (decimal, sizeof decimal, "%" PRIu64 ".%06" PRIu64 "7", s_random () % 10000000,
                  s_random () % 1000000);
        assert_string_equal (number_text_real (strtod (decimal, NULL), text), decimal);
    }
}

static void
test_whole_numbers_are_written_in_full (void **state)
{
    (void) state;
    char text[NUMBER_TEXT_MAX + 1];
    const uint128_t over = UINT64_MAX;
    assert_string_equal (number_text_integer (INT64_MIN, text), "-9223372036854775808");
    assert_string_equal (number_text_integer (INT64_MAX, text), "9223372036854775807");
    assert_string_equal (number_text_integer (0, text), "0");
    assert_string_equal (number_text_sum (0, text), "0");
    assert_string_equal (number_text_sum (over, text), "18446744073709551615");
    assert_string_equal (number_text_sum (over + 1, text), "18446744073709551616");
    assert_string_equal (number_text_sum (10 * over + 10, text), "184467440737095516160");
    assert_string_equal (number_text_sum (~(uint128_t) 0, text),
                         "340282366920938463463374607431768211455");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_any_finite_double_is_written_as_by_printf),
        cmocka_unit_test (test_means_of_durations_are_written_as_by_printf),
        cmocka_unit_test (test_edges_of_buckets_are_written_as_by_printf),
        cmocka_unit_test (test_doubles_about_powers_are_written_as_by_printf),
        cmocka_unit_test (test_decimals_are_written_as_they_are_read),
        cmocka_unit_test (test_whole_numbers_are_written_in_full),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
