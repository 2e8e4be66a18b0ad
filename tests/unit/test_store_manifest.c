//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about what a store tells of its runs, and about frames out by seq.
#include "test_store.h"

//  Frames of one second whose bytes are their seq.
static void
s_append_seqs (store_t *store, uint64_t epoch, int64_t epoch_wall_s, const uint64_t *seqs,
               size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[24];
        snprintf (text, sizeof text, "%llu/%llu", (unsigned long long) epoch,
                  (unsigned long long) seqs[i]);
        store_record_t one = record ("n1", epoch, seqs[i], epoch_wall_s + (int64_t) seqs[i], text);
        assert_int_equal (append_one (store, one), STORE_ADDED);
    }
}

#define APPEND_SEQS(store, epoch, wall_s, ...)                                                     \
    s_append_seqs (store, epoch, wall_s, (const uint64_t[]){__VA_ARGS__},                          \
                   sizeof ((const uint64_t[]){__VA_ARGS__}) / sizeof (uint64_t))

static uint64_t
s_digest_of (uint64_t epoch, uint64_t first_seq, uint64_t last_seq)
{
    uint64_t digest = 0;
    for (uint64_t seq = first_seq; seq <= last_seq; seq++) {
        char text[24];
        snprintf (text, sizeof text, "%llu/%llu", (unsigned long long) epoch,
                  (unsigned long long) seq);
        digest += manifest_digest (text, strlen (text));
    }
    return digest;
}

static void
s_assert_run (const manifest_run_t *run, uint64_t epoch, uint64_t first_seq, uint64_t last_seq,
              int64_t epoch_wall_s)
{
    assert_int_equal (run->range.epoch, epoch);
    assert_int_equal (run->range.first_seq, first_seq);
    assert_int_equal (run->range.last_seq, last_seq);
    assert_int_equal (run->first_wall_s, epoch_wall_s + (int64_t) first_seq);
    assert_int_equal (run->last_wall_s, epoch_wall_s + (int64_t) last_seq);
    assert_true (run->digest == s_digest_of (epoch, first_seq, last_seq));
}

static void
test_a_manifest_has_each_run_and_the_digest_of_its_frames (void **state)
{
    fixture_t *fixture = *state;
    manifest_t manifest;
    APPEND_SEQS (fixture->store, 7, 100, 1, 2, 6, 4, 5, 3, 9);
    APPEND_SEQS (fixture->store, 8, 200, 2);
    for (int opened = 0; opened < 2; opened++) {
        assert_int_equal (store_manifest (fixture->store, "n1", 0, 0, &manifest), 0);
        assert_int_equal (manifest.count, 3);
        assert_int_equal (manifest.expired_seq, 0);
        assert_false (manifest.more);
        s_assert_run (&manifest.runs[0], 7, 1, 6, 100);
        s_assert_run (&manifest.runs[1], 7, 9, 9, 100);
        s_assert_run (&manifest.runs[2], 8, 2, 2, 200);
        manifest_clear (&manifest);
        reopen (fixture);
    }
}

static void
test_a_manifest_comes_from_a_name_on (void **state)
{
    fixture_t *fixture = *state;
    manifest_t manifest;
    APPEND_SEQS (fixture->store, 7, 100, 1, 2, 4);
    APPEND_SEQS (fixture->store, 8, 200, 2);
    store_manifest (fixture->store, "n1", 7, 3, &manifest);
    assert_int_equal (manifest.count, 2);
    s_assert_run (&manifest.runs[0], 7, 4, 4, 100);
    manifest_clear (&manifest);
    store_manifest (fixture->store, "n1", 9, 0, &manifest);
    assert_int_equal (manifest.count, 0);
    manifest_clear (&manifest);
    store_manifest (fixture->store, "unknown", 0, 0, &manifest);
    assert_int_equal (manifest.count, 0);
    manifest_clear (&manifest);
}

static void
test_the_pages_of_a_manifest_hold_every_run_once (void **state)
{
    enum { RUNS = 2 * MANIFEST_PAGE_RUNS + 5 };
    fixture_t *fixture = *state;
    static store_record_t records[RUNS];
    static store_verdict_t verdicts[RUNS];
    manifest_t whole = {.more = true}, page;
    for (uint64_t i = 0; i < RUNS; i++)
        records[i] = record ("n1", 7, 2 * i + 1, 2 * (int64_t) i, "x");
    assert_int_equal (store_append (fixture->store, records, RUNS, verdicts), 0);
    for (uint64_t from = 0; whole.more; from = whole.runs[whole.count - 1].range.last_seq + 1) {
        store_manifest (fixture->store, "n1", 7, from, &page);
        assert_true (page.count <= MANIFEST_PAGE_RUNS);
        assert_int_equal (manifest_append (&whole, &page, RUNS), 0);
        manifest_clear (&page);
    }
    assert_int_equal (whole.count, RUNS);
    manifest_clear (&whole);
}

//  A replay brings exactly these texts; texts ends with NULL.
static void
s_assert_replay (store_t *store, seq_range_t range, const char *const *texts)
{
    const void *data;
    size_t size;
    store_record_t one;
    store_cursor_t *cursor = store_cursor_new_replay (store, "n1", &range);
    for (; *texts; texts++) {
        assert_int_equal (store_cursor_next (cursor, &data, &size), 1);
        assert_int_equal (size, strlen (*texts));
        assert_memory_equal (data, *texts, size);
        store_cursor_record (cursor, &one);
        assert_string_equal (one.node, "n1");
        assert_int_equal (one.epoch, range.epoch);
        assert_int_equal (one.span_s, 1);
        assert_ptr_equal (one.data, data);
        assert_int_equal (one.size, size);
    }
    assert_int_equal (store_cursor_next (cursor, &data, &size), 0);
    store_cursor_destroy (&cursor);
}

#define ASSERT_REPLAY(store, epoch, first, last, ...)                                              \
    s_assert_replay (store, (seq_range_t){epoch, first, last},                                     \
                     (const char *const[]){__VA_ARGS__, NULL})

static void
test_a_replay_goes_by_seq_and_leaves_gaps_out (void **state)
{
    fixture_t *fixture = *state;
    APPEND_SEQS (fixture->store, 7, 100, 1, 2, 3, 6, 7, 9);
    ASSERT_REPLAY (fixture->store, 7, 2, 7, "7/2", "7/3", "7/6", "7/7");
    ASSERT_REPLAY (fixture->store, 7, 0, UINT64_MAX, "7/1", "7/2", "7/3", "7/6", "7/7", "7/9");
    ASSERT_REPLAY (fixture->store, 7, 4, 5, NULL);
    ASSERT_REPLAY (fixture->store, 8, 1, 9, NULL);
}

static void
test_epochs_that_overlap_in_time_are_replayed_apart (void **state)
{
    fixture_t *fixture = *state;
    APPEND_SEQS (fixture->store, 7, 100, 1, 2, 3, 4);
    APPEND_SEQS (fixture->store, 8, 99, 1, 2, 3, 4);
    APPEND_SEQS (fixture->store, 6, 101, 1, 2, 3, 4);
    ASSERT_REPLAY (fixture->store, 7, 2, 3, "7/2", "7/3");
    ASSERT_REPLAY (fixture->store, 8, 1, 4, "8/1", "8/2", "8/3", "8/4");
}

static void
test_a_replay_finds_frames_of_many_seconds (void **state)
{
    fixture_t *fixture = *state;
    int64_t start_wall_s = 1000;
    for (uint64_t seq = 1; seq <= 50; seq++) {
        store_record_t one = record ("n1", 7, seq, start_wall_s, "x");
        one.span_s = 1 + (uint32_t) (seq * seq % 7);
        start_wall_s += one.span_s + (seq % 10 == 0 ? 1000 : 0);
        assert_int_equal (append_one (fixture->store, one), STORE_ADDED);
    }
    for (uint64_t seq = 1; seq <= 50; seq++) {
        const seq_range_t range = {7, seq, seq};
        store_record_t one;
        const void *data;
        size_t size;
        store_cursor_t *cursor = store_cursor_new_replay (fixture->store, "n1", &range);
        assert_int_equal (store_cursor_next (cursor, &data, &size), 1);
        store_cursor_record (cursor, &one);
        assert_int_equal (one.seq, seq);
        assert_int_equal (store_cursor_next (cursor, &data, &size), 0);
        store_cursor_destroy (&cursor);
    }
}

static void
test_a_start_that_contradicts_the_order_of_seqs_is_refused (void **state)
{
    fixture_t *fixture = *state;
    APPEND_SEQS (fixture->store, 7, 100, 1, 2, 9);
    assert_int_equal (append_one (fixture->store, record ("n1", 7, 3, 102, "x")), STORE_CONFLICT);
    assert_int_equal (append_one (fixture->store, record ("n1", 7, 3, 109, "x")), STORE_CONFLICT);
    assert_int_equal (append_one (fixture->store, record ("n1", 7, 5, 103, "x")), STORE_CONFLICT);
    assert_int_equal (append_one (fixture->store, record ("n1", 7, 10, 109, "x")), STORE_CONFLICT);
    assert_int_equal (append_one (fixture->store, record ("n1", 7, 3, 103, "x")), STORE_ADDED);
    assert_int_equal (append_one (fixture->store, record ("n1", 7, 10, 500, "x")), STORE_ADDED);
}

int
main (void)
{
#define STORE_TEST(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORE_TEST (test_a_manifest_has_each_run_and_the_digest_of_its_frames),
        STORE_TEST (test_a_manifest_comes_from_a_name_on),
        STORE_TEST (test_the_pages_of_a_manifest_hold_every_run_once),
        STORE_TEST (test_a_replay_goes_by_seq_and_leaves_gaps_out),
        STORE_TEST (test_epochs_that_overlap_in_time_are_replayed_apart),
        STORE_TEST (test_a_replay_finds_frames_of_many_seconds),
        STORE_TEST (test_a_start_that_contradicts_the_order_of_seqs_is_refused),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
