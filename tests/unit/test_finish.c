//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about rows: that they say what the events themselves say. The truths are computed here
//  from the plain list of durations, with no histogram in between.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "query/finish.h"

#define SINCE 1000000
#define UNTIL (SINCE + 60)

static statement_t *
s_parse (const char *text)
{
    query_error_t error;
    statement_t *statement = statement_parse (text, strlen (text), &error);
    if (!statement)
        fail_msg ("%s: %s", text, error.text);
    return statement;
}

static table_t *
s_finish (const char *text, const partial_t *partials, size_t count)
{
    query_error_t error;
    statement_t *statement = s_parse (text);
    table_t *table = finish_select (statement, partials, count, &error);
    if (!table)
        fail_msg ("%s: %s", text, error.text);
    statement_destroy (&statement);
    return table;
}

//  A partial in which every metric was measured in every second and nothing happened.
static partial_t *
s_quiet (partial_t *partial, const char *node, int64_t since, int64_t until)
{
    partial_init (partial, node, since, until);
    partial->present_s = partial->frames = partial->expected_s;
    for (int m = 0; m < METRIC_COUNT_; m++)
        partial->metrics[m].present_s = partial->expected_s;
    return partial;
}

static void
s_add_duration (partial_t *partial, metric_id_t metric, uint64_t value_ns)
{
    histogram_add (&partial->metrics[metric].histogram, value_ns);
}

static const cell_t *
s_cell (const table_t *table, size_t row, const char *name)
{
    for (size_t i = 0; i < table_columns (table); i++)
        if (strcmp (table_column_name (table, i), name) == 0)
            return table_cell (table, row, i);
    fail_msg ("no column %s", name);
    return NULL;
}

static void
s_assert_real (const table_t *table, size_t row, const char *name, double value)
{
    const cell_t *cell = s_cell (table, row, name);
    assert_int_equal (cell->kind, CELL_REAL);
    assert_true (fabs (cell->value.real - value) <= 1e-9 * fabs (value));
}

static void
s_assert_sum (const table_t *table, size_t row, const char *name, uint64_t value)
{
    const cell_t *cell = s_cell (table, row, name);
    assert_int_equal (cell->kind, CELL_SUM);
    assert_true (cell->value.sum == value);
}

static void
s_assert_text (const table_t *table, size_t row, const char *name, const char *text)
{
    const cell_t *cell = s_cell (table, row, name);
    assert_int_equal (cell->kind, CELL_TEXT);
    assert_string_equal (cell->value.text, text);
}

static void
s_assert_null (const table_t *table, size_t row, const char *name)
{
    assert_int_equal (s_cell (table, row, name)->kind, CELL_NULL);
}

static void
s_assert_coverage (const table_t *table, size_t row, int64_t frames, int64_t expected)
{
    assert_int_equal (s_cell (table, row, "frames")->value.integer, frames);
    assert_int_equal (s_cell (table, row, "expected")->value.integer, expected);
}

//  --- what the events say ---------------------------------------------------------------------

#define EVENTS 997

//  Durations from 1 ns to minutes, evenly spread over the powers of two.
static uint64_t
s_duration (void)
{
    return ((uint64_t) rand () << 20 ^ (uint64_t) rand ()) >> (rand () % 50);
}

static int
s_compare (const void *a_p, const void *b_p)
{
    uint64_t a = *(const uint64_t *) a_p, b = *(const uint64_t *) b_p;
    return (a > b) - (a < b);
}

static uint64_t
s_nearest_rank (const uint64_t *sorted, size_t count, double quantile)
{
    size_t rank = (size_t) ceil (quantile * (double) count);
    return sorted[rank ? rank - 1 : 0];
}

static void
s_assert_near (const table_t *table, const char *name, uint64_t truth)
{
    const cell_t *cell = s_cell (table, 0, name);
    assert_int_equal (cell->kind, CELL_REAL);
    assert_true (fabs (cell->value.real - (double) truth) <= 0.044 * (double) truth);
}

static void
test_rows_say_what_the_events_say (void **state)
{
    (void) state;
    for (unsigned seed = 1; seed <= 20; seed++) {
        static partial_t partials[3];
        uint64_t values[EVENTS];
        uint64_t sum = 0;
        srand (seed);
        s_quiet (&partials[0], "a", SINCE, UNTIL);
        s_quiet (&partials[1], "b", SINCE, UNTIL);
        s_quiet (&partials[2], "c", SINCE, UNTIL);
        for (size_t i = 0; i < EVENTS; i++) {
            values[i] = s_duration ();
            sum += values[i];
            s_add_duration (&partials[rand () % 3], METRIC_runqlat, values[i]);
        }
        qsort (values, EVENTS, sizeof values[0], s_compare);
        table_t *table = s_finish ("select runqlat_avg, runqlat_sum, runqlat_count, runqlat_rate, "
                                   "runqlat_p50, runqlat_p99, runqlat_p99.9, runqlat_min, "
                                   "runqlat_max, runqlat_p0, runqlat_p100 from a, b, c by all",
                                   partials, 3);
        assert_int_equal (table_rows (table), 1);
        s_assert_text (table, 0, "node", "all");
        s_assert_coverage (table, 0, 180, 180);
        s_assert_sum (table, 0, "runqlat_sum", sum);
        s_assert_sum (table, 0, "runqlat_count", EVENTS);
        s_assert_real (table, 0, "runqlat_avg", (double) sum / EVENTS);
        s_assert_real (table, 0, "runqlat_rate", EVENTS / 180.0);
        s_assert_near (table, "runqlat_p50", s_nearest_rank (values, EVENTS, 0.5));
        s_assert_near (table, "runqlat_p99", s_nearest_rank (values, EVENTS, 0.99));
        s_assert_near (table, "runqlat_p99.9", s_nearest_rank (values, EVENTS, 0.999));
        s_assert_near (table, "runqlat_p0", values[0]);
        s_assert_near (table, "runqlat_p100", values[EVENTS - 1]);
        assert_true (s_cell (table, 0, "runqlat_min")->value.real <= (double) values[0]);
        assert_true (s_cell (table, 0, "runqlat_max")->value.real >= (double) values[EVENTS - 1]);
        table_destroy (&table);
    }
}

static void
test_sums_are_exact_beyond_64_bits (void **state)
{
    (void) state;
    partial_t partial;
    s_quiet (&partial, "a", SINCE, UNTIL);
    for (int i = 0; i < 4; i++)
        s_add_duration (&partial, METRIC_offcpu, UINT64_MAX);
    table_t *table = s_finish ("select offcpu_sum from a", &partial, 1);
    assert_true (s_cell (table, 0, "offcpu_sum")->value.sum == (uint128_t) UINT64_MAX * 4);
    table_destroy (&table);
}

static void
test_counts_are_averaged_over_present_seconds (void **state)
{
    (void) state;
    partial_t partial;
    s_quiet (&partial, "a", SINCE, UNTIL);
    partial.present_s = partial.metrics[METRIC_pidpersec].present_s = 20;
    partial.metrics[METRIC_pidpersec].histogram.count = 460;
    partial.metrics[METRIC_pidpersec].histogram.sum = 460;
    table_t *table =
        s_finish ("select pidpersec_avg, pidpersec_sum, pidpersec_rate from a", &partial, 1);
    s_assert_real (table, 0, "pidpersec_avg", 23);
    s_assert_real (table, 0, "pidpersec_rate", 23);
    s_assert_sum (table, 0, "pidpersec_sum", 460);
    s_assert_coverage (table, 0, 20, 60);
    table_destroy (&table);
}

static void
test_time_is_what_accrued_not_what_ended (void **state)
{
    (void) state;
    partial_t partial;
    s_quiet (&partial, "a", SINCE, UNTIL);
    partial.metrics[METRIC_cpudist].accrued_ns = 60000000000;
    table_t *table = s_finish ("select cpu_time, cpu_sum, cpu_avg from a", &partial, 1);
    s_assert_sum (table, 0, "cpu_time", 60000000000);
    s_assert_sum (table, 0, "cpu_sum", 0);
    s_assert_null (table, 0, "cpu_avg");
    table_destroy (&table);
}

static void
test_hist_is_the_merged_buckets (void **state)
{
    (void) state;
    partial_t partial;
    s_quiet (&partial, "a", SINCE, UNTIL);
    s_add_duration (&partial, METRIC_cpudist, 1000);
    s_add_duration (&partial, METRIC_cpudist, 1000000);
    table_t *table = s_finish ("select cpu_hist from a", &partial, 1);
    const cell_t *cell = s_cell (table, 0, "cpu_hist");
    assert_int_equal (cell->kind, CELL_BUCKETS);
    assert_int_equal (cell->value.histogram->count, 2);
    assert_int_equal (cell->value.histogram->buckets[bucket_slot (1000)], 1);
    table_destroy (&table);
}

//  --- missing is never zero -------------------------------------------------------------------

static void
test_no_events_have_no_average (void **state)
{
    (void) state;
    partial_t partial;
    s_quiet (&partial, "a", SINCE, UNTIL);
    table_t *table = s_finish (
        "select cpu_avg, cpu_p50, cpu_min, cpu_max, cpu_sum, cpu_rate from a", &partial, 1);
    s_assert_null (table, 0, "cpu_avg");
    s_assert_null (table, 0, "cpu_p50");
    s_assert_null (table, 0, "cpu_min");
    s_assert_null (table, 0, "cpu_max");
    s_assert_sum (table, 0, "cpu_sum", 0);
    s_assert_real (table, 0, "cpu_rate", 0);
    table_destroy (&table);
}

static void
test_no_data_is_a_row_of_nulls_with_its_coverage (void **state)
{
    (void) state;
    partial_t partial;
    partial_init (&partial, "a", SINCE, UNTIL);
    table_t *table = s_finish ("select cpu_avg, cpu_sum, cpu_count, cpu_rate, cpu_time, cpu_hist, "
                               "pidpersec_avg from a",
                               &partial, 1);
    assert_int_equal (table_rows (table), 1);
    for (size_t i = 1; i <= 7; i++)
        assert_int_equal (table_cell (table, 0, i)->kind, CELL_NULL);
    s_assert_coverage (table, 0, 0, 60);
    table_destroy (&table);
}

static void
test_a_metric_that_is_not_recorded_is_null (void **state)
{
    (void) state;
    partial_t partial;
    s_quiet (&partial, "a", SINCE, UNTIL);
    partial.metrics[METRIC_runqlat].present_s = 0;
    table_t *table = s_finish ("select runqlat_sum, cpu_sum from a", &partial, 1);
    s_assert_null (table, 0, "runqlat_sum");
    s_assert_sum (table, 0, "cpu_sum", 0);
    s_assert_coverage (table, 0, 60, 60);
    table_destroy (&table);
}

//  --- rows ------------------------------------------------------------------------------------

static void
s_assert_nodes (const table_t *table, const char *const *nodes)
{
    size_t row = 0;
    for (; nodes[row]; row++)
        s_assert_text (table, row, "node", nodes[row]);
    assert_int_equal (table_rows (table), row);
}

#define ASSERT_NODES(table, ...) s_assert_nodes (table, (const char *const[]){__VA_ARGS__, NULL})

static void
test_rows_come_in_the_order_asked (void **state)
{
    (void) state;
    static partial_t partials[4];
    const char *const nodes[] = {"n1", "n10", "n2", "web"};
    for (int i = 0; i < 4; i++)
        s_quiet (&partials[i], nodes[i], SINCE, UNTIL);
    table_t *table = s_finish ("select cpu_avg from web, n2, n1, n10", partials, 4);
    ASSERT_NODES (table, "web", "n2", "n1", "n10");
    table_destroy (&table);
    table = s_finish ("select cpu_avg from n2, n*, web, n1", partials, 4);
    ASSERT_NODES (table, "n2", "n1", "n10", "web");
    table_destroy (&table);
}

static void
test_of_two_partials_of_one_node_the_fuller_counts (void **state)
{
    (void) state;
    static partial_t partials[3];
    s_quiet (&partials[0], "n1", SINCE, UNTIL)->present_s = 10;
    s_quiet (&partials[1], "n1", SINCE, UNTIL);
    s_quiet (&partials[2], "n2", SINCE, UNTIL);
    table_t *table = s_finish ("select cpu_avg from n1, n2", partials, 3);
    ASSERT_NODES (table, "n1", "n2");
    s_assert_coverage (table, 0, 60, 60);
    table_destroy (&table);
    table = s_finish ("select cpu_avg from * by all", partials, 3);
    s_assert_coverage (table, 0, 120, 120);
    table_destroy (&table);
}

static void
test_steps_are_rows_with_their_time (void **state)
{
    (void) state;
    static partial_t partials[4];
    s_quiet (&partials[0], "b", SINCE + 10, SINCE + 20);
    s_quiet (&partials[1], "a", SINCE + 10, SINCE + 20);
    s_quiet (&partials[2], "a", SINCE, SINCE + 10);
    s_quiet (&partials[3], "b", SINCE, SINCE + 10);
    table_t *table = s_finish ("select cpu_avg from b, a every 10s", partials, 4);
    ASSERT_NODES (table, "b", "b", "a", "a");
    assert_int_equal (s_cell (table, 0, "time")->value.integer, SINCE);
    assert_int_equal (s_cell (table, 1, "time")->value.integer, SINCE + 10);
    s_assert_coverage (table, 0, 10, 10);
    table_destroy (&table);
    table = s_finish ("select cpu_avg from b, a every 10s by all", partials, 4);
    ASSERT_NODES (table, "all", "all");
    assert_int_equal (s_cell (table, 0, "time")->value.integer, SINCE);
    s_assert_coverage (table, 1, 20, 20);
    table_destroy (&table);
}

static void
test_order_by_puts_nulls_last_and_limit_cuts (void **state)
{
    (void) state;
    static partial_t partials[3];
    for (int i = 0; i < 3; i++) {
        const char *const nodes[] = {"a", "b", "c"};
        s_quiet (&partials[i], nodes[i], SINCE, UNTIL);
        if (i > 0)
            s_add_duration (&partials[i], METRIC_cpudist, 1000 * (uint64_t) i);
    }
    table_t *table = s_finish ("select cpu_avg from * order by cpudist_avg desc", partials, 3);
    ASSERT_NODES (table, "c", "b", "a");
    table_destroy (&table);
    table = s_finish ("select cpu_avg from * order by cpu_avg limit 2", partials, 3);
    ASSERT_NODES (table, "b", "c");
    table_destroy (&table);
    table = s_finish ("select cpu_avg from * limit 0", partials, 3);
    assert_int_equal (table_rows (table), 0);
    table_destroy (&table);
}

static void
test_order_by_an_expression_that_is_not_selected_adds_no_column (void **state)
{
    (void) state;
    static partial_t partials[3];
    for (int i = 0; i < 3; i++) {
        const char *const nodes[] = {"a", "b", "c"};
        s_quiet (&partials[i], nodes[i], SINCE, UNTIL);
        s_add_duration (&partials[i], METRIC_runqlat, 1000 * (uint64_t) (i == 1 ? 9 : i + 1));
    }
    table_t *table = s_finish ("select cpu_count from * order by runqlat_p99 desc", partials, 3);
    ASSERT_NODES (table, "b", "c", "a");
    assert_int_equal (table_columns (table), 4);
    assert_string_equal (table_column_name (table, 3), "expected");
    table_destroy (&table);
    table = s_finish ("select cpu_count from * order by runqlat_hist limit 1", partials, 3);
    ASSERT_NODES (table, "a");
    table_destroy (&table);
}

static void
test_a_row_says_that_nobody_answered (void **state)
{
    (void) state;
    static partial_t partials[2];
    s_quiet (&partials[0], "a", SINCE, UNTIL);
    partial_init (&partials[1], "b", SINCE, UNTIL);
    partials[1].unanswered = true;
    table_t *table = s_finish ("select cpu_avg from * order by offcpu_sum", partials, 2);
    ASSERT_NODES (table, "a", "b");
    assert_int_equal (s_cell (table, 0, "status")->kind, CELL_NULL);
    s_assert_text (table, 1, "status", "no answer");
    s_assert_coverage (table, 1, 0, 60);
    table_destroy (&table);
    table = s_finish ("select cpu_avg from * by all", partials, 2);
    s_assert_text (table, 0, "status", "some did not answer");
    s_assert_coverage (table, 0, 60, 120);
    table_destroy (&table);
}

static void
test_by_all_refuses_mixed_scopes_and_names_a_node (void **state)
{
    (void) state;
    static partial_t partials[2];
    query_error_t error;
    s_quiet (&partials[0], "a", SINCE, UNTIL);
    s_quiet (&partials[1], "b", SINCE, UNTIL);
    partials[1].scope = (scope_t){.kind = SCOPE_PID, .pid = 3327};
    statement_t *statement = s_parse ("select cpu_avg from a, b by all");
    assert_null (finish_select (statement, partials, 2, &error));
    assert_int_equal (error.code, ERROR_UNSUPPORTED);
    assert_non_null (strstr (error.text, "b is not limited"));
    statement_destroy (&statement);
    table_t *table = s_finish ("select cpu_avg from a, b", partials, 2);
    ASSERT_NODES (table, "a", "b");
    table_destroy (&table);
}

static void
test_a_node_that_changed_what_it_measures_says_so (void **state)
{
    (void) state;
    static partial_t partials[2];
    s_quiet (&partials[0], "n1", SINCE, UNTIL);
    s_quiet (&partials[1], "n2", SINCE, UNTIL);
    partials[1].mixed_scopes = true;
    table_t *table = s_finish ("select cpu_count from n1, n2", partials, 2);
    s_assert_null (table, 0, "scope");
    s_assert_text (table, 1, "scope", "several");
    table_destroy (&table);
}

static void
test_synthetic_data_says_so (void **state)
{
    (void) state;
    static partial_t partials[2];
    s_quiet (&partials[0], "a", SINCE, UNTIL);
    s_quiet (&partials[1], "b", SINCE, UNTIL);
    table_t *table = s_finish ("select cpu_avg from a, b", partials, 2);
    assert_string_equal (table_column_name (table, table_columns (table) - 1), "expected");
    table_destroy (&table);
    partials[1].synthetic = true;
    table = s_finish ("select cpu_avg from a, b", partials, 2);
    s_assert_null (table, 0, "source");
    s_assert_text (table, 1, "source", "synthetic");
    table_destroy (&table);
}

static void
test_columns_carry_names_and_units (void **state)
{
    (void) state;
    partial_t partial;
    s_quiet (&partial, "a", SINCE, UNTIL);
    table_t *table = s_finish ("select CPU_AVG, pidpersec_avg, pidpersec_sum, cpu_count as n, "
                               "cpu_rate from a",
                               &partial, 1);
    static const struct {
        const char *name;
        unit_t unit;
    } columns[] = {{"node", UNIT_NONE},
                   {"cpu_avg", UNIT_NANOSECONDS},
                   {"pidpersec_avg", UNIT_PER_SECOND},
                   {"pidpersec_sum", UNIT_TASKS},
                   {"n", UNIT_NONE},
                   {"cpu_rate", UNIT_PER_SECOND},
                   {"frames", UNIT_NONE},
                   {"expected", UNIT_NONE}};
    assert_int_equal (table_columns (table), 8);
    for (size_t i = 0; i < 8; i++) {
        assert_string_equal (table_column_name (table, i), columns[i].name);
        assert_int_equal (table_column_unit (table, i), columns[i].unit);
    }
    table_destroy (&table);
}

static void
test_an_answer_is_bounded (void **state)
{
    (void) state;
    partial_t partial;
    query_error_t error;
    statement_t *statement = s_parse ("select cpu_hist from * every 1s");
    finish_t *finish = finish_new (statement);
    size_t added = 0;
    s_quiet (&partial, "a", SINCE, SINCE + 1);
    while (finish_add (finish, &partial, &error) == 0)
        added++;
    assert_in_range (added, 5000, FINISH_MAX_BYTES / sizeof (histogram_t));
    assert_int_equal (error.code, ERROR_UNSUPPORTED);
    finish_destroy (&finish);
    statement_destroy (&statement);
}

static void
test_show_metrics_lists_every_metric (void **state)
{
    (void) state;
    table_t *table = finish_show_metrics ();
    assert_int_equal (table_rows (table), METRIC_COUNT_);
    s_assert_text (table, METRIC_cpudist, "short_name", "cpu");
    s_assert_text (table, METRIC_pidpersec, "kind", "count");
    table_destroy (&table);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_rows_say_what_the_events_say),
        cmocka_unit_test (test_sums_are_exact_beyond_64_bits),
        cmocka_unit_test (test_counts_are_averaged_over_present_seconds),
        cmocka_unit_test (test_time_is_what_accrued_not_what_ended),
        cmocka_unit_test (test_hist_is_the_merged_buckets),
        cmocka_unit_test (test_no_events_have_no_average),
        cmocka_unit_test (test_no_data_is_a_row_of_nulls_with_its_coverage),
        cmocka_unit_test (test_a_metric_that_is_not_recorded_is_null),
        cmocka_unit_test (test_rows_come_in_the_order_asked),
        cmocka_unit_test (test_of_two_partials_of_one_node_the_fuller_counts),
        cmocka_unit_test (test_steps_are_rows_with_their_time),
        cmocka_unit_test (test_order_by_puts_nulls_last_and_limit_cuts),
        cmocka_unit_test (test_order_by_an_expression_that_is_not_selected_adds_no_column),
        cmocka_unit_test (test_a_row_says_that_nobody_answered),
        cmocka_unit_test (test_by_all_refuses_mixed_scopes_and_names_a_node),
        cmocka_unit_test (test_a_node_that_changed_what_it_measures_says_so),
        cmocka_unit_test (test_synthetic_data_says_so),
        cmocka_unit_test (test_columns_carry_names_and_units),
        cmocka_unit_test (test_an_answer_is_bounded),
        cmocka_unit_test (test_show_metrics_lists_every_metric),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
