//  SPDX-License-Identifier: GPL-2.0-or-later
//  table: cells keep their kind and value, also across the wire; sorting is by value. Run
//  from the root of the tree.

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "schema/table.h"
#include "tests/unit/test_wire.h"

enum { NODE, COUNT, MEAN, SUM, HIST, EMPTY, COLUMNS };

static table_t *
s_new (void)
{
    table_t *self = table_new ();
    table_add_column (self, "node", UNIT_NONE);
    table_add_column (self, "count", UNIT_TASKS);
    table_add_column (self, "mean", UNIT_NANOSECONDS);
    table_add_column (self, "sum", UNIT_NANOSECONDS);
    table_add_column (self, "hist", UNIT_NANOSECONDS);
    table_add_column (self, "empty", UNIT_BYTES);
    return self;
}

#define BIG_SUM (((uint128_t) 7 << 64) + 5)

static void
s_add_row (table_t *self, const char *node, int64_t count)
{
    histogram_t histogram = {0};
    histogram_add (&histogram, 1000);
    table_add_row (self);
    table_set_text (self, NODE, node);
    table_set_integer (self, COUNT, count);
    table_set_real (self, MEAN, 0.1);
    table_set_sum (self, SUM, BIG_SUM);
    table_set_buckets (self, HIST, &histogram);
}

static void
s_expect_row (const table_t *self, size_t row, const char *node, int64_t count)
{
    assert_string_equal (table_cell (self, row, NODE)->value.text, node);
    assert_int_equal (table_cell (self, row, COUNT)->value.integer, count);
    assert_true (table_cell (self, row, MEAN)->value.real == 0.1);
    assert_true (table_cell (self, row, SUM)->value.sum == BIG_SUM);
    assert_int_equal (table_cell (self, row, HIST)->value.histogram->sum, 1000);
    assert_int_equal (table_cell (self, row, EMPTY)->kind, CELL_NULL);
}

static void
test_table_keeps_what_was_set (void **state)
{
    (void) state;
    table_t *self = s_new ();
    s_add_row (self, "n1", -5);
    assert_int_equal (table_columns (self), COLUMNS);
    assert_int_equal (table_rows (self), 1);
    assert_string_equal (table_column_name (self, MEAN), "mean");
    assert_int_equal (table_column_unit (self, EMPTY), UNIT_BYTES);
    s_expect_row (self, 0, "n1", -5);
    table_destroy (&self);
    assert_null (self);
    table_destroy (&self);
}

static void
test_table_sets_a_cell_again (void **state)
{
    (void) state;
    table_t *self = s_new ();
    s_add_row (self, "n1", 1);
    table_set_integer (self, HIST, 3);
    table_set_text (self, NODE, "n2");
    table_set_real (self, COUNT, NAN);
    assert_int_equal (table_cell (self, 0, HIST)->value.integer, 3);
    assert_string_equal (table_cell (self, 0, NODE)->value.text, "n2");
    assert_int_equal (table_cell (self, 0, COUNT)->kind, CELL_NULL);
    table_destroy (&self);
}

static table_t *
s_pass (const table_t *self)
{
    uint8_t buffer[WIRE_MAX_BYTES];
    table_t *decoded = table_new ();
    size_t size = table_encode_columns (self, buffer, sizeof buffer);
    assert_int_equal (table_decode_columns (decoded, s_reader, buffer, size), 0);
    for (size_t row = 0; row < table_rows (self); row++) {
        size = table_encode_row (self, row, buffer, sizeof buffer);
        assert_int_equal (table_decode_row (decoded, s_reader, buffer, size), 0);
    }
    return decoded;
}

static void
test_table_survives_the_wire (void **state)
{
    (void) state;
    table_t *self = s_new ();
    s_add_row (self, "n1", INT64_MIN);
    s_add_row (self, "", INT64_MAX);
    table_t *decoded = s_pass (self);
    assert_int_equal (table_rows (decoded), 2);
    assert_int_equal (table_column_unit (decoded, MEAN), UNIT_NANOSECONDS);
    s_expect_row (decoded, 0, "n1", INT64_MIN);
    s_expect_row (decoded, 1, "", INT64_MAX);
    assert_int_equal (table_append (decoded, self), 0);
    table_destroy (&decoded);
    table_destroy (&self);
}

static void
test_table_without_rows_or_columns_survives_the_wire (void **state)
{
    (void) state;
    table_t *self = table_new ();
    table_add_row (self);
    table_t *decoded = s_pass (self);
    assert_int_equal (table_columns (decoded), 0);
    assert_int_equal (table_rows (decoded), 1);
    table_destroy (&decoded);
    table_destroy (&self);
}

static void
test_table_row_is_what_a_stranger_reads (void **state)
{
    (void) state;
    const uint8_t expected[] = {0x96, 0xa2, 'n',  '1',  0xfb,                         //  -5
                                0xcb, 0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a, //  0.1
                                0x92, 0x07, 0x05,                                     //  7, 5
                                0x93, 0x01, 0x92, 0x00, 0xcd, 0x03, 0xe8,             //  1, 1000
                                0x92, 0x51, 0x91, 0x01,                               //  1 in 81
                                0xc0};
    uint8_t buffer[64];
    table_t *self = s_new ();
    s_add_row (self, "n1", -5);
    assert_int_equal (table_encode_row (self, 0, buffer, sizeof buffer), sizeof expected);
    assert_memory_equal (buffer, expected, sizeof expected);
    for (size_t size = 0; size < sizeof expected; size++)
        assert_int_equal (table_encode_row (self, 0, buffer, size), 0);
    table_destroy (&self);
}

static void
test_table_refuses_rows_of_another_shape (void **state)
{
    (void) state;
    static const char *const rows[] = {
        "\x91\xc0",         "\x93\xc0\xc0\xc0", "\xc0",
        "\x92\xc0\x91\x01", "\x92\xc0\x90",     "\x92\xc0\x93\x02\x92\x00\x01\x92\x51\x91\x01"};
    table_t *self = table_new ();
    table_add_column (self, "a", UNIT_NONE);
    table_add_column (self, "b", UNIT_NONE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal (table_decode_row (self, s_reader, rows[i], strlen (rows[i])), -1);
    assert_int_equal (table_decode_row (self, s_reader, "\x92\xc0\x92\x00\x01", 5), 0);
    assert_int_equal (table_rows (self), 1);
    table_destroy (&self);
}

static void
s_refuse_columns (const char *data, size_t size)
{
    table_t *self = table_new ();
    assert_int_equal (table_decode_columns (self, s_reader, data, size), -1);
    table_destroy (&self);
}

static void
test_table_refuses_columns_of_another_shape (void **state)
{
    (void) state;
    s_refuse_columns ("\x90", 1);
    s_refuse_columns ("\x91\x02", 2);
    s_refuse_columns ("\x92\x01\x91\xa1x", 5);
    s_refuse_columns ("\x92\x01\x92\xa1x\xa4"
                      "yard",
                      10);
    s_refuse_columns ("\x92\x01\x92\xa1\x1b\xa2ns", 8);
}

//  A header of TABLE_MAX_COLUMNS columns and one more, each ["x", "ns"].
static void
test_table_refuses_too_many_columns (void **state)
{
    (void) state;
    static const uint8_t column[] = {0x92, 0xa1, 'x', 0xa2, 'n', 's'};
    uint8_t data[4 + (TABLE_MAX_COLUMNS + 1) * sizeof column] = {0xdc, 0, TABLE_MAX_COLUMNS + 2, 1};
    for (size_t at = 4; at < sizeof data; at += sizeof column)
        memcpy (data + at, column, sizeof column);
    s_refuse_columns ((const char *) data, sizeof data);
    data[2]--;
    table_t *self = table_new ();
    assert_int_equal (table_decode_columns (self, s_reader, data, sizeof data - sizeof column), 0);
    assert_int_equal (table_columns (self), TABLE_MAX_COLUMNS);
    table_destroy (&self);
}

static void
test_table_append_refuses_other_columns (void **state)
{
    (void) state;
    table_t *self = s_new (), *other = table_new ();
    assert_int_equal (table_append (self, other), -1);
    for (int i = 0; i < COLUMNS; i++)
        table_add_column (other, "node", UNIT_NONE);
    assert_int_equal (table_append (self, other), -1);
    table_destroy (&other);
    table_destroy (&self);
}

//  The nodes of all rows, one character each.
static void
s_expect_order (const table_t *self, const char *nodes)
{
    char found[16] = "";
    for (size_t row = 0; row < table_rows (self); row++)
        strncat (found, table_cell (self, row, NODE)->value.text, 1);
    assert_string_equal (found, nodes);
}

static table_t *
s_unsorted (void)
{
    table_t *self = s_new ();
    s_add_row (self, "a", 5);
    s_add_row (self, "b", 0);
    table_set_real (self, COUNT, 4.5);
    s_add_row (self, "c", 0);
    table_set_sum (self, COUNT, BIG_SUM);
    s_add_row (self, "d", 0);
    table_set_real (self, COUNT, INFINITY);
    s_add_row (self, "e", 5);
    return self;
}

static void
test_table_sorts_numbers_by_value_and_nulls_last (void **state)
{
    (void) state;
    table_t *self = s_unsorted ();
    table_sort (self, COUNT, 0);
    s_expect_order (self, "baecd");
    table_destroy (&self);
}

static void
test_table_sorts_downwards_with_nulls_last_and_equals_in_order (void **state)
{
    (void) state;
    table_t *self = s_unsorted ();
    table_sort (self, COUNT, 1);
    s_expect_order (self, "caebd");
    table_sort (self, NODE, 1);
    s_expect_order (self, "edcba");
    table_destroy (&self);
}

static void
test_table_truncates (void **state)
{
    (void) state;
    table_t *self = s_unsorted ();
    table_truncate (self, 9);
    assert_int_equal (table_rows (self), 5);
    table_truncate (self, 2);
    s_expect_order (self, "ab");
    table_destroy (&self);
}

static void
test_table_golden_is_read_and_written_the_same (void **state)
{
    (void) state;
    uint8_t buffer[1024];
    table_t *self = table_new ();
    size_t size = s_load_golden ("table_v1_columns");
    assert_int_equal (table_decode_columns (self, s_reader, s_golden, size), 0);
    assert_int_equal (table_encode_columns (self, buffer, sizeof buffer), size);
    assert_memory_equal (buffer, s_golden, size);
    size = s_load_golden ("table_v1_row");
    assert_int_equal (table_decode_row (self, s_reader, s_golden, size), 0);
    assert_int_equal (table_encode_row (self, 0, buffer, sizeof buffer), size);
    assert_memory_equal (buffer, s_golden, size);
    table_destroy (&self);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_table_golden_is_read_and_written_the_same),
        cmocka_unit_test (test_table_keeps_what_was_set),
        cmocka_unit_test (test_table_sets_a_cell_again),
        cmocka_unit_test (test_table_survives_the_wire),
        cmocka_unit_test (test_table_without_rows_or_columns_survives_the_wire),
        cmocka_unit_test (test_table_row_is_what_a_stranger_reads),
        cmocka_unit_test (test_table_refuses_rows_of_another_shape),
        cmocka_unit_test (test_table_refuses_columns_of_another_shape),
        cmocka_unit_test (test_table_refuses_too_many_columns),
        cmocka_unit_test (test_table_append_refuses_other_columns),
        cmocka_unit_test (test_table_sorts_numbers_by_value_and_nulls_last),
        cmocka_unit_test (test_table_sorts_downwards_with_nulls_last_and_equals_in_order),
        cmocka_unit_test (test_table_truncates),
    };
    return cmocka_run_group_tests_name ("table", tests, s_set_up, s_tear_down);
}
