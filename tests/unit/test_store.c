//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about the store: what it takes, refuses, keeps and says of itself. Frames here are
//  plain texts; windows over real frames are in test_store_window.
#include "test_store.h"

static void
s_assert_next (store_cursor_t *cursor, const char *text)
{
    const void *data;
    size_t size;
    assert_int_equal (store_cursor_next (cursor, &data, &size), 1);
    assert_int_equal (size, strlen (text));
    assert_memory_equal (data, text, size);
}

static void
s_assert_end (store_cursor_t *cursor)
{
    const void *data;
    size_t size;
    assert_int_equal (store_cursor_next (cursor, &data, &size), 0);
    assert_int_equal (store_cursor_next (cursor, &data, &size), 0);
}

//  The frames of node in [since, until) are exactly these texts; texts ends with NULL.
static void
s_assert_frames (store_t *store, const char *node, int64_t since, int64_t until,
                 const char *const *texts)
{
    store_cursor_t *cursor = store_cursor_new (store, node, since, until);
    for (; *texts; texts++)
        s_assert_next (cursor, *texts);
    s_assert_end (cursor);
    store_cursor_destroy (&cursor);
}

#define ASSERT_FRAMES(store, node, since, until, ...)                                              \
    s_assert_frames (store, node, since, until, (const char *const[]){__VA_ARGS__, NULL})

static void
test_frames_come_back_byte_for_byte_after_reopening (void **state)
{
    fixture_t *fixture = *state;
    char bytes[4] = {0, 'a', 0, (char) 0xFF};
    store_record_t one = record ("n1", 7, 1, 100, "");
    one.data = bytes;
    one.size = sizeof bytes;
    assert_int_equal (append_one (fixture->store, one), STORE_ADDED);
    reopen (fixture);

    const void *data;
    size_t size;
    store_cursor_t *cursor = store_cursor_new (fixture->store, "n1", 100, 101);
    assert_int_equal (store_cursor_next (cursor, &data, &size), 1);
    assert_int_equal (size, sizeof bytes);
    assert_memory_equal (data, bytes, sizeof bytes);
    s_assert_end (cursor);
    store_cursor_destroy (&cursor);
}

static void
test_cursor_goes_by_start_then_epoch_then_seq (void **state)
{
    fixture_t *fixture = *state;
    const store_record_t records[] = {
        record ("n1", 2, 1, 50, "e2s1"),       record ("n1", 1, 300, 400, "e1s300"),
        record ("n1", 1, 2, 50, "e1s2"),       record ("n1", 9, 1, -5, "before 1970"),
        record ("n1", 9, 256, 1LL << 33, "z"), record ("n1", 9, 2, 49, "49"),
    };
    store_verdict_t verdicts[6];
    assert_int_equal (store_append (fixture->store, records, 6, verdicts), 0);
    ASSERT_FRAMES (fixture->store, "n1", INT64_MIN, INT64_MAX, "before 1970", "49", "e1s2", "e2s1",
                   "e1s300", "z");
}

static void
test_cursor_holds_since_and_not_until (void **state)
{
    fixture_t *fixture = *state;
    append_one (fixture->store, record ("n1", 1, 1, 10, "ten"));
    append_one (fixture->store, record ("n1", 1, 2, 11, "eleven"));
    append_one (fixture->store, record ("n1", 1, 3, 12, "twelve"));
    ASSERT_FRAMES (fixture->store, "n1", 10, 12, "ten", "eleven");
    ASSERT_FRAMES (fixture->store, "n1", 12, 12, NULL);
    ASSERT_FRAMES (fixture->store, "n1", 12, 10, NULL);
}

static void
test_a_cursor_sees_the_store_as_it_was (void **state)
{
    fixture_t *fixture = *state;
    append_one (fixture->store, record ("n1", 1, 1, 10, "ten"));
    store_cursor_t *cursor = store_cursor_new (fixture->store, "n1", 0, 100);
    append_one (fixture->store, record ("n1", 1, 2, 11, "eleven"));
    s_assert_next (cursor, "ten");
    s_assert_end (cursor);
    store_cursor_destroy (&cursor);
}

static void
test_nodes_whose_names_begin_alike_are_apart (void **state)
{
    fixture_t *fixture = *state;
    append_one (fixture->store, record ("n1", 1, 1, 10, "one"));
    append_one (fixture->store, record ("n10", 1, 1, 10, "ten"));
    append_one (fixture->store, record ("n", 1, 1, 10, "none"));
    ASSERT_FRAMES (fixture->store, "n1", 0, 100, "one");
    ASSERT_FRAMES (fixture->store, "n", 0, 100, "none");
    ASSERT_FRAMES (fixture->store, "n2", 0, 100, NULL);
    ASSERT_FRAMES (fixture->store, "not/a name", 0, 100, NULL);
}

static void
test_a_duplicate_changes_nothing_and_is_counted (void **state)
{
    fixture_t *fixture = *state;
    store_stats_t stats;
    append_one (fixture->store, record ("n1", 1, 1, 10, "ten"));
    assert_int_equal (append_one (fixture->store, record ("n1", 1, 1, 10, "ten")), STORE_DUPLICATE);
    reopen (fixture);
    assert_int_equal (append_one (fixture->store, record ("n1", 1, 1, 10, "ten")), STORE_DUPLICATE);
    ASSERT_FRAMES (fixture->store, "n1", 0, 100, "ten");
    store_stats (fixture->store, &stats);
    assert_int_equal (stats.frames, 1);
    assert_int_equal (stats.duplicates, 1);
    assert_int_equal (stats.conflicts, 0);
}

static void
test_other_bytes_under_a_name_held_are_a_conflict (void **state)
{
    fixture_t *fixture = *state;
    store_stats_t stats;
    append_one (fixture->store, record ("n1", 1, 1, 10, "ten"));
    assert_int_equal (append_one (fixture->store, record ("n1", 1, 1, 10, "tex")), STORE_CONFLICT);
    assert_int_equal (append_one (fixture->store, record ("n1", 1, 1, 10, "te")), STORE_CONFLICT);
    assert_int_equal (append_one (fixture->store, record ("n1", 1, 1, 11, "ten")), STORE_CONFLICT);
    ASSERT_FRAMES (fixture->store, "n1", 0, 100, "ten");
    store_stats (fixture->store, &stats);
    assert_int_equal (stats.conflicts, 3);
}

static void
test_a_batch_may_hold_a_frame_twice (void **state)
{
    fixture_t *fixture = *state;
    const store_record_t records[] = {
        record ("n1", 1, 1, 10, "ten"),
        record ("n2", 1, 1, 10, "two"),
        record ("n1", 1, 1, 10, "ten"),
        record ("n1", 1, 1, 5, "TEN"),
    };
    store_verdict_t verdicts[4];
    store_node_t node;
    assert_int_equal (store_append (fixture->store, records, 4, verdicts), 0);
    assert_int_equal (verdicts[0], STORE_ADDED);
    assert_int_equal (verdicts[1], STORE_ADDED);
    assert_int_equal (verdicts[2], STORE_DUPLICATE);
    assert_int_equal (verdicts[3], STORE_CONFLICT);
    assert_int_equal (store_node (fixture->store, "n1", &node), 0);
    assert_int_equal (node.first_wall_s, 10);
    ASSERT_FRAMES (fixture->store, "n1", 0, 100, "ten");
}

static void
test_an_empty_batch_is_no_failure (void **state)
{
    fixture_t *fixture = *state;
    assert_int_equal (store_append (fixture->store, NULL, 0, NULL), 0);
}

static void
s_assert_node (store_t *store, const store_node_t *expected)
{
    store_node_t node;
    assert_int_equal (store_node (store, expected->node, &node), 0);
    assert_string_equal (node.node, expected->node);
    assert_int_equal (node.first_wall_s, expected->first_wall_s);
    assert_int_equal (node.last_wall_s, expected->last_wall_s);
    assert_int_equal (node.last_epoch, expected->last_epoch);
    assert_int_equal (node.last_seq, expected->last_seq);
    assert_int_equal (node.epochs, expected->epochs);
    assert_int_equal (node.frames, expected->frames);
    assert_int_equal (node.missing, expected->missing);
}

static void
test_a_node_record_tells_of_all_its_epochs (void **state)
{
    fixture_t *fixture = *state;
    const store_record_t records[] = {
        record ("n1", 5, 3, 103, "a"), record ("n1", 5, 4, 104, "b"), record ("n1", 5, 9, 109, "c"),
        record ("n1", 8, 1, 120, "d"), record ("n1", 2, 1, 90, "e"),
    };
    const store_node_t expected = {.node = "n1",
                                   .first_wall_s = 90,
                                   .last_wall_s = 120,
                                   .last_epoch = 8,
                                   .last_seq = 1,
                                   .epochs = 3,
                                   .frames = 5,
                                   .missing = 2 + 4};
    store_verdict_t verdicts[5];
    assert_int_equal (store_append (fixture->store, records, 5, verdicts), 0);
    s_assert_node (fixture->store, &expected);
    reopen (fixture);
    s_assert_node (fixture->store, &expected);
}

static void
test_nodes_are_listed_in_order_of_name (void **state)
{
    fixture_t *fixture = *state;
    store_node_t *nodes;
    size_t count;
    assert_int_equal (store_nodes (fixture->store, &nodes, &count), 0);
    assert_int_equal (count, 0);
    free (nodes);

    append_one (fixture->store, record ("web", 1, 1, 10, "x"));
    append_one (fixture->store, record ("db", 1, 1, 10, "x"));
    append_one (fixture->store, record ("n1", 1, 1, 10, "x"));
    assert_int_equal (store_nodes (fixture->store, &nodes, &count), 0);
    assert_int_equal (count, 3);
    assert_string_equal (nodes[0].node, "db");
    assert_string_equal (nodes[1].node, "n1");
    assert_string_equal (nodes[2].node, "web");
    free (nodes);
}

static void
test_an_unknown_node_is_unknown (void **state)
{
    fixture_t *fixture = *state;
    store_node_t node;
    store_range_t *ranges;
    size_t count;
    assert_int_equal (store_node (fixture->store, "n1", &node), -1);
    assert_int_equal (store_ranges (fixture->store, "n1", &ranges, &count), 0);
    assert_int_equal (count, 0);
    free (ranges);
}

static void
s_assert_range (const store_range_t *range, uint64_t epoch, uint64_t first_seq, uint64_t last_seq)
{
    assert_int_equal (range->epoch, epoch);
    assert_int_equal (range->first_seq, first_seq);
    assert_int_equal (range->last_seq, last_seq);
    assert_int_equal (range->first_wall_s, 100 + first_seq);
    assert_int_equal (range->last_wall_s, 100 + last_seq);
}

static void
test_a_filled_gap_is_one_range_after_reopening (void **state)
{
    fixture_t *fixture = *state;
    const uint64_t seqs[] = {4, 7, 1, 2, 6, 3, 5};
    store_range_t *ranges;
    size_t count;
    for (size_t i = 0; i < 7; i++)
        append_one (fixture->store, record ("n1", 1, seqs[i], 100 + (int64_t) seqs[i], "x"));
    append_one (fixture->store, record ("n1", 0, 2, 102, "x"));
    reopen (fixture);
    assert_int_equal (store_ranges (fixture->store, "n1", &ranges, &count), 0);
    assert_int_equal (count, 2);
    s_assert_range (&ranges[0], 0, 2, 2);
    s_assert_range (&ranges[1], 1, 1, 7);
    free (ranges);
}

enum { MODEL_NODES = 3, MODEL_EPOCHS = 3, MODEL_SEQS = 60, MODEL_BATCH = 12 };

typedef bool model_t[MODEL_NODES][MODEL_EPOCHS][MODEL_SEQS];

//  Append a batch of random frames, some held, some twice, and check every verdict.
static void
s_append_random (store_t *store, model_t held, unsigned *seed)
{
    static const char *const names[MODEL_NODES] = {"a", "ab", "b"};
    store_record_t records[MODEL_BATCH];
    store_verdict_t verdicts[MODEL_BATCH];
    bool known[MODEL_BATCH];
    for (int i = 0; i < MODEL_BATCH; i++) {
        int node = rand_r (seed) % MODEL_NODES, epoch = rand_r (seed) % MODEL_EPOCHS;
        int seq = rand_r (seed) % MODEL_SEQS;
        records[i] = record (names[node], (uint64_t) epoch, (uint64_t) seq, 1000 + seq, "x");
        known[i] = held[node][epoch][seq];
        held[node][epoch][seq] = true;
    }
    assert_int_equal (store_append (store, records, MODEL_BATCH, verdicts), 0);
    for (int i = 0; i < MODEL_BATCH; i++)
        assert_int_equal (verdicts[i], known[i] ? STORE_DUPLICATE : STORE_ADDED);
}

static void
s_assert_equals_model (store_t *store, const char *node, bool held[MODEL_EPOCHS][MODEL_SEQS])
{
    store_range_t *ranges;
    size_t count, frames = 0;
    assert_int_equal (store_ranges (store, node, &ranges, &count), 0);
    for (size_t i = 0; i < count; i++)
        for (uint64_t seq = ranges[i].first_seq; seq <= ranges[i].last_seq; seq++, frames++)
            assert_true (held[ranges[i].epoch][seq]);
    for (int i = 0; i < MODEL_EPOCHS * MODEL_SEQS; i++)
        frames -= held[i / MODEL_SEQS][i % MODEL_SEQS];
    assert_int_equal (frames, 0);
    free (ranges);
}

static void
test_random_batches_equal_a_table_of_flags (void **state)
{
    fixture_t *fixture = *state;
    unsigned seed = 23;
    model_t held = {0};
    for (int round = 1; round <= 60; round++) {
        s_append_random (fixture->store, held, &seed);
        if (round % 15 == 0)
            reopen (fixture);
        s_assert_equals_model (fixture->store, "a", held[0]);
        s_assert_equals_model (fixture->store, "ab", held[1]);
        s_assert_equals_model (fixture->store, "b", held[2]);
    }
}

static void
test_stats_tell_what_is_held_and_left (void **state)
{
    fixture_t *fixture = *state;
    store_stats_t stats;
    append_one (fixture->store, record ("n1", 1, 1, 10, "x"));
    append_one (fixture->store, record ("n2", 1, 1, 10, "x"));
    append_one (fixture->store, record ("n2", 1, 2, 11, "x"));
    store_stats (fixture->store, &stats);
    assert_int_equal (stats.nodes, 2);
    assert_int_equal (stats.frames, 3);
    assert_true (stats.disk_bytes > 0);
    assert_true (stats.free_disk_bytes > 0);
}

int
main (void)
{
#define STORE_TEST(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORE_TEST (test_frames_come_back_byte_for_byte_after_reopening),
        STORE_TEST (test_cursor_goes_by_start_then_epoch_then_seq),
        STORE_TEST (test_cursor_holds_since_and_not_until),
        STORE_TEST (test_a_cursor_sees_the_store_as_it_was),
        STORE_TEST (test_nodes_whose_names_begin_alike_are_apart),
        STORE_TEST (test_a_duplicate_changes_nothing_and_is_counted),
        STORE_TEST (test_other_bytes_under_a_name_held_are_a_conflict),
        STORE_TEST (test_a_batch_may_hold_a_frame_twice),
        STORE_TEST (test_an_empty_batch_is_no_failure),
        STORE_TEST (test_a_node_record_tells_of_all_its_epochs),
        STORE_TEST (test_nodes_are_listed_in_order_of_name),
        STORE_TEST (test_an_unknown_node_is_unknown),
        STORE_TEST (test_a_filled_gap_is_one_range_after_reopening),
        STORE_TEST (test_random_batches_equal_a_table_of_flags),
        STORE_TEST (test_stats_tell_what_is_held_and_left),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
