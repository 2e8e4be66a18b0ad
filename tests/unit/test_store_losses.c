//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about frames on record as lost, and about frames that were refused and lie aside.
#include "test_store.h"

static int
s_mark (store_t *store, uint64_t epoch, uint64_t first_seq, uint64_t last_seq, loss_cause_t cause)
{
    const loss_t loss = {.range = {epoch, first_seq, last_seq}, .cause = cause};
    return store_mark_lost (store, "n1", &loss);
}

//  The losses of n1 are these, of epoch 1.
static void
s_assert_losses (store_t *store, const loss_t *expected, size_t expected_count)
{
    loss_t *losses = NULL;
    size_t count = 0;
    assert_int_equal (store_losses (store, "n1", &losses, &count), 0);
    assert_int_equal (count, expected_count);
    for (size_t i = 0; i < expected_count; i++) {
        assert_int_equal (losses[i].range.epoch, 1);
        assert_int_equal (losses[i].range.first_seq, expected[i].range.first_seq);
        assert_int_equal (losses[i].range.last_seq, expected[i].range.last_seq);
        assert_int_equal (losses[i].cause, expected[i].cause);
    }
    free (losses);
}

#define ASSERT_LOSSES(store, count, ...)                                                           \
    s_assert_losses (store, (const loss_t[]){__VA_ARGS__}, count)

static void
test_losses_outlive_the_process (void **state)
{
    fixture_t *fixture = *state;
    append_one (fixture->store, record ("n1", 1, 1, 100, "x"));
    assert_int_equal (s_mark (fixture->store, 1, 2, 5, LOSS_ABSENT), 0);
    assert_int_equal (s_mark (fixture->store, 1, 6, 9, LOSS_EXPIRED), 0);
    assert_int_equal (s_mark (fixture->store, 1, 2, 9, LOSS_EXPIRED), 0);
    for (int opened = 0; opened < 2; opened++) {
        ASSERT_LOSSES (fixture->store, 2, {{1, 2, 5}, LOSS_ABSENT}, {{1, 6, 9}, LOSS_EXPIRED});
        reopen (fixture);
    }
}

static void
test_a_frame_that_arrives_after_all_is_lost_no_longer (void **state)
{
    fixture_t *fixture = *state;
    store_node_t node;
    append_one (fixture->store, record ("n1", 1, 1, 100, "x"));
    s_mark (fixture->store, 1, 2, 9, LOSS_ABSENT);
    assert_int_equal (append_one (fixture->store, record ("n1", 1, 5, 104, "x")), STORE_ADDED);
    for (int opened = 0; opened < 2; opened++) {
        ASSERT_LOSSES (fixture->store, 2, {{1, 2, 4}, LOSS_ABSENT}, {{1, 6, 9}, LOSS_ABSENT});
        store_node (fixture->store, "n1", &node);
        assert_int_equal (node.lost, 7);
        reopen (fixture);
    }
}

static void
test_frames_that_are_held_are_not_lost (void **state)
{
    fixture_t *fixture = *state;
    append_one (fixture->store, record ("n1", 1, 3, 103, "x"));
    append_one (fixture->store, record ("n1", 1, 4, 104, "x"));
    append_one (fixture->store, record ("n1", 1, 8, 108, "x"));
    s_mark (fixture->store, 1, 1, 8, LOSS_ABSENT);
    ASSERT_LOSSES (fixture->store, 2, {{1, 1, 2}, LOSS_ABSENT}, {{1, 5, 7}, LOSS_ABSENT});
    s_mark (fixture->store, 1, 3, 4, LOSS_ABSENT);
    ASSERT_LOSSES (fixture->store, 2, {{1, 1, 2}, LOSS_ABSENT}, {{1, 5, 7}, LOSS_ABSENT});
}

static void
test_frames_that_expired_are_not_lost (void **state)
{
    fixture_t *fixture = *state;
    size_t expired;
    for (uint64_t seq = 1; seq <= 9; seq++)
        append_one (fixture->store, record ("n1", 1, seq, 100 + (int64_t) seq, "x"));
    assert_int_equal (store_expire (fixture->store, 106, UINT64_MAX, &expired), 0);
    s_mark (fixture->store, 1, 2, 4, LOSS_EXPIRED);
    ASSERT_LOSSES (fixture->store, 0, {{0}, LOSS_ABSENT});
    s_mark (fixture->store, 1, 2, 12, LOSS_EXPIRED);
    ASSERT_LOSSES (fixture->store, 1, {{1, 10, 12}, LOSS_EXPIRED});
}

static void
test_a_node_known_for_its_losses_only_is_not_listed (void **state)
{
    fixture_t *fixture = *state;
    store_node_t *nodes, node;
    size_t count;
    s_mark (fixture->store, 1, 1, UINT64_MAX, LOSS_EXPIRED);
    reopen (fixture);
    ASSERT_LOSSES (fixture->store, 1, {{1, 1, UINT64_MAX}, LOSS_EXPIRED});
    assert_int_equal (store_node (fixture->store, "n1", &node), -1);
    store_nodes (fixture->store, &nodes, &count);
    assert_int_equal (count, 0);
    free (nodes);
    append_one (fixture->store, record ("n1", 1, 1, 100, "x"));
    ASSERT_LOSSES (fixture->store, 1, {{1, 2, UINT64_MAX}, LOSS_EXPIRED});
}

static void
test_refused_frames_lie_aside_each_once (void **state)
{
    fixture_t *fixture = *state;
    store_conflict_t *conflicts;
    size_t count;
    store_node_t node;
    const store_record_t twice[] = {record ("n1", 1, 2, 101, "other"),
                                    record ("n1", 1, 2, 101, "other"),
                                    record ("n1", 1, 1, 100, "third")};
    store_verdict_t verdicts[3];
    append_one (fixture->store, record ("n1", 1, 1, 100, "one"));
    append_one (fixture->store, record ("n1", 1, 2, 101, "two"));
    assert_int_equal (store_append (fixture->store, twice, 3, verdicts), 0);
    assert_int_equal (store_append (fixture->store, twice, 1, verdicts), 0);
    reopen (fixture);
    assert_int_equal (store_conflicts (fixture->store, "n1", &conflicts, &count), 0);
    assert_int_equal (count, 2);
    assert_int_equal (conflicts[0].seq, 1);
    assert_int_equal (conflicts[1].seq, 2);
    assert_int_equal (conflicts[1].size, 5);
    assert_true (conflicts[1].digest == manifest_digest ("other", 5));
    store_node (fixture->store, "n1", &node);
    assert_int_equal (node.conflicts, 4);
    free (conflicts);
}

static void
test_refused_frames_are_kept_up_to_a_bound_and_counted_beyond (void **state)
{
    enum { REFUSED = STORE_CONFLICTS_MAX + 20 };
    fixture_t *fixture = *state;
    static store_record_t records[REFUSED];
    static store_verdict_t verdicts[REFUSED];
    static char texts[REFUSED][8];
    store_conflict_t *conflicts;
    store_node_t node;
    size_t count;
    append_one (fixture->store, record ("n1", 1, 1, 100, "one"));
    for (int i = 0; i < REFUSED; i++) {
        snprintf (texts[i], sizeof texts[i], "%d", i);
        records[i] = record ("n1", 1, 1, 100, texts[i]);
    }
    assert_int_equal (store_append (fixture->store, records, REFUSED, verdicts), 0);
    reopen (fixture);
    store_conflicts (fixture->store, "n1", &conflicts, &count);
    assert_int_equal (count, STORE_CONFLICTS_MAX);
    store_node (fixture->store, "n1", &node);
    assert_int_equal (node.conflicts, REFUSED);
    free (conflicts);
}

int
main (void)
{
#define STORE_TEST(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORE_TEST (test_losses_outlive_the_process),
        STORE_TEST (test_a_frame_that_arrives_after_all_is_lost_no_longer),
        STORE_TEST (test_frames_that_are_held_are_not_lost),
        STORE_TEST (test_frames_that_expired_are_not_lost),
        STORE_TEST (test_a_node_known_for_its_losses_only_is_not_listed),
        STORE_TEST (test_refused_frames_lie_aside_each_once),
        STORE_TEST (test_refused_frames_are_kept_up_to_a_bound_and_counted_beyond),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
