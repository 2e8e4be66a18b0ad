//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about query/show_store: what show nodes and show gaps say of a store adds up, and agrees
//  with what statements answer.
#include "test_query.h"
#include "query/answer.h"
#include "query/show_store.h"

#define BEGUN_WALL_S 1795420800
#define UNTIL_WALL_S (BEGUN_WALL_S + 100)
#define SEQ(second)  ((uint64_t) (BEGUN_WALL_S + (second) -1000000000))

static const loss_t s_lost = {.range = {1, SEQ (10), SEQ (14)}, .cause = LOSS_EXPIRED};
static const loss_t s_older = {.range = {1, SEQ (-20), SEQ (-11)}, .cause = LOSS_EXPIRED};
static const loss_t s_tail = {.range = {1, SEQ (60), SEQ (61)}, .cause = LOSS_ABSENT};

//  Seconds 0 to 9, 20 to 29 and 40 to 59 are held; 10 to 14, 60 and 61 are lost, and so is what
//  came long before; 15 to 19 and 30 to 39 are missing; from 62 on nothing is known.
static int
s_set_up (void **state)
{
    set_up (state);
    store_t *store = ((fixture_t *) *state)->store;
    fill_seconds (store, "n1", BEGUN_WALL_S, 10, 1000);
    fill_seconds (store, "n1", BEGUN_WALL_S + 20, 10, 1000);
    fill_seconds (store, "n1", BEGUN_WALL_S + 40, 20, 1000);
    assert_int_equal (store_mark_lost (store, "n1", &s_lost), 0);
    assert_int_equal (store_mark_lost (store, "n1", &s_older), 0);
    assert_int_equal (store_mark_lost (store, "n1", &s_tail), 0);
    return 0;
}

static void
test_seconds_and_frames_of_a_node_add_up (void **state)
{
    fixture_t *fixture = *state;
    show_node_t node = {.node = "n1"};
    assert_int_equal (show_node_set_store (&node, fixture->store, UNTIL_WALL_S), 0);
    assert_true (node.is_stored);
    assert_int_equal (node.seconds.since_wall_s, BEGUN_WALL_S);
    assert_int_equal (node.seconds.present_s, 40);
    assert_int_equal (node.seconds.lost_s, 7);
    assert_int_equal (node.seconds.unknown_s, 53);
    assert_int_equal (node.frames, 40);
    assert_int_equal (node.lost, 5 + 10 + 2);
    store_node_t stored;
    assert_int_equal (store_node (fixture->store, "n1", &stored), 0);
    assert_int_equal (node.missing, stored.missing - 5 - 10);
}

//  Two epochs of which one forged frame each, with the greatest seq there is, is held: all before
//  them is on record as lost.
static void
test_forged_seqs_make_no_sum_wrap (void **state)
{
    fixture_t *fixture = *state;
    show_node_t node = {.node = "n9"};
    store_stats_t stats;
    for (uint64_t epoch = 1; epoch <= 2; epoch++) {
        const loss_t lost = {.range = {epoch, 1, UINT64_MAX - 1}, .cause = LOSS_ABSENT};
        const store_record_t forged = {.node = "n9",
                                       .epoch = epoch,
                                       .seq = UINT64_MAX,
                                       .start_wall_s = BEGUN_WALL_S + 10 * (int64_t) epoch,
                                       .span_s = 1,
                                       .data = "forged",
                                       .size = 6};
        assert_int_equal (append_one (fixture->store, forged), STORE_ADDED);
        assert_int_equal (store_mark_lost (fixture->store, "n9", &lost), 0);
    }
    assert_int_equal (show_node_set_store (&node, fixture->store, UNTIL_WALL_S), 0);
    assert_int_equal (node.frames, 2);
    assert_true (node.lost == UINT64_MAX);
    assert_int_equal (node.missing, 0);
    store_stats (fixture->store, &stats);
    assert_true (stats.lost == UINT64_MAX);
}

static void
test_an_unknown_node_is_left_as_it_is (void **state)
{
    fixture_t *fixture = *state;
    show_node_t node = {.node = "n2", .frames = 7};
    assert_int_equal (show_node_set_store (&node, fixture->store, UNTIL_WALL_S), 0);
    assert_false (node.is_stored);
    assert_int_equal (node.frames, 7);
}

static size_t
s_column (const table_t *table, const char *name)
{
    for (size_t i = 0; i < table_columns (table); i++)
        if (strcmp (table_column_name (table, i), name) == 0)
            return i;
    fail_msg ("no column %s", name);
    return 0;
}

static const cell_t *
s_cell (const table_t *table, size_t row, const char *name)
{
    return table_cell (table, row, s_column (table, name));
}

static void
test_every_loss_is_listed_once_whether_or_not_it_has_seconds (void **state)
{
    fixture_t *fixture = *state;
    table_t *table = show_gaps_new ();
    uint64_t lost_frames = 0, lost_s = 0, unknown_s = 0;
    assert_int_equal (show_gaps_add_node (table, fixture->store, "n1", UNTIL_WALL_S), 0);
    for (size_t row = 0; row < table_rows (table); row++) {
        bool lost = strcmp (s_cell (table, row, "state")->value.text, "lost") == 0;
        uint64_t seconds = (uint64_t) s_cell (table, row, "seconds")->value.integer;
        lost_frames += lost ? (uint64_t) s_cell (table, row, "frames")->value.integer : 0;
        *(lost ? &lost_s : &unknown_s) += seconds;
    }
    assert_int_equal (lost_frames, 17);
    assert_int_equal (lost_s, 7);
    assert_int_equal (unknown_s, 53);
    assert_int_equal (s_cell (table, 0, "last_seq")->value.integer, s_older.range.last_seq);
    assert_int_equal (s_cell (table, 0, "from")->kind, CELL_NULL);
    table_destroy (&table);
}

//  The frames that a select says it found from one second to another.
static uint64_t
s_coverage (fixture_t *fixture, int64_t since_wall_s, int64_t until_wall_s)
{
    char text[128];
    query_error_t error;
    partial_t partial;
    size_t size;
    const answerer_t answerer = {.store = fixture->store};
    int length = snprintf (text, sizeof text, "select cpu_avg from n1 since %lld until %lld",
                           (long long) since_wall_s, (long long) until_wall_s);
    statement_t *statement = statement_parse (text, (size_t) length, &error);
    assert_non_null (statement);
    answer_t *answer =
        answer_new (&answerer, statement, FORM_PARTIALS, UNTIL_WALL_S * 1000000000LL, &error);
    assert_non_null (answer);
    while (answer_step (answer, &error) == 1)
        ;
    wire_reader_t *reader = wire_reader_new ();
    uint64_t present_s = 0;
    for (size_t i = 0; i < answer_parts (answer); i++) {
        const void *data = answer_part (answer, i, &size);
        assert_int_equal (partial_decode (&partial, reader, data, size), 0);
        present_s += partial.present_s;
    }
    wire_reader_destroy (&reader);
    answer_destroy (&answer);
    statement_destroy (&statement);
    return present_s;
}

static void
test_the_coverage_of_answers_is_that_of_the_account (void **state)
{
    fixture_t *fixture = *state;
    for (int64_t since = 0; since < 70; since += 7)
        for (int64_t until = since + 1; until < 80; until += 5) {
            store_seconds_t seconds;
            assert_int_equal (store_seconds (fixture->store, "n1", BEGUN_WALL_S + since,
                                             BEGUN_WALL_S + until, &seconds),
                              0);
            assert_int_equal (s_coverage (fixture, BEGUN_WALL_S + since, BEGUN_WALL_S + until),
                              seconds.present_s);
        }
}

static void
test_the_account_ends_with_the_newest_second_that_closed_half_a_second_ago (void **state)
{
    (void) state;
    assert_int_equal (show_until_wall_s (100 * 1000000000LL + 499999999), 99);
    assert_int_equal (show_until_wall_s (100 * 1000000000LL + 500000000), 100);
}

int
main (void)
{
#define STORE_TEST(test) cmocka_unit_test_setup_teardown (test, s_set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORE_TEST (test_seconds_and_frames_of_a_node_add_up),
        STORE_TEST (test_forged_seqs_make_no_sum_wrap),
        STORE_TEST (test_an_unknown_node_is_left_as_it_is),
        STORE_TEST (test_every_loss_is_listed_once_whether_or_not_it_has_seconds),
        STORE_TEST (test_the_coverage_of_answers_is_that_of_the_account),
        cmocka_unit_test (
            test_the_account_ends_with_the_newest_second_that_closed_half_a_second_ago),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
