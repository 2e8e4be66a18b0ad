//  SPDX-License-Identifier: GPL-2.0-or-later
//  histogram_text: the truth of bcc's rows is what bcc's own print_log2_hist printed for the same
//  counts (Debian's python3-bpfcc 0.26); it stands here as text.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "schema/histogram_text.h"

static char *
s_log2 (const uint64_t rows[LOG2_ROWS], const text_unit_t *unit)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream (&text, &size);
    histogram_text_log2 (out, rows, unit);
    fclose (out);
    return text;
}

static char *
s_fine (const histogram_t *histogram, const text_unit_t *unit)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream (&text, &size);
    histogram_text_fine (out, histogram, unit);
    fclose (out);
    return text;
}

static void
s_expect_log2 (const uint64_t rows[LOG2_ROWS], const text_unit_t *unit, const char *expected)
{
    char *text = s_log2 (rows, unit);
    assert_string_equal (text, expected);
    free (text);
}

static void
test_log2_prints_nothing_without_events (void **state)
{
    (void) state;
    s_expect_log2 ((uint64_t[LOG2_ROWS]){0}, &TEXT_USECS, "");
}

static void
test_log2_draws_rows_and_bars_as_bcc_does (void **state)
{
    (void) state;
    const uint64_t rows[LOG2_ROWS] = {[1] = 3, [3] = 7, [5] = 100, [8] = 99, [9] = 1};
    s_expect_log2 (
        rows, &TEXT_USECS,
        "     usecs               : count     distribution\n"
        "         0 -> 1          : 3        |*                                       |\n"
        "         2 -> 3          : 0        |                                        |\n"
        "         4 -> 7          : 7        |**                                      |\n"
        "         8 -> 15         : 0        |                                        |\n"
        "        16 -> 31         : 100      |****************************************|\n"
        "        32 -> 63         : 0        |                                        |\n"
        "        64 -> 127        : 0        |                                        |\n"
        "       128 -> 255        : 99       |*************************************** |\n"
        "       256 -> 511        : 1        |                                        |\n");
}

static void
test_log2_lets_counts_over_eight_digits_push_the_bar_as_bcc_does (void **state)
{
    (void) state;
    const uint64_t rows[LOG2_ROWS] = {[3] = 123456789012, [4] = 61728394506};
    s_expect_log2 (
        rows, &TEXT_USECS,
        "     usecs               : count     distribution\n"
        "         0 -> 1          : 0        |                                        |\n"
        "         2 -> 3          : 0        |                                        |\n"
        "         4 -> 7          : 123456789012 |****************************************|\n"
        "         8 -> 15         : 61728394506 |********************                    |\n");
}

static void
test_log2_stays_narrow_up_to_row_32 (void **state)
{
    (void) state;
    const uint64_t rows[LOG2_ROWS] = {[32] = 5};
    char *text = s_log2 (rows, &TEXT_MSECS);
    assert_non_null (strstr (text, "     msecs               : count     distribution\n"));
    assert_non_null (strstr (text, "\n2147483648 -> 4294967295 : 5        "
                                   "|****************************************|\n"));
    free (text);
}

static void
test_log2_widens_from_row_33_on_as_bcc_does (void **state)
{
    (void) state;
    const uint64_t rows[LOG2_ROWS] = {[2] = 1, [33] = 2};
    char *text = s_log2 (rows, &TEXT_USECS);
    const char *head = "               usecs                         : count     distribution\n"
                       "                   0 -> 1                    : 0        |"
                       "                    |\n"
                       "                   2 -> 3                    : 1        |"
                       "**********          |\n";
    assert_int_equal (strncmp (text, head, strlen (head)), 0);
    assert_non_null (strstr (text, "\n          4294967296 -> 8589934591           : 2        "
                                   "|********************|\n"));
    free (text);
}

static void
test_log2_prints_the_last_row_of_64_bits (void **state)
{
    (void) state;
    const uint64_t rows[LOG2_ROWS] = {[10] = 2, [64] = 3};
    char *text = s_log2 (rows, &TEXT_MSECS);
    assert_non_null (strstr (text, "\n 9223372036854775808 -> 18446744073709551615 : 3        "
                                   "|********************|\n"));
    free (text);
}

static void
test_fine_prints_nothing_without_events (void **state)
{
    (void) state;
    histogram_t histogram = {0};
    char *text = s_fine (&histogram, &TEXT_USECS);
    assert_string_equal (text, "");
    free (text);
}

//  2^(-160/8) s = 953.674 ns and 2^(-159/8) s = 1,039.999 ns are the edges of 1 us's bucket.
static void
test_fine_prints_edges_to_the_ns_and_empty_rows_between (void **state)
{
    (void) state;
    histogram_t histogram = {0};
    for (int i = 0; i < 4; i++)
        histogram_add (&histogram, 1000);
    histogram_add (&histogram, 1200);
    char *text = s_fine (&histogram, &TEXT_USECS);
    assert_string_equal (
        text,
        "         usecs                   : count     distribution\n"
        "         0.954 -> 1.040          : 4        |****************************************|\n"
        "         1.040 -> 1.134          : 0        |                                        |\n"
        "         1.134 -> 1.237          : 1        |**********                              |\n");
    free (text);
}

static void
test_fine_skips_from_zero_to_the_lowest_other_row (void **state)
{
    (void) state;
    histogram_t histogram = {0};
    histogram_add (&histogram, 0);
    histogram_add (&histogram, 1000);
    char *text = s_fine (&histogram, &TEXT_USECS);
    assert_string_equal (
        text,
        "         usecs                   : count     distribution\n"
        "         0.000 -> 0.000          : 1        |****************************************|\n"
        "         0.954 -> 1.040          : 1        |****************************************|\n");
    free (text);
}

static void
test_fine_gives_zero_a_row_of_its_own (void **state)
{
    (void) state;
    histogram_t histogram = {0};
    histogram_add (&histogram, 0);
    char *text = s_fine (&histogram, &TEXT_MSECS);
    assert_string_equal (
        text,
        "         msecs                   : count     distribution\n"
        "      0.000000 -> 0.000000       : 1        |****************************************|\n");
    free (text);
}

static char *
s_doublings (const histogram_t *histogram)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream (&text, &size);
    histogram_text_doublings (out, histogram);
    fclose (out);
    return text;
}

//  A row ends at 1 s / 2^n, which is its own: 31.25 ms lies in the row that it ends.
static void
test_doublings_are_rows_in_the_look_of_bcc (void **state)
{
    (void) state;
    histogram_t histogram = {0};
    for (int i = 0; i < 4; i++)
        histogram_add (&histogram, 31250000);
    for (int i = 0; i < 2; i++)
        histogram_add (&histogram, 31250001);
    histogram_add (&histogram, 0);
    histogram_add (&histogram, 200000000);
    char *text = s_doublings (&histogram);
    assert_string_equal (
        text, "         duration          : count     distribution\n"
              "          0 -> 0           : 1        |**********                              |\n"
              "   15.62 ms -> 31.25 ms    : 4        |****************************************|\n"
              "   31.25 ms -> 62.5 ms     : 2        |********************                    |\n"
              "    62.5 ms -> 125 ms      : 0        |                                        |\n"
              "     125 ms -> 250 ms      : 1        |**********                              |\n");
    free (text);
}

static void
test_doublings_hold_every_event_of_all_64_bits (void **state)
{
    (void) state;
    histogram_t histogram = {0};
    uint64_t events = 0, printed = 0;
    for (int bit = 0; bit < 64; bit++)
        histogram_add (&histogram, UINT64_MAX >> bit);
    char *text = s_doublings (&histogram);
    for (char *line = text; (line = strstr (line, " : ")); line++) {
        events += strtoull (line + 3, NULL, 10);
        printed++;
    }
    assert_int_equal (events, 64);
    assert_true (printed > 60);
    free (text);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_log2_prints_nothing_without_events),
        cmocka_unit_test (test_log2_draws_rows_and_bars_as_bcc_does),
        cmocka_unit_test (test_log2_lets_counts_over_eight_digits_push_the_bar_as_bcc_does),
        cmocka_unit_test (test_log2_stays_narrow_up_to_row_32),
        cmocka_unit_test (test_log2_widens_from_row_33_on_as_bcc_does),
        cmocka_unit_test (test_log2_prints_the_last_row_of_64_bits),
        cmocka_unit_test (test_fine_prints_nothing_without_events),
        cmocka_unit_test (test_fine_prints_edges_to_the_ns_and_empty_rows_between),
        cmocka_unit_test (test_fine_skips_from_zero_to_the_lowest_other_row),
        cmocka_unit_test (test_fine_gives_zero_a_row_of_its_own),
        cmocka_unit_test (test_doublings_are_rows_in_the_look_of_bcc),
        cmocka_unit_test (test_doublings_hold_every_event_of_all_64_bits),
    };
    return cmocka_run_group_tests_name ("histogram_text", tests, NULL, NULL);
}
