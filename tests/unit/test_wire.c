//  SPDX-License-Identifier: GPL-2.0-or-later
//  wire: what is written is the specification's shortest form (bytes written out by hand), what is
//  read is exactly what would be written, and nothing else.

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "schema/wire.h"
#include "tests/unit/test_wire.h"

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof ((const uint8_t[]){__VA_ARGS__})

//  Read a copy without a byte to spare, so that a sanitizer sees every step too far. The copy
//  lives until the next one: tokens are read from it.
static int
s_read (const uint8_t *bytes, size_t size)
{
    static uint8_t *copy;
    free (copy);
    copy = malloc (size);
    memcpy (copy, bytes, size);
    return wire_read (s_reader, copy, size);
}

static void
s_accept (const uint8_t *bytes, size_t size)
{
    assert_int_equal (s_read (bytes, size), 0);
}

static void
s_refuse (const uint8_t *bytes, size_t size)
{
    assert_int_equal (s_read (bytes, size), -1);
    assert_int_equal (wire_next (s_reader), WIRE_END);
}

//  --- writing
//  --------------------------------------------------------------------------------------

static void
s_expect_uint (uint64_t value, const uint8_t *bytes, size_t size)
{
    uint8_t buffer[16];
    uint64_t found;
    wire_writer_t writer;
    wire_writer_init (&writer, buffer, sizeof buffer);
    wire_put_uint (&writer, value);
    assert_int_equal (wire_writer_size (&writer), size);
    assert_memory_equal (buffer, bytes, size);
    s_accept (buffer, size);
    assert_int_equal (wire_take_uint (s_reader, &found), 0);
    assert_true (found == value);
}

static void
s_expect_int (int64_t value, const uint8_t *bytes, size_t size)
{
    uint8_t buffer[16];
    int64_t found;
    wire_writer_t writer;
    wire_writer_init (&writer, buffer, sizeof buffer);
    wire_put_int (&writer, value);
    assert_int_equal (wire_writer_size (&writer), size);
    assert_memory_equal (buffer, bytes, size);
    s_accept (buffer, size);
    assert_int_equal (wire_take_int (s_reader, &found), 0);
    assert_true (found == value);
}

static void
test_wire_writes_unsigned_numbers_in_the_shortest_form (void **state)
{
    (void) state;
    s_expect_uint (0, BYTES (0x00));
    s_expect_uint (127, BYTES (0x7f));
    s_expect_uint (128, BYTES (0xcc, 0x80));
    s_expect_uint (255, BYTES (0xcc, 0xff));
    s_expect_uint (256, BYTES (0xcd, 0x01, 0x00));
    s_expect_uint (65535, BYTES (0xcd, 0xff, 0xff));
    s_expect_uint (65536, BYTES (0xce, 0x00, 0x01, 0x00, 0x00));
    s_expect_uint (UINT32_MAX, BYTES (0xce, 0xff, 0xff, 0xff, 0xff));
    s_expect_uint (1ULL << 32, BYTES (0xcf, 0, 0, 0, 1, 0, 0, 0, 0));
    s_expect_uint (UINT64_MAX, BYTES (0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff));
}

static void
test_wire_writes_signed_numbers_in_the_shortest_form (void **state)
{
    (void) state;
    s_expect_int (-1, BYTES (0xff));
    s_expect_int (-32, BYTES (0xe0));
    s_expect_int (-33, BYTES (0xd0, 0xdf));
    s_expect_int (-128, BYTES (0xd0, 0x80));
    s_expect_int (-129, BYTES (0xd1, 0xff, 0x7f));
    s_expect_int (-32769, BYTES (0xd2, 0xff, 0xff, 0x7f, 0xff));
    s_expect_int (INT64_MIN, BYTES (0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0));
    s_expect_int (5, BYTES (0x05));
    s_expect_int (200, BYTES (0xcc, 200));
    s_expect_int (INT64_MAX, BYTES (0xcf, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff));
}

static void
test_wire_writes_text_that_it_would_take (void **state)
{
    (void) state;
    uint8_t buffer[32];
    char text[32];
    wire_writer_t writer;
    wire_writer_init (&writer, buffer, sizeof buffer);
    wire_put_text (&writer, "a\x1b[31m\xff\xc3\xa9 z", 64);
    s_accept (buffer, wire_writer_size (&writer));
    assert_int_equal (wire_read (s_reader, buffer, writer.size), 0);
    assert_int_equal (wire_take_text (s_reader, text, sizeof text), 0);
    assert_string_equal (text, "a?[31m?\xc3\xa9 z");
}

static void
test_wire_cuts_text_between_characters (void **state)
{
    (void) state;
    uint8_t buffer[32];
    wire_writer_t writer;
    wire_writer_init (&writer, buffer, sizeof buffer);
    wire_put_text (&writer, "ab\xe2\x82\xac", 4);
    assert_int_equal (wire_writer_size (&writer), 3);
    assert_memory_equal (buffer,
                         "\xa2"
                         "ab",
                         3);
}

static void
test_wire_writer_counts_on_but_writes_nothing_past_its_end (void **state)
{
    (void) state;
    uint8_t buffer[4] = {0, 0, 0, 0xee};
    wire_writer_t writer;
    wire_writer_init (&writer, buffer, 3);
    wire_put_uint (&writer, 1);
    wire_put_uint (&writer, 70000);
    wire_put_nil (&writer);
    assert_true (writer.overflow);
    assert_int_equal (writer.size, 7);
    assert_int_equal (wire_writer_size (&writer), 0);
    assert_int_equal (buffer[1], 0);
    assert_int_equal (buffer[3], 0xee);
}

//  --- refusing
//  -------------------------------------------------------------------------------------

static void
test_wire_refuses_numbers_longer_than_needed (void **state)
{
    (void) state;
    s_refuse (BYTES (0xcc, 0x7f));
    s_refuse (BYTES (0xcd, 0x00, 0xff));
    s_refuse (BYTES (0xce, 0x00, 0x00, 0xff, 0xff));
    s_refuse (BYTES (0xcf, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff));
    s_refuse (BYTES (0xd0, 0xe0));
    s_refuse (BYTES (0xd1, 0xff, 0x80));
    s_refuse (BYTES (0xd2, 0xff, 0xff, 0x80, 0x00));
    s_refuse (BYTES (0xd3, 0xff, 0xff, 0xff, 0xff, 0x80, 0, 0, 0));
}

static void
test_wire_refuses_numbers_from_0_up_in_a_signed_form (void **state)
{
    (void) state;
    s_refuse (BYTES (0xd0, 0x05));
    s_refuse (BYTES (0xd1, 0x10, 0x00));
    s_refuse (BYTES (0xd2, 0x10, 0x00, 0x00, 0x00));
    s_refuse (BYTES (0xd3, 0x10, 0, 0, 0, 0, 0, 0, 0));
}

static void
test_wire_refuses_lengths_longer_than_needed (void **state)
{
    (void) state;
    s_accept (BYTES (0xa1, 'x'));
    s_refuse (BYTES (0xd9, 1, 'x'));
    s_refuse (BYTES (0xda, 0, 1, 'x'));
    s_refuse (BYTES (0xdb, 0, 0, 0, 1, 'x'));
    s_accept (BYTES (0x91, 0x00));
    s_refuse (BYTES (0xdc, 0, 1, 0x00));
    s_refuse (BYTES (0xdd, 0, 0, 0, 1, 0x00));
}

static void
test_wire_refuses_a_long_form_that_a_short_item_would_hide (void **state)
{
    (void) state;
    //  [1, 1] with the first number a byte too long: the sum of the shortest sizes is short.
    s_refuse (BYTES (0x92, 0xcc, 0x01, 0x01));
    s_refuse (BYTES (0x92, 0xcc, 0x01, 0xc0));
}

static void
test_wire_refuses_types_it_does_not_have (void **state)
{
    (void) state;
    s_refuse (BYTES (0xc2));
    s_refuse (BYTES (0xc3));
    s_refuse (BYTES (0xc1));
    s_refuse (BYTES (0x80));
    s_refuse (BYTES (0x81, 0x00, 0x00));
    s_refuse (BYTES (0xde, 0, 0));
    s_refuse (BYTES (0xdf, 0, 0, 0, 0));
    s_refuse (BYTES (0xc4, 0));
    s_refuse (BYTES (0xc4, 1, 'x'));
    s_refuse (BYTES (0xc7, 0, 1));
    s_refuse (BYTES (0xc9, 0xff, 0xff, 0xff, 0xff, 0x00));
    s_refuse (BYTES (0xd4, 1, 2));
    s_refuse (BYTES (0xca, 0x3f, 0x80, 0, 0));
}

static void
test_wire_refuses_reals_that_are_no_numbers (void **state)
{
    (void) state;
    s_accept (BYTES (0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0));
    s_refuse (BYTES (0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0));
    s_refuse (BYTES (0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0));
}

static void
test_wire_refuses_bytes_that_end_early_or_late (void **state)
{
    (void) state;
    s_refuse (BYTES (0x92, 0x01));
    s_refuse (BYTES (0xa5, 'a', 'b'));
    s_refuse (BYTES (0xcd, 0x01));
    s_refuse (BYTES (0x01, 0x01));
    assert_int_equal (wire_read (s_reader, "", 0), -1);
}

static void
test_wire_refuses_arrays_of_more_items_than_bytes_follow (void **state)
{
    (void) state;
    s_refuse (BYTES (0xdd, 0xff, 0xff, 0xff, 0xff));
    s_refuse (BYTES (0xdc, 0xff, 0xff, 0x01));
    s_refuse (BYTES (0xdb, 0xff, 0xff, 0xff, 0xff));
}

//  Lengths that come round to a small one where they are added up in 32 bits.
static void
test_wire_refuses_strings_of_four_gigabytes (void **state)
{
    (void) state;
    const char *text;
    size_t length;
    for (unsigned last = 0xf0; last <= 0xff; last++) {
        const uint8_t bytes[16] = {0xdb, 0xff, 0xff, 0xff, (uint8_t) last, 'a', 'b', 'c'};
        assert_int_equal (wire_read (s_reader, bytes, sizeof bytes), -1);
        wire_open (s_reader, bytes, sizeof bytes);
        assert_int_equal (wire_take_string (s_reader, &text, &length), -1);
    }
}

static void
test_wire_reads_eight_levels_and_refuses_nine (void **state)
{
    (void) state;
    s_accept (BYTES (0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x00));
    s_refuse (BYTES (0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x00));
    s_refuse (BYTES (0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x91, 0x90));
}

static void
test_wire_reads_64_kib_and_refuses_a_byte_more (void **state)
{
    (void) state;
    const uint8_t fits[] = {0xdc, 0xff, 0xfd}, too_long[] = {0xdc, 0xff, 0xfe};
    uint8_t *data = calloc (1, WIRE_MAX_BYTES + 1);
    uint32_t items;
    memcpy (data, fits, sizeof fits);
    assert_int_equal (wire_read (s_reader, data, WIRE_MAX_BYTES), 0);
    assert_int_equal (wire_take_array (s_reader, &items), 0);
    assert_int_equal (items, WIRE_MAX_BYTES - 3);
    memcpy (data, too_long, sizeof too_long);
    assert_int_equal (wire_read (s_reader, data, WIRE_MAX_BYTES + 1), -1);
    free (data);
}

//  --- taking
//  ---------------------------------------------------------------------------------------

static void
test_wire_takes_tokens_in_order_with_their_offsets (void **state)
{
    (void) state;
    const uint8_t bytes[] = {0x95, 0xcc, 0xc8, 0xa2, 'n', '1', 0x90, 0xc0, 0xff};
    uint32_t items;
    uint64_t number;
    int64_t negative;
    char text[3];
    assert_int_equal (wire_read (s_reader, bytes, sizeof bytes), 0);
    assert_int_equal (wire_take_array (s_reader, &items), 0);
    assert_int_equal (items, 5);
    assert_int_equal (wire_offset (s_reader), 1);
    assert_int_equal (wire_take_uint (s_reader, &number), 0);
    assert_int_equal (number, 200);
    assert_int_equal (wire_take_text (s_reader, text, sizeof text), 0);
    assert_string_equal (text, "n1");
    assert_int_equal (wire_offset (s_reader), 6);
    assert_int_equal (wire_expect_array (s_reader, 0), 0);
    assert_true (wire_is_nil (s_reader));
    assert_int_equal (wire_take_nil (s_reader), 0);
    assert_int_equal (wire_done (s_reader), -1);
    assert_int_equal (wire_take_int (s_reader, &negative), 0);
    assert_int_equal (negative, -1);
    assert_int_equal (wire_offset (s_reader), sizeof bytes);
    assert_int_equal (wire_done (s_reader), 0);
}

static void
test_wire_fails_for_good_once_a_take_failed (void **state)
{
    (void) state;
    uint64_t number;
    assert_int_equal (wire_read (s_reader, "\x92\xc0\x01", 3), 0);
    assert_int_equal (wire_take_uint (s_reader, &number), -1);
    assert_int_equal (wire_expect_array (s_reader, 2), -1);
    assert_int_equal (wire_done (s_reader), -1);
}

static void
test_wire_takes_no_int_beyond_63_bits (void **state)
{
    (void) state;
    int64_t value;
    assert_int_equal (wire_read (s_reader, "\xcf\x80\0\0\0\0\0\0\0", 9), 0);
    assert_int_equal (wire_take_int (s_reader, &value), -1);
}

static void
s_refuse_text (const char *item, size_t size)
{
    char text[8];
    assert_int_equal (wire_read (s_reader, item, size), 0);
    assert_int_equal (wire_take_text (s_reader, text, sizeof text), -1);
}

static void
test_wire_takes_no_text_that_is_long_or_not_to_be_shown (void **state)
{
    (void) state;
    s_refuse_text ("\xa8"
                   "12345678",
                   9);
    s_refuse_text ("\xa1\0", 2);
    s_refuse_text ("\xa1\x1b", 2);
    s_refuse_text ("\xa1\x7f", 2);
    s_refuse_text ("\xa1\xff", 2);
    s_refuse_text ("\xa2\xc0\xaf", 3);
    s_refuse_text ("\xa2\xc2\x9b", 3);
    s_refuse_text ("\xa3\xed\xa0\x80", 4);
    s_refuse_text ("\xa4\xf4\x90\x80\x80", 5);
    s_refuse_text ("\xa2\xe2\x82", 3);
}

static void
test_wire_reads_items_one_after_another (void **state)
{
    (void) state;
    const char *items = "\x91\x01\xa1x\x92\x01";
    size_t used;
    assert_int_equal (wire_read_first (s_reader, items, 6, &used), 1);
    assert_int_equal (used, 2);
    assert_int_equal (wire_read_first (s_reader, items + 2, 4, &used), 1);
    assert_int_equal (used, 2);
    assert_int_equal (wire_read_first (s_reader, items + 4, 2, &used), 0);
    assert_int_equal (wire_read_first (s_reader, "\xc3", 1, &used), -1);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_wire_writes_unsigned_numbers_in_the_shortest_form),
        cmocka_unit_test (test_wire_writes_signed_numbers_in_the_shortest_form),
        cmocka_unit_test (test_wire_writes_text_that_it_would_take),
        cmocka_unit_test (test_wire_cuts_text_between_characters),
        cmocka_unit_test (test_wire_writer_counts_on_but_writes_nothing_past_its_end),
        cmocka_unit_test (test_wire_refuses_numbers_longer_than_needed),
        cmocka_unit_test (test_wire_refuses_numbers_from_0_up_in_a_signed_form),
        cmocka_unit_test (test_wire_refuses_lengths_longer_than_needed),
        cmocka_unit_test (test_wire_refuses_a_long_form_that_a_short_item_would_hide),
        cmocka_unit_test (test_wire_refuses_types_it_does_not_have),
        cmocka_unit_test (test_wire_refuses_reals_that_are_no_numbers),
        cmocka_unit_test (test_wire_refuses_bytes_that_end_early_or_late),
        cmocka_unit_test (test_wire_refuses_arrays_of_more_items_than_bytes_follow),
        cmocka_unit_test (test_wire_refuses_strings_of_four_gigabytes),
        cmocka_unit_test (test_wire_reads_eight_levels_and_refuses_nine),
        cmocka_unit_test (test_wire_reads_64_kib_and_refuses_a_byte_more),
        cmocka_unit_test (test_wire_takes_tokens_in_order_with_their_offsets),
        cmocka_unit_test (test_wire_fails_for_good_once_a_take_failed),
        cmocka_unit_test (test_wire_takes_no_int_beyond_63_bits),
        cmocka_unit_test (test_wire_takes_no_text_that_is_long_or_not_to_be_shown),
        cmocka_unit_test (test_wire_reads_items_one_after_another),
    };
    return cmocka_run_group_tests_name ("wire", tests, s_set_up, s_tear_down);
}
