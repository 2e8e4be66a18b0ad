//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about retention: what goes, in which order, and what the books say afterwards.
#include "test_store.h"
#include "storage/database.h"
#include "storage/store_key.h"

#define NO_LIMIT UINT64_MAX

//  Frames first_seq .. last_seq of 100 bytes; the first starts at first_wall_s.
static void
s_append (store_t *store, const char *node, uint64_t epoch, uint64_t first_seq, uint64_t last_seq,
          int64_t first_wall_s)
{
    size_t count = last_seq - first_seq + 1;
    store_record_t *records = calloc (count, sizeof *records);
    store_verdict_t *verdicts = calloc (count, sizeof *verdicts);
    static char bytes[100];
    assert_true (records && verdicts);
    for (size_t i = 0; i < count; i++)
        records[i] =
            (store_record_t){node, epoch, first_seq + i, first_wall_s + (int64_t) i, 1, bytes, 100};
    assert_int_equal (store_append (store, records, count, verdicts), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal (verdicts[i], STORE_ADDED);
    free (records);
    free (verdicts);
}

//  Expire until there is nothing more to do; returns how many frames went.
static size_t
s_expire (store_t *store, int64_t before_wall_s, uint64_t most_bytes)
{
    size_t expired, all = 0;
    int rc;
    do {
        rc = store_expire (store, before_wall_s, most_bytes, &expired);
        assert_true (rc >= 0);
        assert_true (expired <= STORE_EXPIRE_STEP + 128);
        all += expired;
    } while (rc == 1);
    return all;
}

//  The node has one run, of these frames, and a cursor finds just them.
static void
s_assert_run (store_t *store, const char *node, uint64_t epoch, uint64_t first_seq,
              uint64_t last_seq)
{
    manifest_t manifest;
    uint64_t digest = 0;
    const void *data;
    size_t size;
    assert_int_equal (store_manifest (store, node, 0, 0, &manifest), 0);
    assert_int_equal (manifest.count, 1);
    assert_int_equal (manifest.runs[0].range.epoch, epoch);
    assert_int_equal (manifest.runs[0].range.first_seq, first_seq);
    assert_int_equal (manifest.runs[0].range.last_seq, last_seq);
    store_cursor_t *cursor = store_cursor_new (store, node, 0, INT64_MAX);
    for (uint64_t seq = first_seq; seq <= last_seq; seq++) {
        store_record_t one;
        assert_int_equal (store_cursor_next (cursor, &data, &size), 1);
        store_cursor_record (cursor, &one);
        assert_int_equal (one.seq, seq);
        digest += manifest_digest (data, size);
        if (seq == first_seq)
            assert_int_equal (one.start_wall_s, manifest.runs[0].first_wall_s);
    }
    assert_int_equal (store_cursor_next (cursor, &data, &size), 0);
    assert_true (digest == manifest.runs[0].digest);
    store_cursor_destroy (&cursor);
    manifest_clear (&manifest);
}

static void
test_frames_older_than_the_age_go_and_no_others (void **state)
{
    fixture_t *fixture = *state;
    store_node_t node;
    s_append (fixture->store, "n1", 7, 1, 500, 1000);
    s_append (fixture->store, "n2", 9, 1, 10, 1300);
    assert_int_equal (s_expire (fixture->store, 1300, NO_LIMIT), 300);
    for (int opened = 0; opened < 2; opened++) {
        s_assert_run (fixture->store, "n1", 7, 301, 500);
        s_assert_run (fixture->store, "n2", 9, 1, 10);
        assert_int_equal (store_node (fixture->store, "n1", &node), 0);
        assert_int_equal (node.first_wall_s, 1300);
        assert_int_equal (node.frames, 200);
        assert_int_equal (node.bytes, 20000);
        assert_int_equal (node.missing, 0);
        assert_int_equal (node.expired_epoch, 7);
        assert_int_equal (node.expired_seq, 300);
        reopen (fixture);
    }
    assert_int_equal (s_expire (fixture->store, 1300, NO_LIMIT), 0);
}

static void
test_over_the_size_the_oldest_of_all_nodes_go_first (void **state)
{
    fixture_t *fixture = *state;
    store_node_t node;
    store_stats_t stats;
    s_append (fixture->store, "n1", 7, 1, 100, 1000);
    s_append (fixture->store, "n2", 9, 1, 300, 1050);
    assert_int_equal (s_expire (fixture->store, 0, 40000), 0);
    assert_int_equal (s_expire (fixture->store, 0, 39950), 1);
    s_assert_run (fixture->store, "n1", 7, 2, 100);
    assert_int_equal (s_expire (fixture->store, 0, 10000), 299);
    s_assert_run (fixture->store, "n2", 9, 201, 300);
    assert_int_equal (store_node (fixture->store, "n1", &node), 0);
    assert_int_equal (node.frames, 0);
    store_stats (fixture->store, &stats);
    assert_int_equal (stats.bytes, 10000);
    assert_int_equal (stats.expired, 300);
}

//  Take a frame out of the closed store behind its back, as damage would.
static void
s_lose_frame (fixture_t *fixture, const char *node, uint64_t epoch, uint64_t seq, int64_t wall_s)
{
    const database_options_t options = {.memory_bytes = 4 << 20};
    const store_record_t frame = {node, epoch, seq, wall_s, 1, NULL, 0};
    store_bytes_t key = store_key_frame (&frame);
    database_fault_t fault;
    char error[DATABASE_ERROR_MAX];
    store_destroy (&fixture->store);
    database_t *database = database_new (fixture->path, &options, &fault, error);
    assert_non_null (database);
    batch_t *batch = batch_new (database);
    batch_delete (batch, key.data, key.size);
    assert_int_equal (database_write (database, batch, error), 0);
    batch_destroy (&batch);
    database_destroy (&database);
    fixture->store = open_store (fixture->path);
}

static void
test_a_node_with_a_lost_frame_does_not_keep_those_of_others (void **state)
{
    fixture_t *fixture = *state;
    size_t expired;
    store_node_t node;
    char error[512];
    s_append (fixture->store, "n1", 7, 1, 10, 1000);
    s_append (fixture->store, "n2", 9, 1, 20, 1005);
    s_lose_frame (fixture, "n1", 7, 1, 1000);
    assert_int_equal (store_expire (fixture->store, 2000, NO_LIMIT, &expired), 0);
    assert_int_equal (expired, 20);
    assert_int_equal (store_expire (fixture->store, 2000, NO_LIMIT, &expired), -1);
    assert_int_equal (expired, 0);
    store_error (fixture->store, error);
    assert_non_null (strstr (error, "damaged"));
    assert_int_equal (store_node (fixture->store, "n1", &node), 0);
    assert_int_equal (node.frames, 10);
}

static void
test_one_call_takes_a_bounded_step (void **state)
{
    fixture_t *fixture = *state;
    size_t expired;
    s_append (fixture->store, "n1", 7, 1, 3 * STORE_EXPIRE_STEP, 1000);
    assert_int_equal (store_expire (fixture->store, INT64_MAX, NO_LIMIT, &expired), 1);
    assert_int_equal (expired, STORE_EXPIRE_STEP);
    s_assert_run (fixture->store, "n1", 7, STORE_EXPIRE_STEP + 1, 3 * STORE_EXPIRE_STEP);
}

static void
test_an_expired_frame_that_comes_again_changes_nothing (void **state)
{
    fixture_t *fixture = *state;
    s_append (fixture->store, "n1", 7, 1, 20, 1000);
    s_expire (fixture->store, 1010, NO_LIMIT);
    for (int opened = 0; opened < 2; opened++) {
        assert_int_equal (append_one (fixture->store, record ("n1", 7, 10, 1009, "x")),
                          STORE_EXPIRED);
        assert_int_equal (append_one (fixture->store, record ("n1", 6, 99, 900, "x")),
                          STORE_EXPIRED);
        s_assert_run (fixture->store, "n1", 7, 11, 20);
        reopen (fixture);
    }
}

static void
test_a_node_of_which_all_expired_is_still_known (void **state)
{
    fixture_t *fixture = *state;
    store_node_t node;
    manifest_t manifest;
    s_append (fixture->store, "n1", 7, 1, 20, 1000);
    assert_int_equal (s_expire (fixture->store, 5000, NO_LIMIT), 20);
    reopen (fixture);
    assert_int_equal (store_node (fixture->store, "n1", &node), 0);
    assert_int_equal (node.frames, 0);
    assert_int_equal (node.epochs, 0);
    assert_int_equal (node.first_wall_s, 1020);
    assert_int_equal (node.last_epoch, 7);
    assert_int_equal (node.last_seq, 20);
    store_manifest (fixture->store, "n1", 0, 0, &manifest);
    assert_int_equal (manifest.count, 0);
    assert_int_equal (manifest.expired_epoch, 7);
    assert_int_equal (manifest.expired_seq, 20);
    manifest_clear (&manifest);
    s_append (fixture->store, "n1", 7, 21, 22, 1020);
    s_assert_run (fixture->store, "n1", 7, 21, 22);
}

static void
test_gaps_and_epochs_are_crossed_in_order (void **state)
{
    fixture_t *fixture = *state;
    store_node_t node;
    s_append (fixture->store, "n1", 7, 5, 9, 1000);
    s_append (fixture->store, "n1", 7, 15, 19, 1010);
    s_append (fixture->store, "n1", 8, 1, 10, 1100);
    assert_int_equal (s_expire (fixture->store, 1012, NO_LIMIT), 7);
    store_node (fixture->store, "n1", &node);
    assert_int_equal (node.expired_seq, 16);
    assert_int_equal (node.missing, 0);
    assert_int_equal (s_expire (fixture->store, 1105, NO_LIMIT), 8);
    s_assert_run (fixture->store, "n1", 8, 6, 10);
}

static void
test_a_frame_waits_for_those_before_it (void **state)
{
    //  The clock ran ahead in epoch 7 and was set back.
    fixture_t *fixture = *state;
    s_append (fixture->store, "n1", 7, 1, 5, 9000);
    s_append (fixture->store, "n1", 8, 1, 5, 1000);
    assert_int_equal (s_expire (fixture->store, 2000, NO_LIMIT), 0);
    assert_int_equal (s_expire (fixture->store, 0, 300), 7);
    s_assert_run (fixture->store, "n1", 8, 3, 5);
}

static void
test_what_expired_counts_as_held_for_planning (void **state)
{
    fixture_t *fixture = *state;
    seq_range_t *held;
    size_t count;
    s_append (fixture->store, "n1", 7, 1, 20, 1000);
    s_append (fixture->store, "n1", 8, 1, 2, 1100);
    s_expire (fixture->store, 1010, NO_LIMIT);
    assert_int_equal (store_held (fixture->store, "n1", &held, &count), 0);
    assert_int_equal (count, 3);
    assert_memory_equal (&held[0], (&(seq_range_t){7, 1, 10}), sizeof *held);
    assert_memory_equal (&held[1], (&(seq_range_t){7, 11, 20}), sizeof *held);
    assert_memory_equal (&held[2], (&(seq_range_t){8, 1, 2}), sizeof *held);
    free (held);
}

static void
test_losses_and_conflicts_go_with_their_names (void **state)
{
    fixture_t *fixture = *state;
    const loss_t loss = {.range = {7, 6, 14}, .cause = LOSS_ABSENT};
    store_conflict_t *conflicts;
    store_node_t node;
    size_t count;
    s_append (fixture->store, "n1", 7, 1, 5, 1000);
    s_append (fixture->store, "n1", 7, 15, 19, 1014);
    assert_int_equal (store_mark_lost (fixture->store, "n1", &loss), 0);
    assert_int_equal (append_one (fixture->store, record ("n1", 7, 2, 1001, "x")), STORE_CONFLICT);
    assert_int_equal (append_one (fixture->store, record ("n1", 7, 19, 1018, "x")), STORE_CONFLICT);
    s_expire (fixture->store, 1015, NO_LIMIT);
    reopen (fixture);
    store_node (fixture->store, "n1", &node);
    assert_int_equal (node.lost, 0);
    assert_int_equal (node.conflicts, 2);
    assert_int_equal (store_conflicts (fixture->store, "n1", &conflicts, &count), 0);
    assert_int_equal (count, 1);
    assert_int_equal (conflicts[0].seq, 19);
    free (conflicts);
}

static void
test_random_retention_leaves_what_a_table_has (void **state)
{
    fixture_t *fixture = *state;
    unsigned seed = 23;
    uint64_t next = 1, first = 1;
    for (int round = 0; round < 40; round++) {
        uint64_t count = 1 + (uint64_t) rand_r (&seed) % 300;
        s_append (fixture->store, "n1", 7, next, next + count - 1, 1000 + (int64_t) next);
        next += count;
        uint64_t most = 1 + (uint64_t) rand_r (&seed) % 400;
        uint64_t expected = next - first > most ? next - first - most : 0;
        assert_int_equal (s_expire (fixture->store, 0, 100 * most), expected);
        first += expected;
        if (round % 8 == 0)
            reopen (fixture);
        s_assert_run (fixture->store, "n1", 7, first, next - 1);
    }
}

int
main (void)
{
#define STORE_TEST(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORE_TEST (test_frames_older_than_the_age_go_and_no_others),
        STORE_TEST (test_over_the_size_the_oldest_of_all_nodes_go_first),
        STORE_TEST (test_a_node_with_a_lost_frame_does_not_keep_those_of_others),
        STORE_TEST (test_one_call_takes_a_bounded_step),
        STORE_TEST (test_an_expired_frame_that_comes_again_changes_nothing),
        STORE_TEST (test_a_node_of_which_all_expired_is_still_known),
        STORE_TEST (test_gaps_and_epochs_are_crossed_in_order),
        STORE_TEST (test_a_frame_waits_for_those_before_it),
        STORE_TEST (test_what_expired_counts_as_held_for_planning),
        STORE_TEST (test_losses_and_conflicts_go_with_their_names),
        STORE_TEST (test_random_retention_leaves_what_a_table_has),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
