//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about ranges that only the inbox tells of: they are not written with every batch, yet
//  every opening of the store finds the ranges that it had, whatever came, went or was late.
#include "test_store.h"
#include "test_chance.h"
#include "test_group.h"

#include "schema/frame.h"
#include "storage/database.h"
#include "storage/store_key.h"
#include "storage/unwritten.h"

#define MINUTE_WALL_S 1763990040 //  The edge of a minute
#define NODES         6
#define STEPS         600
#define BATCH_MAX     30
#define BYTES_MAX     (8u << 10)
#define NO_LIMIT      UINT64_MAX

typedef struct {
    char name[NODE_NAME_MAX + 1];
    uint64_t epoch, seq;
    int64_t since_wall_s; //  Where its epoch begins: each frame starts seq seconds behind it
} node_t;

typedef struct {
    fixture_t *fixture;
    node_t nodes[NODES]; //  All of one group
    uint8_t data[BATCH_MAX][BYTES_MAX];
} world_t;

static int
s_set_up (void **state)
{
    world_t *world = calloc (1, sizeof *world);
    assert_non_null (world);
    set_up ((void **) &world->fixture);
    name_group (world->nodes[0].name, sizeof (node_t), NODES);
    for (unsigned i = 0; i < NODES; i++) {
        world->nodes[i].epoch = 1;
        world->nodes[i].since_wall_s = MINUTE_WALL_S - 1;
    }
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

//  The frame of a node and seq, the same bytes whenever it is made; some are large and do not
//  decode.
static store_record_t
s_make (const node_t *node, uint64_t seq, uint8_t data[BYTES_MAX])
{
    store_record_t record = {.node = node->name,
                             .epoch = node->epoch,
                             .seq = seq,
                             .start_wall_s = node->since_wall_s + (int64_t) seq,
                             .span_s = 1,
                             .data = data};
    frame_t frame = {.epoch = node->epoch,
                     .seq = seq,
                     .start_wall_s = record.start_wall_s,
                     .span_s = 1,
                     .version = "0.1.0"};
    memcpy (frame.node, node->name, sizeof frame.node);
    record.size = frame_encode (&frame, data, BYTES_MAX);
    assert_true (record.size > 0);
    if (seq % 7 == 3)
        memset (data, (int) (seq % 251), record.size = BYTES_MAX);
    return record;
}

static void
s_append_seq (world_t *self, const node_t *node, uint64_t seq)
{
    assert_int_equal (append_one (self->fixture->store, s_make (node, seq, self->data[0])),
                      STORE_ADDED);
}

//  --- what is written -------------------------------------------------------------------------

//  The last seq of the first run of a node's first epoch that the database itself has; 0: none.
static uint64_t
s_written (world_t *self, const node_t *node)
{
    const database_options_t options = {.memory_bytes = 4 << 20};
    store_bytes_t first = store_key_range (node->name, 1, 1);
    store_bytes_t end = store_key_range (node->name, 1, 2);
    database_fault_t fault;
    store_range_t range = {.last_seq = 0};
    char error[DATABASE_ERROR_MAX], name[NODE_NAME_MAX + 1];
    size_t key_size, size;
    store_destroy (&self->fixture->store);
    database_t *database = database_new (self->fixture->path, &options, &fault, error);
    assert_non_null (database);
    scan_t *scan = scan_new (database, first.data, first.size, end.data, end.size);
    if (scan_next (scan, error) == 1) {
        const void *key = scan_key (scan, &key_size), *value = scan_value (scan, &size);
        assert_int_equal (store_read_range (key, key_size, value, size, name, &range), 0);
    }
    scan_destroy (&scan);
    database_destroy (&database);
    self->fixture->store = open_store (self->fixture->path);
    return range.last_seq;
}

static void
s_assert_last_seq (world_t *self, const node_t *node, uint64_t last_seq)
{
    store_range_t *runs;
    size_t count;
    assert_int_equal (store_ranges (self->fixture->store, node->name, &runs, &count), 0);
    assert_int_equal (count, 1);
    assert_int_equal (runs[0].last_seq, last_seq);
    free (runs);
}

static void
test_a_range_is_written_when_its_minute_closes (void **state)
{
    world_t *self = *state;
    node_t *node = &self->nodes[0];
    for (uint64_t seq = 1; seq <= 60; seq++)
        s_append_seq (self, node, seq);
    assert_int_equal (s_written (self, node), 0);
    s_assert_last_seq (self, node, 60);
    s_append_seq (self, node, 61);
    assert_int_equal (s_written (self, node), 61);
    s_append_seq (self, node, 62);
    assert_int_equal (s_written (self, node), 61);
    s_assert_last_seq (self, node, 62);
}

//  All frames of the group count, of which one in seven is large.
static void
test_a_range_is_written_before_much_of_the_inbox_tells_of_it (void **state)
{
    world_t *self = *state;
    node_t *silent = &self->nodes[0];
    s_append_seq (self, silent, 1);
    assert_int_equal (s_written (self, silent), 0);
    for (unsigned i = 1; i < NODES; i++)
        for (uint64_t seq = 1; seq <= 60; seq++)
            s_append_seq (self, &self->nodes[i], seq);
    assert_true (60 / 7 * (NODES - 1) * BYTES_MAX > UNWRITTEN_BYTES_MAX);
    assert_int_equal (s_written (self, silent), 1);
    s_append_seq (self, silent, 2);
    assert_int_equal (s_written (self, silent), 1);
    s_assert_last_seq (self, silent, 2);
}

static void
test_a_range_is_written_with_a_late_frame (void **state)
{
    world_t *self = *state;
    node_t *node = &self->nodes[0];
    s_append_seq (self, node, 1);
    for (uint64_t seq = 61; seq <= 63; seq++)
        s_append_seq (self, node, seq);
    assert_int_equal (s_written (self, node), 1);
    s_append_seq (self, node, 2);
    assert_int_equal (s_written (self, node), 2);
}

static void
s_expire_all (world_t *self)
{
    size_t expired;
    int rc;
    while ((rc = store_expire (self->fixture->store, INT64_MAX, NO_LIMIT, &expired)) == 1)
        continue;
    assert_int_equal (rc, 0);
}

//  Marks of groups are numbers of records. Where no record is left they must still be behind what
//  comes next.
static void
test_a_range_is_found_in_an_inbox_that_retention_had_emptied (void **state)
{
    world_t *self = *state;
    node_t *node = &self->nodes[0];
    for (uint64_t seq = 1; seq <= 61; seq++)
        s_append_seq (self, node, seq);
    s_expire_all (self);
    reopen (self->fixture);
    s_append_seq (self, node, 62);
    s_assert_last_seq (self, node, 62);
    reopen (self->fixture);
    s_assert_last_seq (self, node, 62);
}

//  --- any stream ------------------------------------------------------------------------------

//  What is known of all nodes.
typedef struct {
    store_range_t *runs[NODES];
    size_t counts[NODES];
    store_stats_t stats;
} books_t;

static void
s_read_books (world_t *self, books_t *books)
{
    for (unsigned i = 0; i < NODES; i++)
        assert_int_equal (store_ranges (self->fixture->store, self->nodes[i].name, &books->runs[i],
                                        &books->counts[i]),
                          0);
    store_stats (self->fixture->store, &books->stats);
}

static void
s_assert_equal (const books_t *one, const books_t *other)
{
    for (unsigned i = 0; i < NODES; i++) {
        assert_int_equal (one->counts[i], other->counts[i]);
        if (one->counts[i] > 0)
            assert_memory_equal (one->runs[i], other->runs[i],
                                 one->counts[i] * sizeof *one->runs[i]);
    }
    assert_int_equal (one->stats.frames, other->stats.frames);
    assert_int_equal (one->stats.bytes, other->stats.bytes);
    assert_int_equal (one->stats.lost, other->stats.lost);
}

static void
s_clear_books (books_t *books)
{
    for (unsigned i = 0; i < NODES; i++)
        free (books->runs[i]);
}

static void
s_assert_reopening_changes_nothing (world_t *self)
{
    books_t before, after;
    s_read_books (self, &before);
    reopen (self->fixture);
    s_read_books (self, &after);
    s_assert_equal (&before, &after);
    s_clear_books (&before);
    s_clear_books (&after);
}

//  Mostly the next seq; some are left out, and some of those come later, or again.
static uint64_t
s_choose_seq (node_t *node)
{
    uint64_t chance = chance_below (20);
    if (chance == 0 && node->seq > 0)
        return 1 + chance_below (node->seq);
    if (chance == 1 && node->seq > 5)
        return node->seq - chance_below (5);
    node->seq += chance == 2 ? 1 + chance_below (4) : chance == 3 ? 1 + chance_below (70) : 1;
    return node->seq;
}

static void
s_append_some (world_t *self)
{
    store_record_t records[BATCH_MAX];
    store_verdict_t verdicts[BATCH_MAX];
    size_t count = 1 + chance_below (BATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        node_t *node = &self->nodes[chance_below (NODES)];
        records[i] = s_make (node, s_choose_seq (node), self->data[i]);
    }
    assert_int_equal (store_append (self->fixture->store, records, count, verdicts), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_not_equal (verdicts[i], STORE_CONFLICT);
}

static void
s_begin_epoch (node_t *node)
{
    node->since_wall_s += (int64_t) node->seq;
    node->seq = 0;
    node->epoch++;
}

static void
s_expire_some (world_t *self)
{
    size_t expired;
    int64_t newest_wall_s = self->nodes[0].since_wall_s + (int64_t) self->nodes[0].seq;
    int64_t before_wall_s = newest_wall_s - (int64_t) chance_below (200);
    assert_true (store_expire (self->fixture->store, before_wall_s, NO_LIMIT, &expired) >= 0);
}

static void
test_every_opening_finds_the_ranges_that_there_were (void **state)
{
    world_t *self = *state;
    for (unsigned step = 0; step < STEPS; step++) {
        s_append_some (self);
        if (chance_below (40) == 0)
            s_begin_epoch (&self->nodes[chance_below (NODES)]);
        if (chance_below (60) == 0)
            s_expire_some (self);
        if (chance_below (6) == 0)
            s_assert_reopening_changes_nothing (self);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_a_range_is_written_when_its_minute_closes, s_set_up,
                                         s_tear_down),
        cmocka_unit_test_setup_teardown (
            test_a_range_is_written_before_much_of_the_inbox_tells_of_it, s_set_up, s_tear_down),
        cmocka_unit_test_setup_teardown (test_a_range_is_written_with_a_late_frame, s_set_up,
                                         s_tear_down),
        cmocka_unit_test_setup_teardown (
            test_a_range_is_found_in_an_inbox_that_retention_had_emptied, s_set_up, s_tear_down),
        cmocka_unit_test_setup_teardown (test_every_opening_finds_the_ranges_that_there_were,
                                         s_set_up, s_tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
