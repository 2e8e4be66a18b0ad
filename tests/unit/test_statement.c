//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about the select language: what it reads, what it refuses, and what it says then.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "query/local_times.h"
#include "query/statement.h"

#define SECOND_NS 1000000000LL
#define NOW_NS    (1800000000LL * SECOND_NS + 700000000LL) //  Newest closed second: 1799999999

static statement_t *
s_parse (const char *text)
{
    query_error_t error;
    statement_t *statement = statement_parse (text, strlen (text), &error);
    if (!statement)
        query_error_print (&error, text, strlen (text), stderr);
    assert_non_null (statement);
    return statement;
}

static query_error_t
s_refuse (const char *text)
{
    query_error_t error;
    memset (&error, 'x', sizeof error);
    statement_t *statement = statement_parse (text, strlen (text), &error);
    assert_null (statement);
    assert_true (error.text[0] != '\0');
    assert_in_range (error.position + 1, 0, strlen (text) + 1);
    return error;
}

static void
s_assert_window (const char *text, int64_t since_wall_s, int64_t until_wall_s)
{
    statement_t *statement = s_parse (text);
    query_error_t error;
    int64_t since, until;
    assert_int_equal (statement_window (statement, NOW_NS, &since, &until, &error), 0);
    assert_int_equal (since, since_wall_s);
    assert_int_equal (until, until_wall_s);
    statement_destroy (&statement);
}

static void
test_statement_reads_the_five_of_the_old_system (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        size_t expressions, nodes;
    } old[] = {
        {"select cpu_avg,cpu_sum from n1,n2,n3", 2, 3},
        {"select cpu_avg from n1,n2,n3", 1, 3},
        {"select cpu_avg,cpu_sum from n1,n3", 2, 2},
        {"select cpu_avg,pidpersec_avg from n1,n2,n3", 2, 3},
        {"select cpu_avg,pidpersec_avg,runqlat_avg,runqlat_sum from n1,n2,n3", 4, 3},
    };
    for (size_t i = 0; i < 5; i++) {
        statement_t *statement = s_parse (old[i].text);
        assert_int_equal (statement->kind, STATEMENT_SELECT);
        assert_int_equal (statement->expression_count, old[i].expressions);
        assert_int_equal (statement->node_count, old[i].nodes);
        assert_string_equal (statement->expressions[0].name, "cpu_avg");
        assert_string_equal (statement->nodes[0], "n1");
        statement_destroy (&statement);
    }
}

static void
test_statement_reads_its_six_functions_under_both_names (void **state)
{
    (void) state;
    statement_t *statement = s_parse ("select cpudist_avg, cpudist_sum, pidpersec_avg, "
                                      "pidpersec_sum, runqlat_avg, runqlat_sum, cpu_avg from n1");
    assert_int_equal (statement->expressions[0].metric, METRIC_cpudist);
    assert_int_equal (statement->expressions[6].metric, METRIC_cpudist);
    assert_string_equal (statement->expressions[0].name, "cpudist_avg");
    assert_string_equal (statement->expressions[6].name, "cpu_avg");
    assert_int_equal (statement_metrics (statement), METRIC_BIT (METRIC_cpudist) |
                                                         METRIC_BIT (METRIC_pidpersec) |
                                                         METRIC_BIT (METRIC_runqlat));
    statement_destroy (&statement);
}

static void
test_statement_forgives_case_blanks_comments_and_semicolons (void **state)
{
    (void) state;
    statement_t *statement =
        s_parse ("\xEF\xBB\xBF SELECT\tCPU_Avg ,Runqlat_P99 -- fast ones\r\nFrom N1\xC2\xA0,n2"
                 "\n  OVER 5M  Order  BY cpu_AVG DESC Limit 3 ; ; ");
    assert_string_equal (statement->expressions[0].name, "cpu_avg");
    assert_string_equal (statement->nodes[0], "N1");
    assert_int_equal (statement->over_s, 300);
    assert_string_equal (statement->order_by, "cpu_avg");
    assert_true (statement->descending);
    assert_int_equal (statement->limit, 3);
    statement_destroy (&statement);
}

static void
test_statement_reads_quantiles (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        double quantile;
    } cases[] = {
        {"cpu_p50", 0.5},      {"cpu_p5", 0.05},     {"cpu_p05", 0.05},     {"cpu_p99", 0.99},
        {"cpu_p999", 0.999},   {"cpu_p99.9", 0.999}, {"cpu_p100", 1},       {"cpu_p0", 0},
        {"cpu_p9999", 0.9999}, {"cpu_P12.5", 0.125}, {"cpu_p0.0001", 1e-6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expression_t expression;
        query_error_t error;
        assert_int_equal (
            expression_parse (&expression, cases[i].text, strlen (cases[i].text), &error), 0);
        assert_int_equal (expression.function, FUNCTION_QUANTILE);
        assert_true (expression.quantile > cases[i].quantile - 1e-12);
        assert_true (expression.quantile < cases[i].quantile + 1e-12);
    }
}

static void
test_statement_refuses_quantiles_that_are_none (void **state)
{
    (void) state;
    static const char *const cases[] = {"cpu_p",      "cpu_p101", "cpu_p.5",      "cpu_p5.",
                                        "cpu_p1.2.3", "cpu_pp",   "cpu_p100.1",   "cpu_p-1",
                                        "cpu_p1e2",   "cpu_p5*",  "cpu_p9999999", "cpu_p?"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64];
        snprintf (text, sizeof text, "select %s from n1", cases[i]);
        assert_int_equal (s_refuse (text).code, ERROR_UNKNOWN);
    }
}

static void
test_statement_names_columns_with_as (void **state)
{
    (void) state;
    statement_t *statement = s_parse ("select cpu_avg as Mean, cpu_avg as 'it''s' from n1");
    assert_string_equal (statement->expressions[0].name, "Mean");
    assert_string_equal (statement->expressions[1].name, "it's");
    statement_destroy (&statement);
}

static void
test_statement_refuses_two_columns_of_one_name (void **state)
{
    (void) state;
    assert_int_equal (s_refuse ("select cpu_avg, cpu_avg from n1").position, 16);
    assert_int_equal (s_refuse ("select cpu_avg as Node from n1").position, 18);
    statement_t *statement = s_parse ("select cpu_avg, cpudist_avg from n1");
    statement_destroy (&statement);
}

static void
test_statement_takes_any_valid_node_name (void **state)
{
    (void) state;
    statement_t *statement =
        s_parse ("select cpu_avg from 42, 10m, web-1.example.com, 'over', \"-x\", web*, n?, node");
    assert_int_equal (statement->node_count, 8);
    assert_string_equal (statement->nodes[0], "42");
    assert_string_equal (statement->nodes[3], "over");
    assert_string_equal (statement->nodes[4], "-x");
    assert_int_equal (statement->node_positions[2], 29);
    statement_destroy (&statement);
    assert_non_null (strstr (s_refuse ("select cpu_avg from 'a b'").text, "node"));
    assert_non_null (strstr (s_refuse ("select cpu_avg from over").hint, "quotes"));
}

static void
test_statement_windows_end_at_the_newest_settled_second (void **state)
{
    (void) state;
    const int64_t newest = 1800000000;
    s_assert_window ("select cpu_avg from n1", newest - 60, newest);
    s_assert_window ("select cpu_avg from n1 over 5m", newest - 300, newest);
    s_assert_window ("select cpu_avg from n1 over 1h30m", newest - 5400, newest);
    s_assert_window ("select cpu_avg from n1 over 7", newest - 7, newest);
    s_assert_window ("select cpu_avg from n1 since 10m", newest - 600, newest);
    s_assert_window ("select cpu_avg from n1 since 10m until 5m", newest - 600, newest - 300);
    s_assert_window ("select cpu_avg from n1 until 1000 over 1m", 940, 1000);
    s_assert_window ("select cpu_avg from n1 until 1000", 940, 1000);
    s_assert_window ("select cpu_avg from n1 since 1700000000 until 1700000001", 1700000000,
                     1700000001);
}

static void
test_statement_window_waits_half_a_second_for_frames (void **state)
{
    (void) state;
    statement_t *statement = s_parse ("select cpu_avg from n1");
    query_error_t error;
    int64_t since, until;
    assert_int_equal (
        statement_window (statement, 5000 * SECOND_NS + 499999999, &since, &until, &error), 0);
    assert_int_equal (until, 4999);
    assert_int_equal (
        statement_window (statement, 5000 * SECOND_NS + 500000000, &since, &until, &error), 0);
    assert_int_equal (until, 5000);
    statement_destroy (&statement);
}

static void
test_statement_reads_wall_times (void **state)
{
    (void) state;
    setenv ("TZ", "Europe/Berlin", 1);
    tzset ();
    s_assert_window ("select cpu_avg from n1 since '2026-11-23 08:00' until '2026-11-23 08:01:05'",
                     1795417200, 1795417265);
    s_assert_window ("select cpu_avg from n1 since '2026-11-23 08:00Z' until \"2026-11-24\"",
                     1795420800, 1795474800);
    s_assert_window ("select cpu_avg from n1 since '2026-11-23T08:00:00Z'", 1795420800, 1800000000);
    assert_non_null (strstr (s_refuse ("select cpu_avg from n1 since '2026-02-30'").text, "date"));
    assert_non_null (strstr (s_refuse ("select cpu_avg from n1 since 'soon'").expected, "YYYY"));
    s_refuse ("select cpu_avg from n1 since '2026-03-29 02:30'");
    unsetenv ("TZ");
    tzset ();
}

//  Blanks make up for what a number is shorter, and all else stays.
static void
test_quoted_times_become_unix_times_of_the_local_zone (void **state)
{
    (void) state;
    static const struct {
        const char *text, *resolved;
    } cases[] = {
        {"select cpu_avg from n1 since '2026-11-23 08:00' until \"2026-11-23 08:01:05\", x",
         "select cpu_avg from n1 since 1795417200         until 1795417265           , x"},
        {"select cpu_avg from n1 UNTIL '2026-11-23'", "select cpu_avg from n1 UNTIL 1795388400  "},
        {"select cpu_avg from n1 until '9999-12-31' over 1h",
         "select cpu_avg from n1 until 253402210800 over 1h"},
        {"select cpu_avg from n1 since '2026-11-23 08:00Z'",
         "select cpu_avg from n1 since 1795420800         "},
        {"select cpu_avg as '2026-11-23' from '2026-11-23' since 5m -- since '2026-11-23'", NULL},
        {"select cpu_avg from n1 since 'soon' until '2026-02-30'", NULL},
        {"select cpu_avg from n1 since '2026-11-23", NULL},
        {"since", NULL},
        {"by since", NULL},
        {"", NULL},
    };
    setenv ("TZ", "Europe/Berlin", 1);
    tzset ();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *resolved = local_times_resolve (cases[i].text, strlen (cases[i].text));
        assert_string_equal (resolved, cases[i].resolved ? cases[i].resolved : cases[i].text);
        free (resolved);
    }
    unsetenv ("TZ");
    tzset ();
}

static void
test_statement_refuses_empty_windows (void **state)
{
    (void) state;
    static const char *const cases[] = {"select cpu_avg from n1 since 2000 until 2000",
                                        "select cpu_avg from n1 since 5m until 10m",
                                        "select cpu_avg from n1 until 30"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        statement_t *statement = s_parse (cases[i]);
        query_error_t error;
        int64_t since, until;
        assert_int_equal (statement_window (statement, NOW_NS, &since, &until, &error), -1);
        statement_destroy (&statement);
    }
    s_refuse ("select cpu_avg from n1 over 0s");
    s_refuse ("select cpu_avg from n1 every 0");
    s_refuse ("select cpu_avg from n1 over 99999999999999999999d");
    s_refuse ("select cpu_avg from n1 since 99999999999999999999");
    s_refuse ("select cpu_avg from n1 since 10m over 60s");
    s_refuse ("select cpu_avg from n1 over 60s over 60s");
}

static query_error_t
s_refuse_window (const char *text)
{
    statement_t *statement = s_parse (text);
    query_error_t error;
    int64_t since, until;
    assert_int_equal (statement_window (statement, NOW_NS, &since, &until, &error), -1);
    statement_destroy (&statement);
    return error;
}

static void
test_statement_says_the_times_of_an_empty_window (void **state)
{
    (void) state;
    query_error_t error =
        s_refuse_window ("select cpu_avg from n1 since 2000000001 until 2000000000");
    assert_string_equal (error.text,
                         "the window is empty: since 2000000001 (2033-05-18 03:33:21Z) is not "
                         "before until 2000000000 (2033-05-18 03:33:20Z)");
    error = s_refuse_window ("select cpu_avg from n1 until 30");
    assert_non_null (strstr (error.hint, "so many seconds ago is until 30s"));
    error = s_refuse_window ("select cpu_avg from n1 since 5m until 300");
    assert_non_null (strstr (error.hint, "so many seconds ago is until 300s"));
}

static void
test_a_second_statement_is_told_what_it_lacks (void **state)
{
    (void) state;
    static const char *const cases[] = {"select cpu_avg from n1\nselect cpu_avg from n2",
                                        "select cpu_avg from n1 over 5m SHOW nodes",
                                        "show gaps explain select cpu_avg from n1"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_non_null (strstr (s_refuse (cases[i]).hint, "a ; ends a statement"));
    assert_null (strstr (s_refuse ("select cpu_avg from select").hint, "a ; ends"));
    assert_null (strstr (s_refuse ("select cpu_avg from n1 selct").hint, "a ; ends"));
}

static void
test_statement_refuses_parts_of_seconds (void **state)
{
    (void) state;
    query_error_t error = s_refuse ("select cpu_avg from n1 over 500ms");
    assert_int_equal (error.position, 28);
    assert_non_null (strstr (error.hint, "whole seconds"));
    assert_non_null (strstr (s_refuse ("select cpu_avg from n1 since 1.5h").hint, "whole seconds"));
}

static void
test_statement_guesses_what_was_meant (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        int32_t position;
        const char *hint;
    } cases[] = {
        {"selct cpu_avg from n1", 0, "did you mean select?"},
        {"select cpu_avg form n1", 15, "did you mean from?"},
        {"select cpuu_avg from n1", 7, "did you mean cpu_avg?"},
        {"select cpu_avg, runqlat_agv from n1", 16, "did you mean runqlat_avg?"},
        {"select cpu_usage from n1", 7, "METRIC_FUNCTION"},
        {"select runqlat_p99x from n1", 7, "did you mean runqlat_p99?"},
        {"select cpu from n1", 7, "METRIC_FUNCTION"},
        {"select avg(cpu) from n1", 10, "METRIC_FUNCTION"},
        {"show node", 5, "did you mean nodes?"},
        {"select cpu_avg from n1 by al", 26, "did you mean all?"},
        {"select cpu_avg from n1 ordr by node", 23, "did you mean order?"},
        {"select cpu_avg from n1 order by cpu_agv", 32, "did you mean cpu_avg?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        query_error_t error = s_refuse (cases[i].text);
        if (error.position != cases[i].position || !strstr (error.hint, cases[i].hint))
            query_error_print (&error, cases[i].text, strlen (cases[i].text), stderr);
        assert_int_equal (error.position, cases[i].position);
        assert_non_null (strstr (error.hint, cases[i].hint));
    }
}

static void
test_statement_says_what_was_expected (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"", "select, show, explain"},
        {" ; ", "select, show, explain"},
        {"select", "METRIC_FUNCTION such as cpu_avg"},
        {"select cpu_avg as x, from n1", "METRIC_FUNCTION such as cpu_avg"},
        {"select cpu_avg", "from, as, ','"},
        {"select cpu_avg from n1 form", "over, since, until, every, by, order, limit, ','"},
        {"show nodes form", "the end of the statement, ';'"},
        {"select cpu_avg from", "a node's name, a pattern such as web*, or *"},
        {"select cpu_avg from n1,", "a node's name, a pattern such as web*, or *"},
        {"select cpu_avg from n1 over", "a duration such as 60s, 5m, 1h, 1d"},
        {"select cpu_avg from n1 order", "by"},
        {"select cpu_avg from n1 order by", "a column of the answer, METRIC_FUNCTION"},
        {"select cpu_avg from n1 by", "node, all"},
        {"select cpu_avg from n1 limit x", "a number of rows"},
        {"show", "nodes, metrics, gaps, stats"},
        {"show x", "nodes, metrics, gaps, stats"},
        {"select foo_avg from n1", "cpudist, cpu, offcpu, runqlat, pidpersec"},
        {"select pidpersec_x from n1", "avg, sum, count, rate"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        query_error_t error = s_refuse (cases[i].text);
        assert_string_equal (error.expected, cases[i].expected);
    }
}

static void
test_statement_places_an_early_end_behind_the_last_word (void **state)
{
    (void) state;
    assert_int_equal (s_refuse ("select cpu_avg from  \n\n").position, 19);
    assert_int_equal (s_refuse ("select cpu_avg").position, 14);
}

static void
test_statement_says_why_counts_have_no_durations (void **state)
{
    (void) state;
    static const char *const functions[] = {"p99", "hist", "min", "max", "time"};
    for (size_t i = 0; i < 5; i++) {
        char text[64];
        snprintf (text, sizeof text, "select cpu_avg, pidpersec_%s from n1", functions[i]);
        query_error_t error = s_refuse (text);
        assert_int_equal (error.code, ERROR_UNSUPPORTED);
        assert_int_equal (error.position, 16);
        assert_non_null (strstr (error.text, "counts"));
    }
}

static void
test_statement_says_what_is_not_yet_recorded (void **state)
{
    (void) state;
    static const char *const cases[] = {
        "select cpu_avg from n1 where pid = 3327", "select cpu_avg from n1 where comm = 'x'",
        "select cpu_avg from n1 where cgroup = '/y' over 5m", "select cpu_avg from n1 by process",
        "explain select cpu_avg from n1 by cgroup"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        query_error_t error = s_refuse (cases[i]);
        assert_int_equal (error.code, ERROR_UNSUPPORTED);
        assert_non_null (strstr (error.text, "not yet recorded"));
    }
    assert_int_equal (s_refuse ("select cpu_avg from n1 where x = 1").code, ERROR_SYNTAX);
    assert_int_equal (s_refuse ("select cpu_avg from n1 where pid = 1 over").code, ERROR_SYNTAX);
}

static void
test_statement_orders_by_an_expressions_other_name (void **state)
{
    (void) state;
    statement_t *statement = s_parse ("select cpu_avg as mean from n1 order by cpudist_avg");
    assert_string_equal (statement->order_by, "mean");
    assert_false (statement->descending);
    assert_false (statement->orders_by_other);
    statement_destroy (&statement);
    assert_int_equal (s_refuse ("select cpu_avg from n1 order by time").code, ERROR_UNKNOWN);
}

static void
test_statement_orders_by_what_is_not_selected (void **state)
{
    (void) state;
    statement_t *statement = s_parse ("select cpu_avg from n1 order by Runqlat_p99 desc");
    assert_true (statement->orders_by_other && statement->descending);
    assert_string_equal (statement->order_by, "runqlat_p99");
    assert_int_equal (statement->expression_count, 1);
    assert_int_equal (statement_computed (statement), 2);
    assert_int_equal (statement_metrics (statement),
                      METRIC_BIT (METRIC_cpudist) | METRIC_BIT (METRIC_runqlat));
    statement_destroy (&statement);
    assert_int_equal (s_refuse ("select cpu_avg from n1 order by pidpersec_p99").code,
                      ERROR_UNKNOWN);
}

static void
test_statement_bounds_what_it_holds (void **state)
{
    (void) state;
    size_t size = 70000;
    char *text = malloc (size + 1);
    memset (text, 'a', size);
    text[size] = '\0';
    assert_int_equal (s_refuse (text).code, ERROR_UNSUPPORTED);
    text[60000] = '\0';
    s_refuse (text);
    strcpy (text, "select cpu_avg from a");
    for (size_t i = 1; i < STATEMENT_MAX_NODES + 1; i++)
        strcat (text, ",a");
    assert_int_equal (s_refuse (text).code, ERROR_UNSUPPORTED);
    text[strlen (text) - 2] = '\0';
    statement_t *statement = s_parse (text);
    assert_int_equal (statement->node_count, STATEMENT_MAX_NODES);
    statement_destroy (&statement);
    free (text);
}

static void
test_statement_reads_past_no_byte (void **state)
{
    (void) state;
    static const char whole[] = "select cpu_avg from 'a\0b'";
    query_error_t error;
    assert_null (statement_parse (whole, sizeof whole - 1, &error));
    assert_null (statement_parse ("\0", 1, &error));
    assert_null (statement_parse ("select\x80", 7, &error));
    assert_int_equal (error.position, 6);
    assert_non_null (strstr (error.text, "0x80"));
    statement_t *statement = statement_parse ("select cpu_avg from n1234", 22, &error);
    assert_string_equal (statement->nodes[0], "n1");
    statement_destroy (&statement);
}

static void
test_statement_prints_what_reads_the_same_again (void **state)
{
    (void) state;
    static const char *const cases[] = {
        "select cpu_avg from n1,n2",
        "select cpu_p999 as 'a '' b', runqlat_p99.9, cpu_hist from 'over', 42, web* over 5m",
        "select offcpu_time from * every 10s by all order by time desc limit 10",
        "explain select pidpersec_rate from n1 order by expected",
        "select pidpersec_rate from n1 order by runqlat_p99.9 desc",
        "select cpu_p0.0001, cpu_p100, cpu_p12.5 from n? until 5000",
        "select cpu_avg as 'by' from 'by', 'order', 'select', 'from', 'limit', node order by 'by'",
        "show gaps",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        statement_t *first = s_parse (cases[i]);
        char *text = statement_print (first, NULL, 0, 1000, 2000);
        statement_t *second = s_parse (text);
        char *again = statement_print (second, NULL, 0, 1000, 2000);
        assert_string_equal (text, again);
        assert_int_equal (first->expression_count, second->expression_count);
        assert_memory_equal (first->expressions, second->expressions, sizeof first->expressions);
        assert_int_equal (first->node_count, second->node_count);
        for (size_t n = 0; n < first->node_count; n++)
            assert_string_equal (first->nodes[n], second->nodes[n]);
        assert_int_equal (first->every_s, second->every_s);
        assert_int_equal (first->by, second->by);
        assert_string_equal (first->order_by, second->order_by);
        assert_int_equal (first->limit, second->limit);
        assert_int_equal (first->explain, second->explain);
        free (text);
        free (again);
        statement_destroy (&first);
        statement_destroy (&second);
    }
}

static void
test_statement_prints_one_nodes_share (void **state)
{
    (void) state;
    const char *const nodes[] = {"n2"};
    statement_t *statement = s_parse ("select cpu_avg from n1,n2 over 5m");
    char *text = statement_print (statement, nodes, 1, 1000, 1300);
    assert_string_equal (text, "select cpudist_avg as cpu_avg from n2 since 1000 until 1300");
    free (text);
    statement_destroy (&statement);
}

static void
test_node_matches_globs (void **state)
{
    (void) state;
    assert_true (node_matches ("*", "n1"));
    assert_true (node_matches ("web*", "web"));
    assert_true (node_matches ("*a*b", "xaxbxb"));
    assert_true (node_matches ("n?", "n1"));
    assert_false (node_matches ("n?", "n10"));
    assert_false (node_matches ("n1", "n10"));
    assert_false (node_matches ("web*x", "web"));
    assert_true (node_matches ("**", ""));
}

static void
test_node_matches_in_bounded_time (void **state)
{
    (void) state;
    const char *pattern = "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b";
    const char *name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    assert_false (node_matches (pattern, name));
}

static void
test_query_error_prints_a_caret_under_the_place (void **state)
{
    (void) state;
    const char *text = "select cpu_avg,\n  cpuu_avg from n1";
    query_error_t error = s_refuse (text);
    char *shown = NULL;
    size_t size = 0;
    FILE *file = open_memstream (&shown, &size);
    query_error_print (&error, text, strlen (text), file);
    fclose (file);
    assert_string_equal (shown, "error: unknown metric cpuu in cpuu_avg\n"
                                "    cpuu_avg from n1\n"
                                "    ^\n"
                                "expected: cpudist, cpu, offcpu, runqlat, pidpersec\n"
                                "hint: did you mean cpu_avg?\n");
    free (shown);
}

static void
test_query_error_never_moves_the_terminals_cursor (void **state)
{
    (void) state;
    const char *text = "select \x1b[2J \xC2\x9B from";
    query_error_t error = s_refuse (text);
    char *shown = NULL;
    size_t size = 0;
    FILE *file = open_memstream (&shown, &size);
    query_error_print (&error, text, strlen (text), file);
    fclose (file);
    assert_null (strchr (shown, '\x1b'));
    assert_null (strstr (shown, "\xC2\x9B"));
    free (shown);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_statement_reads_the_five_of_the_old_system),
        cmocka_unit_test (test_statement_reads_its_six_functions_under_both_names),
        cmocka_unit_test (test_statement_forgives_case_blanks_comments_and_semicolons),
        cmocka_unit_test (test_statement_reads_quantiles),
        cmocka_unit_test (test_statement_refuses_quantiles_that_are_none),
        cmocka_unit_test (test_statement_names_columns_with_as),
        cmocka_unit_test (test_statement_refuses_two_columns_of_one_name),
        cmocka_unit_test (test_statement_takes_any_valid_node_name),
        cmocka_unit_test (test_statement_windows_end_at_the_newest_settled_second),
        cmocka_unit_test (test_statement_window_waits_half_a_second_for_frames),
        cmocka_unit_test (test_statement_reads_wall_times),
        cmocka_unit_test (test_quoted_times_become_unix_times_of_the_local_zone),
        cmocka_unit_test (test_statement_refuses_empty_windows),
        cmocka_unit_test (test_statement_says_the_times_of_an_empty_window),
        cmocka_unit_test (test_a_second_statement_is_told_what_it_lacks),
        cmocka_unit_test (test_statement_refuses_parts_of_seconds),
        cmocka_unit_test (test_statement_guesses_what_was_meant),
        cmocka_unit_test (test_statement_says_what_was_expected),
        cmocka_unit_test (test_statement_places_an_early_end_behind_the_last_word),
        cmocka_unit_test (test_statement_says_why_counts_have_no_durations),
        cmocka_unit_test (test_statement_says_what_is_not_yet_recorded),
        cmocka_unit_test (test_statement_orders_by_an_expressions_other_name),
        cmocka_unit_test (test_statement_orders_by_what_is_not_selected),
        cmocka_unit_test (test_statement_bounds_what_it_holds),
        cmocka_unit_test (test_statement_reads_past_no_byte),
        cmocka_unit_test (test_statement_prints_what_reads_the_same_again),
        cmocka_unit_test (test_statement_prints_one_nodes_share),
        cmocka_unit_test (test_node_matches_globs),
        cmocka_unit_test (test_node_matches_in_bounded_time),
        cmocka_unit_test (test_query_error_prints_a_caret_under_the_place),
        cmocka_unit_test (test_query_error_never_moves_the_terminals_cursor),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
