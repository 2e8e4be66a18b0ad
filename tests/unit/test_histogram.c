//  SPDX-License-Identifier: GPL-2.0-or-later
//  histogram: quantiles are checked against sorted values, sums against plain addition.

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "schema/histogram.h"

static histogram_t
s_histogram (const uint64_t *values, size_t count)
{
    histogram_t self = {0};
    for (size_t i = 0; i < count; i++)
        histogram_add (&self, values[i]);
    return self;
}

static void
s_assert_equal (const histogram_t *one, const histogram_t *other)
{
    assert_memory_equal (one, other, sizeof *one);
}

static void
test_histogram_empty_has_no_quantile_mean_min_or_max (void **state)
{
    (void) state;
    const histogram_t empty = {0};
    double value;
    assert_int_equal (histogram_quantile (&empty, 0.5, &value), -1);
    assert_int_equal (histogram_mean (&empty, &value), -1);
    assert_int_equal (histogram_min (&empty, &value), -1);
    assert_int_equal (histogram_max (&empty, &value), -1);
}

static void
test_histogram_counts_zero_and_the_greatest_value (void **state)
{
    (void) state;
    histogram_t self = s_histogram ((uint64_t[]){0, UINT64_MAX, UINT64_MAX}, 3);
    double value;
    assert_int_equal (self.count, 3);
    assert_true (self.sum == (uint128_t) UINT64_MAX * 2);
    assert_int_equal (histogram_min (&self, &value), 0);
    assert_true (value == 0);
    assert_int_equal (histogram_max (&self, &value), 0);
    assert_true (value >= 18446744073709551615.0);
}

static int
s_compare (const void *one_p, const void *other_p)
{
    uint64_t one = *(const uint64_t *) one_p, other = *(const uint64_t *) other_p;
    return (one > other) - (one < other);
}

//  Rank by definition, in whole numbers: the least r with r >= per_mille * count / 1000.
static uint64_t
s_nearest_rank (const uint64_t *sorted, uint64_t count, uint64_t per_mille)
{
    uint64_t rank = (per_mille * count + 999) / 1000;
    return sorted[rank == 0 ? 0 : rank - 1];
}

static void
test_histogram_quantile_is_within_4_4_percent_of_the_nearest_rank (void **state)
{
    (void) state;
    enum { VALUES = 1000 };
    uint64_t values[VALUES], random = 7;
    for (int i = 0; i < VALUES; i++) {
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        values[i] = 1000 + (random >> 20) % (1ULL << (10 + i % 30));
    }
    for (size_t count = 1; count <= VALUES; count = count * 3 + 1) {
        histogram_t self = s_histogram (values, count);
        uint64_t sorted[VALUES];
        memcpy (sorted, values, count * sizeof *values);
        qsort (sorted, count, sizeof *sorted, s_compare);
        for (uint64_t per_mille = 0; per_mille <= 1000; per_mille++) {
            double value, truth = (double) s_nearest_rank (sorted, count, per_mille);
            assert_int_equal (histogram_quantile (&self, (double) per_mille / 1000, &value), 0);
            if (fabs (value / truth - 1) > 0.044)
                fail_msg ("%f is not %f: %ju of 1000, %zu values", value, truth, per_mille, count);
        }
    }
}

static void
test_histogram_quantile_has_no_rounding_at_whole_ranks (void **state)
{
    (void) state;
    histogram_t self = {0};
    for (unsigned i = 0; i < 100; i++)
        self.buckets[1 + 4 * i]++;
    self.count = 100;
    for (unsigned percent = 1; percent <= 100; percent++) {
        double value;
        assert_int_equal (histogram_quantile (&self, percent / 100.0, &value), 0);
        assert_true (value == bucket_middle_ns (1 + 4 * (percent - 1)));
    }
}

static void
test_histogram_quantile_takes_any_number (void **state)
{
    (void) state;
    histogram_t self = s_histogram ((uint64_t[]){10, 1000000}, 2);
    double value;
    assert_int_equal (histogram_quantile (&self, -1, &value), 0);
    assert_true (value < 11);
    assert_int_equal (histogram_quantile (&self, NAN, &value), 0);
    assert_true (value < 11);
    assert_int_equal (histogram_quantile (&self, INFINITY, &value), 0);
    assert_true (value > 900000);
}

static void
test_histogram_without_buckets_has_a_mean_but_no_quantile (void **state)
{
    (void) state;
    const histogram_t tasks = {.count = 23, .sum = 23};
    double value;
    assert_int_equal (histogram_quantile (&tasks, 0.5, &value), -1);
    assert_int_equal (histogram_mean (&tasks, &value), 0);
    assert_true (value == 1);
}

static void
test_histogram_mean_is_right_beyond_64_bits (void **state)
{
    (void) state;
    const histogram_t self = {.count = 1ULL << 40, .sum = (uint128_t) 3 << 80};
    double value;
    assert_int_equal (histogram_mean (&self, &value), 0);
    assert_true (value == (double) (3ULL << 40));
}

static void
test_histogram_merge_is_counting_all_values_in_one (void **state)
{
    (void) state;
    const uint64_t values[] = {0, 1, 5, 1000, 1000000, UINT64_MAX, UINT64_MAX};
    histogram_t all = s_histogram (values, 7);
    histogram_t merged = s_histogram (values, 3), rest = s_histogram (values + 3, 4);
    histogram_merge (&merged, &rest);
    s_assert_equal (&merged, &all);
}

static void
test_histogram_subtract_undoes_merge (void **state)
{
    (void) state;
    histogram_t one = s_histogram ((uint64_t[]){3, UINT64_MAX}, 2), before = one;
    histogram_t other = s_histogram ((uint64_t[]){3, 99, UINT64_MAX}, 3);
    histogram_merge (&one, &other);
    histogram_subtract (&one, &other);
    s_assert_equal (&one, &before);
}

static void
test_histogram_agrees_when_buckets_add_up_to_the_count (void **state)
{
    (void) state;
    histogram_t self = s_histogram ((uint64_t[]){3, 99}, 2);
    assert_true (histogram_agrees (&self, METRIC_HISTOGRAM));
    self.count++;
    assert_false (histogram_agrees (&self, METRIC_HISTOGRAM));
}

static void
test_histogram_disagrees_when_buckets_pass_64_bits (void **state)
{
    (void) state;
    histogram_t self = {.count = 1, .sum = 1};
    self.buckets[5] = UINT64_MAX;
    self.buckets[6] = 2;
    assert_false (histogram_agrees (&self, METRIC_HISTOGRAM));
}

static void
test_histogram_of_a_count_metric_agrees_without_buckets_only (void **state)
{
    (void) state;
    histogram_t self = {.count = 23, .sum = 23};
    assert_true (histogram_agrees (&self, METRIC_COUNT));
    assert_false (histogram_agrees (&self, METRIC_HISTOGRAM));
    self.buckets[1] = 23;
    assert_false (histogram_agrees (&self, METRIC_COUNT));
}

static void
test_histogram_without_events_agrees_without_a_sum_only (void **state)
{
    (void) state;
    assert_true (histogram_agrees (&(histogram_t){0}, METRIC_HISTOGRAM));
    assert_false (histogram_agrees (&(histogram_t){.sum = 1}, METRIC_HISTOGRAM));
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_histogram_empty_has_no_quantile_mean_min_or_max),
        cmocka_unit_test (test_histogram_counts_zero_and_the_greatest_value),
        cmocka_unit_test (test_histogram_quantile_is_within_4_4_percent_of_the_nearest_rank),
        cmocka_unit_test (test_histogram_quantile_has_no_rounding_at_whole_ranks),
        cmocka_unit_test (test_histogram_quantile_takes_any_number),
        cmocka_unit_test (test_histogram_without_buckets_has_a_mean_but_no_quantile),
        cmocka_unit_test (test_histogram_mean_is_right_beyond_64_bits),
        cmocka_unit_test (test_histogram_merge_is_counting_all_values_in_one),
        cmocka_unit_test (test_histogram_subtract_undoes_merge),
        cmocka_unit_test (test_histogram_agrees_when_buckets_add_up_to_the_count),
        cmocka_unit_test (test_histogram_disagrees_when_buckets_pass_64_bits),
        cmocka_unit_test (test_histogram_of_a_count_metric_agrees_without_buckets_only),
        cmocka_unit_test (test_histogram_without_events_agrees_without_a_sum_only),
    };
    return cmocka_run_group_tests_name ("histogram", tests, NULL, NULL);
}
