//  SPDX-License-Identifier: GPL-2.0-or-later
//  How large RocksDB's buffers and files of brief keys are to be.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "storage/database.h"
#include "storage/database_sizes.h"

#define MIB ((uint64_t) 1 << 20)

static void
test_a_small_store_has_half_of_its_memory_for_buffers (void **state)
{
    (void) state;
    database_sizes_t sizes = database_sizes (64 * MIB, 0);
    assert_int_equal (sizes.buffer_bytes * DATABASE_BUFFERS, 32 * MIB);
    assert_int_equal (sizes.brief_files, 8);
    assert_int_equal (database_sizes (1, 0).buffer_bytes, 1 * MIB);
}

static void
test_the_files_left_alone_hold_what_lives_briefly_twice (void **state)
{
    (void) state;
    for (uint64_t brief_bytes = 0; brief_bytes < 3000 * MIB; brief_bytes += 7 * MIB) {
        database_sizes_t sizes = database_sizes (64 * MIB, brief_bytes);
        assert_true (sizes.brief_files * sizes.buffer_bytes >= 2 * brief_bytes);
        assert_true (sizes.brief_bytes >= sizes.brief_files * sizes.buffer_bytes);
    }
}

static void
test_buffers_grow_before_files_become_many (void **state)
{
    (void) state;
    database_sizes_t sizes = database_sizes (64 * MIB, 300 * MIB);
    assert_int_equal (sizes.buffer_bytes, 64 * MIB);
    assert_int_equal (sizes.brief_files, 16);
    sizes = database_sizes (64 * MIB, 3000 * MIB);
    assert_int_equal (sizes.buffer_bytes, DATABASE_BUFFER_BYTES_MAX);
    assert_int_equal (sizes.brief_files, 96);
}

static void
test_neither_grows_without_bound (void **state)
{
    (void) state;
    database_sizes_t sizes = database_sizes (64 * MIB, UINT64_MAX);
    assert_int_equal (sizes.buffer_bytes, DATABASE_BUFFER_BYTES_MAX);
    assert_int_equal (sizes.brief_files, 96);
    assert_int_equal (database_sizes (4096 * MIB, UINT64_MAX).buffer_bytes, 512 * MIB);
}

//  As much as is merged into it at once, lest all of it be merged on at once.
static void
test_the_first_level_takes_in_four_buffers (void **state)
{
    (void) state;
    assert_int_equal (database_sizes (64 * MIB, 0).lasting_bytes, 64 * MIB);
    assert_int_equal (database_sizes (1, 0).lasting_bytes, 64 * MIB);
    assert_int_equal (database_sizes (64 * MIB, 300 * MIB).lasting_bytes, 256 * MIB);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_small_store_has_half_of_its_memory_for_buffers),
        cmocka_unit_test (test_the_files_left_alone_hold_what_lives_briefly_twice),
        cmocka_unit_test (test_buffers_grow_before_files_become_many),
        cmocka_unit_test (test_neither_grows_without_bound),
        cmocka_unit_test (test_the_first_level_takes_in_four_buffers),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
