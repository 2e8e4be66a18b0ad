//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims: whenever the process is killed, between a frame's arrival and its minute's rewriting or
//  in the middle of either, the store opens with every frame it had confirmed, once, byte for byte,
//  and its rollups and digests are those of its frames.
//
//  Run as "test_store_inbox_crash append PATH EPOCH" it appends batches of several nodes' frames,
//  minute after minute, until it is killed, and confirms each batch by its number.
#include "test_store.h"
#include "test_appender.h"
#include "test_group.h"

#define NODES         5
#define SECONDS       15 //  Of each node, a batch: minutes close in every fourth
#define KILLS         20
#define BYTES_MAX     512
#define EPOCH_S       100000
#define MINUTE_WALL_S 1763990040

static size_t
s_encode (const char *node, uint64_t epoch, uint64_t seq, uint8_t data[BYTES_MAX])
{
    frame_t frame = {.epoch = epoch,
                     .seq = seq,
                     .start_wall_s = MINUTE_WALL_S + (int64_t) (epoch * EPOCH_S + seq),
                     .span_s = 1,
                     .version = "0.1.0"};
    memcpy (frame.node, node, strlen (node) + 1);
    frame_metric_t *metric = &frame.metrics[METRIC_runqlat];
    metric->measured = true;
    for (uint64_t i = 0; i < 20; i++)
        histogram_add (&metric->histogram, 1000 + seq * i * i);
    metric->total_count = 20 * seq;
    metric->total_sum = UINT64_MAX / 2;
    size_t size = frame_encode (&frame, data, BYTES_MAX);
    assert_true (size > 0);
    return size;
}

static int
s_append (store_t *store, uint64_t epoch, uint64_t batch)
{
    static uint8_t data[NODES * SECONDS][BYTES_MAX];
    static char names[NODES][NODE_NAME_MAX + 1];
    store_record_t records[NODES * SECONDS];
    store_verdict_t verdicts[NODES * SECONDS];
    size_t count = 0;
    name_group (names[0], sizeof names[0], NODES);
    for (unsigned i = 0; i < NODES; i++)
        for (uint64_t k = 1; k <= SECONDS; k++, count++) {
            uint64_t seq = batch * SECONDS + k;
            records[count] =
                (store_record_t){.node = names[i],
                                 .epoch = epoch,
                                 .seq = seq,
                                 .start_wall_s = MINUTE_WALL_S + (int64_t) (epoch * EPOCH_S + seq),
                                 .span_s = 1,
                                 .data = data[count],
                                 .size = s_encode (names[i], epoch, seq, data[count])};
        }
    return store_append (store, records, count, verdicts);
}

static int
s_append_until_killed (const char *path, uint64_t epoch)
{
    store_t *store = open_store (path);
    for (uint64_t batch = 0;; batch++) {
        uint64_t done = batch + 1;
        if (s_append (store, epoch, batch) ||
            write (STDOUT_FILENO, &done, sizeof done) != sizeof done)
            return EXIT_FAILURE;
    }
}

static uint64_t
s_kill_after (const char *path, uint64_t epoch, uint64_t batches)
{
    char number[24];
    char *arguments[] = {"test_store_inbox_crash", "append", (char *) path, number, NULL};
    snprintf (number, sizeof number, "%llu", (unsigned long long) epoch);
    return appender_kill_after (arguments, batches);
}

//  The epoch's frames of a node, read by time: all from the first to the last of the run. Returns
//  how many there are.
static uint64_t
s_check_epoch (store_t *store, const char *node, uint64_t epoch)
{
    uint8_t sent[BYTES_MAX];
    const void *data;
    size_t size;
    uint64_t seq = 0;
    int64_t since_wall_s = MINUTE_WALL_S + (int64_t) epoch * EPOCH_S;
    store_cursor_t *cursor = store_cursor_new (store, node, since_wall_s, since_wall_s + EPOCH_S);
    while (store_cursor_next (cursor, &data, &size) == 1) {
        assert_int_equal (size, s_encode (node, epoch, ++seq, sent));
        assert_memory_equal (data, sent, size);
    }
    store_cursor_destroy (&cursor);
    return seq;
}

static void
s_check_run (store_t *store, const char *node, const store_range_t *run)
{
    uint8_t sent[BYTES_MAX];
    uint64_t digest = 0;
    for (uint64_t seq = 1; seq <= run->last_seq; seq++)
        digest += manifest_digest (sent, s_encode (node, run->epoch, seq, sent));
    assert_int_equal (run->first_seq, 1);
    assert_true (digest == run->digest);
    assert_int_equal (s_check_epoch (store, node, run->epoch), run->last_seq);
}

static void
s_check_node (store_t *store, const char *node, uint64_t epoch, uint64_t batches)
{
    store_range_t *runs;
    partial_t window;
    uint64_t rows, frames = 0;
    size_t count;
    char difference[512] = "";
    assert_int_equal (store_ranges (store, node, &runs, &count), 0);
    assert_int_equal (count, epoch);
    assert_in_range (runs[count - 1].last_seq, batches * SECONDS, (batches + 1) * SECONDS);
    for (size_t i = 0; i < count; i++) {
        s_check_run (store, node, &runs[i]);
        frames += runs[i].last_seq;
    }
    free (runs);
    assert_int_equal (store_window (store, node, 0, INT64_MAX / 2, METRIC_ALL, &window), 0);
    assert_int_equal (window.frames, frames);
    assert_int_equal (store_audit_rollups (store, node, &rows, difference), 0);
}

static void
test_a_kill_loses_no_frame_of_an_open_or_closing_minute (void **state)
{
    fixture_t *fixture = *state;
    unsigned seed = 29;
    char names[NODES][NODE_NAME_MAX + 1];
    name_group (names[0], sizeof names[0], NODES);
    store_destroy (&fixture->store);
    for (uint64_t epoch = 1; epoch <= KILLS; epoch++) {
        uint64_t batches = s_kill_after (fixture->path, epoch, 1 + (uint64_t) rand_r (&seed) % 12);
        store_t *store = open_store (fixture->path);
        for (unsigned i = 0; i < NODES; i++)
            s_check_node (store, names[i], epoch, batches);
        store_destroy (&store);
    }
}

int
main (int argc, char **argv)
{
    if (argc == 4 && strcmp (argv[1], "append") == 0)
        return s_append_until_killed (argv[2], strtoull (argv[3], NULL, 10));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_a_kill_loses_no_frame_of_an_open_or_closing_minute,
                                         set_up, tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
