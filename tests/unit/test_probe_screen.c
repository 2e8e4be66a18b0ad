//  SPDX-License-Identifier: GPL-2.0-or-later
//  probe_screen and probe_keys: what bin/probe prints. The layouts are those of bcc 0.26.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <cmocka.h>
#include "publisher/probe_screen.h"

static const time_t s_five_to_nine = 8 * 3600 + 55 * 60 + 1; //  UTC, see main

typedef struct {
    FILE *out;
    char *text;
    size_t size;
} page_t;

static void
s_open (page_t *self)
{
    self->out = open_memstream (&self->text, &self->size);
}

static void
s_expect (page_t *self, const char *expected)
{
    fclose (self->out);
    assert_string_equal (self->text, expected);
    free (self->text);
}

static void
s_expect_header (probe_options_t options, const char *expected)
{
    page_t page;
    s_open (&page);
    probe_screen_header (page.out, &options);
    s_expect (&page, expected);
}

static void
test_headers_are_bccs (void **state)
{
    (void) state;
    s_expect_header ((probe_options_t){.tool = TOOL_CPUDIST},
                     "Tracing on-CPU time... Hit Ctrl-C to end.\n");
    s_expect_header ((probe_options_t){.tool = TOOL_CPUDIST, .offcpu = true},
                     "Tracing off-CPU time... Hit Ctrl-C to end.\n");
    s_expect_header ((probe_options_t){.tool = TOOL_RUNQLAT},
                     "Tracing run queue latency... Hit Ctrl-C to end.\n");
    s_expect_header ((probe_options_t){.tool = TOOL_PIDPERSEC}, "Tracing... Ctrl-C to end.\n");
}

static void
test_interval_begins_with_a_blank_line_and_the_time_where_asked (void **state)
{
    (void) state;
    page_t page;
    s_open (&page);
    probe_screen_begin (page.out, &(probe_options_t){0}, s_five_to_nine);
    probe_screen_begin (page.out, &(probe_options_t){.timestamp = true}, s_five_to_nine);
    s_expect (&page, "\n\n08:55:01\n");
}

//  1,999 ns twice are 3 usecs when cut at the end, and would be 2 if each was cut.
static void
test_extension_cuts_once_and_at_the_end (void **state)
{
    (void) state;
    probe_tally_t tally = {.rows[1] = 2, .histogram = {.count = 2, .sum = 3998}};
    page_t page;
    s_open (&page);
    probe_screen_tally (page.out, &(probe_options_t){.extension = true}, &tally);
    s_expect (&page,
              "     usecs               : count     distribution\n"
              "         0 -> 1          : 2        |****************************************|\n"
              "\navg = 1 usecs, total: 3 usecs, count: 2\n\n");
}

static void
test_exact_extension_is_in_ns_and_not_cut (void **state)
{
    (void) state;
    probe_tally_t tally = {.rows[1] = 3, .histogram = {.count = 3, .sum = 4000}};
    page_t page;
    s_open (&page);
    probe_screen_tally (page.out, &(probe_options_t){.exact = true, .milliseconds = true}, &tally);
    s_expect (&page,
              "     msecs               : count     distribution\n"
              "         0 -> 1          : 3        |****************************************|\n"
              "\navg = 1333.333 ns, total: 4000 ns, count: 3\n\n");
}

static void
test_tally_without_events_prints_nothing (void **state)
{
    (void) state;
    probe_tally_t tally = {0};
    page_t page;
    s_open (&page);
    probe_screen_tally (page.out, &(probe_options_t){.extension = true, .exact = true}, &tally);
    s_expect (&page, "");
}

//  Ids above 4194304 belong to no task, so that no name is found for them.
static void
test_keys_of_many_drains_are_joined_and_sorted (void **state)
{
    (void) state;
    probe_keys_t *keys = probe_keys_new ();
    for (int drain = 0; drain < 5000; drain++) {
        probe_keys_add (keys, &(keyed_count_t){4200002, 1, 1, 10});
        probe_keys_add (keys, &(keyed_count_t){4200001, 2, 2, 4000});
    }
    page_t page;
    s_open (&page);
    probe_screen_keys (page.out,
                       &(probe_options_t){.extension = true, .keyed_by = KEYED_BY_PROCESS}, keys);
    s_expect (&page,
              "\npid = 4200001\n"
              "     usecs               : count     distribution\n"
              "         0 -> 1          : 0        |                                        |\n"
              "         2 -> 3          : 10000    |****************************************|\n"
              "\navg = 2 usecs, total: 20000 usecs, count: 10000\n\n"
              "\npid = 4200002\n"
              "     usecs               : count     distribution\n"
              "         0 -> 1          : 5000     |****************************************|\n"
              "\navg = 0 usecs, total: 50 usecs, count: 5000\n\n");
    probe_keys_destroy (&keys);
}

static void
test_cleared_keys_print_nothing (void **state)
{
    (void) state;
    probe_keys_t *keys = probe_keys_new ();
    probe_keys_add (keys, &(keyed_count_t){4200002, 1, 1, 10});
    probe_keys_clear (keys);
    page_t page;
    s_open (&page);
    probe_screen_keys (page.out, &(probe_options_t){.keyed_by = KEYED_BY_THREAD}, keys);
    s_expect (&page, "");
    probe_keys_destroy (&keys);
}

static void
test_name_of_a_task_reaches_no_terminal_unchecked (void **state)
{
    (void) state;
    char expected[160];
    prctl (PR_SET_NAME, "a b\033[2J");
    snprintf (expected, sizeof expected,
              "\ntid = %d a b?[2J\n"
              "     usecs               : count     distribution\n"
              "         0 -> 1          : 1        |****************************************|\n",
              (int) getpid ());
    probe_keys_t *keys = probe_keys_new ();
    probe_keys_add (keys, &(keyed_count_t){(unsigned) getpid (), 1, 1, 10});
    page_t page;
    s_open (&page);
    probe_screen_keys (page.out, &(probe_options_t){.keyed_by = KEYED_BY_THREAD}, keys);
    s_expect (&page, expected);
    probe_keys_destroy (&keys);
}

static void
test_births_are_one_line_of_bccs (void **state)
{
    (void) state;
    probe_births_t births = {.processes = 23, .threads = 24, .seconds = 1.0003};
    page_t page;
    s_open (&page);
    probe_screen_births (page.out, &(probe_options_t){.interval_s = 1}, &births, s_five_to_nine);
    probe_screen_births (page.out, &(probe_options_t){.interval_s = 1, .split = true}, &births,
                         s_five_to_nine);
    births.seconds = 10.02;
    probe_screen_births (page.out, &(probe_options_t){.interval_s = 10}, &births, s_five_to_nine);
    s_expect (&page, "08:55:01: PIDs/sec: 47\n"
                     "08:55:01: PIDs/sec: 47 (23 processes, 24 threads)\n"
                     "08:55:01: PIDs/sec: 4.7 (47 in 10.0 s)\n");
}

int
main (void)
{
    setenv ("TZ", "UTC", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_headers_are_bccs),
        cmocka_unit_test (test_interval_begins_with_a_blank_line_and_the_time_where_asked),
        cmocka_unit_test (test_extension_cuts_once_and_at_the_end),
        cmocka_unit_test (test_exact_extension_is_in_ns_and_not_cut),
        cmocka_unit_test (test_tally_without_events_prints_nothing),
        cmocka_unit_test (test_keys_of_many_drains_are_joined_and_sorted),
        cmocka_unit_test (test_cleared_keys_print_nothing),
        cmocka_unit_test (test_name_of_a_task_reaches_no_terminal_unchecked),
        cmocka_unit_test (test_births_are_one_line_of_bccs),
    };
    return cmocka_run_group_tests_name ("probe_screen", tests, NULL, NULL);
}
