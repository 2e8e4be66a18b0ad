//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about publisher/epoch: epochs only ever grow, whatever the clock does.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "publisher/epoch.h"

#define MS 1000000LL

static void
test_epoch_is_the_time_and_random_bits (void **state)
{
    (void) state;
    assert_int_equal (epoch_make (1795000000123 * MS + 999999, 0, 0xBEEF),
                      1795000000123ULL << 16 | 0xBEEF);
}

static void
test_epoch_grows_when_the_clock_went_back (void **state)
{
    (void) state;
    uint64_t last = epoch_make (1795000000000 * MS, 0, 0xFFFF);
    uint64_t next = epoch_make (1695000000000 * MS, last, 0);
    assert_true (next > last);
    assert_int_equal (next >> 16, (last >> 16) + 1);
}

static void
test_two_epochs_of_one_millisecond_differ (void **state)
{
    (void) state;
    uint64_t last = epoch_make (1795000000000 * MS, 0, 7);
    assert_true (epoch_make (1795000000000 * MS, last, 7) > last);
}

static void
test_epoch_is_never_0_before_1970 (void **state)
{
    (void) state;
    assert_true (epoch_make (-5 * MS, 0, 0) > 0);
    assert_true (epoch_make (0, 0, 0) > 0);
}

static void
test_no_epoch_follows_the_last_one (void **state)
{
    (void) state;
    assert_int_equal (epoch_make (1795000000000 * MS, UINT64_MAX, 1), 0);
    assert_true (epoch_make (1795000000000 * MS, UINT64_MAX - 0x10000, 1) > UINT64_MAX - 0x10000);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_epoch_is_the_time_and_random_bits),
        cmocka_unit_test (test_epoch_grows_when_the_clock_went_back),
        cmocka_unit_test (test_two_epochs_of_one_millisecond_differ),
        cmocka_unit_test (test_epoch_is_never_0_before_1970),
        cmocka_unit_test (test_no_epoch_follows_the_last_one),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
