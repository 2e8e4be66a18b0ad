//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about answers from a real store: which nodes, which seconds, and how much at a time.
#include "test_query.h"

#include <math.h>
#include "query/answer.h"
#include "query/finish.h"
#include "query/selection.h"

#define NEWEST 1800000000LL                          //  End of the default window
#define NOW_NS (NEWEST * 1000000000LL + 600000000LL) //  600 ms after it

static int
s_show (void *context, statement_kind_t kind, table_t **table, query_error_t *error)
{
    (void) context;
    if (kind == STATEMENT_SHOW_GAPS)
        return query_error_set (error, ERROR_UNSUPPORTED, -1, "no gaps here");
    *table = table_new ();
    table_add_column (*table, "kind", UNIT_NONE);
    table_add_row (*table);
    table_set_integer (*table, 0, kind);
    return 0;
}

static bool
s_knows (void *context, const char *node)
{
    (void) context;
    return strcmp (node, "expected") == 0;
}

static answerer_t
s_answerer (const fixture_t *fixture)
{
    return (answerer_t){.store = fixture->store, .show = s_show, .knows = s_knows};
}

static statement_t *
s_parse (const char *text)
{
    query_error_t error;
    statement_t *statement = statement_parse (text, strlen (text), &error);
    if (!statement)
        fail_msg ("%s: %s", text, error.text);
    return statement;
}

//  Decode an answer's parts as an asker would.
static table_t *
s_decode_rows (const answer_t *answer)
{
    table_t *table = table_new ();
    wire_reader_t *reader = wire_reader_new ();
    size_t size;
    const void *data = answer_part (answer, 0, &size);
    assert_int_equal (table_decode_columns (table, reader, data, size), 0);
    for (size_t i = 1; i < answer_parts (answer); i++) {
        data = answer_part (answer, i, &size);
        assert_int_equal (table_decode_row (table, reader, data, size), 0);
    }
    wire_reader_destroy (&reader);
    return table;
}

//  Returns the table, or NULL and fills error. Counts the steps.
static table_t *
s_answer_counting (const fixture_t *fixture, const char *text, query_error_t *error, size_t *steps)
{
    answerer_t answerer = s_answerer (fixture);
    statement_t *statement = s_parse (text);
    answer_t *answer = answer_new (&answerer, statement, FORM_ROWS, NOW_NS, error);
    table_t *table = NULL;
    int rc = answer ? 1 : -1;
    for (*steps = 0; rc == 1; ++*steps)
        rc = answer_step (answer, error);
    if (rc == 0)
        table = s_decode_rows (answer);
    answer_destroy (&answer);
    statement_destroy (&statement);
    return table;
}

static table_t *
s_answer (void **state, const char *text)
{
    query_error_t error;
    size_t steps;
    table_t *table = s_answer_counting (*state, text, &error, &steps);
    if (!table)
        fail_msg ("%s: %s", text, error.text);
    return table;
}

static query_error_t
s_refuse (void **state, const char *text)
{
    query_error_t error;
    size_t steps;
    assert_null (s_answer_counting (*state, text, &error, &steps));
    return error;
}

static double
s_real (const table_t *table, size_t row, size_t column)
{
    const cell_t *cell = table_cell (table, row, column);
    if (cell->kind == CELL_SUM)
        return (double) cell->value.sum;
    return cell->kind == CELL_REAL ? cell->value.real : (double) cell->value.integer;
}

static const char *
s_node (const table_t *table, size_t row)
{
    return table_cell (table, row, 0)->value.text;
}

//  The last two columns of a row.
static void
s_assert_coverage (const table_t *table, size_t row, int64_t frames, int64_t expected)
{
    size_t columns = table_columns (table);
    assert_int_equal (table_cell (table, row, columns - 2)->value.integer, frames);
    assert_int_equal (table_cell (table, row, columns - 1)->value.integer, expected);
}

//  n1, n2 and n3 as the old system's, n10 beside them; n3 began only five seconds ago.
static int
s_set_up (void **state)
{
    set_up (state);
    store_t *store = ((fixture_t *) *state)->store;
    fill_seconds (store, "n1", NEWEST - 100, 101, 1000);
    fill_seconds (store, "n2", NEWEST - 100, 101, 2000);
    fill_seconds (store, "n3", NEWEST - 5, 6, 3000);
    fill_seconds (store, "n10", NEWEST - 100, 101, 10000);
    return 0;
}

static void
test_the_five_statements_of_the_old_system_are_answered (void **state)
{
    static const struct {
        const char *text;
        size_t columns, rows;
    } old[] = {
        {"select cpu_avg,cpu_sum from n1,n2,n3", 5, 3},
        {"select cpu_avg from n1,n2,n3", 4, 3},
        {"select cpu_avg,cpu_sum from n1,n3", 5, 2},
        {"select cpu_avg,pidpersec_avg from n1,n2,n3", 5, 3},
        {"select cpu_avg,pidpersec_avg,runqlat_avg,runqlat_sum from n1,n2,n3", 7, 3},
    };
    for (size_t i = 0; i < 5; i++) {
        table_t *table = s_answer (state, old[i].text);
        assert_int_equal (table_columns (table), old[i].columns);
        assert_int_equal (table_rows (table), old[i].rows);
        assert_string_equal (s_node (table, 0), "n1");
        assert_true (s_real (table, 0, 1) == 2000);
        assert_true (s_real (table, old[i].rows - 1, 1) == 6000);
        s_assert_coverage (table, 0, 60, 60);
        s_assert_coverage (table, old[i].rows - 1, 5, 60);
        table_destroy (&table);
    }
}

static void
test_sums_and_rates_are_of_the_window (void **state)
{
    table_t *table = s_answer (
        state, "select cpu_sum, pidpersec_avg, pidpersec_sum, cpu_time, cpu_rate from n2 over 10s");
    assert_true (s_real (table, 0, 1) == 10 * 8000);
    assert_true (s_real (table, 0, 2) == 23);
    assert_true (s_real (table, 0, 3) == 230);
    assert_true (s_real (table, 0, 4) == 10 * 10000);
    assert_true (s_real (table, 0, 5) == 2);
    table_destroy (&table);
}

static void
test_an_unknown_node_is_named_and_guessed (void **state)
{
    query_error_t error = s_refuse (state, "select cpu_avg from n1, nn2");
    assert_int_equal (error.code, ERROR_UNKNOWN);
    assert_int_equal (error.position, 24);
    assert_non_null (strstr (error.text, "nn2"));
    assert_string_equal (error.expected, "n1, n10, n2, n3");
    assert_string_equal (error.hint, "did you mean n2?");
    error = s_refuse (state, "select cpu_avg from web*");
    assert_string_equal (error.text, "no node matches web*");
}

static void
test_an_empty_store_says_that_no_frame_has_come (void **state)
{
    query_error_t error = s_refuse (state, "select cpu_avg from *");
    assert_non_null (strstr (error.hint, "no frame has come"));
}

static void
test_a_node_without_data_in_the_window_is_a_row (void **state)
{
    table_t *table = s_answer (state, "select cpu_avg from n1, n3 until 10s over 60s");
    s_assert_coverage (table, 0, 60, 60);
    s_assert_coverage (table, 1, 0, 60);
    assert_int_equal (table_cell (table, 1, 1)->kind, CELL_NULL);
    table_destroy (&table);
}

static void
test_a_node_that_is_expected_is_a_row_before_its_first_frame (void **state)
{
    table_t *table = s_answer (state, "select cpu_avg from expected, n1, expected");
    assert_int_equal (table_rows (table), 2);
    assert_string_equal (s_node (table, 0), "expected");
    s_assert_coverage (table, 0, 0, 60);
    table_destroy (&table);
}

static void
test_each_node_is_one_row_where_it_was_first_named (void **state)
{
    table_t *table = s_answer (state, "select cpu_avg from n2, n*, n1, n2");
    assert_int_equal (table_rows (table), 4);
    assert_string_equal (s_node (table, 0), "n2");
    assert_string_equal (s_node (table, 1), "n1");
    assert_string_equal (s_node (table, 2), "n10");
    assert_string_equal (s_node (table, 3), "n3");
    table_destroy (&table);
}

static void
test_steps_are_aligned_and_clipped_at_the_edges (void **state)
{
    static const int64_t times[] = {NEWEST - 25, NEWEST - 20, NEWEST - 10};
    table_t *table =
        s_answer (state, "select cpu_avg, cpu_sum from n1 since 25s until 5s every 10s");
    assert_int_equal (table_rows (table), 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal (table_cell (table, i, 1)->value.integer, times[i]);
    s_assert_coverage (table, 0, 5, 5);
    s_assert_coverage (table, 1, 10, 10);
    s_assert_coverage (table, 2, 5, 5);
    assert_true (s_real (table, 1, 3) == 10 * 4000);
    table_destroy (&table);
}

//  Steps are read a few at a time; these are of two nodes, and more than one such few.
static void
test_every_step_of_every_node_comes_once_and_in_order (void **state)
{
    table_t *table = s_answer (state, "select cpu_sum from n2, n1 over 20s every 1s");
    assert_int_equal (table_rows (table), 40);
    for (size_t i = 0; i < 40; i++) {
        assert_string_equal (s_node (table, i), i < 20 ? "n2" : "n1");
        assert_int_equal (table_cell (table, i, 1)->value.integer,
                          NEWEST - 20 + (int64_t) (i % 20));
        assert_true (s_real (table, i, 2) == (i < 20 ? 8000 : 4000));
    }
    table_destroy (&table);
}

static void
test_by_all_merges_the_nodes (void **state)
{
    table_t *table = s_answer (state, "select cpu_sum, cpu_p100 from n1, n2, n10 over 10s by all");
    assert_int_equal (table_rows (table), 1);
    assert_true (s_real (table, 0, 1) == 10 * (4000 + 8000 + 40000));
    assert_true (fabs (s_real (table, 0, 2) - 30000) < 0.044 * 30000);
    s_assert_coverage (table, 0, 30, 30);
    table_destroy (&table);
}

static void
test_a_long_window_is_read_at_once (void **state)
{
    fixture_t *fixture = *state;
    query_error_t error;
    size_t steps;
    fill_seconds (fixture->store, "long", NEWEST - 5000, 5000, 100);
    table_t *table = s_answer_counting (fixture, "select cpu_sum, cpu_count from long since 18000d",
                                        &error, &steps);
    assert_true (s_real (table, 0, 1) == 5000 * 400);
    assert_true (s_real (table, 0, 2) == 10000);
    assert_int_equal (table_cell (table, 0, 3)->value.integer, 5000);
    assert_int_equal (steps, 2);
    table_destroy (&table);
}

//  Each partial, decoded, becomes the row that the answerer makes of it itself.
static void
test_partials_finish_to_the_same_rows (void **state)
{
    static partial_t partials[4];
    const char *text = "select cpu_avg, cpu_p50, runqlat_sum from n3, n1, n10, n2";
    answerer_t answerer = s_answerer (*state);
    statement_t *statement = s_parse (text);
    query_error_t error;
    answer_t *answer = answer_new (&answerer, statement, FORM_PARTIALS, NOW_NS, &error);
    while (answer_step (answer, &error) == 1)
        ;
    assert_int_equal (answer_form (answer), FORM_PARTIALS);
    assert_int_equal (answer_parts (answer), 4);
    wire_reader_t *reader = wire_reader_new ();
    for (size_t i = 0; i < 4; i++) {
        size_t size;
        const void *data = answer_part (answer, i, &size);
        assert_int_equal (partial_decode (&partials[i], reader, data, size), 0);
    }
    wire_reader_destroy (&reader);
    answer_destroy (&answer);

    table_t *rows = s_answer (state, text);
    table_t *finished = finish_select (statement, partials, 4, &error);
    for (size_t row = 0; row < 4; row++) {
        assert_string_equal (s_node (rows, row), s_node (finished, row));
        for (size_t i = 1; i < table_columns (rows); i++)
            assert_true (s_real (rows, row, i) == s_real (finished, row, i));
    }
    table_destroy (&rows);
    table_destroy (&finished);
    statement_destroy (&statement);
}

static void
test_what_would_read_or_return_too_much_is_refused (void **state)
{
    query_error_t error = s_refuse (state, "select cpu_avg from n1, n2 since 1d every 1s");
    assert_int_equal (error.code, ERROR_UNSUPPORTED);
    assert_non_null (strstr (error.text, "86400 steps of 1 s for each of 2 nodes; "));
    assert_non_null (strstr (error.hint, "every 2s is short enough"));
    error = s_refuse (state, "select cpu_avg from n1 since 2d every 1s");
    assert_non_null (strstr (error.text, "172800 steps of 1 s for 1 node; "));
}

//  NEWEST is no multiple of 7: the first step and the last one are short.
static void
test_as_many_steps_are_counted_as_there_are (void **state)
{
    table_t *table = s_answer (state, "select cpu_avg from n1 over 100000s every 1s limit 1");
    assert_int_equal (table_rows (table), 1);
    table_destroy (&table);
    query_error_t error = s_refuse (state, "select cpu_avg from n1 over 100001s every 1s");
    assert_non_null (strstr (error.text, "100001 steps of 1 s"));
    assert_int_not_equal (NEWEST % 7, 0);
    error = s_refuse (state, "select cpu_avg from n1 over 1400000s every 7s");
    assert_non_null (strstr (error.text, "200001 steps of 7 s"));
    table = s_answer (state, "select cpu_avg from n1 over 1400000s every 15s limit 1");
    table_destroy (&table);
}

static void
test_a_step_that_is_said_to_fit_does (void **state)
{
    char text[128];
    long long every = 0;
    query_error_t error = s_refuse (state, "select cpu_avg from n1, n2, n3 over 99999s every 2s");
    assert_int_equal (sscanf (error.hint, "every %llds", &every), 1);
    snprintf (text, sizeof text, "select cpu_avg from n1, n2, n3 over 99999s every %llds limit 1",
              every);
    table_t *table = s_answer (state, text);
    table_destroy (&table);
}

static void
test_a_window_that_begins_in_1970_by_mistake_is_explained (void **state)
{
    query_error_t error = s_refuse (state, "select cpu_avg from n1 since 60 every 1s");
    assert_string_equal (error.hint, "the window begins at unix second 60, in 1970; so many "
                                     "seconds ago is since 60s");
    error = s_refuse (state, "select cpu_avg from n1 since 0 every 1s");
    assert_non_null (strstr (error.hint, "is short enough"));
}

static void
test_other_statements_are_answered_in_rows (void **state)
{
    table_t *table = s_answer (state, "show stats");
    assert_int_equal (table_cell (table, 0, 0)->value.integer, STATEMENT_SHOW_STATS);
    table_destroy (&table);
    table = s_answer (state, "show metrics");
    assert_int_equal (table_rows (table), METRIC_COUNT_);
    table_destroy (&table);
    assert_string_equal (s_refuse (state, "show gaps").text, "no gaps here");
}

static void
test_explain_says_how_many_records_answer (void **state)
{
    table_t *table = s_answer (state, "explain select cpu_avg from n3, expected every 25s");
    size_t last = table_rows (table) - 1;
    assert_in_range (last, 1, STORE_LEVEL_COUNT_);
    assert_string_equal (s_node (table, last - 1), "n3");
    assert_string_equal (table_cell (table, last - 1, 1)->value.text, "seconds");
    assert_true (s_real (table, last - 1, 2) >= 5);
    assert_int_equal (table_cell (table, last - 1, 3)->value.integer, 3);
    assert_string_equal (s_node (table, last), "expected");
    assert_int_equal (table_cell (table, last, 1)->kind, CELL_NULL);
    assert_true (s_real (table, last, 2) == 0);
    table_destroy (&table);
    assert_int_equal (s_refuse (state, "explain select cpu_avg from n9").code, ERROR_UNKNOWN);
}

//  NEWEST is a whole hour: 10 minutes before it begin 10 minutes, of which the last is still open.
static void
test_explain_names_the_level_that_answers (void **state)
{
    store_t *store = ((fixture_t *) *state)->store;
    fill_seconds (store, "old", NEWEST - 600, 601, 1000);
    table_t *table = s_answer (state, "explain select cpu_avg from old since 9m until 2m");
    assert_int_equal (table_rows (table), 1);
    assert_string_equal (table_cell (table, 0, 1)->value.text, "minutes");
    assert_in_range (s_real (table, 0, 2), 1, 2);
    table_destroy (&table);
}

int
main (void)
{
#define ON_NODES(test) cmocka_unit_test_setup_teardown (test, s_set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ON_NODES (test_the_five_statements_of_the_old_system_are_answered),
        ON_NODES (test_sums_and_rates_are_of_the_window),
        ON_NODES (test_an_unknown_node_is_named_and_guessed),
        cmocka_unit_test_setup_teardown (test_an_empty_store_says_that_no_frame_has_come, set_up,
                                         tear_down),
        ON_NODES (test_a_node_without_data_in_the_window_is_a_row),
        ON_NODES (test_a_node_that_is_expected_is_a_row_before_its_first_frame),
        ON_NODES (test_each_node_is_one_row_where_it_was_first_named),
        ON_NODES (test_steps_are_aligned_and_clipped_at_the_edges),
        ON_NODES (test_every_step_of_every_node_comes_once_and_in_order),
        ON_NODES (test_by_all_merges_the_nodes),
        ON_NODES (test_a_long_window_is_read_at_once),
        ON_NODES (test_partials_finish_to_the_same_rows),
        ON_NODES (test_as_many_steps_are_counted_as_there_are),
        ON_NODES (test_a_step_that_is_said_to_fit_does),
        ON_NODES (test_a_window_that_begins_in_1970_by_mistake_is_explained),
        ON_NODES (test_what_would_read_or_return_too_much_is_refused),
        ON_NODES (test_other_statements_are_answered_in_rows),
        ON_NODES (test_explain_says_how_many_records_answer),
        ON_NODES (test_explain_names_the_level_that_answers),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
