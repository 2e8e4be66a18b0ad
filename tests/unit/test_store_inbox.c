//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about the inbox: whatever nodes share its records, each one's frames come back byte for
//  byte and add up, however they were batched, when their minutes closed, and who went silent.
#include "test_store.h"
#include "test_chance.h"
#include "test_cost.h"
#include "test_group.h"

#include "storage/database.h"
#include "storage/inbox.h"
#include "storage/store_key.h"

#define MINUTE_WALL_S 1763990040 //  The edge of a minute
#define NODES         12
#define FRAMES_MAX    400
#define CROWD         100
#define BYTES_MAX     256

//  What a node sent.
typedef struct {
    char name[NODE_NAME_MAX + 1];
    uint64_t seq;
    int64_t start_wall_s; //  Of the next frame
    store_record_t frames[FRAMES_MAX];
    uint8_t data[FRAMES_MAX][BYTES_MAX];
} node_t;

typedef struct {
    fixture_t *fixture;
    node_t nodes[NODES]; //  All of one group
} world_t;

static int
s_set_up (void **state)
{
    world_t *world = calloc (1, sizeof *world);
    assert_non_null (world);
    set_up ((void **) &world->fixture);
    name_group (world->nodes[0].name, sizeof (node_t), NODES);
    for (unsigned i = 0; i < NODES; i++)
        world->nodes[i].start_wall_s = MINUTE_WALL_S;
    chance_state = 88172645463325252;
    *state = world;
    return 0;
}

static int
s_tear_down (void **state)
{
    world_t *world = *state;
    void *fixture = world->fixture;
    tear_down (&fixture);
    free (world);
    return 0;
}

//  Make a node's next frame, with one event of a length that tells frames apart.
static const store_record_t *
s_make (node_t *node, int64_t start_wall_s)
{
    assert_true (node->seq < FRAMES_MAX);
    uint8_t *data = node->data[node->seq];
    store_record_t *frame = &node->frames[node->seq++];
    frame_t made = {.epoch = 1,
                    .seq = node->seq,
                    .start_wall_s = start_wall_s,
                    .span_s = 1,
                    .version = "0.1.0"};
    memcpy (made.node, node->name, sizeof made.node);
    frame_metric_t *metric = &made.metrics[METRIC_runqlat];
    metric->measured = true;
    histogram_add (&metric->histogram, 1000 + node->seq);
    metric->total_count = node->seq;
    metric->total_sum = UINT64_MAX / 2;
    size_t size = frame_encode (&made, data, BYTES_MAX);
    assert_true (size > 0);
    *frame = (store_record_t){node->name, 1, node->seq, start_wall_s, 1, data, size};
    return frame;
}

static const store_record_t *
s_make_next (node_t *node)
{
    return s_make (node, node->start_wall_s++);
}

static void
s_append (world_t *self, const store_record_t *records, size_t count)
{
    store_verdict_t verdicts[FRAMES_MAX];
    assert_true (count <= FRAMES_MAX);
    assert_int_equal (store_append (self->fixture->store, records, count, verdicts), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal (verdicts[i], STORE_ADDED);
}

//  One frame each of the first nodes, in one batch.
static void
s_append_second (world_t *self, unsigned nodes)
{
    store_record_t records[NODES];
    for (unsigned i = 0; i < nodes; i++)
        records[i] = *s_make_next (&self->nodes[i]);
    s_append (self, records, nodes);
}

//  Every node's frames from one on come back by time and by name, and add up.
static void
s_assert_node (world_t *self, const node_t *node, uint64_t first_seq)
{
    const seq_range_t range = {1, 1, UINT64_MAX};
    store_cursor_t *cursors[2] = {
        store_cursor_new (self->fixture->store, node->name, INT64_MIN, INT64_MAX),
        store_cursor_new_replay (self->fixture->store, node->name, &range)};
    partial_t window;
    const void *data;
    size_t size;
    for (int i = 0; i < 2; i++) {
        for (uint64_t seq = first_seq; seq <= node->seq; seq++) {
            const store_record_t *sent = &node->frames[seq - 1];
            assert_int_equal (store_cursor_next (cursors[i], &data, &size), 1);
            assert_int_equal (size, sent->size);
            assert_memory_equal (data, sent->data, size);
        }
        assert_int_equal (store_cursor_next (cursors[i], &data, &size), 0);
        store_cursor_destroy (&cursors[i]);
    }
    assert_int_equal (store_window (self->fixture->store, node->name, MINUTE_WALL_S,
                                    MINUTE_WALL_S + 86400, METRIC_ALL, &window),
                      0);
    if (first_seq == 1) {
        assert_int_equal (window.frames, node->seq);
        assert_int_equal (window.metrics[METRIC_runqlat].histogram.count, node->seq);
    }
}

static void
s_assert_all (world_t *self)
{
    for (unsigned i = 0; i < NODES; i++)
        s_assert_node (self, &self->nodes[i], 1);
}

//  The records in the inbox, and all frames in them, dead ones too.
static size_t
s_count_records (world_t *self, size_t *frames)
{
    char error[DATABASE_ERROR_MAX];
    database_fault_t fault;
    const database_options_t options = {.memory_bytes = 4 << 20};
    store_destroy (&self->fixture->store);
    database_t *database = database_new (self->fixture->path, &options, &fault, error);
    assert_non_null (database);
    store_bytes_t first = store_key_inbox (0, 0), end = store_key_inbox (STORE_GROUPS, 0);
    scan_t *scan = scan_new (database, first.data, first.size, end.data, end.size);
    size_t records = 0, size;
    *frames = 0;
    for (; scan_next (scan, error) == 1; records++) {
        store_record_t frame;
        taker_t taker = {.next = scan_value (scan, &size)};
        taker.end = taker.next + size;
        while (inbox_take (&taker, &frame) == 1)
            (*frames)++;
    }
    scan_destroy (&scan);
    database_destroy (&database);
    self->fixture->store = open_store (self->fixture->path);
    return records;
}

static void
test_what_a_batch_brings_to_a_group_is_one_record (void **state)
{
    world_t *world = *state;
    size_t frames;
    for (int i = 0; i < 3; i++)
        s_append_second (world, NODES);
    assert_int_equal (s_count_records (world, &frames), 3);
    assert_int_equal (frames, 3 * NODES);
    s_assert_all (world);
}

static void
test_a_closed_minute_leaves_nothing_in_the_inbox (void **state)
{
    world_t *world = *state;
    store_stats_t stats;
    size_t frames;
    for (int i = 0; i < 61; i++)
        s_append_second (world, NODES);
    assert_int_equal (s_count_records (world, &frames), 1);
    assert_int_equal (frames, NODES);
    store_stats (world->fixture->store, &stats);
    assert_int_equal (stats.chunks, NODES);
    s_assert_all (world);
}

static void
test_the_frames_of_a_silent_node_move_out_of_dead_records (void **state)
{
    world_t *world = *state;
    size_t frames;
    for (int i = 0; i < 30; i++)
        s_append_second (world, NODES);
    for (int i = 0; i < 300; i++)
        s_append_second (world, NODES - 1);
    assert_true (s_count_records (world, &frames) <= 62);
    assert_in_range (frames, 30 + 1, 2 * (30 + 60 * (NODES - 1)));
    s_assert_all (world);
}

//  Nodes at their own pace, in batches of any make, some frames late, the store opened now and
//  then.
static void
test_frames_survive_any_batches_and_restarts (void **state)
{
    world_t *world = *state;
    store_record_t records[64];
    for (int round = 0; round < 120; round++) {
        size_t count = 1 + chance_below (30);
        for (size_t i = 0; i < count; i++) {
            node_t *node = &world->nodes[chance_below (NODES)];
            node->start_wall_s += chance_below (20) ? 0 : (int64_t) chance_below (150);
            records[i] = *s_make_next (node);
        }
        s_append (world, records, count);
        if (chance_below (20) == 0)
            reopen (world->fixture);
        if (chance_below (20) == 0)
            s_assert_all (world);
    }
    s_assert_all (world);
    for (unsigned i = 0; i < NODES; i++) {
        uint64_t rows;
        char difference[512] = "";
        assert_int_equal (
            store_audit_rollups (world->fixture->store, world->nodes[i].name, &rows, difference),
            0);
    }
}

static void
test_a_frame_of_the_inbox_is_known_by_name_and_bytes (void **state)
{
    world_t *world = *state;
    for (int i = 0; i < 5; i++)
        s_append_second (world, NODES);
    reopen (world->fixture);
    store_record_t again = world->nodes[3].frames[2], other = again, moved = again;
    other.data = world->nodes[3].frames[3].data;
    other.size = world->nodes[3].frames[3].size;
    moved.start_wall_s++;
    assert_int_equal (append_one (world->fixture->store, again), STORE_DUPLICATE);
    assert_int_equal (append_one (world->fixture->store, other), STORE_CONFLICT);
    assert_int_equal (append_one (world->fixture->store, moved), STORE_CONFLICT);
    s_assert_all (world);
}

//  The minute is closed first, and the next one stays open.
static void
test_expired_minutes_leave_the_inbox_and_the_others_stay (void **state)
{
    world_t *world = *state;
    size_t expired, frames;
    for (int i = 0; i < 20; i++)
        s_append_second (world, NODES);
    assert_int_equal (
        store_expire (world->fixture->store, MINUTE_WALL_S + 59, UINT64_MAX, &expired), 0);
    s_count_records (world, &frames);
    assert_int_equal (frames, 20 * NODES);
    for (unsigned i = 0; i < NODES / 2; i++)
        world->nodes[i].start_wall_s = MINUTE_WALL_S + 60;
    for (int i = 0; i < 5; i++)
        s_append_second (world, NODES / 2);
    while (store_expire (world->fixture->store, MINUTE_WALL_S + 60, UINT64_MAX, &expired) == 1)
        ;
    s_count_records (world, &frames);
    assert_in_range (frames, 5 * NODES / 2, 2 * 5 * NODES / 2); //  Some of them dead
    for (unsigned i = 0; i < NODES; i++)
        s_assert_node (world, &world->nodes[i], 21);
    assert_int_equal (append_one (world->fixture->store, world->nodes[0].frames[0]), STORE_EXPIRED);
}

static void
test_a_late_frame_meets_its_closed_minute (void **state)
{
    world_t *world = *state;
    partial_t window;
    node_t *node = &world->nodes[0];
    for (int i = 0; i < 61; i++)
        s_append_second (world, NODES);
    store_record_t late = *s_make (node, MINUTE_WALL_S + 3);
    late.epoch = 2;
    frame_t made;
    const char *reason;
    wire_reader_t *reader = wire_reader_new ();
    assert_int_equal (frame_decode (&made, reader, late.data, late.size, &reason), 0);
    wire_reader_destroy (&reader);
    made.epoch = 2;
    late.size = frame_encode (&made, node->data[node->seq - 1], BYTES_MAX);
    assert_int_equal (append_one (world->fixture->store, late), STORE_ADDED);
    assert_int_equal (store_window (world->fixture->store, node->name, MINUTE_WALL_S,
                                    MINUTE_WALL_S + 60, METRIC_ALL, &window),
                      0);
    assert_int_equal (window.frames, 61);
}

//  One frame each of many nodes, of one second.
static void
s_append_crowd (world_t *self, unsigned nodes, int64_t start_wall_s)
{
    static node_t senders[CROWD];
    store_record_t records[CROWD];
    for (unsigned i = 0; i < nodes; i++) {
        node_t *node = &senders[i];
        snprintf (node->name, sizeof node->name, "crowd%u", i);
        node->seq = (uint64_t) (start_wall_s - MINUTE_WALL_S);
        records[i] = *s_make (node, start_wall_s);
    }
    s_append (self, records, nodes);
}

static uint64_t
s_count_chunks (const world_t *self)
{
    store_stats_t stats;
    store_stats (self->fixture->store, &stats);
    return stats.chunks;
}

//  60 frames of each of 100 nodes are more than one append rewrites.
static void
test_minutes_that_wait_for_their_turn_are_counted_and_closed_by_the_next_append (void **state)
{
    world_t *world = *state;
    char name[NODE_NAME_MAX + 1];
    partial_t window;
    for (int i = 0; i <= 60; i++)
        s_append_crowd (world, CROWD, MINUTE_WALL_S + i);
    assert_in_range (s_count_chunks (world), 1, CROWD - 1);
    for (unsigned i = 0; i < CROWD; i++) {
        snprintf (name, sizeof name, "crowd%u", i);
        assert_int_equal (store_window (world->fixture->store, name, MINUTE_WALL_S + 1,
                                        MINUTE_WALL_S + 61, METRIC_ALL, &window),
                          0);
        assert_int_equal (window.frames, 60);
        assert_int_equal (window.present_s, 60);
    }
    s_append_crowd (world, 1, MINUTE_WALL_S + 61);
    assert_int_equal (s_count_chunks (world), CROWD);
}

//  A frame that is none, among those of an open minute, is kept and stops nobody.
static void
test_bytes_that_are_no_frame_come_back_from_a_closed_minute (void **state)
{
    world_t *world = *state;
    node_t *node = &world->nodes[0];
    s_append_second (world, NODES);
    static const uint8_t junk[] = "no frame";
    node->frames[node->seq++] =
        (store_record_t){node->name, 1, 2, node->start_wall_s++, 1, junk, sizeof junk};
    s_append (world, &node->frames[1], 1);
    node->frames[node->seq++] =
        (store_record_t){node->name, 1, 3, node->start_wall_s + 70, 1, junk, sizeof junk};
    s_append (world, &node->frames[2], 1);
    node->start_wall_s += 200;
    for (int i = 0; i < 3; i++)
        s_append_second (world, 1);
    const void *data;
    size_t size;
    store_cursor_t *cursor =
        store_cursor_new (world->fixture->store, node->name, INT64_MIN, INT64_MAX);
    for (uint64_t seq = 1; seq <= node->seq; seq++) {
        assert_int_equal (store_cursor_next (cursor, &data, &size), 1);
        assert_int_equal (size, node->frames[seq - 1].size);
        assert_memory_equal (data, node->frames[seq - 1].data, size);
    }
    assert_int_equal (store_cursor_next (cursor, &data, &size), 0);
    store_cursor_destroy (&cursor);
}

//  --- chosen names ----------------------------------------------------------------------------

#define CHOSEN       4000
#define CHOSEN_BYTES 128

typedef char name_t[NODE_NAME_MAX + 1];

//  Append one frame of each node.
static void
s_append_chosen (store_t *store, name_t *names, int64_t second)
{
    static uint8_t data[CHOSEN][CHOSEN_BYTES];
    static store_record_t records[CHOSEN];
    static store_verdict_t verdicts[CHOSEN];
    for (unsigned i = 0; i < CHOSEN; i++) {
        frame_t frame = {.epoch = 1,
                         .seq = 1 + (uint64_t) second,
                         .start_wall_s = MINUTE_WALL_S + second,
                         .span_s = 1,
                         .version = "0.1.0"};
        strcpy (frame.node, names[i]);
        records[i] = record (names[i], 1, frame.seq, frame.start_wall_s, "");
        records[i].data = data[i];
        records[i].size = frame_encode (&frame, data[i], sizeof data[i]);
        assert_true (records[i].size > 0);
    }
    assert_int_equal (store_append (store, records, CHOSEN, verdicts), 0);
}

//  How long it takes to close a minute of all these nodes.
static double
s_time_closing (world_t *world, name_t *names)
{
    store_stats_t stats;
    for (int64_t second = 0; second < 60; second++)
        s_append_chosen (world->fixture->store, names, second);
    double begin_s = cpu_s ();
    for (int64_t second = 60; second < 120; second++) {
        s_append_chosen (world->fixture->store, names, second);
        store_stats (world->fixture->store, &stats);
        if (stats.chunks % CHOSEN == 0)
            return cpu_s () - begin_s;
    }
    fail_msg ("%llu minutes are closed", (unsigned long long) stats.chunks);
    return 0;
}

static void
test_names_chosen_to_share_a_group_make_closing_not_much_dearer (void **state)
{
    world_t *world = *state;
    static name_t names[CHOSEN];
    unsigned group = store_group ("crowd"), found = 0;
    for (unsigned i = 0; i < CHOSEN; i++)
        snprintf (names[i], sizeof names[i], "m%u", i);
    double usual_s = s_time_closing (world, names);
    for (unsigned i = 0; found < CHOSEN; i++) {
        snprintf (names[found], sizeof names[found], "c%u", i);
        found += store_group (names[found]) == group;
    }
    double crowded_s = s_time_closing (world, names);
    assert_true (crowded_s < 2 * usual_s);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_what_a_batch_brings_to_a_group_is_one_record,
                                         s_set_up, s_tear_down),
        cmocka_unit_test_setup_teardown (test_a_closed_minute_leaves_nothing_in_the_inbox, s_set_up,
                                         s_tear_down),
        cmocka_unit_test_setup_teardown (test_the_frames_of_a_silent_node_move_out_of_dead_records,
                                         s_set_up, s_tear_down),
        cmocka_unit_test_setup_teardown (test_frames_survive_any_batches_and_restarts, s_set_up,
                                         s_tear_down),
        cmocka_unit_test_setup_teardown (test_a_frame_of_the_inbox_is_known_by_name_and_bytes,
                                         s_set_up, s_tear_down),
        cmocka_unit_test_setup_teardown (test_expired_minutes_leave_the_inbox_and_the_others_stay,
                                         s_set_up, s_tear_down),
        cmocka_unit_test_setup_teardown (test_a_late_frame_meets_its_closed_minute, s_set_up,
                                         s_tear_down),
        cmocka_unit_test_setup_teardown (
            test_minutes_that_wait_for_their_turn_are_counted_and_closed_by_the_next_append,
            s_set_up, s_tear_down),
        cmocka_unit_test_setup_teardown (
            test_bytes_that_are_no_frame_come_back_from_a_closed_minute, s_set_up, s_tear_down),
        cmocka_unit_test_setup_teardown (
            test_names_chosen_to_share_a_group_make_closing_not_much_dearer, s_set_up, s_tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
