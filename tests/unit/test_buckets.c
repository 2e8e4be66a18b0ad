//  SPDX-License-Identifier: GPL-2.0-or-later
//  buckets: the slot of every value is checked against the definition itself, in whole numbers.
//
//  v is in bucket j or below exactly when v <= 10^9 * 2^(j/8), that is v^8 <= 10^72 * 2^j. Both
//  sides are compared exactly, as numbers of 1024 bits.

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "schema/buckets.h"

//  --- numbers of 1024 bits ---------------------------------------------------------------------

#define WORDS 32

typedef struct {
    uint32_t words[WORDS]; //  The least first
} big_t;

static void
s_multiply (big_t *self, uint32_t factor)
{
    uint64_t carry = 0;
    for (int i = 0; i < WORDS; i++) {
        carry += (uint64_t) self->words[i] * factor;
        self->words[i] = (uint32_t) carry;
        carry >>= 32;
    }
    assert_int_equal (carry, 0);
}

static void
s_add_shifted (big_t *self, const big_t *other, int words)
{
    uint64_t carry = 0;
    for (int i = words; i < WORDS; i++) {
        carry += (uint64_t) self->words[i] + other->words[i - words];
        self->words[i] = (uint32_t) carry;
        carry >>= 32;
    }
    assert_int_equal (carry, 0);
}

static void
s_multiply_wide (big_t *self, uint64_t factor)
{
    big_t high = *self;
    s_multiply (self, (uint32_t) factor);
    s_multiply (&high, (uint32_t) (factor >> 32));
    s_add_shifted (self, &high, 1);
}

static void
s_double (big_t *self, int times)
{
    while (times-- > 0)
        s_multiply (self, 2);
}

static bool
s_at_most (const big_t *self, const big_t *other)
{
    for (int i = WORDS; i-- > 0;)
        if (self->words[i] != other->words[i])
            return self->words[i] < other->words[i];
    return true;
}

//  --- the definition -----------------------------------------------------------------------------

//  True where v <= 10^9 * 2^(j/8). The side with the negative power of two gives it to the other.
static bool
s_within_upper_edge (uint64_t v, int j)
{
    big_t value = {{1}}, edge = {{1}};
    for (int i = 0; i < 8; i++) {
        s_multiply_wide (&value, v);
        s_multiply (&edge, 1000000000);
    }
    s_double (j < 0 ? &value : &edge, j < 0 ? -j : j);
    return s_at_most (&value, &edge);
}

static void
s_expect_exact_slot (uint64_t v)
{
    unsigned slot = bucket_slot (v);
    assert_in_range (slot, 1, BUCKET_SLOTS - 1);
    int j = bucket_index (slot);
    if (!s_within_upper_edge (v, j) || s_within_upper_edge (v, j - 1))
        fail_msg ("%llu ns is not in bucket %d", (unsigned long long) v, j);
}

//  The greatest whole number within the upper edge of bucket j.
static uint64_t
s_floor_of_edge (int j)
{
    uint64_t low = 0, high = UINT64_MAX;
    while (low < high) {
        uint64_t middle = high - (high - low) / 2;
        if (s_within_upper_edge (middle, j))
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

//  --- tests
//  ------------------------------------------------------------------------------------------

static void
test_buckets_are_exact_at_both_sides_of_every_edge (void **state)
{
    (void) state;
    for (int j = BUCKET_MIN_INDEX; j < BUCKET_MAX_INDEX; j++) {
        uint64_t edge = s_floor_of_edge (j);
        s_expect_exact_slot (edge);
        s_expect_exact_slot (edge + 1);
    }
    s_expect_exact_slot (UINT64_MAX);
}

static void
test_buckets_are_exact_for_small_values (void **state)
{
    (void) state;
    for (uint64_t v = 1; v <= 3000; v++)
        s_expect_exact_slot (v);
}

static void
test_buckets_are_exact_for_pseudo_random_values (void **state)
{
    (void) state;
    uint64_t random = 20261123;
    for (int i = 0; i < 20000; i++) {
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        uint64_t v = random >> (i % 64);
        if (v != 0)
            s_expect_exact_slot (v);
    }
}

static void
test_buckets_reach_from_zero_to_the_greatest_value (void **state)
{
    (void) state;
    assert_int_equal (bucket_slot (0), 0);
    assert_int_equal (bucket_slot (1), 1);
    assert_int_equal (bucket_index (bucket_slot (1)), BUCKET_MIN_INDEX);
    assert_int_equal (bucket_slot (UINT64_MAX), BUCKET_SLOTS - 1);
    assert_int_equal (bucket_index (BUCKET_SLOTS - 1), BUCKET_MAX_INDEX);
}

static void
test_bucket_0_ends_at_one_second (void **state)
{
    (void) state;
    assert_int_equal (bucket_index (bucket_slot (1000000000)), 0);
    assert_int_equal (bucket_index (bucket_slot (1000000001)), 1);
    assert_true (bucket_upper_ns (bucket_slot (1000000000)) == 1e9);
}

static void
test_bucket_edges_are_those_of_the_formula (void **state)
{
    (void) state;
    for (unsigned slot = 1; slot < BUCKET_SLOTS; slot++) {
        double edge = (double) (1e9L * powl (2, bucket_index (slot) / 8.0L));
        assert_true (fabs (bucket_upper_ns (slot) / edge - 1) < 3e-16);
    }
    assert_true (bucket_upper_ns (0) == 0);
}

static void
test_bucket_lower_edge_is_the_upper_edge_of_the_one_below (void **state)
{
    (void) state;
    assert_true (bucket_lower_ns (0) == 0);
    assert_true (bucket_lower_ns (1) == 0);
    for (unsigned slot = 2; slot < BUCKET_SLOTS; slot++)
        assert_true (bucket_lower_ns (slot) == bucket_upper_ns (slot - 1));
}

static void
test_bucket_middle_is_equally_far_from_both_edges (void **state)
{
    (void) state;
    assert_true (bucket_middle_ns (0) == 0);
    for (unsigned slot = 2; slot < BUCKET_SLOTS; slot++) {
        double middle = bucket_middle_ns (slot);
        double below = middle / bucket_lower_ns (slot) - 1,
               above = 1 - middle / bucket_upper_ns (slot);
        assert_true (fabs (below - above) < 1e-12);
        assert_true (below < 0.044);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_buckets_reach_from_zero_to_the_greatest_value),
        cmocka_unit_test (test_bucket_0_ends_at_one_second),
        cmocka_unit_test (test_buckets_are_exact_for_small_values),
        cmocka_unit_test (test_buckets_are_exact_at_both_sides_of_every_edge),
        cmocka_unit_test (test_buckets_are_exact_for_pseudo_random_values),
        cmocka_unit_test (test_bucket_edges_are_those_of_the_formula),
        cmocka_unit_test (test_bucket_lower_edge_is_the_upper_edge_of_the_one_below),
        cmocka_unit_test (test_bucket_middle_is_equally_far_from_both_edges),
    };
    return cmocka_run_group_tests_name ("buckets", tests, NULL, NULL);
}
