//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about appends that are dealt with on two threads: they store what one thread stores, down
//  to the bytes; what one of them cannot write the books do not list, nor what a kill kept it from;
//  and others may read all they like meanwhile. Meant for ThreadSanitizer as well.
//
//  Run as "test_store_hands append PATH" it appends half minutes of all nodes until it is killed,
//  and confirms each by its number.
#include "test_store.h"
#include "test_appender.h"
#include "test_chance.h"
#include "test_small_disk.h"

#include <glob.h>
#include <pthread.h>
#include <stdatomic.h>
#include "storage/database.h"
#include "storage/store_key.h"

#define MIB           (1ULL << 20)
#define MINUTE_WALL_S 1763990040 //  The edge of a minute
#define START_WALL_S  (MINUTE_WALL_S - 1)
#define NODES         300
#define BATCH_S       30
#define BATCH_MAX     18000
#define BYTES_MAX     600
#define LATE_MAX      20000

//  A frame's payload is told by these.
typedef struct {
    uint16_t node;
    uint16_t seq; //  And so many seconds behind START_WALL_S
    enum { FRAME, LARGE_FRAME, OTHER_FRAME, NO_FRAME, LARGE_NO_FRAME } kind;
} planned_t;

typedef struct {
    char names[NODES][NODE_NAME_MAX + 1];
    size_t count;
    store_record_t records[BATCH_MAX];
    store_verdict_t verdicts[2][BATCH_MAX];
    uint8_t data[BATCH_MAX][BYTES_MAX];
    planned_t late[LATE_MAX]; //  Left out so far
    size_t late_count;
} plan_t;

static plan_t *
s_plan_new (void)
{
    plan_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    for (unsigned i = 0; i < NODES; i++)
        snprintf (self->names[i], sizeof self->names[i], "n%u", i);
    chance_state = 88172645463325252;
    return self;
}

static size_t
s_encode (const plan_t *self, planned_t planned, uint8_t *data)
{
    if (planned.kind == LARGE_NO_FRAME)
        return memset (data, planned.node % 128, BYTES_MAX), BYTES_MAX;
    if (planned.kind == NO_FRAME)
        return (size_t) snprintf ((char *) data, BYTES_MAX, "no frame, of node %u", planned.node);
    frame_t frame = {.epoch = 1,
                     .seq = planned.seq,
                     .start_wall_s = START_WALL_S + planned.seq,
                     .span_s = 1,
                     .version = "0.1.0"};
    memcpy (frame.node, self->names[planned.node], sizeof frame.node);
    frame_metric_t *metric = &frame.metrics[METRIC_runqlat];
    metric->measured = true;
    histogram_add (&metric->histogram, 1000u + planned.seq);
    for (uint64_t i = 0; planned.kind == LARGE_FRAME && i < 400; i++)
        histogram_add (&metric->histogram, 1000u + i * i * i * i);
    metric->total_count = planned.kind == OTHER_FRAME ? 500 : 500u + planned.seq;
    metric->total_sum = UINT64_MAX / 2;
    return frame_encode (&frame, data, BYTES_MAX);
}

static void
s_bring (plan_t *self, planned_t planned)
{
    assert_true (self->count < BATCH_MAX);
    uint8_t *data = self->data[self->count];
    size_t size = s_encode (self, planned, data);
    assert_true (size > 0);
    self->records[self->count++] = (store_record_t){.node = self->names[planned.node],
                                                    .epoch = 1,
                                                    .seq = planned.seq,
                                                    .start_wall_s = START_WALL_S + planned.seq,
                                                    .span_s = 1,
                                                    .data = data,
                                                    .size = size};
}

static void
s_bring_kind (plan_t *self, unsigned kind, unsigned first, unsigned end)
{
    for (unsigned seq = first; seq < end; seq++)
        for (unsigned node = 0; node < NODES; node++)
            s_bring (self, (planned_t){(uint16_t) node, (uint16_t) seq, kind});
}

static void
s_bring_seconds (plan_t *self, unsigned first, unsigned end)
{
    s_bring_kind (self, FRAME, first, end);
}

static store_t *
s_open (const char *path, unsigned hands)
{
    char error[512];
    const store_options_t options = {.memory_bytes = 4 << 20, .hands = hands};
    store_t *store = store_new (path, &options, error);
    if (!store)
        fail_msg ("%s", error);
    return store;
}

static int
s_set_up (void **state)
{
    set_up (state);
    fixture_t *fixture = *state;
    store_destroy (&fixture->store);
    fixture->store = s_open (fixture->path, 2);
    return 0;
}

static void
s_append (store_t *store, plan_t *plan, unsigned which)
{
    assert_int_equal (store_append (store, plan->records, plan->count, plan->verdicts[which]), 0);
}

//  The minutes that the last append left for the next ones.
static void
s_close_the_rest (store_t *store)
{
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal (store_append (store, NULL, 0, NULL), 0);
}

//  How many threads of this program deal with appends besides the one that brings them.
static unsigned
s_count_appenders (void)
{
    glob_t found;
    unsigned count = 0;
    assert_int_equal (glob ("/proc/self/task/*/comm", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char name[32] = "";
        FILE *file = fopen (found.gl_pathv[i], "r");
        if (!file)
            continue;
        count += fgets (name, sizeof name, file) && strcmp (name, "appender\n") == 0;
        fclose (file);
    }
    globfree (&found);
    return count;
}

static void
test_a_large_append_is_dealt_with_on_two_threads_and_a_small_one_on_its_own (void **state)
{
    fixture_t *fixture = *state;
    plan_t *plan = s_plan_new ();
    s_bring_seconds (plan, 1, 4);
    s_append (fixture->store, plan, 0);
    assert_int_equal (s_count_appenders (), 0);
    s_bring_seconds (plan, 4, 20);
    s_append (fixture->store, plan, 0);
    assert_int_equal (s_count_appenders (), 1);
    free (plan);
}

//  --- the same as one thread ------------------------------------------------------------------

//  A node's second: missing for now or for ever, twice, contradicted, or no frame at all.
static void
s_bring_by_chance (plan_t *self, unsigned node, unsigned seq)
{
    planned_t planned = {(uint16_t) node, (uint16_t) seq, FRAME};
    uint64_t chance = chance_below (100);
    if (chance == 0)
        return;
    if (chance <= 3 && self->late_count < LATE_MAX) {
        self->late[self->late_count++] = planned;
        return;
    }
    if (chance == 4)
        planned.kind = NO_FRAME;
    s_bring (self, planned);
    if (chance == 5)
        s_bring (self, planned);
    if (chance == 6) {
        planned.kind = OTHER_FRAME;
        s_bring (self, planned);
    }
}

//  Frames left out before, or brought before.
static void
s_bring_late (plan_t *self, unsigned end)
{
    for (size_t i = 0; i < self->late_count; i++)
        if (chance_below (3) == 0) {
            s_bring (self, self->late[i]);
            self->late[i--] = self->late[--self->late_count];
        }
    for (unsigned i = 0; i < 100; i++)
        s_bring (self,
                 (planned_t){(uint16_t) chance_below (NODES), (uint16_t) (1 + chance_below (end)),
                             chance_below (3) ? FRAME : OTHER_FRAME});
}

//  Some nodes are there from the start, others come later.
static void
s_plan_batch (plan_t *self, unsigned batch)
{
    self->count = 0;
    for (unsigned seq = 1 + batch * BATCH_S; seq < 1 + (batch + 1) * BATCH_S; seq++)
        for (unsigned node = 0; node < NODES; node++)
            if (node % 3 <= batch)
                s_bring_by_chance (self, node, seq);
    s_bring_late (self, (batch + 1) * BATCH_S);
}

//  Other changes between two appends.
static void
s_mark_and_expire (store_t *store, unsigned batch)
{
    size_t expired;
    const loss_t loss = {.range = {1, batch * BATCH_S + 3, batch * BATCH_S + 9},
                         .cause = LOSS_ABSENT};
    assert_int_equal (store_mark_lost (store, "n1", &loss), 0);
    if (batch == 5)
        while (store_expire (store, MINUTE_WALL_S + 40, UINT64_MAX, &expired) == 1)
            continue;
}

static database_t *
s_open_database (const char *path)
{
    char error[512];
    database_fault_t why;
    database_t *database =
        database_new (path, &(database_options_t){.memory_bytes = 4 << 20}, &why, error);
    assert_non_null (database);
    return database;
}

//  Values may differ that tell the store's identity, or a number of the inbox.
static bool
s_may_differ (const void *key, size_t size, const void *value, size_t value_size)
{
    store_bytes_t identity = store_key_identity ();
    unsigned group;
    uint64_t number;
    return store_read_unwritten (key, size, value, value_size, &group, &number) == 0 ||
           (size == identity.size && memcmp (key, identity.data, size) == 0);
}

//  The records are the same, but for the identity, and for the numbers of the inbox, which count
//  parts.
static void
s_assert_same_record (const scan_t *one, const scan_t *other)
{
    size_t size, other_size;
    unsigned group, other_group;
    uint64_t number;
    const void *key = scan_key (one, &size), *other_key = scan_key (other, &other_size);
    assert_int_equal (size, other_size);
    if (store_read_inbox_key (key, size, &group, &number) == 0) {
        assert_int_equal (store_read_inbox_key (other_key, size, &other_group, &number), 0);
        assert_int_equal (group, other_group);
    } else
        assert_memory_equal (key, other_key, size);
    const void *value = scan_value (one, &other_size);
    if (s_may_differ (key, size, value, other_size))
        return;
    const void *other_value = scan_value (other, &size);
    assert_int_equal (size, other_size);
    assert_memory_equal (value, other_value, size);
}

//  Returns how many keys there are.
static size_t
s_assert_same_keys (database_t *one, database_t *other, store_bytes_t first, store_bytes_t end)
{
    char error[DATABASE_ERROR_MAX];
    scan_t *scans[2] = {scan_new (one, first.data, first.size, end.data, end.size),
                        scan_new (other, first.data, first.size, end.data, end.size)};
    size_t count = 0;
    int rc;
    while ((rc = scan_next (scans[0], error)) == 1) {
        assert_int_equal (scan_next (scans[1], error), 1);
        s_assert_same_record (scans[0], scans[1]);
        count++;
    }
    assert_int_equal (rc, 0);
    assert_int_equal (scan_next (scans[1], error), 0);
    scan_destroy (&scans[0]);
    scan_destroy (&scans[1]);
    return count;
}

static void
s_assert_same_databases (const char *path, const char *other_path)
{
    database_t *one = s_open_database (path), *other = s_open_database (other_path);
    const store_bytes_t first = {.size = 0}, end = {.data = {0xFF}, .size = 1};
    assert_true (s_assert_same_keys (one, other, first, end) > 10 * NODES);
    assert_true (s_assert_same_keys (one, other, store_key_ranges_first (),
                                     store_key_ranges_end ()) > NODES);
    assert_true (s_assert_same_keys (one, other, store_key_inbox (0, 0),
                                     store_key_inbox (STORE_GROUPS, 0)) > NODES / 2);
    database_destroy (&one);
    database_destroy (&other);
}

static void
s_assert_same_figures (store_t *one, store_t *other)
{
    store_stats_t stats, other_stats;
    store_stats (one, &stats);
    store_stats (other, &other_stats);
    assert_int_equal (stats.nodes, other_stats.nodes);
    assert_int_equal (stats.frames, other_stats.frames);
    assert_int_equal (stats.bytes, other_stats.bytes);
    assert_int_equal (stats.lost, other_stats.lost);
    assert_int_equal (stats.conflicts, other_stats.conflicts);
    assert_int_equal (stats.duplicates, other_stats.duplicates);
    assert_int_equal (stats.chunks, other_stats.chunks);
    assert_memory_equal (stats.rows, other_stats.rows, sizeof stats.rows);
    assert_true (stats.frames > 0 && stats.duplicates > 0 && stats.conflicts > 0);
}

static void
s_assert_rollups (store_t *store, const plan_t *plan)
{
    char difference[512];
    uint64_t rows;
    for (unsigned i = 0; i < NODES; i++)
        assert_int_equal (store_audit_rollups (store, plan->names[i], &rows, difference), 0);
}

static void
test_append_on_two_threads_stores_what_one_thread_stores (void **state)
{
    enum { BATCHES = 11 }; //  The last one ends in the middle of a minute
    fixture_t *fixture = *state;
    char other_path[160];
    plan_t *plan = s_plan_new ();
    snprintf (other_path, sizeof other_path, "%s-alone", fixture->path);
    store_t *alone = s_open (other_path, 1);
    for (unsigned batch = 0; batch < BATCHES; batch++) {
        s_plan_batch (plan, batch);
        s_append (fixture->store, plan, 0);
        s_append (alone, plan, 1);
        s_close_the_rest (fixture->store);
        s_close_the_rest (alone);
        assert_memory_equal (plan->verdicts[0], plan->verdicts[1],
                             plan->count * sizeof plan->verdicts[0][0]);
        s_assert_same_figures (fixture->store, alone);
        s_mark_and_expire (fixture->store, batch);
        s_mark_and_expire (alone, batch);
    }
    s_assert_rollups (fixture->store, plan);
    store_destroy (&fixture->store);
    store_destroy (&alone);
    s_assert_same_databases (fixture->path, other_path);
    free (plan);
}

//  More frames are over than an append rewrites: the rest is left, and each minute is rewritten
//  once, whoever does.
static void
test_two_hands_leave_minutes_for_the_next_append_as_one_does (void **state)
{
    fixture_t *fixture = *state;
    plan_t *plan = s_plan_new ();
    store_stats_t stats;
    s_bring_seconds (plan, 1, 61);
    s_append (fixture->store, plan, 0);
    plan->count = 0;
    s_bring_seconds (plan, 61, 75);
    s_append (fixture->store, plan, 0);
    store_stats (fixture->store, &stats);
    assert_in_range (stats.chunks, 1, NODES - 1);
    s_close_the_rest (fixture->store);
    store_stats (fixture->store, &stats);
    assert_int_equal (stats.chunks, NODES);
    s_assert_rollups (fixture->store, plan);
    free (plan);
}

//  --- one fails -------------------------------------------------------------------------------

static int
s_set_up_small_disk (void **state)
{
    if (set_up_small_disk (state, "size=100m")) {
        fixture_t *fixture = *state;
        fixture->store = s_open (fixture->path, 2);
    }
    return 0;
}

static uint64_t
s_count_frames (store_t *store, const char *node)
{
    const void *data;
    size_t size;
    uint64_t frames = 0;
    store_cursor_t *cursor = store_cursor_new (store, node, INT64_MIN, INT64_MAX);
    while (store_cursor_next (cursor, &data, &size) == 1)
        frames++;
    store_cursor_destroy (&cursor);
    return frames;
}

//  Each node has all frames or only those it had before, in the books as in the database. Returns
//  how many have all.
static unsigned
s_count_written (store_t *store, const plan_t *plan, uint64_t before, uint64_t all)
{
    unsigned written = 0;
    for (unsigned i = 0; i < NODES; i++) {
        store_node_t node = {.frames = 0};
        store_node (store, plan->names[i], &node);
        assert_true (node.frames == before || node.frames == all);
        assert_int_equal (s_count_frames (store, plan->names[i]), node.frames);
        written += node.frames == all;
    }
    return written;
}

static uint64_t
s_bytes (const plan_t *plan)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < plan->count; i++)
        bytes += plan->records[i].size;
    return bytes;
}

//  The frames that are brought are let in, and close minutes that make them half as much again: in
//  three parts, of which the disk has room for the first one that is written, and for no other.
static void
test_what_one_hand_cannot_write_the_books_do_not_list (void **state)
{
    enum { BEFORE = 21, FRAMES = 59, RESERVE_MIB = 68 };
    fixture_t *fixture = *state;
    char ballast[128];
    if (!fixture->store)
        skip ();
    plan_t *plan = s_plan_new ();
    s_bring_seconds (plan, 1, 2);
    s_bring_kind (plan, LARGE_NO_FRAME, 2, 1 + BEFORE);
    s_append (fixture->store, plan, 0);
    store_destroy (&fixture->store);
    fixture->store = s_open (fixture->path, 2);

    plan->count = 0;
    s_bring_kind (plan, LARGE_FRAME, 61, 61 + FRAMES);
    assert_in_range (s_bytes (plan), 5 * MIB, 7 * MIB);
    snprintf (ballast, sizeof ballast, "%s/ballast", fixture->root);
    fill_small_disk (fixture, ballast, RESERVE_MIB * MIB + s_bytes (plan) + 8192);
    assert_int_equal (store_append (fixture->store, plan->records, plan->count, plan->verdicts[0]),
                      -1);
    unsigned written = s_count_written (fixture->store, plan, BEFORE, BEFORE + FRAMES);
    assert_in_range (written, 1, NODES - 1);

    assert_int_equal (unlink (ballast), 0);
    s_append (fixture->store, plan, 0);
    unsigned duplicates = 0;
    for (size_t i = 0; i < plan->count; i++)
        duplicates += plan->verdicts[0][i] == STORE_DUPLICATE;
    assert_int_equal (duplicates, written * FRAMES);
    assert_int_equal (s_count_written (fixture->store, plan, BEFORE, BEFORE + FRAMES), NODES);
    reopen (fixture);
    assert_int_equal (s_count_written (fixture->store, plan, BEFORE, BEFORE + FRAMES), NODES);
    free (plan);
}

//  --- a kill ----------------------------------------------------------------------------------

static int
s_append_until_killed (const char *path)
{
    plan_t *plan = s_plan_new ();
    store_t *store = s_open (path, 2);
    for (unsigned batch = 0;; batch++) {
        uint64_t done = batch + 1;
        plan->count = 0;
        s_bring_seconds (plan, 1 + batch * BATCH_S, 1 + (batch + 1) * BATCH_S);
        if (store_append (store, plan->records, plan->count, plan->verdicts[0]) ||
            write (STDOUT_FILENO, &done, sizeof done) != sizeof done)
            return EXIT_FAILURE;
    }
}

//  Each node has what was confirmed, and of what followed all of an append or nothing.
static void
s_assert_whole (store_t *store, const plan_t *plan, uint64_t confirmed)
{
    for (unsigned i = 0; i < NODES; i++) {
        store_node_t node = {.frames = 0};
        store_node (store, plan->names[i], &node);
        assert_true (node.frames >= confirmed * BATCH_S);
        assert_int_equal (node.frames % BATCH_S, 0);
        assert_int_equal (node.missing, 0);
        assert_int_equal (s_count_frames (store, plan->names[i]), node.frames);
    }
}

static void
test_a_kill_while_two_hands_write_leaves_each_node_whole (void **state)
{
    enum { KILLS = 3 };
    fixture_t *fixture = *state;
    char *arguments[] = {"test_store_hands", "append", fixture->path, NULL};
    plan_t *plan = s_plan_new ();
    for (uint64_t batches = 1; batches <= KILLS; batches++) {
        store_destroy (&fixture->store);
        uint64_t confirmed = appender_kill_after (arguments, batches);
        fixture->store = s_open (fixture->path, 2);
        s_assert_whole (fixture->store, plan, confirmed);
    }
    s_assert_rollups (fixture->store, plan);
    free (plan);
}

//  --- others meanwhile ------------------------------------------------------------------------

typedef struct {
    store_t *store;
    const plan_t *plan;
    atomic_bool done; //  All is appended
} shared_t;

//  A node's part of a batch is seen whole or not at all.
static void *
s_read_frames_until_done (void *argument)
{
    shared_t *shared = argument;
    for (unsigned i = 0; !atomic_load (&shared->done); i = (i + 7) % NODES) {
        const char *name = shared->plan->names[i];
        store_node_t node = {.frames = 0};
        store_node (shared->store, name, &node);
        assert_int_equal (node.frames % BATCH_S, 0);
        assert_int_equal (s_count_frames (shared->store, name) % BATCH_S, 0);
    }
    return NULL;
}

static void *
s_read_windows_until_done (void *argument)
{
    enum { WINDOWS = 8 };
    shared_t *shared = argument;
    partial_t *partials = calloc (WINDOWS, sizeof *partials);
    store_ask_t asks[WINDOWS];
    for (unsigned first = 0; !atomic_load (&shared->done); first++) {
        for (unsigned i = 0; i < WINDOWS; i++)
            asks[i] = (store_ask_t){shared->plan->names[(first + 31 * i) % NODES],
                                    MINUTE_WALL_S + 13 * i,
                                    MINUTE_WALL_S + 1000,
                                    METRIC_ALL,
                                    &partials[i],
                                    true};
        assert_int_equal (store_windows (shared->store, asks, WINDOWS), 0);
        for (unsigned i = 0; i < WINDOWS; i++) {
            assert_int_equal (partials[i].metrics[METRIC_runqlat].histogram.count,
                              partials[i].frames);
            assert_int_equal (partials[i].present_s, partials[i].frames);
        }
    }
    free (partials);
    return NULL;
}

static void *
s_mark_lost_until_done (void *argument)
{
    shared_t *shared = argument;
    for (uint64_t seq = 5000; !atomic_load (&shared->done); seq += 2) {
        const loss_t loss = {.range = {1, seq, seq}, .cause = LOSS_ABSENT};
        store_stats_t stats;
        assert_int_equal (store_mark_lost (shared->store, "n1", &loss), 0);
        store_stats (shared->store, &stats);
        usleep (1000);
    }
    return NULL;
}

static void
test_readers_see_sound_state_while_two_hands_append (void **state)
{
    enum { BATCHES = 5 };
    fixture_t *fixture = *state;
    plan_t *plan = s_plan_new ();
    shared_t shared = {.store = fixture->store, .plan = plan};
    void *(*const mains[]) (void *) = {s_read_frames_until_done, s_read_windows_until_done,
                                       s_mark_lost_until_done};
    pthread_t others[3];
    store_stats_t stats;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal (pthread_create (&others[i], NULL, mains[i], &shared), 0);
    for (unsigned batch = 0; batch < BATCHES; batch++) {
        plan->count = 0;
        s_bring_seconds (plan, 1 + batch * BATCH_S, 1 + (batch + 1) * BATCH_S);
        s_append (fixture->store, plan, 0);
    }
    atomic_store (&shared.done, true);
    for (unsigned i = 0; i < 3; i++)
        pthread_join (others[i], NULL);
    store_stats (fixture->store, &stats);
    assert_int_equal (stats.frames, NODES * BATCHES * BATCH_S);
    free (plan);
}

int
main (int argc, char **argv)
{
    if (argc == 3 && strcmp (argv[1], "append") == 0)
        return s_append_until_killed (argv[2]);
#define HANDS_TEST(test) cmocka_unit_test_setup_teardown (test, s_set_up, tear_down)
    const struct CMUnitTest tests[] = {
        HANDS_TEST (test_a_large_append_is_dealt_with_on_two_threads_and_a_small_one_on_its_own),
        HANDS_TEST (test_append_on_two_threads_stores_what_one_thread_stores),
        HANDS_TEST (test_two_hands_leave_minutes_for_the_next_append_as_one_does),
        HANDS_TEST (test_a_kill_while_two_hands_write_leaves_each_node_whole),
        HANDS_TEST (test_readers_see_sound_state_while_two_hands_append),
        cmocka_unit_test_setup_teardown (test_what_one_hand_cannot_write_the_books_do_not_list,
                                         s_set_up_small_disk, tear_down_small_disk),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
