//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about how answers are printed: for people with units and coverage, for programs exactly.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>
#include "subscriber/cell_text.h"
#include "subscriber/format.h"
#include "subscriber/remarks.h"
#include "subscriber/unit_text.h"

static const screen_t s_no_terminal = {.is_terminal = false};

//  Print a table into a buffer of this test's.
static const char *
s_print (format_t format, const table_t *table, const screen_t *screen)
{
    static char text[16384];
    memset (text, 0, sizeof text);
    FILE *out = fmemopen (text, sizeof text, "w");
    assert_non_null (out);
    format_print (format, table, screen, out);
    fclose (out);
    return text;
}

//  node, cpu_avg, cpu_sum, frames, expected of two nodes, the second without data.
static table_t *
s_answer (void)
{
    table_t *table = table_new ();
    table_add_column (table, "node", UNIT_NONE);
    table_add_column (table, "cpu_avg", UNIT_NANOSECONDS);
    table_add_column (table, "cpu_sum", UNIT_NANOSECONDS);
    table_add_column (table, "frames", UNIT_NONE);
    table_add_column (table, "expected", UNIT_NONE);
    table_add_row (table);
    table_set_text (table, 0, "n1");
    table_set_real (table, 1, 12345.678);
    table_set_sum (table, 2, 38123456789);
    table_set_integer (table, 3, 60);
    table_set_integer (table, 4, 60);
    table_add_row (table);
    table_set_text (table, 0, "n2");
    table_set_integer (table, 3, 0);
    table_set_integer (table, 4, 60);
    return table;
}

static table_t *
s_text_column (const char *name, const char *text)
{
    table_t *table = table_new ();
    table_add_column (table, name, UNIT_NONE);
    table_add_row (table);
    if (text)
        table_set_text (table, 0, text);
    return table;
}

//  --- for people ------------------------------------------------------------------------------

static void
s_assert_duration (double ns, const char *expected)
{
    char text[UNIT_TEXT_MAX + 1];
    unit_text_duration (ns, text);
    assert_string_equal (text, expected);
}

static void
test_durations_have_three_digits_and_the_unit_that_fits (void **state)
{
    (void) state;
    s_assert_duration (0, "0 ns");
    s_assert_duration (7, "7 ns");
    s_assert_duration (7.25, "7.25 ns");
    s_assert_duration (999, "999 ns");
    s_assert_duration (999.6, "1.00 us");
    s_assert_duration (12345, "12.3 us");
    s_assert_duration (999499, "999 us");
    s_assert_duration (999500, "1.00 ms");
    s_assert_duration (4.5e6, "4.50 ms");
    s_assert_duration (38.2e9, "38.2 s");
    s_assert_duration (86400e9, "86400 s");
    s_assert_duration (120000e9, "33.3 h");
    s_assert_duration (1e7 * 1e9, "116 d");
    s_assert_duration (-1500, "-1.50 us");
}

static void
test_numbers_keep_their_whole_part (void **state)
{
    (void) state;
    char text[UNIT_TEXT_MAX + 1];
    unit_text_number (1234567.8, text);
    assert_string_equal (text, "1234568");
    unit_text_number (0.01234, text);
    assert_string_equal (text, "0.0123");
    unit_text_bytes (40.0 * 1024 * 1024, text);
    assert_string_equal (text, "40.0 MiB");
    unit_text_number (-1.23456e300, text);
    assert_string_equal (text, "-1.23e+300");
}

static void
test_table_joins_frames_and_expected_to_coverage (void **state)
{
    (void) state;
    table_t *table = s_answer ();
    assert_string_equal (s_print (FORMAT_TABLE, table, &s_no_terminal),
                         "node  cpu_avg  cpu_sum  coverage\n"
                         "n1    12.3 us   38.1 s     60/60\n"
                         "n2          -        -      0/60\n");
    table_destroy (&table);
}

static void
test_vertical_has_a_line_a_column (void **state)
{
    (void) state;
    table_t *table = s_answer ();
    assert_string_equal (s_print (FORMAT_VERTICAL, table, &s_no_terminal), "-[ 1 ]-\n"
                                                                           "node      n1\n"
                                                                           "cpu_avg   12.3 us\n"
                                                                           "cpu_sum   38.1 s\n"
                                                                           "coverage  60/60\n"
                                                                           "-[ 2 ]-\n"
                                                                           "node      n2\n"
                                                                           "cpu_avg   -\n"
                                                                           "cpu_sum   -\n"
                                                                           "coverage  0/60\n");
    table_destroy (&table);
}

static void
test_a_select_is_vertical_only_where_a_terminal_is_too_narrow (void **state)
{
    (void) state;
    const screen_t narrow = {.is_terminal = true, .columns = 31};
    const screen_t fitting = {.is_terminal = true, .columns = 32};
    table_t *table = s_answer ();
    assert_non_null (strstr (s_print (FORMAT_AUTO, table, &narrow), "-[ 1 ]-"));
    assert_null (strstr (s_print (FORMAT_AUTO, table, &fitting), "-[ 1 ]-"));
    assert_null (strstr (s_print (FORMAT_AUTO, table, &s_no_terminal), "-[ 1 ]-"));
    assert_null (strstr (s_print (FORMAT_TABLE, table, &narrow), "-[ 1 ]-"));
    table_destroy (&table);
}

//  As show nodes: what is wide, and was not asked for column by column.
static table_t *
s_wide (void)
{
    table_t *table = table_new ();
    table_add_column (table, "node", UNIT_NONE);
    table_add_column (table, "state", UNIT_NONE);
    table_add_column (table, "first_seen", UNIT_NONE);
    table_add_column (table, "publishes", UNIT_NONE);
    table_add_row (table);
    table_set_text (table, 0, "n1");
    table_set_text (table, 1, "live");
    table_set_text (table, 2, "yesterday");
    table_set_text (table, 3, "tcp://127.0.0.1:7101");
    return table;
}

static void
test_auto_shows_the_leading_columns_of_what_is_no_select (void **state)
{
    (void) state;
    const screen_t narrow = {.is_terminal = true, .columns = 30};
    const screen_t fitting = {.is_terminal = true, .columns = 45};
    const screen_t very_narrow = {.is_terminal = true, .columns = 10};
    table_t *table = s_wide ();
    assert_string_equal (s_print (FORMAT_AUTO, table, &narrow), "node  state  first_seen\n"
                                                                "n1    live   yesterday\n"
                                                                "1 more column (\\x or --format\n"
                                                                "vertical shows all): publishes\n");
    assert_null (strstr (s_print (FORMAT_AUTO, table, &fitting), "more column"));
    assert_non_null (strstr (s_print (FORMAT_AUTO, table, &very_narrow), "-[ 1 ]-"));
    assert_non_null (strstr (s_print (FORMAT_VERTICAL, table, &narrow), "-[ 1 ]-"));
    assert_null (strstr (s_print (FORMAT_TABLE, table, &narrow), "more column"));
    table_truncate (table, 0);
    assert_string_equal (s_print (FORMAT_AUTO, table, &narrow), "");
    table_destroy (&table);
}

//  Three columns, the last of them prose.
static table_t *
s_prose (void)
{
    table_t *table = table_new ();
    table_add_column (table, "name", UNIT_NONE);
    table_add_column (table, "value", UNIT_NONE);
    table_add_column (table, "meaning", UNIT_NONE);
    table_add_row (table);
    table_set_text (table, 0, "queued");
    table_set_integer (table, 1, 7);
    table_set_text (table, 2, "Frames that wait for the störe, now");
    return table;
}

static void
test_prose_in_the_last_column_is_wrapped_at_blanks (void **state)
{
    (void) state;
    const screen_t whole = {.is_terminal = true, .columns = 50};
    const screen_t wrapped = {.is_terminal = true, .columns = 46};
    const screen_t narrow = {.is_terminal = true, .columns = 34};
    table_t *table = s_prose ();
    const char *line = "queued      7  Frames that wait for the störe, now\n";
    assert_non_null (strstr (s_print (FORMAT_AUTO, table, &whole), line));
    assert_string_equal (s_print (FORMAT_AUTO, table, &wrapped),
                         "name    value  meaning\n"
                         "queued      7  Frames that wait for the störe,\n"
                         "               now\n");
    assert_non_null (strstr (s_print (FORMAT_AUTO, table, &narrow), "1 more column"));
    assert_non_null (strstr (s_print (FORMAT_TABLE, table, &narrow), line));
    table_destroy (&table);
}

static void
test_only_a_terminal_with_colours_gets_escapes (void **state)
{
    (void) state;
    const screen_t colour = {.is_terminal = true, .colour = true, .columns = 80};
    const screen_t plain = {.is_terminal = true, .columns = 80};
    table_t *table = s_answer ();
    assert_non_null (strchr (s_print (FORMAT_TABLE, table, &colour), '\033'));
    assert_null (strchr (s_print (FORMAT_TABLE, table, &plain), '\033'));
    assert_null (strchr (s_print (FORMAT_CSV, table, &colour), '\033'));
    table_destroy (&table);
}

static void
test_remarks_count_rows_and_those_that_lack_frames (void **state)
{
    (void) state;
    char text[256] = "";
    table_t *table = s_answer ();
    FILE *out = fmemopen (text, sizeof text, "w");
    remark_rows (table, out);
    remark_source (table, out); //  No column source: measured
    fclose (out);
    assert_string_equal (text, "(2 rows; 1 lacks frames of the window, see coverage)\n");
    table_destroy (&table);
}

static void
test_remarks_name_each_synthetic_node_once (void **state)
{
    (void) state;
    char text[256] = "";
    table_t *table = table_new ();
    table_add_column (table, "node", UNIT_NONE);
    table_add_column (table, "source", UNIT_NONE);
    static const char *const nodes[] = {"n1", "n1", "n2", "n3", "n4", "n5", "n6", "n7", "n7"};
    for (size_t i = 0; i < 9; i++) {
        table_add_row (table);
        table_set_text (table, 0, nodes[i]);
        if (i != 2 && i != 7) //  n7's first row has no frames
            table_set_text (table, 1, "synthetic");
    }
    FILE *out = fmemopen (text, sizeof text, "w");
    remark_source (table, out);
    fclose (out);
    assert_string_equal (text, "SYNTHETIC DATA: n1, n3, n4, n5, n6 and 1 more: invented, nothing "
                               "was measured\n");
    table_destroy (&table);
}

static void
test_any_number_in_any_unit_has_a_text (void **state)
{
    (void) state;
    static const double values[] = {-1.7976931348623157e308, -1, 0, 5e-324, 1.7976931348623157e308};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        for (int unit = UNIT_NONE; unit <= UNIT_BYTES; unit++) {
            cell_t cells[] = {{.kind = CELL_REAL, .value.real = values[i]},
                              {.kind = CELL_INTEGER, .value.integer = INT64_MIN + (int64_t) i},
                              {.kind = CELL_SUM, .value.sum = ~(uint128_t) 0}};
            for (size_t kind = 0; kind < 3; kind++) {
                char *text = cell_text (&cells[kind], (unit_t) unit);
                assert_in_range (strlen (text), 1, UNIT_TEXT_MAX + 3);
                free (text);
            }
        }
}

//  --- for programs ----------------------------------------------------------------------------

static void
test_csv_has_plain_numbers_and_empty_nulls (void **state)
{
    (void) state;
    table_t *table = s_answer ();
    assert_string_equal (s_print (FORMAT_CSV, table, &s_no_terminal),
                         "node,cpu_avg,cpu_sum,frames,expected\n"
                         "n1,12345.678,38123456789,60,60\n"
                         "n2,,,0,60\n");
    table_destroy (&table);
}

static void
test_csv_quotes_what_needs_it (void **state)
{
    (void) state;
    table_t *table = s_text_column ("a,b", "say \"hi\",\nnow");
    assert_string_equal (s_print (FORMAT_CSV, table, &s_no_terminal),
                         "\"a,b\"\n\"say \"\"hi\"\",\nnow\"\n");
    table_destroy (&table);
    table = s_text_column ("text", "");
    assert_string_equal (s_print (FORMAT_CSV, table, &s_no_terminal), "text\n\"\"\n");
    table_destroy (&table);
}

static void
test_tsv_escapes_what_would_be_a_separator (void **state)
{
    (void) state;
    table_t *table = s_text_column ("text", "a\tb\nc\\d,\"e\"");
    assert_string_equal (s_print (FORMAT_TSV, table, &s_no_terminal),
                         "text\na\\tb\\nc\\\\d,\"e\"\n");
    table_destroy (&table);
}

static void
test_json_is_an_array_of_objects_keyed_by_column (void **state)
{
    (void) state;
    table_t *table = s_answer ();
    json_error_t error;
    json_t *array = json_loads (s_print (FORMAT_JSON, table, &s_no_terminal), 0, &error);
    assert_int_equal (json_array_size (array), 2);
    json_t *first = json_array_get (array, 0), *second = json_array_get (array, 1);
    assert_string_equal (json_string_value (json_object_get (first, "node")), "n1");
    assert_true (json_real_value (json_object_get (first, "cpu_avg")) == 12345.678);
    assert_int_equal (json_integer_value (json_object_get (first, "cpu_sum")), 38123456789);
    assert_true (json_is_null (json_object_get (second, "cpu_avg")));
    json_decref (array);
    table_destroy (&table);
}

static void
test_json_of_no_rows_is_an_empty_array (void **state)
{
    (void) state;
    table_t *table = table_new ();
    table_add_column (table, "node", UNIT_NONE);
    assert_string_equal (s_print (FORMAT_JSON, table, &s_no_terminal), "[]\n");
    assert_string_equal (s_print (FORMAT_NDJSON, table, &s_no_terminal), "");
    assert_string_equal (s_print (FORMAT_CSV, table, &s_no_terminal), "node\n");
    table_destroy (&table);
}

static void
test_ndjson_escapes_texts (void **state)
{
    (void) state;
    table_t *table = s_text_column ("text", "\"\\\n\xC3\xBC");
    assert_string_equal (s_print (FORMAT_NDJSON, table, &s_no_terminal),
                         "{\"text\":\"\\\"\\\\\\n\xC3\xBC\"}\n");
    table_destroy (&table);
}

static void
test_sums_of_128_bits_are_printed_in_full (void **state)
{
    (void) state;
    table_t *table = table_new ();
    table_add_column (table, "sum", UNIT_NANOSECONDS);
    table_add_row (table);
    table_set_sum (table, 0, ~(uint128_t) 0);
    assert_string_equal (s_print (FORMAT_NDJSON, table, &s_no_terminal),
                         "{\"sum\":340282366920938463463374607431768211455}\n");
    table_destroy (&table);
}

static void
test_reals_read_back_as_the_same_double (void **state)
{
    (void) state;
    static const double values[] = {0.1, 1.0 / 3, 12345.678, 1e22, 5e-324, 1.7976931348623157e308};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char text[64] = "";
        FILE *out = fmemopen (text, sizeof text, "w");
        cell_print_number (&(cell_t){.kind = CELL_REAL, .value.real = values[i]}, out);
        fclose (out);
        assert_true (strtod (text, NULL) == values[i]);
    }
}

//  --- histograms ------------------------------------------------------------------------------

static table_t *
s_histogram_answer (void)
{
    histogram_t histogram = {0};
    histogram_add (&histogram, 0);
    histogram_add (&histogram, 1000);
    histogram_add (&histogram, 1000);
    table_t *table = table_new ();
    table_add_column (table, "cpu_hist", UNIT_NANOSECONDS);
    table_add_row (table);
    table_set_buckets (table, 0, &histogram);
    return table;
}

static void
test_buckets_are_edges_and_counts_for_programs (void **state)
{
    (void) state;
    table_t *table = s_histogram_answer ();
    json_t *row = json_loads (s_print (FORMAT_NDJSON, table, &s_no_terminal), 0, NULL);
    json_t *buckets = json_object_get (row, "cpu_hist");
    assert_int_equal (json_array_size (buckets), 2);
    json_t *second = json_array_get (buckets, 1);
    double lower = json_real_value (json_array_get (second, 0));
    double upper = json_real_value (json_array_get (second, 1));
    assert_true (lower < 1000 && 1000 <= upper && upper / lower < 1.1);
    assert_int_equal (json_integer_value (json_array_get (second, 2)), 2);
    json_decref (row);
    assert_memory_equal (s_print (FORMAT_CSV, table, &s_no_terminal), "cpu_hist\n\"[[0,0,1],", 19);
    table_destroy (&table);
}

static void
test_buckets_are_a_strip_in_a_table_and_bars_in_vertical (void **state)
{
    (void) state;
    table_t *table = s_histogram_answer ();
    const char *text = s_print (FORMAT_TABLE, table, &s_no_terminal);
    assert_non_null (strstr (text, "0 ns "));
    assert_non_null (strstr (text, "█ 1.04 us")); //  The upper edge of the highest
    assert_non_null (strstr (s_print (FORMAT_VERTICAL, table, &s_no_terminal), "|****"));
    table_destroy (&table);
}

//  --- heat ------------------------------------------------------------------------------------

//  Two steps of n1: three events in two seconds, then nothing of two seconds.
static table_t *
s_steps (void)
{
    histogram_t histogram = {0};
    histogram_add (&histogram, 1000);
    histogram_add (&histogram, 1000);
    histogram_add (&histogram, 1000000);
    table_t *table = table_new ();
    table_add_column (table, "node", UNIT_NONE);
    table_add_column (table, "time", UNIT_UNIX_SECONDS);
    table_add_column (table, "cpu_hist", UNIT_NANOSECONDS);
    table_add_column (table, "cpu_max", UNIT_NANOSECONDS);
    table_add_column (table, "frames", UNIT_NONE);
    table_add_column (table, "expected", UNIT_NONE);
    for (int step = 0; step < 2; step++) {
        table_add_row (table);
        table_set_text (table, 0, "n1");
        table_set_integer (table, 1, 1000 + 2 * step);
        if (step == 0)
            table_set_buckets (table, 2, &histogram);
        if (step == 0)
            table_set_real (table, 3, 1e6);
        table_set_integer (table, 4, step == 0 ? 2 : 0);
        table_set_integer (table, 5, 2);
    }
    return table;
}

static void
test_heat_draws_each_column_with_axis_and_unit (void **state)
{
    (void) state;
    const screen_t screen = {.columns = 60};
    setenv ("TZ", "UTC", 1);
    table_t *table = s_steps ();
    const char *text = s_print (FORMAT_HEAT, table, &screen);
    assert_non_null (strstr (text, "cpu_hist: events by duration\n"));
    assert_non_null (strstr (text, "|1us"));
    assert_non_null (strstr (text, "\n00:16:40  ."));
    assert_non_null (strstr (text, " 10 events/s\n"));
    assert_non_null (strstr (text, "\ncpu_max\n"));
    assert_non_null (strstr (text, "1.00 ms|\n"));
    assert_non_null (strstr (text, "00:16:40  1.00 ms  ######"));
    assert_null (strchr (text, '\033'));
    table_destroy (&table);
}

static void
test_heat_says_which_seconds_are_missing (void **state)
{
    (void) state;
    const screen_t screen = {.columns = 60};
    table_t *table = s_steps ();
    const char *text = s_print (FORMAT_HEAT, table, &screen);
    const char *row = strstr (text, "\n00:16:42  -");
    assert_non_null (row);
    assert_memory_equal (strchr (row + 1, '\n') - 3, "0/2", 3);
    assert_null (strstr (text, "2/2"));
    table_destroy (&table);
}

static void
test_heat_fits_the_screen_and_is_coloured_where_it_can (void **state)
{
    (void) state;
    table_t *table = s_steps ();
    for (size_t columns = 40; columns < 200; columns += 7) {
        const screen_t screen = {.columns = columns};
        const char *line = s_print (FORMAT_HEAT, table, &screen);
        for (size_t length; *line; line += length + 1) {
            length = strcspn (line, "\n");
            assert_in_range (length, 0, columns);
        }
    }
    const screen_t true_colours = {true, true, 80, 24, COLOURS_TRUE, true};
    assert_non_null (strstr (s_print (FORMAT_HEAT, table, &true_colours), "\033[48;2;"));
    const screen_t colours = {true, true, 80, 24, COLOURS_256, true};
    assert_non_null (strstr (s_print (FORMAT_HEAT, table, &colours), "\033[48;5;"));
    table_destroy (&table);
}

static void
test_what_is_no_select_is_no_heat (void **state)
{
    (void) state;
    table_t *table = s_text_column ("text", "abc");
    assert_string_equal (s_print (FORMAT_HEAT, table, &s_no_terminal), "text\nabc\n");
    table_destroy (&table);
}

static void
test_formats_are_found_by_name (void **state)
{
    (void) state;
    format_t format;
    assert_int_equal (format_find ("ndjson", &format), 0);
    assert_int_equal (format, FORMAT_NDJSON);
    assert_int_equal (format_find ("xml", &format), -1);
    for (int i = FORMAT_AUTO; i <= FORMAT_NDJSON; i++) {
        assert_int_equal (format_find (format_name ((format_t) i), &format), 0);
        assert_int_equal (format, i);
        assert_non_null (strstr (FORMAT_NAMES, format_name ((format_t) i)));
    }
}

int
main (void)
{
    setlocale (LC_CTYPE, "C.UTF-8");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_durations_have_three_digits_and_the_unit_that_fits),
        cmocka_unit_test (test_numbers_keep_their_whole_part),
        cmocka_unit_test (test_table_joins_frames_and_expected_to_coverage),
        cmocka_unit_test (test_vertical_has_a_line_a_column),
        cmocka_unit_test (test_a_select_is_vertical_only_where_a_terminal_is_too_narrow),
        cmocka_unit_test (test_auto_shows_the_leading_columns_of_what_is_no_select),
        cmocka_unit_test (test_prose_in_the_last_column_is_wrapped_at_blanks),
        cmocka_unit_test (test_only_a_terminal_with_colours_gets_escapes),
        cmocka_unit_test (test_remarks_count_rows_and_those_that_lack_frames),
        cmocka_unit_test (test_remarks_name_each_synthetic_node_once),
        cmocka_unit_test (test_any_number_in_any_unit_has_a_text),
        cmocka_unit_test (test_csv_has_plain_numbers_and_empty_nulls),
        cmocka_unit_test (test_csv_quotes_what_needs_it),
        cmocka_unit_test (test_tsv_escapes_what_would_be_a_separator),
        cmocka_unit_test (test_json_is_an_array_of_objects_keyed_by_column),
        cmocka_unit_test (test_json_of_no_rows_is_an_empty_array),
        cmocka_unit_test (test_ndjson_escapes_texts),
        cmocka_unit_test (test_sums_of_128_bits_are_printed_in_full),
        cmocka_unit_test (test_reals_read_back_as_the_same_double),
        cmocka_unit_test (test_buckets_are_edges_and_counts_for_programs),
        cmocka_unit_test (test_buckets_are_a_strip_in_a_table_and_bars_in_vertical),
        cmocka_unit_test (test_heat_draws_each_column_with_axis_and_unit),
        cmocka_unit_test (test_heat_says_which_seconds_are_missing),
        cmocka_unit_test (test_heat_fits_the_screen_and_is_coloured_where_it_can),
        cmocka_unit_test (test_what_is_no_select_is_no_heat),
        cmocka_unit_test (test_formats_are_found_by_name),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
