//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about late frames that come many at a time: the rows they change are written once for
//  all of an hour, and are what they are when each frame comes by itself, down to the bytes; a
//  draft that is given up leaves nothing to the next one.
#include "test_store.h"
#include "test_chance.h"
#include "test_frames.h"

#include "storage/database.h"
#include "storage/inbox_draft.h"
#include "storage/rollup.h"
#include "storage/store_draft.h"
#include "storage/store_key.h"

#define DAY_WALL_S (20000 * 86400LL)

static void
s_assert_audited (store_t *store, const char *node)
{
    uint64_t rows;
    char difference[512] = "";
    if (store_audit_rollups (store, node, &rows, difference))
        fail_msg ("%s: %s", node, difference);
}

//  --- counted ---------------------------------------------------------------------------------

#define MINUTE_FRAMES 60

//  Frames of the first minute of an hour whose 60 rows, and one of the hour itself, are there.
typedef struct {
    fixture_t *fixture;
    store_record_t late[MINUTE_FRAMES];
    uint8_t data[MINUTE_FRAMES][512];
} minute_case_t;

static void
s_fill (frame_t *frame)
{
    frame->metrics[METRIC_runqlat].measured = true;
    for (uint64_t ns = 1000; ns < 1u << 30; ns *= 2)
        histogram_add (&frame->metrics[METRIC_runqlat].histogram, ns + frame->seq);
    frame->metrics[METRIC_runqlat].total_count = frame->metrics[METRIC_runqlat].histogram.count;
    frame->metrics[METRIC_runqlat].total_sum = UINT64_MAX / 2;
}

static store_record_t
s_encode (uint64_t epoch, uint64_t seq, int64_t start_wall_s, uint8_t *data, size_t capacity)
{
    frame_t frame = {.node = "n1",
                     .epoch = epoch,
                     .seq = seq,
                     .start_wall_s = start_wall_s,
                     .span_s = 1,
                     .version = "0.1.0"};
    s_fill (&frame);
    store_record_t one = record ("n1", epoch, seq, start_wall_s, "");
    one.data = data;
    one.size = frame_encode (&frame, data, capacity);
    assert_true (one.size > 0);
    return one;
}

static void
s_prepare (minute_case_t *self)
{
    uint8_t data[512];
    for (uint64_t minute = 0; minute <= 60; minute++) {
        int64_t start_wall_s = DAY_WALL_S + 60 * (int64_t) minute;
        assert_int_equal (append_one (self->fixture->store,
                                      s_encode (1, 1 + minute, start_wall_s, data, sizeof data)),
                          STORE_ADDED);
    }
    for (unsigned i = 0; i < MINUTE_FRAMES; i++)
        self->late[i] = s_encode (2, 1 + i, DAY_WALL_S + i, self->data[i], sizeof self->data[i]);
}

//  Draft an append of the first late frames, and give it up. Returns the bytes of the batch but for
//  the frames themselves.
static size_t
s_draft_bytes (minute_case_t *self, unsigned count)
{
    store_t *store = self->fixture->store;
    store_draft_t draft;
    size_t frames = 0, bytes = 0;
    store_draft_init (&draft, store, store->hands[0]);
    inbox_draft_begin (&draft, store_group ("n1"));
    for (unsigned i = 0; i < count; i++) {
        bytes += self->late[i].size;
        assert_int_equal (rollup_add (&draft, store_draft_node (&draft, "n1"), &self->late[i]), 0);
    }
    assert_int_equal (rollup_close (&draft, &frames), 0);
    assert_true (batch_bytes (draft.batch) > bytes);
    bytes = batch_bytes (draft.batch) - bytes;
    store_draft_fini (&draft);
    return bytes;
}

static void
test_rows_are_written_once_for_all_late_frames_of_an_hour (void **state)
{
    minute_case_t *minute = calloc (1, sizeof *minute);
    assert_non_null (minute);
    minute->fixture = *state;
    s_prepare (minute);
    size_t one_bytes = s_draft_bytes (minute, 1);
    size_t all_bytes = s_draft_bytes (minute, MINUTE_FRAMES);
    assert_true (one_bytes > 61 * 64);
    assert_in_range (all_bytes, one_bytes, 2 * one_bytes);
    free (minute);
}

static void
test_a_draft_that_is_given_up_leaves_no_late_frames_to_the_next_one (void **state)
{
    minute_case_t *minute = calloc (1, sizeof *minute);
    store_verdict_t verdicts[MINUTE_FRAMES];
    partial_t partial;
    assert_non_null (minute);
    minute->fixture = *state;
    store_t *store = minute->fixture->store;
    s_prepare (minute);
    //  As above, but given up while the frames are gathered.
    store_draft_t draft;
    store_draft_init (&draft, store, store->hands[0]);
    inbox_draft_begin (&draft, store_group ("n1"));
    for (unsigned i = 0; i < MINUTE_FRAMES; i++)
        assert_int_equal (rollup_add (&draft, store_draft_node (&draft, "n1"), &minute->late[i]),
                          0);
    store_draft_fini (&draft);
    for (unsigned count = 0; count < MINUTE_FRAMES; count += MINUTE_FRAMES / 2) {
        assert_int_equal (store_append (store, minute->late + count, MINUTE_FRAMES / 2, verdicts),
                          0);
        assert_int_equal (verdicts[0], STORE_ADDED);
        s_assert_audited (store, "n1");
    }
    assert_int_equal (
        store_window (store, "n1", DAY_WALL_S, DAY_WALL_S + 3600, METRIC_ALL, &partial), 0);
    assert_int_equal (partial.frames, 60 + MINUTE_FRAMES);
    free (minute);
}

//  --- the same as one by one ------------------------------------------------------------------

#define NODES     4
#define BATCH_MAX 400
#define BYTES_MAX 8192

typedef struct {
    fixture_t *fixture;
    store_t *alone; //  The other store, to which late frames come one by one
    char alone_path[160];
    char names[NODES][NODE_NAME_MAX + 1];
    int64_t newest_wall_s; //  Of frames that came before
    int64_t next_wall_s;
    uint64_t epoch; //  Each frame has its own
    store_record_t records[BATCH_MAX];
    bool is_late[BATCH_MAX];
    size_t count;
    uint8_t (*data)[BYTES_MAX];
    uint64_t compared; //  Rows, one in each store
} pair_t;

static void
s_bring (pair_t *self, const frame_t *frame, const char *node, bool is_late)
{
    assert_true (self->count < BATCH_MAX);
    uint8_t *data = self->data[self->count];
    size_t size = frame_encode (frame, data, BYTES_MAX);
    assert_true (size > 0);
    self->is_late[self->count] = is_late;
    self->records[self->count++] = (store_record_t){.node = node,
                                                    .epoch = frame->epoch,
                                                    .seq = 1,
                                                    .start_wall_s = frame->start_wall_s,
                                                    .span_s = frame->span_s,
                                                    .data = data,
                                                    .size = size};
}

//  A run of one node's frames, mostly behind one another and of one scope; all late, or none.
static void
s_bring_run (pair_t *self, bool is_late)
{
    const char *node = self->names[chance_below (NODES)];
    int64_t start_wall_s = is_late ? self->newest_wall_s - 200 - (int64_t) chance_below (40 * 3600)
                                   : self->newest_wall_s + (int64_t) chance_below (4000);
    uint32_t pid = chance_below (3) ? 0 : 1 + (uint32_t) chance_below (12);
    size_t count = 1 + chance_below (40);
    for (size_t i = 0; i < count && self->count < BATCH_MAX; i++) {
        frame_t frame = {.epoch = self->epoch++,
                         .seq = 1,
                         .start_wall_s = start_wall_s,
                         .span_s = span_by_chance (10, 4),
                         .source = chance_below (50) ? FRAME_FROM_BPF : FRAME_FROM_SYNTHETIC,
                         .version = "0.1.0"};
        strcpy (frame.node, node);
        if (pid)
            frame.scope = (scope_t){.kind = SCOPE_PID, .pid = pid};
        if (chance_below (20) == 0)
            pid = 1 + (uint32_t) chance_below (12);
        if (is_late && start_wall_s >= self->newest_wall_s - 120)
            return;
        fill_metrics_by_chance (&frame, 3, 10);
        s_bring (self, &frame, node, is_late);
        if (!is_late)
            self->next_wall_s = start_wall_s > self->next_wall_s ? start_wall_s : self->next_wall_s;
        start_wall_s += (int64_t) (chance_below (3) ? frame.span_s : chance_below (100));
        if (is_late && chance_below (6) == 0)
            start_wall_s -= (int64_t) chance_below (900);
    }
}

//  A frame of each node, which closes all minutes before that of both stores.
static void
s_bring_newest (pair_t *self)
{
    self->newest_wall_s = self->next_wall_s + 120;
    for (unsigned i = 0; i < NODES; i++) {
        frame_t frame = {.epoch = self->epoch++,
                         .seq = 1,
                         .start_wall_s = self->newest_wall_s,
                         .span_s = 1,
                         .version = "0.1.0"};
        strcpy (frame.node, self->names[i]);
        s_bring (self, &frame, self->names[i], false);
    }
    self->next_wall_s = self->newest_wall_s;
}

static void
s_append (store_t *store, const store_record_t *records, size_t count)
{
    store_verdict_t verdicts[BATCH_MAX];
    assert_int_equal (store_append (store, records, count, verdicts), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal (verdicts[i], STORE_ADDED);
}

//  One store gets all at once, the other one the late ones before the others, one by one.
static void
s_append_both (pair_t *self)
{
    static store_record_t others[BATCH_MAX];
    size_t other_count = 0;
    s_append (self->fixture->store, self->records, self->count);
    for (size_t i = 0; i < self->count; i++)
        if (self->is_late[i])
            s_append (self->alone, &self->records[i], 1);
        else
            others[other_count++] = self->records[i];
    s_append (self->alone, others, other_count);
    self->count = 0;
}

static void
s_expire_both (const pair_t *self)
{
    size_t expired, other_expired;
    unsigned level = (unsigned) chance_below (2);
    int64_t before_wall_s = self->newest_wall_s - (int64_t) chance_below (40 * 3600);
    while (store_expire_rollups (self->fixture->store, level, before_wall_s, &expired) == 1)
        continue;
    while (store_expire_rollups (self->alone, level, before_wall_s, &other_expired) == 1)
        continue;
    assert_int_equal (expired, other_expired);
}

static size_t
s_assert_same_rows (database_t *one, database_t *other, unsigned level)
{
    char error[DATABASE_ERROR_MAX];
    store_bytes_t first = store_key_rows_first (level), end = store_key_rows_end (level);
    scan_t *scans[2] = {scan_new (one, first.data, first.size, end.data, end.size),
                        scan_new (other, first.data, first.size, end.data, end.size)};
    size_t count = 0, size, other_size;
    while (scan_next (scans[0], error) == 1) {
        assert_int_equal (scan_next (scans[1], error), 1);
        const void *key = scan_key (scans[0], &size), *other_key = scan_key (scans[1], &other_size);
        assert_int_equal (size, other_size);
        assert_memory_equal (key, other_key, size);
        const void *value = scan_value (scans[0], &size);
        const void *other_value = scan_value (scans[1], &other_size);
        assert_int_equal (size, other_size);
        assert_memory_equal (value, other_value, size);
        count++;
    }
    assert_int_equal (scan_next (scans[1], error), 0);
    scan_destroy (&scans[0]);
    scan_destroy (&scans[1]);
    return count;
}

static void
s_assert_same (pair_t *self)
{
    store_stats_t stats, other_stats;
    store_stats (self->fixture->store, &stats);
    store_stats (self->alone, &other_stats);
    assert_int_equal (stats.frames, other_stats.frames);
    for (unsigned level = 0; level < STORE_LEVELS; level++) {
        self->compared += stats.rows[level];
        assert_int_equal (stats.rows[level], other_stats.rows[level]);
        assert_int_equal (
            s_assert_same_rows (self->fixture->store->database, self->alone->database, level),
            stats.rows[level]);
    }
    for (unsigned i = 0; i < NODES; i++)
        s_assert_audited (self->fixture->store, self->names[i]);
}

static void
s_play (pair_t *self, uint64_t seed)
{
    chance_state = seed;
    self->epoch = 1;
    self->compared = 0;
    self->newest_wall_s = self->next_wall_s = DAY_WALL_S + (int64_t) chance_below (86400);
    for (unsigned round = 0; round < 12; round++) {
        size_t runs = 3 + chance_below (8);
        for (size_t i = 0; round > 0 && i < runs && self->count < BATCH_MAX / 2; i++)
            s_bring_run (self, chance_below (3) > 0);
        s_append_both (self);
        s_bring_newest (self);
        s_append_both (self);
        if (chance_below (4) == 0)
            s_expire_both (self);
        s_assert_same (self);
    }
    assert_true (self->compared > 5000);
}

static void
test_rows_are_the_same_as_when_late_frames_come_one_by_one (void **state)
{
    pair_t *pair = calloc (1, sizeof *pair);
    assert_non_null (pair);
    pair->data = malloc (BATCH_MAX * sizeof *pair->data);
    assert_non_null (pair->data);
    for (unsigned i = 0; i < NODES; i++)
        snprintf (pair->names[i], sizeof pair->names[i], "n%u", i);
    for (uint64_t seed = 1; seed <= 4; seed++) {
        set_up ((void **) &pair->fixture);
        snprintf (pair->alone_path, sizeof pair->alone_path, "%s-alone", pair->fixture->path);
        pair->alone = open_store (pair->alone_path);
        s_play (pair, seed * 88172645463325252);
        store_destroy (&pair->alone);
        tear_down ((void **) &pair->fixture);
    }
    free (pair->data);
    free (pair);
    (void) state;
}

int
main (void)
{
#define STORE_TEST(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORE_TEST (test_rows_are_written_once_for_all_late_frames_of_an_hour),
        STORE_TEST (test_a_draft_that_is_given_up_leaves_no_late_frames_to_the_next_one),
        cmocka_unit_test (test_rows_are_the_same_as_when_late_frames_come_one_by_one),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
