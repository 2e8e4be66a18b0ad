//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims: whenever the process is killed, the store opens again with every frame it had
//  confirmed but those that retention took, and its frames, ranges, digests and node records agree.
//
//  Run as "test_store_crash append PATH EPOCH MOST_BYTES" it appends batches of frames until it is
//  killed, lets retention take the oldest over that size, and confirms each batch on standard
//  output by the number of batches done. Batches are such that ranges are begun, extended and
//  joined.
#include "test_store.h"
#include "test_appender.h"

enum { KILLS = 25, EXPIRING_KILLS = 10, BATCH = 256, FRAME_BYTES = 400 };

#define NO_LIMIT   UINT64_MAX
#define MOST_BYTES (1000u * FRAME_BYTES)

//  A frame's bytes begin with its name.
typedef struct {
    uint64_t epoch, seq;
    char filling[FRAME_BYTES - 16];
} payload_t;

//  Batch b holds the seqs of one half of a stretch: odd ones, then the even ones between.
static uint64_t
s_seq (uint64_t batch, uint64_t index)
{
    return (batch / 2) * 2 * BATCH + 2 * index + (batch % 2) + 1;
}

static int
s_append (store_t *store, uint64_t epoch, uint64_t batch)
{
    static payload_t payloads[BATCH];
    store_record_t records[BATCH];
    store_verdict_t verdicts[BATCH];
    for (uint64_t i = 0; i < BATCH; i++) {
        payloads[i].epoch = epoch;
        payloads[i].seq = s_seq (batch, i);
        memset (payloads[i].filling, (int) i, sizeof payloads[i].filling);
        records[i] =
            (store_record_t){"n1", epoch,        payloads[i].seq,   (int64_t) payloads[i].seq,
                             1,    &payloads[i], sizeof payloads[i]};
    }
    return store_append (store, records, BATCH, verdicts);
}

static int
s_append_until_killed (const char *path, uint64_t epoch, uint64_t most_bytes)
{
    store_t *store = open_store (path);
    for (uint64_t batch = 0;; batch++) {
        uint64_t done = batch + 1;
        size_t expired;
        if (s_append (store, epoch, batch) ||
            store_expire (store, INT64_MIN, most_bytes, &expired) < 0 ||
            write (STDOUT_FILENO, &done, sizeof done) != sizeof done)
            return EXIT_FAILURE;
    }
}

static uint64_t
s_kill_after (const char *path, uint64_t epoch, uint64_t most_bytes, uint64_t batches)
{
    char number[24], limit[24];
    char *arguments[] = {"test_store_crash", "append", (char *) path, number, limit, NULL};
    snprintf (number, sizeof number, "%llu", (unsigned long long) epoch);
    snprintf (limit, sizeof limit, "%llu", (unsigned long long) most_bytes);
    return appender_kill_after (arguments, batches);
}

//  For bsearch: where the frame lies from the range.
static int
s_compare (const void *frame_p, const void *range_p)
{
    const payload_t *frame = frame_p;
    const store_range_t *range = range_p;
    if (frame->epoch != range->epoch)
        return frame->epoch < range->epoch ? -1 : 1;
    return frame->seq < range->first_seq ? -1 : frame->seq > range->last_seq;
}

static uint64_t
s_frames_of (const store_range_t *ranges, size_t count)
{
    uint64_t frames = 0;
    for (size_t i = 0; i < count; i++)
        frames += ranges[i].last_seq - ranges[i].first_seq + 1;
    return frames;
}

//  Every frame is in a range; returns how many frames there are.
static uint64_t
s_check_frames (store_t *store, const store_range_t *ranges, size_t count)
{
    uint64_t frames = 0;
    const void *data;
    size_t size;
    store_cursor_t *cursor = store_cursor_new (store, "n1", INT64_MIN, INT64_MAX);
    while (store_cursor_next (cursor, &data, &size) == 1) {
        payload_t frame;
        assert_int_equal (size, sizeof frame);
        memcpy (&frame, data, sizeof frame);
        assert_non_null (bsearch (&frame, ranges, count, sizeof *ranges, s_compare));
        frames++;
    }
    store_cursor_destroy (&cursor);
    return frames;
}

//  The store holds what was confirmed, and of the batch in flight all or nothing. Returns its
//  number of frames.
static uint64_t
s_check_store (const char *path, uint64_t confirmed)
{
    store_t *store = open_store (path);
    store_range_t *ranges;
    store_node_t node;
    size_t count;
    assert_int_equal (store_ranges (store, "n1", &ranges, &count), 0);
    assert_int_equal (store_node (store, "n1", &node), 0);
    uint64_t frames = s_check_frames (store, ranges, count);
    assert_int_equal (frames, s_frames_of (ranges, count));
    assert_int_equal (frames, node.frames);
    assert_int_equal (node.first_wall_s, 1);
    assert_true (frames == confirmed || frames == confirmed + BATCH);
    free (ranges);
    store_destroy (&store);
    return frames;
}

static void
test_a_killed_store_opens_with_all_it_confirmed (void **state)
{
    fixture_t *fixture = *state;
    uint64_t frames = 0;
    unsigned seed = 23;
    store_destroy (&fixture->store);
    for (uint64_t kill = 1; kill <= KILLS; kill++) {
        uint64_t batches = 1 + (uint64_t) rand_r (&seed) % 8;
        uint64_t confirmed = s_kill_after (fixture->path, kill, NO_LIMIT, batches) * BATCH;
        frames = s_check_store (fixture->path, frames + confirmed);
    }
}

//  The frames of a run, read out, are as many as it says and have its digest.
static void
s_check_run (store_t *store, const manifest_run_t *run)
{
    const void *data;
    size_t size;
    uint64_t digest = 0, seq = run->range.first_seq;
    store_cursor_t *cursor = store_cursor_new_replay (store, "n1", &run->range);
    for (; store_cursor_next (cursor, &data, &size) == 1; seq++) {
        store_record_t frame;
        store_cursor_record (cursor, &frame);
        assert_int_equal (frame.seq, seq);
        digest += manifest_digest (data, size);
    }
    store_cursor_destroy (&cursor);
    assert_int_equal (seq, run->range.last_seq + 1);
    assert_true (digest == run->digest);
}

//  What was confirmed of the epoch is held or expired, and the books agree with the frames.
static void
s_check_books (const char *path, uint64_t epoch, uint64_t batches)
{
    store_t *store = open_store (path);
    store_node_t node;
    manifest_t manifest;
    uint64_t frames = 0;
    assert_int_equal (store_node (store, "n1", &node), 0);
    store_manifest (store, "n1", 0, 0, &manifest);
    for (size_t i = 0; i < manifest.count; i++) {
        s_check_run (store, &manifest.runs[i]);
        frames += manifest.runs[i].range.last_seq - manifest.runs[i].range.first_seq + 1;
    }
    assert_int_equal (frames, node.frames);
    assert_int_equal (node.bytes, frames * FRAME_BYTES);
    assert_int_equal (node.last_epoch, epoch);
    assert_true (node.last_seq >= s_seq (batches - 1, BATCH - 1));
    assert_true (node.bytes <= MOST_BYTES + BATCH * FRAME_BYTES);
    manifest_clear (&manifest);
    store_destroy (&store);
}

static void
test_a_store_killed_amid_retention_agrees_with_its_books (void **state)
{
    fixture_t *fixture = *state;
    unsigned seed = 23;
    store_destroy (&fixture->store);
    for (uint64_t kill = 1; kill <= EXPIRING_KILLS; kill++) {
        uint64_t batches = 4 + (uint64_t) rand_r (&seed) % 12;
        uint64_t confirmed = s_kill_after (fixture->path, kill, MOST_BYTES, batches);
        s_check_books (fixture->path, kill, confirmed);
    }
}

int
main (int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_a_killed_store_opens_with_all_it_confirmed, set_up,
                                         tear_down),
        cmocka_unit_test_setup_teardown (test_a_store_killed_amid_retention_agrees_with_its_books,
                                         set_up, tear_down),
    };
    if (argc == 5 && strcmp (argv[1], "append") == 0)
        return s_append_until_killed (argv[2], strtoull (argv[3], NULL, 10),
                                      strtoull (argv[4], NULL, 10));
    return cmocka_run_group_tests (tests, NULL, NULL);
}
