//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims: while one thread appends, others may read all they like, and what they see is sound;
//  and writers wait for one another.
//  Meant for ThreadSanitizer as well, which must be told that it cannot see how RocksDB, compiled
//  without it, orders its own threads.
#include "test_store.h"
#include <pthread.h>
#include <stdatomic.h>

enum { BATCHES = 200, BATCH = 20, READERS = 3 };

const char *__tsan_default_suppressions (void); // NOLINT(bugprone-reserved-identifier)

const char *
__tsan_default_suppressions (void) // NOLINT(bugprone-reserved-identifier)
{
    return "called_from_lib:librocksdb.so\n";
}

typedef struct {
    store_t *store;
    atomic_bool done; //  The appender has finished
} shared_t;

static void
s_append_batch (store_t *store, uint64_t batch)
{
    store_record_t records[BATCH];
    store_verdict_t verdicts[BATCH];
    for (uint64_t i = 0; i < BATCH; i++) {
        uint64_t seq = batch * BATCH + i + 1;
        records[i] = record (i % 2 ? "n1" : "n2", 1 + batch / 50, seq, (int64_t) seq, "frame");
    }
    assert_int_equal (store_append (store, records, BATCH, verdicts), 0);
}

static void
s_read_books (store_t *store)
{
    store_node_t *nodes, node;
    store_range_t *ranges;
    store_stats_t stats;
    size_t count;
    store_nodes (store, &nodes, &count);
    for (size_t i = 0; i < count; i++)
        assert_true (nodes[i].frames > 0 && nodes[i].frames % (BATCH / 2) == 0);
    free (nodes);
    store_ranges (store, "n1", &ranges, &count);
    free (ranges);
    store_node (store, "n2", &node);
    store_stats (store, &stats);
}

//  A batch is seen whole or not at all.
static void
s_read_frames (store_t *store)
{
    const void *data;
    size_t size, frames = 0;
    store_cursor_t *cursor = store_cursor_new (store, "n1", 0, INT64_MAX);
    while (store_cursor_next (cursor, &data, &size) == 1)
        frames++;
    store_cursor_destroy (&cursor);
    assert_int_equal (frames % (BATCH / 2), 0);
}

static void *
s_read_until_done (void *argument)
{
    shared_t *shared = argument;
    while (!atomic_load (&shared->done)) {
        s_read_books (shared->store);
        s_read_frames (shared->store);
    }
    return NULL;
}

static void
test_readers_see_sound_state_while_frames_are_appended (void **state)
{
    fixture_t *fixture = *state;
    shared_t shared = {.store = fixture->store};
    pthread_t readers[READERS];
    store_stats_t stats;
    for (int i = 0; i < READERS; i++)
        assert_int_equal (pthread_create (&readers[i], NULL, s_read_until_done, &shared), 0);
    for (uint64_t batch = 0; batch < BATCHES; batch++)
        s_append_batch (fixture->store, batch);
    atomic_store (&shared.done, true);
    for (int i = 0; i < READERS; i++)
        pthread_join (readers[i], NULL);
    store_stats (fixture->store, &stats);
    assert_int_equal (stats.frames, BATCHES * BATCH);
}

//  Append a second of the node's minutes, with one event.
static void
s_append_second (store_t *store, int64_t wall_s)
{
    uint8_t buffer[1024];
    store_verdict_t verdict;
    frame_t frame = {.node = "n1", .epoch = 1, .start_wall_s = wall_s, .span_s = 1};
    frame_metric_t *runqlat = &frame.metrics[METRIC_runqlat];
    frame.seq = (uint64_t) wall_s;
    runqlat->measured = true;
    histogram_add (&runqlat->histogram, (uint64_t) wall_s);
    runqlat->total_count = (uint64_t) wall_s;
    size_t size = frame_encode (&frame, buffer, sizeof buffer);
    store_record_t one = {frame.node, 1, frame.seq, wall_s, 1, buffer, size};
    assert_int_equal (store_append (store, &one, 1, &verdict), 0);
}

//  Windows whose edges lie in closed minutes and in the open one, several at a time.
static void *
s_read_windows_until_done (void *argument)
{
    enum { WINDOWS = 8 };
    shared_t *shared = argument;
    partial_t *partials = calloc (WINDOWS, sizeof *partials);
    store_ask_t asks[WINDOWS];
    while (!atomic_load (&shared->done)) {
        for (int64_t i = 0; i < WINDOWS; i++)
            asks[i] = (store_ask_t){"n1", 1 + 13 * i, 1000, METRIC_ALL, &partials[i], true};
        assert_int_equal (store_windows (shared->store, asks, WINDOWS), 0);
        for (int64_t i = 0; i < WINDOWS; i++) {
            const partial_metric_t *runqlat = &partials[i].metrics[METRIC_runqlat];
            assert_int_equal (runqlat->histogram.count, partials[i].frames);
            assert_int_equal (partials[i].present_s, partials[i].frames);
        }
    }
    free (partials);
    return NULL;
}

static void
test_windows_are_read_together_while_frames_are_appended (void **state)
{
    fixture_t *fixture = *state;
    shared_t shared = {.store = fixture->store};
    pthread_t readers[2];
    for (int i = 0; i < 2; i++)
        pthread_create (&readers[i], NULL, s_read_windows_until_done, &shared);
    for (int64_t wall_s = 1; wall_s < 500; wall_s++)
        s_append_second (fixture->store, wall_s);
    atomic_store (&shared.done, true);
    for (int i = 0; i < 2; i++)
        pthread_join (readers[i], NULL);
}

//  Read what is computed from the books: it adds up at every moment.
static void *
s_account_until_done (void *argument)
{
    shared_t *shared = argument;
    while (!atomic_load (&shared->done)) {
        store_seconds_t seconds;
        store_gap_t *gaps;
        manifest_t manifest;
        size_t count;
        store_seconds (shared->store, "n1", 0, 10000, &seconds);
        assert_int_equal (seconds.present_s + seconds.lost_s + seconds.unknown_s,
                          seconds.until_wall_s - seconds.since_wall_s);
        assert_int_equal (store_gaps (shared->store, "n1", 0, 10000, &gaps, &count), 0);
        free (gaps);
        store_manifest (shared->store, "n2", 0, 0, &manifest);
        manifest_clear (&manifest);
        assert_int_equal (store_sync (shared->store), 0);
    }
    return NULL;
}

static void *
s_mark_and_expire_until_done (void *argument)
{
    shared_t *shared = argument;
    for (uint64_t seq = 2; !atomic_load (&shared->done); seq += 2) {
        const loss_t loss = {.range = {1, seq % 1000, seq % 1000}, .cause = LOSS_ABSENT};
        size_t expired;
        assert_int_equal (store_mark_lost (shared->store, "n1", &loss), 0);
        assert_true (store_expire (shared->store, (int64_t) seq, UINT64_MAX, &expired) >= 0);
    }
    return NULL;
}

static void
test_writers_wait_for_one_another_and_readers_for_none (void **state)
{
    fixture_t *fixture = *state;
    shared_t shared = {.store = fixture->store};
    pthread_t others[3];
    store_stats_t stats;
    pthread_create (&others[0], NULL, s_account_until_done, &shared);
    pthread_create (&others[1], NULL, s_account_until_done, &shared);
    pthread_create (&others[2], NULL, s_mark_and_expire_until_done, &shared);
    for (uint64_t batch = 0; batch < BATCHES; batch++)
        s_append_batch (fixture->store, batch);
    atomic_store (&shared.done, true);
    for (int i = 0; i < 3; i++)
        pthread_join (others[i], NULL);
    store_stats (fixture->store, &stats);
    assert_int_equal (stats.frames + stats.expired, BATCHES * BATCH);
    reopen (fixture);
    uint64_t frames = stats.frames, bytes = stats.bytes, lost = stats.lost;
    store_stats (fixture->store, &stats);
    assert_int_equal (stats.frames, frames);
    assert_int_equal (stats.bytes, bytes);
    assert_int_equal (stats.lost, lost);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_readers_see_sound_state_while_frames_are_appended,
                                         set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_windows_are_read_together_while_frames_are_appended,
                                         set_up, tear_down),
        cmocka_unit_test_setup_teardown (test_writers_wait_for_one_another_and_readers_for_none,
                                         set_up, tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
