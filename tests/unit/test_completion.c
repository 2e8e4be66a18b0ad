//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about completion: what is offered at the cursor is what the grammar can read there.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "query/completion.h"
#include "query/statement.h"

static const char *const s_nodes[] = {"web10", "web2", "db", "web1", "over", "42",   "bad name",
                                      "n1",    "n1-a", "n2", "'",    "",     "web2x"};

#define NODES (sizeof s_nodes / sizeof s_nodes[0])

//  The words offered, with a blank between them; one that is only a beginning has '~' behind it.
static void
s_complete (const char *text, char *words, size_t capacity)
{
    completion_t *completion = completion_new (text, strlen (text));
    completion_offer_nodes (completion, s_nodes, NODES);
    words[0] = '\0';
    for (size_t i = 0; i < completion_count (completion); i++) {
        size_t used = strlen (words);
        snprintf (words + used, capacity - used, "%s%s%s", i ? " " : "",
                  completion_word (completion, i), completion_is_whole (completion, i) ? "" : "~");
    }
    completion_destroy (&completion);
}

typedef struct {
    const char *text, *words;
} case_t;

static void
s_assert_words (const case_t *cases, size_t count)
{
    char words[2048];
    for (size_t i = 0; i < count; i++) {
        s_complete (cases[i].text, words, sizeof words);
        if (strcmp (words, cases[i].words) != 0)
            fprintf (stderr, "%s\n", cases[i].text);
        assert_string_equal (words, cases[i].words);
    }
}

#define ASSERT_WORDS(cases) s_assert_words (cases, sizeof (cases) / sizeof (cases)[0])

static void
test_completion_offers_the_keywords_that_may_stand_there (void **state)
{
    (void) state;
    static const case_t cases[] = {
        {"", "select show explain"},
        {"  se", "select"},
        {"SE", "SELECT"},
        {"explain ", "select"},
        {"show ", "nodes metrics gaps stats"},
        {"show g", "gaps"},
        {"show nodes ", ""},
        {"select cpu_avg ", "from as"},
        {"select cpu_avg f", "from"},
        {"select cpu_avg from n1 o", "over order"},
        {"select cpu_avg from n1 order ", "by"},
        {"select cpu_avg from n1 by ", "node all"},
        {"select cpu_avg from n1 order by cpu_avg ", "over since until every by limit asc desc"},
        {"select cpu_avg from n1 limit ", ""},
        {"select cpu_avg from n1 zzz", ""},
    };
    ASSERT_WORDS (cases);
}

static void
test_completion_offers_a_clause_once_and_none_that_another_excludes (void **state)
{
    (void) state;
    static const case_t cases[] = {
        {"select cpu_avg from n1 ", "over since until every by order limit"},
        {"select cpu_avg from n1 over 5m by all ", "until every order limit"},
        {"select cpu_avg from n1 since 5m ", "until every by order limit"},
    };
    ASSERT_WORDS (cases);
}

static void
test_completion_offers_metrics_and_then_their_functions (void **state)
{
    (void) state;
    static const case_t cases[] = {
        {"select ", "cpudist_~ cpu_~ offcpu_~ runqlat_~ pidpersec_~"},
        {"select cpu_avg,", "cpudist_~ cpu_~ offcpu_~ runqlat_~ pidpersec_~"},
        {"select cpu", "cpudist_~ cpu_~"},
        {"select RUNQ", "runqlat_~"},
        {"select runqlat_", "runqlat_avg runqlat_sum runqlat_count runqlat_rate runqlat_time "
                            "runqlat_min runqlat_max runqlat_p50 runqlat_p90 runqlat_p99 "
                            "runqlat_p999 runqlat_hist"},
        {"select runqlat_p9", "runqlat_p90 runqlat_p99 runqlat_p999"},
        {"select pidpersec_avg, pidpersec_sum as s, pidpersec_",
         "pidpersec_sum pidpersec_count pidpersec_rate"},
        {"select pidpersec_", "pidpersec_avg pidpersec_sum pidpersec_count pidpersec_rate"},
        {"select cpu_avg as ", ""},
    };
    ASSERT_WORDS (cases);
}

static void
test_completion_offers_nodes_in_peoples_order_and_their_patterns (void **state)
{
    (void) state;
    static const case_t cases[] = {
        {"select cpu_avg from ", "* n* web* '42' db n1 n2 n1-a 'over' web1 web2 web10 web2x"},
        {"select cpu_avg from w", "web* web1 web2 web10 web2x"},
        {"select cpu_avg from web1,web2, w", "web* web10 web2x"},
        {"select cpu_avg from n1,db,42,o", "'over'"},
        {"select cpu_avg from W", ""},
        {"select bogus_avg from d", "db"},
        {"select cpu_avg from n1, n1-", "n1-a"},
    };
    ASSERT_WORDS (cases);
}

static void
test_completion_wants_nodes_only_where_one_may_stand (void **state)
{
    (void) state;
    static const char *const places[] = {"select cpu_avg from ", "select cpu_avg from n1 ",
                                         "select ", "select cpu_avg from n1 order by "};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        completion_t *completion = completion_new (places[i], strlen (places[i]));
        assert_int_equal (completion_wants_nodes (completion), i == 0);
        completion_destroy (&completion);
    }
}

static void
test_completion_offers_the_columns_to_order_by (void **state)
{
    (void) state;
    static const case_t cases[] = {
        {"select cpu_avg as mean, cpu_p99 as 'p 99', cpu_sum from n1 order by ",
         "mean 'p 99' cpu_sum node frames expected cpudist_~ cpu_~ offcpu_~ runqlat_~ pidpersec_~"},
        {"select cpu_avg from n1 every 10s order by ",
         "cpu_avg node time frames expected cpudist_~ cpu_~ offcpu_~ runqlat_~ pidpersec_~"},
        {"select cpu_avg from n1 order by cp", "cpu_avg cpudist_~ cpu_~"},
        {"select cpu_avg from n1 order by cpu_p", "cpu_p50 cpu_p90 cpu_p99 cpu_p999"},
    };
    ASSERT_WORDS (cases);
}

static void
test_completion_offers_common_durations (void **state)
{
    (void) state;
    static const case_t cases[] = {
        {"select cpu_avg from n1 over ", "1m 5m 15m 1h 6h 1d 7d"},
        {"select cpu_avg from n1 since 1", "1m 15m 1h 1d"},
        {"select cpu_avg from n1 every 1", "1s 10s 1m 10m 1h 1d"},
    };
    ASSERT_WORDS (cases);
}

static void
test_completion_offers_nothing_where_nothing_can_follow (void **state)
{
    (void) state;
    static const case_t cases[] = {
        {"selct ", ""},
        {"select from n1 o", ""},
        {"select cpu_avg from 'we", ""},
        {"select cpu_avg from 'web1'", ""},
        {"select cpu_avg from n1 -- o", ""},
        {"select cpu_avg from n1 -- note\n o", "over order"},
        {"select cpu_avg from n1 \x01 ", ""},
        {"select cpu_avg from n1 over 5m over 6m lim", "limit"},
    };
    ASSERT_WORDS (cases);
}

static void
test_completion_looks_at_the_last_statement (void **state)
{
    (void) state;
    static const case_t cases[] = {
        {"show nodes; ", "select show explain"},
        {"selct ; select cpu_avg from n1; sh", "show"},
        {"select cpu_avg from 'a;b", ""},
    };
    ASSERT_WORDS (cases);
}

static void
test_completion_says_where_the_word_starts (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        size_t start;
    } cases[] = {{"", 0}, {"sel", 0}, {"show nodes; sho", 12}, {"select cpu_avg from n1,", 23}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        completion_t *completion = completion_new (cases[i].text, strlen (cases[i].text));
        assert_int_equal (completion_start (completion), cases[i].start);
        completion_destroy (&completion);
    }
}

//  A statement that is made of nothing but what is offered can be read: the grammar of both is one.
static void
test_completion_leads_to_statements_that_can_be_read (void **state)
{
    (void) state;
    for (unsigned seed = 0; seed < 300; seed++) {
        char text[1024] = "";
        query_error_t error;
        srand (seed);
        for (int word = 0; word < 24; word++) {
            completion_t *completion = completion_new (text, strlen (text));
            completion_offer_nodes (completion, s_nodes, NODES);
            size_t count = completion_count (completion), choice = count ? rand () % count : 0;
            text[completion_start (completion)] = '\0';
            if (count > 0) {
                strcat (text, completion_word (completion, choice));
                strcat (text, completion_is_whole (completion, choice) ? " " : "");
            }
            completion_destroy (&completion);
            if (count == 0)
                strcat (text, "3 "); //  A name, or a number
        }
        strcat (text, "\n");
        statement_t *statement = statement_parse (text, strlen (text), &error);
        //  It ends too early, or the word that was not offered cannot stand there.
        bool is_sound = statement || error.position == (int32_t) strlen (text) - 2 ||
                        text[error.position] == '3';
        if (!is_sound)
            query_error_print (&error, text, strlen (text), stderr);
        assert_true (is_sound);
        statement_destroy (&statement);
    }
}

static void
test_completion_takes_any_bytes (void **state)
{
    (void) state;
    char *long_text = malloc (STATEMENT_MAX_BYTES + 1);
    memset (long_text, ' ', STATEMENT_MAX_BYTES + 1);
    completion_t *completion = completion_new (long_text, STATEMENT_MAX_BYTES);
    assert_int_equal (completion_count (completion), 3);
    completion_destroy (&completion);
    completion = completion_new (long_text, STATEMENT_MAX_BYTES + 1);
    assert_int_equal (completion_count (completion), 0);
    assert_int_equal (completion_start (completion), STATEMENT_MAX_BYTES + 1);
    completion_destroy (&completion);
    completion = completion_new ("se\0le", 5);
    assert_int_equal (completion_count (completion), 0);
    completion_destroy (&completion);
    free (long_text);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_completion_offers_the_keywords_that_may_stand_there),
        cmocka_unit_test (test_completion_offers_a_clause_once_and_none_that_another_excludes),
        cmocka_unit_test (test_completion_offers_metrics_and_then_their_functions),
        cmocka_unit_test (test_completion_offers_nodes_in_peoples_order_and_their_patterns),
        cmocka_unit_test (test_completion_wants_nodes_only_where_one_may_stand),
        cmocka_unit_test (test_completion_offers_the_columns_to_order_by),
        cmocka_unit_test (test_completion_offers_common_durations),
        cmocka_unit_test (test_completion_offers_nothing_where_nothing_can_follow),
        cmocka_unit_test (test_completion_looks_at_the_last_statement),
        cmocka_unit_test (test_completion_says_where_the_word_starts),
        cmocka_unit_test (test_completion_leads_to_statements_that_can_be_read),
        cmocka_unit_test (test_completion_takes_any_bytes),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
