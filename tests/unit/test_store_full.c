//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about a store on a full disk: it refuses in time, loses nothing, and goes on by itself
//  once there is space. The disk is a tmpfs of 80 MiB, which only root can mount.
#include "test_store.h"
#include "test_chance.h"
#include "test_small_disk.h"
#include "storage/keeper.h"

#define MIB (1ULL << 20)

static int
s_set_up (void **state)
{
    if (set_up_small_disk (state, "size=80m")) {
        fixture_t *fixture = *state;
        fixture->store = open_store (fixture->path);
    }
    return 0;
}

static void
s_fill (const fixture_t *fixture, uint64_t left_bytes)
{
    char path[128];
    snprintf (path, sizeof path, "%s/ballast", fixture->root);
    fill_small_disk (fixture, path, left_bytes);
}

static void
s_empty (fixture_t *fixture)
{
    char path[128];
    snprintf (path, sizeof path, "%s/ballast", fixture->root);
    assert_int_equal (unlink (path), 0);
}

static void
test_a_full_disk_refuses_frames_until_there_is_space (void **state)
{
    fixture_t *fixture = *state;
    char error[512];
    store_verdict_t verdict;
    store_node_t node;
    store_record_t one = record ("n1", 1, 1, 10, "one"), two = record ("n1", 1, 2, 11, "two");
    if (!fixture->store)
        skip ();
    assert_int_equal (append_one (fixture->store, one), STORE_ADDED);

    assert_true (store_has_space (fixture->store));
    s_fill (fixture, 30 * MIB);
    assert_false (store_has_space (fixture->store));
    assert_int_equal (store_append (fixture->store, &two, 1, &verdict), -1);
    store_error (fixture->store, error);
    assert_non_null (strstr (error, "full: 30 MiB are left and 68 MiB are kept free"));
    assert_int_equal (store_node (fixture->store, "n1", &node), 0);
    assert_int_equal (node.frames, 1);

    s_empty (fixture);
    assert_true (store_has_space (fixture->store));
    assert_int_equal (append_one (fixture->store, two), STORE_ADDED);
    reopen (fixture);
    assert_int_equal (append_one (fixture->store, one), STORE_DUPLICATE);
    assert_int_equal (append_one (fixture->store, two), STORE_DUPLICATE);
}

static void
test_retention_works_on_a_disk_that_is_full_for_frames (void **state)
{
    fixture_t *fixture = *state;
    const loss_t loss = {.range = {1, 5, 9}, .cause = LOSS_ABSENT};
    store_node_t node;
    size_t expired;
    if (!fixture->store)
        skip ();
    append_one (fixture->store, record ("n1", 1, 1, 10, "one"));
    append_one (fixture->store, record ("n1", 1, 2, 11, "two"));
    s_fill (fixture, 30 * MIB);
    assert_int_equal (store_mark_lost (fixture->store, "n1", &loss), -1);
    assert_int_equal (store_expire (fixture->store, 11, UINT64_MAX, &expired), 0);
    assert_int_equal (expired, 1);
    s_empty (fixture);
    reopen (fixture);
    assert_int_equal (store_node (fixture->store, "n1", &node), 0);
    assert_int_equal (node.frames, 1);
    assert_int_equal (node.lost, 0);
}

static void
test_retention_stops_where_nothing_can_be_written (void **state)
{
    fixture_t *fixture = *state;
    char error[512];
    size_t expired;
    if (!fixture->store)
        skip ();
    append_one (fixture->store, record ("n1", 1, 1, 10, "one"));
    s_fill (fixture, MIB);
    assert_int_equal (store_expire (fixture->store, 100, UINT64_MAX, &expired), -1);
    store_error (fixture->store, error);
    assert_non_null (strstr (error, "too full even to delete"));
    s_empty (fixture);
    assert_int_equal (store_expire (fixture->store, 100, UINT64_MAX, &expired), 0);
    assert_int_equal (expired, 1);
}

static void
test_a_batch_must_fit_above_the_reserve (void **state)
{
    fixture_t *fixture = *state;
    store_verdict_t verdicts[2];
    store_stats_t stats;
    if (!fixture->store)
        skip ();
    char *big = malloc (3 * MIB);
    assert_non_null (big);
    store_record_t one = record ("n1", 1, 1, 10, "one");
    store_record_t records[2] = {one, one};
    memset (big, 'x', 3 * MIB);
    records[1] = (store_record_t){"n1", 1, 2, 11, 1, big, 3 * MIB};
    s_fill (fixture, 70 * MIB);
    assert_true (store_has_space (fixture->store));
    assert_int_equal (store_append (fixture->store, records, 2, verdicts), -1);
    assert_false (store_has_space (fixture->store)); //  For that one: the keeper makes room
    store_stats (fixture->store, &stats);
    assert_in_range (stats.short_disk_bytes, 1, 2 * MIB);
    assert_int_equal (store_append (fixture->store, records, 1, verdicts), 0);
    assert_int_equal (verdicts[0], STORE_ADDED);
    assert_true (store_has_space (fixture->store));
    free (big);
}

static void
test_opening_on_a_full_disk_says_so_and_works_afterwards (void **state)
{
    fixture_t *fixture = *state;
    char error[512];
    store_options_t options = {0};
    if (!fixture->store)
        skip ();
    append_one (fixture->store, record ("n1", 1, 1, 10, "one"));
    s_fill (fixture, MIB);
    store_destroy (&fixture->store);
    assert_null (store_new (fixture->path, &options, error));
    assert_non_null (strstr (error, "free some space"));

    s_empty (fixture);
    fixture->store = open_store (fixture->path);
    assert_int_equal (append_one (fixture->store, record ("n1", 1, 1, 10, "one")), STORE_DUPLICATE);
}

//  Put events by chance into all histograms of a frame.
static void
s_draw (frame_t *frame)
{
    for (unsigned id = 0; id < METRIC_COUNT_; id++) {
        frame_metric_t *metric = &frame->metrics[id];
        if (metric_get ((metric_id_t) id)->kind == METRIC_COUNT)
            continue;
        metric->measured = true;
        for (unsigned i = 0; i < 500; i++)
            histogram_add (&metric->histogram, 1 + chance_number () % 1000000000);
        metric->total_count = metric->histogram.count;
        metric->total_sum = (uint64_t) metric->histogram.sum;
    }
}

//  Frames of the first seconds of minutes that stay open, a node after the other, until the disk is
//  full.
static void
s_append_until_full (fixture_t *fixture)
{
    static uint8_t data[FRAME_MAX_BYTES];
    store_verdict_t verdict;
    for (unsigned number = 0;; number++) {
        frame_t frame = {.epoch = 1,
                         .seq = 1 + number % 50,
                         .start_wall_s = 6000 + number % 50,
                         .span_s = 1,
                         .version = "0.1.0"};
        snprintf (frame.node, sizeof frame.node, "n%u", number / 50);
        s_draw (&frame);
        store_record_t one = record (frame.node, 1, frame.seq, frame.start_wall_s, "");
        one.data = data;
        one.size = frame_encode (&frame, data, sizeof data);
        assert_true (one.size > 0);
        if (store_append (fixture->store, &one, 1, &verdict) == 0)
            continue;
        usleep (500000); //  What RocksDB gives back by itself it has given back by then
        if (!store_has_space (fixture->store))
            return;
    }
}

#define BUSY_NODES 100

//  Append one frame of each of many nodes.
static void
s_append_second (fixture_t *fixture, int64_t second)
{
    static uint8_t data[BUSY_NODES][512];
    static frame_t frames[BUSY_NODES];
    store_record_t records[BUSY_NODES];
    store_verdict_t verdicts[BUSY_NODES];
    for (unsigned i = 0; i < BUSY_NODES; i++) {
        frames[i] = (frame_t){.epoch = 1,
                              .seq = 1 + (uint64_t) second,
                              .start_wall_s = 6000 + second,
                              .span_s = 1,
                              .version = "0.1.0"};
        snprintf (frames[i].node, sizeof frames[i].node, "n%u", i);
        records[i] = record (frames[i].node, 1, frames[i].seq, frames[i].start_wall_s, "");
        records[i].data = data[i];
        records[i].size = frame_encode (&frames[i], data[i], sizeof data[i]);
        assert_true (records[i].size > 0);
    }
    assert_int_equal (store_append (fixture->store, records, BUSY_NODES, verdicts), 0);
}

//  One append does not close all of them: the rest is left for the next one, whoever's frame that
//  brings.
static void
test_minutes_whose_closing_cannot_be_written_are_closed_later (void **state)
{
    fixture_t *fixture = *state;
    store_record_t other = record ("other", 1, 1, 6060, "one");
    store_verdict_t verdict;
    store_stats_t stats;
    if (!fixture->store)
        skip ();
    for (int64_t second = 0; second <= 60; second++)
        s_append_second (fixture, second);
    store_stats (fixture->store, &stats);
    assert_in_range (stats.chunks, 1, BUSY_NODES - 1);

    s_fill (fixture, 68 * MIB + 4096);
    assert_true (store_has_space (fixture->store));
    assert_int_equal (store_append (fixture->store, &other, 1, &verdict), -1);
    s_empty (fixture);
    assert_int_equal (append_one (fixture->store, other), STORE_ADDED);
    store_stats (fixture->store, &stats);
    assert_int_equal (stats.chunks, BUSY_NODES);
}

//  As a broker has them: what was written stays in the log, and what was deleted in its file.
static void
s_open_with_large_buffers (fixture_t *fixture)
{
    char error[512];
    const store_options_t options = {.memory_bytes = 64 * MIB};
    store_destroy (&fixture->store);
    assert_int_equal (mount ("kpulse", fixture->root, "tmpfs", MS_REMOUNT, "size=130m"), 0);
    fixture->store = store_new (fixture->path, &options, error);
    assert_non_null (fixture->store);
}

static void
test_a_full_disk_is_given_back_what_retention_took (void **state)
{
    fixture_t *fixture = *state;
    if (!fixture->store)
        skip ();
    chance_state = 31;
    s_open_with_large_buffers (fixture);
    s_append_until_full (fixture);
    assert_false (store_has_space (fixture->store));
    keeper_t *keeper = keeper_new (fixture->store, &(retention_t){.keep_s = 60});
    for (unsigned i = 0; i < 200 && !store_has_space (fixture->store); i++)
        usleep (100000);
    keeper_destroy (&keeper);
    assert_true (store_has_space (fixture->store));
    assert_int_equal (append_one (fixture->store, record ("other", 1, 1, 1000, "one")),
                      STORE_ADDED);
}

int
main (void)
{
#define FULL_TEST(test) cmocka_unit_test_setup_teardown (test, s_set_up, tear_down_small_disk)
    const struct CMUnitTest tests[] = {
        FULL_TEST (test_a_full_disk_refuses_frames_until_there_is_space),
        FULL_TEST (test_retention_works_on_a_disk_that_is_full_for_frames),
        FULL_TEST (test_retention_stops_where_nothing_can_be_written),
        FULL_TEST (test_a_batch_must_fit_above_the_reserve),
        FULL_TEST (test_minutes_whose_closing_cannot_be_written_are_closed_later),
        FULL_TEST (test_opening_on_a_full_disk_says_so_and_works_afterwards),
        FULL_TEST (test_a_full_disk_is_given_back_what_retention_took),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
