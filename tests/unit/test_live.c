//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about the live tail: which frames it shows, what it says of them, what it finds missing.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "subscriber/format.h"
#include "subscriber/live_filter.h"
#include "subscriber/live_row.h"
#include "subscriber/live_watch.h"

#define SECOND_NS 1000000000LL

static const screen_t s_no_terminal = {.is_terminal = false};

static frame_t *
s_frame (const char *node, uint64_t epoch, uint64_t seq)
{
    frame_t *frame = calloc (1, sizeof *frame);
    assert_non_null (frame);
    strcpy (frame->node, node);
    frame->epoch = epoch;
    frame->seq = seq;
    frame->start_wall_s = 1795420800 + (int64_t) seq;
    frame->span_s = 1;
    return frame;
}

//  With 1000 events of 1 us and one of 1 ms on the CPU, and 23 new tasks.
static frame_t *
s_measured_frame (void)
{
    frame_t *frame = s_frame ("n1", 1, 1);
    frame_metric_t *cpu = &frame->metrics[METRIC_cpudist];
    for (int i = 0; i < 1000; i++)
        histogram_add (&cpu->histogram, 1000);
    histogram_add (&cpu->histogram, 1000000);
    cpu->measured = true;
    cpu->accrued_ns = 2500000;
    frame->metrics[METRIC_pidpersec].measured = true;
    frame->metrics[METRIC_pidpersec].histogram.count = 23;
    frame->metrics[METRIC_pidpersec].histogram.sum = 23;
    return frame;
}

//  --- the filter ------------------------------------------------------------------------------

static int
s_parse (live_filter_t *filter, const char *text, char error[LIVE_FILTER_ERROR_MAX + 1])
{
    return live_filter_parse (filter, &text, 1, error);
}

static void
test_filter_without_words_shows_everything (void **state)
{
    (void) state;
    live_filter_t filter;
    char error[LIVE_FILTER_ERROR_MAX + 1];
    assert_int_equal (live_filter_parse (&filter, NULL, 0, error), 0);
    assert_int_equal (filter.metrics, METRIC_ALL);
    assert_true (live_filter_accepts (&filter, "any"));
}

static void
test_filter_takes_names_short_names_and_globs (void **state)
{
    (void) state;
    live_filter_t filter;
    char error[LIVE_FILTER_ERROR_MAX + 1];
    const char *words[] = {"runqlat,CPU", "FROM", "n1,", "web*", "d?-1"};
    assert_int_equal (live_filter_parse (&filter, words, 5, error), 0);
    assert_int_equal (filter.metrics, METRIC_BIT (METRIC_runqlat) | METRIC_BIT (METRIC_cpudist));
    assert_true (live_filter_accepts (&filter, "n1"));
    assert_false (live_filter_accepts (&filter, "n10"));
    assert_true (live_filter_accepts (&filter, "web-17"));
    assert_true (live_filter_accepts (&filter, "db-1"));
    assert_false (live_filter_accepts (&filter, "dbx-1"));
}

static void
test_filter_subscribes_to_whole_names_but_to_beginnings_of_globs (void **state)
{
    (void) state;
    char topic[NODE_NAME_MAX + 2];
    live_filter_topic ("n1", topic);
    assert_string_equal (topic, "n1/"); //  Not n10's
    live_filter_topic ("web*1", topic);
    assert_string_equal (topic, "web");
    live_filter_topic ("*", topic);
    assert_string_equal (topic, "");
}

static void
test_filter_refuses_with_a_guess (void **state)
{
    (void) state;
    live_filter_t filter;
    char error[LIVE_FILTER_ERROR_MAX + 1];
    assert_int_equal (s_parse (&filter, "runqlt", error), -1);
    assert_non_null (strstr (error, "unknown metric 'runqlt' (did you mean runqlat?)"));
    assert_non_null (strstr (error, "there are cpudist, offcpu, runqlat, pidpersec"));
    assert_int_equal (s_parse (&filter, "cpu from", error), -1);
    assert_non_null (strstr (error, "no node after 'from'"));
    assert_int_equal (s_parse (&filter, "from n/1", error), -1);
    assert_non_null (strstr (error, "'n/1' is not a node"));
}

static void
test_filter_bounds_what_it_takes (void **state)
{
    (void) state;
    live_filter_t filter;
    char error[LIVE_FILTER_ERROR_MAX + 1], text[65536];
    memset (text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal (s_parse (&filter, text, error), -1);
    memcpy (text, "from ", 5);
    assert_int_equal (s_parse (&filter, text, error), -1);
    for (size_t i = 5; i + 1 < sizeof text; i += 2)
        text[i] = ',';
    assert_int_equal (s_parse (&filter, text, error), -1);
    assert_non_null (strstr (error, "more than 64 nodes"));
}

//  --- rows ------------------------------------------------------------------------------------

static const char *
s_print_text (const frame_t *frame, metric_set_t metrics)
{
    static char text[4096];
    memset (text, 0, sizeof text);
    FILE *out = fmemopen (text, sizeof text, "w");
    live_windows_t *windows = live_windows_new (0, metrics);
    const live_sample_t sample = {.frame = frame, .held = live_windows_add (windows, frame)};
    live_row_print (&sample, metrics, 0, &s_no_terminal, out);
    live_windows_destroy (&windows);
    fclose (out);
    return text;
}

static void
test_text_is_a_line_a_measured_metric (void **state)
{
    (void) state;
    frame_t *frame = s_measured_frame ();
    assert_string_equal (s_print_text (frame, METRIC_ALL),
                         "08:00:01  n1          cpudist       1001  2.00 us   995 ns   995 ns\n"
                         "08:00:01  n1          pidpersec       23  23.0 /s        -        -\n");
    assert_string_equal (s_print_text (frame, METRIC_BIT (METRIC_offcpu)),
                         "08:00:01  n1          offcpu    not measured\n");
    free (frame);
}

static void
test_text_marks_what_is_unusual (void **state)
{
    (void) state;
    frame_t *frame = s_measured_frame ();
    frame->source = FRAME_FROM_SYNTHETIC;
    frame->scope.kind = SCOPE_PID;
    frame->scope.pid = 3327;
    frame->span_s = 5;
    frame->losses.discards = 2;
    const char *text = s_print_text (frame, METRIC_BIT (METRIC_pidpersec));
    assert_non_null (strstr (text, "4.60 /s"));
    assert_non_null (
        strstr (text, "  [synthetic]  [pid 3327]  [5 s in one]  [2 stints not counted]\n"));
    free (frame);
}

static void
test_ndjson_has_the_documented_members (void **state)
{
    (void) state;
    frame_t *frame = s_measured_frame ();
    char text[4096] = "";
    live_windows_t *windows = live_windows_new (0, METRIC_ALL);
    const live_sample_t sample = {
        .frame = frame, .held = live_windows_add (windows, frame), .news.missed = 7};
    table_t *table = live_row_table (METRIC_ALL, 0);
    live_row_fill (table, &sample, METRIC_ALL, 0);
    live_windows_destroy (&windows);
    FILE *out = fmemopen (text, sizeof text, "w");
    format_print (FORMAT_NDJSON, table, &s_no_terminal, out);
    fclose (out);
    assert_non_null (strstr (text,
                             "{\"node\":\"n1\",\"time\":1795420801,\"span\":1,\"epoch\":\"1\","
                             "\"seq\":1,\"source\":\"bpf\",\"scope\":\"all\",\"missed\":7,"
                             "\"cpudist_count\":1001,"));
    assert_non_null (strstr (text, "\"cpudist_count\":1001,\"cpudist_sum\":2000000,"));
    assert_non_null (strstr (text, "\"cpudist_time\":2500000,"));
    assert_non_null (strstr (text, "\"offcpu_count\":null,"));
    assert_non_null (strstr (text, "\"pidpersec_count\":23,\"pidpersec_sum\":23,"
                                   "\"pidpersec_avg\":23}\n"));
    table_destroy (&table);
    free (frame);
}

static void
test_a_row_leaves_nothing_of_the_one_before (void **state)
{
    (void) state;
    frame_t *full = s_measured_frame (), *bare = s_frame ("n2", 1, 2);
    live_windows_t *windows = live_windows_new (0, METRIC_ALL);
    table_t *table = live_row_table (METRIC_ALL, 0);
    live_sample_t sample = {.frame = full, .held = live_windows_add (windows, full)};
    live_row_fill (table, &sample, METRIC_ALL, 0);
    sample = (live_sample_t){.frame = bare, .held = live_windows_add (windows, bare)};
    live_row_fill (table, &sample, METRIC_ALL, 0);
    assert_int_equal (table_rows (table), 1);
    assert_string_equal (table_cell (table, 0, 0)->value.text, "n2");
    for (size_t column = 8; column < table_columns (table); column++)
        assert_int_equal (table_cell (table, 0, column)->kind, CELL_NULL);
    table_destroy (&table);
    live_windows_destroy (&windows);
    free (full);
    free (bare);
}

//  --- what did not come -----------------------------------------------------------------------

static live_news_t
s_see (live_watch_t *watch, const char *node, uint64_t epoch, uint64_t seq, int64_t now_s)
{
    frame_t *frame = s_frame (node, epoch, seq);
    live_news_t news = live_watch_frame (watch, frame, now_s * SECOND_NS);
    free (frame);
    return news;
}

static void
test_watch_counts_missed_frames_by_node (void **state)
{
    (void) state;
    live_watch_t *watch = live_watch_new ();
    assert_int_equal (s_see (watch, "n1", 1, 100, 1).missed, 0); //  The first one seen
    assert_int_equal (s_see (watch, "n2", 1, 7, 1).missed, 0);
    assert_int_equal (s_see (watch, "n1", 1, 101, 2).missed, 0);
    assert_int_equal (s_see (watch, "n1", 1, 105, 6).missed, 3);
    assert_int_equal (s_see (watch, "n2", 1, 8, 6).missed, 0);
    live_watch_destroy (&watch);
}

static void
test_watch_drops_repeated_and_older_frames (void **state)
{
    (void) state;
    live_watch_t *watch = live_watch_new ();
    assert_true (s_see (watch, "n1", 5, 10, 1).is_new);
    assert_false (s_see (watch, "n1", 5, 10, 1).is_new);
    assert_false (s_see (watch, "n1", 5, 9, 1).is_new);
    assert_false (s_see (watch, "n1", 4, 99, 1).is_new);
    assert_true (s_see (watch, "n1", 5, 11, 2).is_new);
    live_watch_destroy (&watch);
}

static void
test_watch_sees_a_restart_and_what_of_it_was_missed (void **state)
{
    (void) state;
    live_watch_t *watch = live_watch_new ();
    s_see (watch, "n1", 5, 10, 1);
    live_news_t news = s_see (watch, "n1", 6, 3, 2);
    assert_true (news.restarted && news.is_new);
    assert_int_equal (news.missed, 2);
    live_watch_destroy (&watch);
}

static void
test_watch_tells_what_a_frame_would_miss_and_changes_nothing (void **state)
{
    (void) state;
    uint64_t epoch = 0, seq = 0;
    live_watch_t *watch = live_watch_new ();
    frame_t *later = s_frame ("n1", 5, 14), *anew = s_frame ("n1", 6, 3);
    frame_t *older = s_frame ("n1", 5, 9);
    assert_false (live_watch_last (watch, "n1", &epoch, &seq));
    assert_int_equal (live_watch_missing (watch, later), 0);
    s_see (watch, "n1", 5, 10, 1);
    assert_int_equal (live_watch_missing (watch, later), 3);
    assert_int_equal (live_watch_missing (watch, anew), 2);
    assert_int_equal (live_watch_missing (watch, older), 0);
    assert_true (live_watch_last (watch, "n1", &epoch, &seq) && epoch == 5 && seq == 10);
    free (later);
    free (anew);
    free (older);
    live_watch_destroy (&watch);
}

static void
test_watch_says_silence_once_and_how_long_it_was (void **state)
{
    (void) state;
    char names[4][NODE_NAME_MAX + 1];
    live_watch_t *watch = live_watch_new ();
    s_see (watch, "n1", 1, 1, 10);
    s_see (watch, "n2", 1, 1, 12);
    assert_int_equal (live_watch_silent (watch, 13 * SECOND_NS - 1, names, 4), 0);
    assert_int_equal (live_watch_silent (watch, 13 * SECOND_NS, names, 4), 1);
    assert_string_equal (names[0], "n1");
    assert_int_equal (live_watch_silent (watch, 14 * SECOND_NS, names, 4), 0);
    assert_int_equal (s_see (watch, "n1", 1, 2, 17).silent_ns, 7 * SECOND_NS);
    assert_int_equal (s_see (watch, "n1", 1, 3, 18).silent_ns, 0);
    assert_int_equal (live_watch_silent (watch, 30 * SECOND_NS, names, 1), 2);
    live_watch_destroy (&watch);
}

static void
test_watch_bounds_its_memory_and_says_so (void **state)
{
    (void) state;
    live_watch_t *watch = live_watch_new ();
    char node[32];
    for (int i = 0; i <= LIVE_WATCH_NODES; i++) {
        assert_false (live_watch_is_full (watch));
        snprintf (node, sizeof node, "n%d", i);
        assert_true (s_see (watch, node, 1, 1, 1).is_new);
    }
    assert_true (live_watch_is_full (watch));
    live_watch_destroy (&watch);
}

int
main (void)
{
    setenv ("TZ", "UTC", 1);
    tzset ();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_filter_without_words_shows_everything),
        cmocka_unit_test (test_filter_takes_names_short_names_and_globs),
        cmocka_unit_test (test_filter_subscribes_to_whole_names_but_to_beginnings_of_globs),
        cmocka_unit_test (test_filter_refuses_with_a_guess),
        cmocka_unit_test (test_filter_bounds_what_it_takes),
        cmocka_unit_test (test_text_is_a_line_a_measured_metric),
        cmocka_unit_test (test_text_marks_what_is_unusual),
        cmocka_unit_test (test_ndjson_has_the_documented_members),
        cmocka_unit_test (test_a_row_leaves_nothing_of_the_one_before),
        cmocka_unit_test (test_watch_counts_missed_frames_by_node),
        cmocka_unit_test (test_watch_drops_repeated_and_older_frames),
        cmocka_unit_test (test_watch_sees_a_restart_and_what_of_it_was_missed),
        cmocka_unit_test (test_watch_tells_what_a_frame_would_miss_and_changes_nothing),
        cmocka_unit_test (test_watch_says_silence_once_and_how_long_it_was),
        cmocka_unit_test (test_watch_bounds_its_memory_and_says_so),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
