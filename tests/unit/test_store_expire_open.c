//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about retention and minutes that are open: what rollups say is the direct sum of all
//  frames that were added, to the last bit, whenever which of them went.
#include "test_store.h"
#include "test_chance.h"
#include "test_group.h"

#include "storage/level.h"

#define MIDNIGHT_S 1764028800
#define ORIGIN_S   (MIDNIGHT_S - 2 * HOUR_S)
#define TRUTH_S    (8 * DAY_S)
#define NODES      3
#define FRAMES_MAX 12000
#define BATCH_MAX  512
#define NO_LIMIT   UINT64_MAX
#define ANY        1 //  Seconds that any frame covers, beside those of the metric

//  A frame of one histogram of one event, or of none.
typedef struct {
    uint64_t epoch, seq, event_ns;
    int64_t start_wall_s;
    uint32_t span_s;
    bool measured;
} sent_t;

//  What a node sent and the store added: the truth.
typedef struct {
    char name[NODE_NAME_MAX + 1];
    uint64_t epoch, seq;
    int64_t next_wall_s; //  Start of its next frame
    sent_t *added;       //  Owned
    size_t count;
    sent_t late[64]; //  Sent but held up
    size_t late_count;
    uint8_t covered[2][TRUTH_S];
} sender_t;

typedef struct {
    fixture_t *fixture;
    sender_t nodes[NODES]; //  All of one group
    int64_t unit_s;        //  Windows of whole ones are known
    bool tells_seconds;
} world_t;

static int
s_set_up (void **state)
{
    world_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    set_up ((void **) &self->fixture);
    name_group (self->nodes[0].name, sizeof (sender_t), NODES);
    for (unsigned i = 0; i < NODES; i++) {
        self->nodes[i].epoch = 1;
        self->nodes[i].next_wall_s = ORIGIN_S;
        self->nodes[i].added = calloc (FRAMES_MAX, sizeof (sent_t));
        assert_non_null (self->nodes[i].added);
    }
    self->unit_s = MINUTE_S;
    self->tells_seconds = true;
    chance_state = 88172645463325252;
    *state = self;
    return 0;
}

static int
s_tear_down (void **state)
{
    world_t *self = *state;
    void *fixture = self->fixture;
    tear_down (&fixture);
    for (unsigned i = 0; i < NODES; i++)
        free (self->nodes[i].added);
    free (self);
    return 0;
}

//  --- sending ---------------------------------------------------------------------------------

static sent_t
s_make (sender_t *node, uint32_t span_s)
{
    sent_t sent = {.epoch = node->epoch,
                   .seq = ++node->seq,
                   .event_ns = 1 + chance_below (1ULL << 30),
                   .start_wall_s = node->next_wall_s,
                   .span_s = span_s,
                   .measured = chance_below (8) > 0};
    node->next_wall_s += span_s;
    return sent;
}

static store_record_t
s_encode (const sender_t *node, const sent_t *sent, uint8_t data[256])
{
    frame_t frame = {.epoch = sent->epoch,
                     .seq = sent->seq,
                     .start_wall_s = sent->start_wall_s,
                     .span_s = sent->span_s,
                     .version = "0.1.0"};
    strcpy (frame.node, node->name);
    frame_metric_t *metric = &frame.metrics[METRIC_runqlat];
    metric->measured = sent->measured;
    if (sent->measured)
        histogram_add (&metric->histogram, sent->event_ns);
    metric->total_count = sent->seq;
    metric->total_sum = UINT64_MAX / 2;
    store_record_t one = record (node->name, sent->epoch, sent->seq, sent->start_wall_s, "");
    one.span_s = sent->span_s;
    one.data = data;
    one.size = frame_encode (&frame, data, 256);
    assert_true (one.size > 0);
    return one;
}

static void
s_note (sender_t *node, const sent_t *sent)
{
    size_t second = (size_t) (sent->start_wall_s - ORIGIN_S);
    assert_true (node->count < FRAMES_MAX && second + sent->span_s < TRUTH_S);
    node->added[node->count++] = *sent;
    memset (&node->covered[ANY][second], 1, sent->span_s);
    if (sent->measured)
        memset (&node->covered[0][second], 1, sent->span_s);
}

//  Append frames of a node in one batch. Only late ones may have expired.
static void
s_send (world_t *self, sender_t *node, const sent_t *sent, size_t count, bool may_expire)
{
    static uint8_t data[BATCH_MAX][256];
    store_record_t records[BATCH_MAX];
    store_verdict_t verdicts[BATCH_MAX];
    assert_true (count <= BATCH_MAX);
    for (size_t i = 0; i < count; i++)
        records[i] = s_encode (node, &sent[i], data[i]);
    assert_int_equal (store_append (self->fixture->store, records, count, verdicts), 0);
    for (size_t i = 0; i < count; i++)
        if (verdicts[i] == STORE_ADDED)
            s_note (node, &sent[i]);
        else
            assert_true (may_expire && verdicts[i] == STORE_EXPIRED);
}

//  Frames of one second each, one after the other.
static void
s_send_seconds (world_t *self, sender_t *node, size_t count)
{
    sent_t sent[BATCH_MAX];
    for (size_t i = 0; i < count; i++)
        sent[i] = s_make (node, 1);
    s_send (self, node, sent, count, false);
}

static void
s_send_junk (world_t *self, sender_t *node)
{
    store_record_t junk =
        record (node->name, node->epoch, node->seq + 1, node->next_wall_s, "no frame");
    assert_int_equal (append_one (self->fixture->store, junk), STORE_ADDED);
    node->seq++;
    node->next_wall_s++;
}

//  --- retention -------------------------------------------------------------------------------

static size_t
s_expire (world_t *self, int64_t before_wall_s, uint64_t most_bytes)
{
    size_t expired, all = 0;
    int rc;
    do {
        rc = store_expire (self->fixture->store, before_wall_s, most_bytes, &expired);
        all += expired;
    } while (rc == 1);
    assert_int_equal (rc, 0);
    return all;
}

static void
s_expire_rows (world_t *self, unsigned level, int64_t before_wall_s)
{
    size_t expired;
    int rc;
    do
        rc = store_expire_rollups (self->fixture->store, level, before_wall_s, &expired);
    while (rc == 1);
    assert_int_equal (rc, 0);
}

static uint64_t
s_frames (world_t *self)
{
    store_stats_t stats;
    store_stats (self->fixture->store, &stats);
    return stats.frames;
}

//  --- truths ----------------------------------------------------------------------------------

//  What the frames of a stretch add up to.
typedef struct {
    uint64_t frames, seconds[2];
    histogram_t histogram;
} sum_t;

static void
s_sum (const sender_t *node, int64_t since_wall_s, int64_t until_wall_s, sum_t *sum)
{
    memset (sum, 0, sizeof *sum);
    for (size_t i = 0; i < node->count; i++) {
        const sent_t *sent = &node->added[i];
        if (sent->start_wall_s < since_wall_s || sent->start_wall_s >= until_wall_s)
            continue;
        sum->frames++;
        if (sent->measured)
            histogram_add (&sum->histogram, sent->event_ns);
    }
    for (int64_t at = since_wall_s - ORIGIN_S; at < until_wall_s - ORIGIN_S && at < TRUTH_S; at++)
        for (unsigned i = 0; at >= 0 && i < 2; i++)
            sum->seconds[i] += node->covered[i][at];
}

static void
s_assert_window (world_t *self, const sender_t *node, int64_t since_wall_s, int64_t until_wall_s)
{
    sum_t sum;
    partial_t window;
    s_sum (node, since_wall_s, until_wall_s, &sum);
    assert_int_equal (store_window (self->fixture->store, node->name, since_wall_s, until_wall_s,
                                    METRIC_ALL, &window),
                      0);
    const partial_metric_t *metric = &window.metrics[METRIC_runqlat];
    if (sum.frames != window.frames)
        fail_msg ("%s [%lld, %lld): %llu frames were added; the store says %llu", node->name,
                  (long long) (since_wall_s - ORIGIN_S), (long long) (until_wall_s - ORIGIN_S),
                  (unsigned long long) sum.frames, (unsigned long long) window.frames);
    assert_int_equal (metric->histogram.count, sum.histogram.count);
    assert_true (metric->histogram.sum == sum.histogram.sum);
    assert_memory_equal (metric->histogram.buckets, sum.histogram.buckets,
                         sizeof sum.histogram.buckets);
    if (!self->tells_seconds)
        return;
    assert_int_equal (window.present_s, sum.seconds[ANY]);
    assert_int_equal (metric->present_s, sum.seconds[0]);
}

static void
s_assert_windows (world_t *self, const sender_t *node, unsigned count)
{
    uint64_t units = (uint64_t) (TRUTH_S / self->unit_s);
    int64_t first_wall_s = period_floor (ORIGIN_S, self->unit_s);
    s_assert_window (self, node, first_wall_s, first_wall_s + TRUTH_S + DAY_S);
    for (unsigned i = 0; i < count; i++) {
        int64_t since_wall_s = first_wall_s + self->unit_s * (int64_t) chance_below (units);
        int64_t most = chance_below (2) ? 3 : 300;
        s_assert_window (self, node, since_wall_s,
                         since_wall_s + self->unit_s * (1 + (int64_t) chance_below (most)));
    }
}

static void
s_assert_audited (world_t *self)
{
    uint64_t rows;
    char difference[512] = "";
    for (unsigned i = 0; i < NODES; i++)
        if (store_audit_rollups (self->fixture->store, self->nodes[i].name, &rows, difference))
            fail_msg ("%s", difference);
}

//  Every whole unit, of every node, now and after the store was opened again.
static void
s_assert_all (world_t *self)
{
    for (int opened = 0; opened < 2; opened++) {
        for (unsigned i = 0; i < NODES; i++)
            s_assert_windows (self, &self->nodes[i], 200);
        s_assert_audited (self);
        reopen (self->fixture);
    }
}

//  --- claims ----------------------------------------------------------------------------------

//  As after an outage longer than frames are kept: all are due when they come.
static void
test_frames_older_than_the_age_are_in_every_rollup (void **state)
{
    world_t *self = *state;
    sender_t *node = &self->nodes[0];
    while (node->next_wall_s < MIDNIGHT_S + HOUR_S) {
        s_send_seconds (self, node, 1);
        if (chance_below (50) == 0)
            s_expire (self, MIDNIGHT_S + 30 * DAY_S, NO_LIMIT);
    }
    s_assert_window (self, node, MIDNIGHT_S - HOUR_S, MIDNIGHT_S);
    s_assert_window (self, node, MIDNIGHT_S - DAY_S, MIDNIGHT_S);
    s_assert_all (self);
}

//  Rows of minutes are due too, right after their hour was closed.
static void
test_frames_older_than_minutes_are_kept_are_in_every_hour (void **state)
{
    world_t *self = *state;
    sender_t *node = &self->nodes[0];
    self->unit_s = HOUR_S;
    while (node->next_wall_s < MIDNIGHT_S + HOUR_S) {
        s_send_seconds (self, node, 1);
        if (chance_below (20) > 0)
            continue;
        s_expire (self, MIDNIGHT_S + 30 * DAY_S, NO_LIMIT);
        s_expire_rows (self, LEVEL_MINUTES, MIDNIGHT_S + 30 * DAY_S);
    }
    s_assert_all (self);
}

static void
test_an_open_minute_goes_once_all_of_it_is_due_and_its_rollups_stay (void **state)
{
    world_t *self = *state;
    sender_t *node = &self->nodes[0];
    s_send_seconds (self, node, 30);
    assert_int_equal (s_expire (self, ORIGIN_S + 59, NO_LIMIT), 0);
    assert_int_equal (s_frames (self), 30);
    assert_int_equal (s_expire (self, ORIGIN_S + 60, NO_LIMIT), 30);
    assert_int_equal (s_frames (self), 0);
    s_assert_all (self);
    s_send_seconds (self, node, 40); //  The rest of the minute, and the next one
    s_assert_all (self);
}

static void
test_over_the_size_an_open_minute_goes_and_its_rollups_stay (void **state)
{
    world_t *self = *state;
    s_send_seconds (self, &self->nodes[0], 30);
    s_send_seconds (self, &self->nodes[1], 200);
    store_stats_t stats;
    store_stats (self->fixture->store, &stats);
    assert_int_equal (s_expire (self, INT64_MIN, stats.bytes - 1), 30);
    assert_true (s_expire (self, INT64_MIN, 0) == 200);
    s_assert_all (self);
}

//  More frames than a chunk has room for, of several epochs.
static void
test_a_crowded_open_minute_goes_and_its_rollups_stay (void **state)
{
    world_t *self = *state;
    sender_t *node = &self->nodes[0];
    for (; node->epoch <= 6; node->epoch++) {
        node->seq = 0;
        node->next_wall_s = ORIGIN_S;
        s_send_seconds (self, node, 60);
    }
    assert_int_equal (s_expire (self, ORIGIN_S + 60, NO_LIMIT), 360);
    s_assert_all (self);
}

static void
test_bytes_that_are_no_frame_go_from_an_open_minute_and_hold_up_nobody (void **state)
{
    world_t *self = *state;
    sender_t *node = &self->nodes[0];
    s_send_seconds (self, node, 3);
    s_send_junk (self, node);
    s_send_seconds (self, node, 3);
    assert_int_equal (s_expire (self, ORIGIN_S + 60, NO_LIMIT), 7);
    node->next_wall_s = ORIGIN_S + 70;
    s_send_junk (self, node);
    s_send_seconds (self, node, 3);
    s_send_seconds (self, &self->nodes[1], 3);
    assert_int_equal (s_expire (self, ORIGIN_S + 120, NO_LIMIT), 4 + 3);
    assert_int_equal (s_frames (self), 0);
    s_assert_all (self);
}

//  More minutes at once than an append may rewrite.
static void
test_minutes_that_wait_for_their_turn_go_and_their_rollups_stay (void **state)
{
    world_t *self = *state;
    for (unsigned i = 0; i < NODES; i++)
        for (int part = 0; part < 10; part++)
            s_send_seconds (self, &self->nodes[i], BATCH_MAX);
    assert_int_equal (s_expire (self, ORIGIN_S + DAY_S, NO_LIMIT), NODES * 10 * BATCH_MAX);
    assert_int_equal (s_frames (self), 0);
    s_assert_all (self);
}

//  --- any stream ------------------------------------------------------------------------------

static uint32_t
s_random_span (void)
{
    if (chance_below (30) > 0)
        return 1;
    return 1 + (uint32_t) chance_below (chance_below (4) > 0 ? 100 : 5000);
}

//  The next frames of a node, some of which are held up.
static void
s_send_some (world_t *self, sender_t *node, bool holds_up)
{
    sent_t sent[40];
    size_t count = 0;
    for (uint64_t left = 1 + chance_below (40); left > 0; left--) {
        sent_t one = s_make (node, s_random_span ());
        if (holds_up && chance_below (12) == 0 && node->late_count < 64)
            node->late[node->late_count++] = one;
        else
            sent[count++] = one;
        uint64_t missing =
            chance_below (40) == 0 ? chance_below (chance_below (4) ? 100 : 3000) : 0;
        node->seq += missing;
        node->next_wall_s += (int64_t) missing;
    }
    s_send (self, node, sent, count, false);
}

static void
s_send_late (world_t *self, sender_t *node)
{
    if (node->late_count == 0)
        return;
    size_t picked = chance_below (node->late_count);
    s_send (self, node, &node->late[picked], 1, true);
    node->late[picked] = node->late[--node->late_count];
}

static void
s_begin_epoch (sender_t *node, bool steps_back)
{
    node->epoch++;
    node->seq = 0;
    node->next_wall_s += steps_back && chance_below (2) ? -(int64_t) chance_below (300)
                                                        : (int64_t) chance_below (300);
    if (node->next_wall_s < ORIGIN_S)
        node->next_wall_s = ORIGIN_S;
}

static void
s_expire_some (world_t *self, const sender_t *node)
{
    store_stats_t stats;
    store_stats (self->fixture->store, &stats);
    if (chance_below (4) > 0)
        s_expire (self, node->next_wall_s - 600 + (int64_t) chance_below (900), NO_LIMIT);
    else
        s_expire (self, INT64_MIN, stats.bytes - chance_below (stats.bytes / 2 + 1));
    for (unsigned level = 0; level_get (level)->period_s < self->unit_s; level++)
        if (chance_below (2))
            s_expire_rows (self, level, node->next_wall_s - (int64_t) chance_below (3 * HOUR_S));
}

//  Late: frames are held up, and clocks set back.
static void
s_play (world_t *self, uint64_t seed, bool late)
{
    chance_state = seed;
    for (unsigned step = 0; step < 1200; step++) {
        sender_t *node = &self->nodes[chance_below (NODES)];
        if (node->next_wall_s > ORIGIN_S + TRUTH_S - 3 * DAY_S || node->count > FRAMES_MAX - 100)
            break;
        s_send_some (self, node, late);
        if (chance_below (2))
            s_send_late (self, node);
        if (chance_below (30) == 0)
            s_begin_epoch (node, late);
        if (chance_below (6) == 0)
            s_expire_some (self, node);
        if (chance_below (40) == 0)
            reopen (self->fixture);
        if (chance_below (10) == 0)
            s_assert_windows (self, node, 4);
        if (chance_below (60) == 0)
            s_assert_audited (self);
    }
    assert_true (self->nodes[0].count > 1000);
    s_assert_all (self);
}

static void
test_minutes_equal_the_direct_sum_whatever_has_expired (void **state)
{
    s_play (*state, 11, true);
}

static void
test_hours_equal_the_direct_sum_whatever_has_expired (void **state)
{
    world_t *self = *state;
    self->unit_s = HOUR_S;
    s_play (self, 12, false);
}

static void
test_days_equal_the_direct_sum_whatever_has_expired (void **state)
{
    world_t *self = *state;
    self->unit_s = DAY_S;
    s_play (self, 13, false);
}

//  Which seconds are new nobody knows where minutes are gone, but events count.
static void
test_days_have_the_events_of_frames_that_are_late_whatever_has_expired (void **state)
{
    world_t *self = *state;
    self->unit_s = DAY_S;
    self->tells_seconds = false;
    s_play (self, 14, true);
}

int
main (void)
{
#define WORLD_TEST(test) cmocka_unit_test_setup_teardown (test, s_set_up, s_tear_down)
    const struct CMUnitTest tests[] = {
        WORLD_TEST (test_frames_older_than_the_age_are_in_every_rollup),
        WORLD_TEST (test_frames_older_than_minutes_are_kept_are_in_every_hour),
        WORLD_TEST (test_an_open_minute_goes_once_all_of_it_is_due_and_its_rollups_stay),
        WORLD_TEST (test_over_the_size_an_open_minute_goes_and_its_rollups_stay),
        WORLD_TEST (test_a_crowded_open_minute_goes_and_its_rollups_stay),
        WORLD_TEST (test_bytes_that_are_no_frame_go_from_an_open_minute_and_hold_up_nobody),
        WORLD_TEST (test_minutes_that_wait_for_their_turn_go_and_their_rollups_stay),
        WORLD_TEST (test_minutes_equal_the_direct_sum_whatever_has_expired),
        WORLD_TEST (test_hours_equal_the_direct_sum_whatever_has_expired),
        WORLD_TEST (test_days_equal_the_direct_sum_whatever_has_expired),
        WORLD_TEST (test_days_have_the_events_of_frames_that_are_late_whatever_has_expired),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
