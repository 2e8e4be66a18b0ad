//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about rollups: any window equals the direct sum over the frames in it, to the last bit,
//  whatever was missing, late, overlapping or long, and whenever it is asked.
#include "test_store.h"
#include "test_chance.h"
#include "test_cost.h"
#include "test_frames.h"

#include <sys/resource.h>

#include "storage/database.h"
#include "storage/store_key.h"

#define FRAMES_MAX 4000
#define ORIGIN_S   1763990000 //  No edge of a minute
#define TRUTH_S    (5 * 86400)
#define ANY        METRIC_COUNT_

typedef struct {
    frame_t frame;
    bool appended;
} planned_t;

//  The truth beside the store: what was appended, and which seconds it covers.
typedef struct {
    fixture_t *fixture;
    planned_t *planned;
    size_t count;
    uint8_t covered[METRIC_COUNT_ + 1][TRUTH_S];
} bench_t;

static int
s_set_up (void **state)
{
    bench_t *bench = calloc (1, sizeof *bench);
    assert_non_null (bench);
    bench->planned = calloc (FRAMES_MAX, sizeof *bench->planned);
    assert_non_null (bench->planned);
    set_up ((void **) &bench->fixture);
    *state = bench;
    return 0;
}

static int
s_tear_down (void **state)
{
    bench_t *bench = *state;
    void *fixture = bench->fixture;
    tear_down (&fixture);
    free (bench->planned);
    free (bench);
    return 0;
}

//  --- frames ----------------------------------------------------------------------------------

//  Frames of one epoch from a second on, with names missing. Returns where they end.
static int64_t
s_plan_epoch (bench_t *self, uint64_t epoch, int64_t start_wall_s, size_t count)
{
    uint64_t seq = 1 + chance_below (3) * chance_below (100);
    for (size_t i = 0; i < count && self->count < FRAMES_MAX; i++) {
        frame_t *frame = &self->planned[self->count].frame;
        *frame = (frame_t){.node = "n1",
                           .epoch = epoch,
                           .seq = seq,
                           .start_wall_s = start_wall_s,
                           .span_s = span_by_chance (20, 10),
                           .source = chance_below (500) ? FRAME_FROM_BPF : FRAME_FROM_SYNTHETIC,
                           .version = "0.1.0"};
        if (epoch % 7 == 3)
            frame->scope = (scope_t){.kind = SCOPE_PID, .pid = (uint32_t) epoch};
        if (start_wall_s + frame->span_s >= ORIGIN_S + TRUTH_S)
            break;
        fill_metrics_by_chance (frame, 8, 40);
        self->count++;
        uint64_t missing = chance_below (30) ? 0 : chance_below (100);
        seq += 1 + missing;
        start_wall_s += frame->span_s + (int64_t) missing + (chance_below (50) ? 0 : 1);
    }
    return start_wall_s;
}

static void
s_plan (bench_t *self)
{
    int64_t start_wall_s = ORIGIN_S;
    for (uint64_t epoch = 1; self->count < FRAMES_MAX; epoch++) {
        start_wall_s = s_plan_epoch (self, epoch, start_wall_s, 1 + chance_below (200));
        if (start_wall_s >= ORIGIN_S + TRUTH_S - 86400)
            break;
        //  The next epoch begins within the last one, right behind it, or after a gap.
        if (chance_below (3) == 0)
            start_wall_s -= (int64_t) chance_below (300);
        else if (chance_below (3) == 0)
            start_wall_s += (int64_t) chance_below (10000);
        if (start_wall_s < ORIGIN_S)
            start_wall_s = ORIGIN_S;
    }
}

static void
s_cover (bench_t *self, unsigned id, const frame_t *frame)
{
    memset (&self->covered[id][frame->start_wall_s - ORIGIN_S], 1, frame->span_s);
}

static void
s_note (bench_t *self, planned_t *planned)
{
    planned->appended = true;
    s_cover (self, ANY, &planned->frame);
    for (unsigned id = 0; id < METRIC_COUNT_; id++)
        if (planned->frame.metrics[id].measured)
            s_cover (self, id, &planned->frame);
}

//  Append planned frames in one batch.
static void
s_append (bench_t *self, planned_t *const *planned, size_t count)
{
    static uint8_t buffers[64][16384];
    store_record_t records[64];
    store_verdict_t verdicts[64];
    assert_true (count <= 64);
    for (size_t i = 0; i < count; i++) {
        const frame_t *frame = &planned[i]->frame;
        size_t size = frame_encode (frame, buffers[i], sizeof buffers[i]);
        assert_true (size > 0);
        records[i] = (store_record_t){frame->node,   frame->epoch, frame->seq, frame->start_wall_s,
                                      frame->span_s, buffers[i],   size};
    }
    char error[512] = "";
    if (store_append (self->fixture->store, records, count, verdicts)) {
        store_error (self->fixture->store, error);
        fail_msg ("%s", error);
    }
    for (size_t i = 0; i < count; i++) {
        assert_int_equal (verdicts[i], STORE_ADDED);
        s_note (self, planned[i]);
    }
}

//  --- windows ---------------------------------------------------------------------------------

static void
s_sum (const bench_t *self, int64_t since, int64_t until, metric_set_t metrics, partial_t *sum)
{
    partial_init (sum, "n1", since, until);
    for (size_t i = 0; i < self->count; i++) {
        const planned_t *planned = &self->planned[i];
        if (planned->appended && planned->frame.start_wall_s >= since &&
            planned->frame.start_wall_s < until)
            partial_add_frame (sum, &planned->frame, metrics, 0);
    }
    size_t first = since > ORIGIN_S ? (size_t) (since - ORIGIN_S) : 0;
    for (size_t second = first; second < TRUTH_S && (int64_t) second + ORIGIN_S < until; second++) {
        sum->present_s += self->covered[ANY][second];
        for (unsigned id = 0; id < METRIC_COUNT_; id++)
            if (metrics & METRIC_BIT (id))
                sum->metrics[id].present_s += self->covered[id][second];
    }
}

static void
s_assert_window (const bench_t *self, int64_t since, int64_t until, metric_set_t metrics)
{
    partial_t sum, window;
    s_sum (self, since, until, metrics, &sum);
    assert_int_equal (store_window (self->fixture->store, "n1", since, until, metrics, &window), 0);
    if (sum.frames != window.frames || sum.present_s != window.present_s)
        fail_msg ("[%lld, %lld): %llu frames, %llu s; the store says %llu, %llu",
                  (long long) (since - ORIGIN_S), (long long) (until - ORIGIN_S),
                  (unsigned long long) sum.frames, (unsigned long long) sum.present_s,
                  (unsigned long long) window.frames, (unsigned long long) window.present_s);
    assert_int_equal (sum.expected_s, window.expected_s);
    assert_int_equal (sum.synthetic, window.synthetic);
    assert_int_equal (sum.mixed_scopes, window.mixed_scopes);
    if (sum.frames > 0 && !sum.mixed_scopes)
        assert_true (scope_equal (&sum.scope, &window.scope));
    for (unsigned id = 0; id < METRIC_COUNT_; id++) {
        const partial_metric_t *one = &sum.metrics[id], *other = &window.metrics[id];
        assert_int_equal (one->present_s, other->present_s);
        assert_true (one->accrued_ns == other->accrued_ns);
        assert_int_equal (one->histogram.count, other->histogram.count);
        assert_true (one->histogram.sum == other->histogram.sum);
        assert_memory_equal (one->histogram.buckets, other->histogram.buckets,
                             sizeof one->histogram.buckets);
    }
}

//  Lengths from seconds to days, edges anywhere, sometimes on a minute, an hour or a day.
static void
s_assert_windows (const bench_t *self, size_t count)
{
    static const int64_t edges[] = {1, 1, 60, 3600, 86400};
    for (size_t i = 0; i < count; i++) {
        int64_t since = ORIGIN_S - 1000 + (int64_t) chance_below (TRUTH_S);
        int64_t until = since + 1 + (int64_t) chance_below (1 + (1ULL << chance_below (19)));
        int64_t edge = edges[chance_below (5)];
        if (chance_below (4) == 0)
            since -= since % edge;
        if (chance_below (4) == 0)
            until += edge - until % edge;
        s_assert_window (self, since, until,
                         chance_below (3) ? METRIC_ALL
                                          : (metric_set_t) chance_below (METRIC_ALL + 1));
    }
}

//  --- frames again ----------------------------------------------------------------------------

static int
s_compare (const void *one, const void *other)
{
    const frame_t *a = &((const planned_t *) one)->frame, *b = &((const planned_t *) other)->frame;
    if (a->start_wall_s != b->start_wall_s)
        return a->start_wall_s < b->start_wall_s ? -1 : 1;
    if (a->epoch != b->epoch)
        return a->epoch < b->epoch ? -1 : 1;
    return (a->seq > b->seq) - (a->seq < b->seq);
}

//  All frames come back in order, with their bytes.
static void
s_assert_frames (bench_t *self)
{
    static uint8_t buffer[FRAME_MAX_BYTES];
    const void *data;
    size_t size;
    qsort (self->planned, self->count, sizeof *self->planned, s_compare);
    store_cursor_t *cursor = store_cursor_new (self->fixture->store, "n1", 0, INT64_MAX);
    for (size_t i = 0; i < self->count; i++) {
        store_record_t one;
        const frame_t *frame = &self->planned[i].frame;
        size_t expected = frame_encode (frame, buffer, sizeof buffer);
        assert_int_equal (store_cursor_next (cursor, &data, &size), 1);
        assert_int_equal (size, expected);
        assert_memory_equal (data, buffer, size);
        store_cursor_record (cursor, &one);
        assert_true (one.epoch == frame->epoch && one.seq == frame->seq);
        assert_true (one.start_wall_s == frame->start_wall_s && one.span_s == frame->span_s);
    }
    assert_int_equal (store_cursor_next (cursor, &data, &size), 0);
    store_cursor_destroy (&cursor);
}

static store_verdict_t
s_append_again (const bench_t *self, frame_t frame)
{
    static uint8_t buffer[FRAME_MAX_BYTES];
    size_t size = frame_encode (&frame, buffer, sizeof buffer);
    return append_one (self->fixture->store,
                       (store_record_t){frame.node, frame.epoch, frame.seq, frame.start_wall_s,
                                        frame.span_s, buffer, size});
}

//  Frames that stand in chunks by now are known by name and by their bytes.
static void
s_assert_judged (const bench_t *self)
{
    for (size_t i = 0; i < 100; i++) {
        frame_t frame = self->planned[chance_below (self->count)].frame;
        assert_int_equal (s_append_again (self, frame), STORE_DUPLICATE);
        frame.cost.cpu_ns++;
        assert_int_equal (s_append_again (self, frame), STORE_CONFLICT);
    }
}

static void
s_assert_audited (const bench_t *self)
{
    uint64_t rows;
    char difference[512] = "";
    if (store_audit_rollups (self->fixture->store, "n1", &rows, difference))
        fail_msg ("%s", difference);
    assert_true (rows > 100);
}

//  --- retention -------------------------------------------------------------------------------

//  Once the frames are gone, whole minutes are still known; of the others only what is left.
static void
s_assert_outlives_frames (bench_t *self)
{
    store_node_t node;
    size_t expired;
    int rc;
    int64_t before = self->planned[self->count / 2].frame.start_wall_s;
    while ((rc = store_expire (self->fixture->store, before, UINT64_MAX, &expired)) == 1)
        ;
    assert_int_equal (rc, 0);
    assert_int_equal (store_node (self->fixture->store, "n1", &node), 0);
    assert_true (node.frames < self->count);
    reopen (self->fixture);
    for (size_t i = 0; i < 300; i++) {
        partial_t sum, window;
        int64_t since = ORIGIN_S - 1000 + (int64_t) chance_below (TRUTH_S);
        int64_t until = since + 1 + (int64_t) chance_below (1 + (1ULL << chance_below (19)));
        s_assert_window (self, since - since % 60, until + 60 - until % 60, METRIC_ALL);
        s_sum (self, since, until, METRIC_ALL, &sum);
        store_window (self->fixture->store, "n1", since, until, METRIC_ALL, &window);
        assert_true (window.frames <= sum.frames && window.present_s <= sum.present_s);
    }
}

//  Once the minutes of old hours are gone, whole hours are still known.
static void
s_assert_outlives_minutes (bench_t *self)
{
    store_stats_t before, after;
    size_t expired, all = 0;
    int64_t before_wall_s = self->planned[self->count / 3].frame.start_wall_s;
    int rc;
    store_stats (self->fixture->store, &before);
    while ((rc = store_expire_rollups (self->fixture->store, 0, before_wall_s, &expired)) == 1)
        all += expired;
    assert_int_equal (rc, 0);
    all += expired;
    store_stats (self->fixture->store, &after);
    assert_true (all > 0);
    assert_int_equal (before.rows[0] - after.rows[0], all);
    assert_int_equal (before.rows[1], after.rows[1]);
    for (size_t i = 0; i < 300; i++) {
        partial_t sum, window;
        int64_t since = ORIGIN_S - 1000 + (int64_t) chance_below (TRUTH_S);
        int64_t until = since + 1 + (int64_t) chance_below (1 + (1ULL << chance_below (19)));
        s_assert_window (self, since - since % 3600, until + 3600 - until % 3600, METRIC_ALL);
        s_sum (self, since, until, METRIC_ALL, &sum);
        store_window (self->fixture->store, "n1", since, until, METRIC_ALL, &window);
        assert_true (window.frames <= sum.frames && window.present_s <= sum.present_s);
    }
}

//  Append what is planned in order of start, in batches of any size, leaving some out; then those,
//  in any order. Windows are asked and the store is opened again in between.
static void
s_play (bench_t *self, uint64_t seed, unsigned late_in_1000)
{
    planned_t *batch[64] = {0}, **late = calloc (FRAMES_MAX, sizeof *late);
    size_t in_batch = 0, late_count = 0;
    chance_state = seed;
    s_plan (self);
    assert_true (self->count > 1000);
    for (size_t i = 0; i < self->count; i++) {
        if (chance_below (1000) < late_in_1000)
            late[late_count++] = &self->planned[i];
        else
            batch[in_batch++] = &self->planned[i];
        if (late_count > 0 && chance_below (20) == 0 && in_batch < 63) {
            size_t picked = chance_below (late_count);
            batch[in_batch++] = late[picked];
            late[picked] = late[--late_count];
        }
        if (in_batch >= 63 || chance_below (20) == 0) {
            s_append (self, batch, in_batch);
            in_batch = 0;
            s_assert_windows (self, 2);
        }
        if (chance_below (400) == 0) {
            reopen (self->fixture);
            s_assert_windows (self, 20);
        }
    }
    s_append (self, batch, in_batch);
    while (late_count > 0) {
        size_t picked = chance_below (late_count);
        s_append (self, &late[picked], 1);
        late[picked] = late[--late_count];
        if (chance_below (10) == 0)
            s_assert_windows (self, 1);
    }
    free (late);
    reopen (self->fixture);
    s_assert_windows (self, 600);
    s_assert_window (self, INT64_MIN / 4, INT64_MAX / 4, METRIC_ALL);
    s_assert_frames (self);
    s_assert_judged (self);
    s_assert_audited (self);
    s_assert_outlives_frames (self);
    s_assert_audited (self);
    s_assert_outlives_minutes (self);
    s_assert_audited (self);
}

static void
test_windows_equal_the_direct_sum_of_frames_in_order (void **state)
{
    s_play (*state, 20251125, 0);
}

static void
test_windows_equal_the_direct_sum_when_some_frames_are_late (void **state)
{
    s_play (*state, 4, 30);
}

static void
test_windows_equal_the_direct_sum_when_half_the_frames_are_late (void **state)
{
    s_play (*state, 77, 500);
}

//  A rollup changed behind the store's back.
static void
s_damage (bench_t *self, unsigned level, bool remove)
{
    char error[DATABASE_ERROR_MAX];
    database_fault_t fault;
    const database_options_t options = {.memory_bytes = 4 << 20};
    store_destroy (&self->fixture->store);
    database_t *database = database_new (self->fixture->path, &options, &fault, error);
    store_bytes_t first = store_key_rows_first (level), end = store_key_rows_end (level);
    scan_t *scan = scan_new (database, first.data, first.size, end.data, end.size);
    batch_t *batch = batch_new (database);
    size_t key_size, size;
    for (int i = 0; i < 3; i++)
        assert_int_equal (scan_next (scan, error), 1);
    const void *key = scan_key (scan, &key_size), *value = scan_value (scan, &size);
    uint8_t *copy = malloc (size);
    memcpy (copy, value, size);
    copy[size - 3] ^= 1; //  A bucket of the last histogram
    if (remove)
        batch_delete (batch, key, key_size);
    else
        batch_put (batch, key, key_size, copy, size);
    assert_int_equal (database_write (database, batch, error), 0);
    free (copy);
    scan_destroy (&scan);
    batch_destroy (&batch);
    database_destroy (&database);
    self->fixture->store = open_store (self->fixture->path);
}

static void
s_assert_audit_finds (bench_t *self, unsigned level, bool remove)
{
    uint64_t rows;
    char difference[512] = "";
    planned_t *one;
    chance_state = 99;
    s_plan (self);
    for (size_t i = 0; i < self->count; i++) {
        one = &self->planned[i];
        s_append (self, &one, 1);
    }
    s_assert_audited (self);
    s_damage (self, level, remove);
    assert_int_equal (store_audit_rollups (self->fixture->store, "n1", &rows, difference), 1);
    assert_non_null (strstr (difference, level ? "hours" : "minutes"));
}

static void
test_the_audit_finds_a_changed_rollup (void **state)
{
    s_assert_audit_finds (*state, 0, false);
}

static void
test_the_audit_finds_a_missing_rollup (void **state)
{
    s_assert_audit_finds (*state, 1, true);
}

static void
s_append_span (store_t *store, uint64_t seq, int64_t start_wall_s, uint32_t span_s)
{
    uint8_t data[FRAME_MAX_BYTES];
    const frame_t frame = {.node = "n1",
                           .epoch = 1,
                           .seq = seq,
                           .start_wall_s = start_wall_s,
                           .span_s = span_s,
                           .version = "0.1.0"};
    store_record_t one = record ("n1", 1, seq, start_wall_s, "");
    one.span_s = span_s;
    one.data = data;
    one.size = frame_encode (&frame, data, sizeof data);
    assert_int_equal (append_one (store, one), STORE_ADDED);
}

//  --- audits after expiries -------------------------------------------------------------------

static void
s_expire_something (const bench_t *self, size_t appended)
{
    store_t *store = self->fixture->store;
    int64_t before_wall_s =
        self->planned[appended / 2 + chance_below (appended - appended / 2)].frame.start_wall_s;
    unsigned level = (unsigned) chance_below (3 * STORE_LEVELS);
    size_t expired;
    int rc;
    do
        rc = level < STORE_LEVELS ? store_expire_rollups (store, level, before_wall_s, &expired)
                                  : store_expire (store, before_wall_s, UINT64_MAX, &expired);
    while (rc == 1);
    assert_int_equal (rc, 0);
}

//  Its name may have expired.
static void
s_append_any (const bench_t *self, const frame_t *frame)
{
    static uint8_t data[16384];
    store_record_t one = record ("n1", frame->epoch, frame->seq, frame->start_wall_s, "");
    one.span_s = frame->span_s;
    one.data = data;
    one.size = frame_encode (frame, data, sizeof data);
    append_one (self->fixture->store, one);
}

static void
s_assert_audited_whatever_expires (bench_t *self, uint64_t seed)
{
    const frame_t **late = calloc (FRAMES_MAX, sizeof *late);
    size_t late_count = 0;
    uint64_t rows;
    char difference[512] = "";
    assert_non_null (late);
    chance_state = seed;
    s_plan (self);
    for (size_t i = 0; i < self->count; i++) {
        late[late_count] = &self->planned[i].frame;
        if (chance_below (10) > 0)
            s_append_any (self, late[late_count]);
        else
            late_count++;
        if (late_count > 0 && chance_below (20) == 0)
            s_append_any (self, late[--late_count]);
        if (chance_below (100) > 0)
            continue;
        s_expire_something (self, i + 1);
        if (store_audit_rollups (self->fixture->store, "n1", &rows, difference))
            fail_msg ("seed %llu: %s", (unsigned long long) seed, difference);
    }
    free (late);
}

static void
test_audits_agree_whatever_has_expired (void **state)
{
    s_assert_audited_whatever_expires (*state, 35);
}

//  A frame that is gone reaches into minutes that are kept.
static void
test_the_seconds_of_frames_that_are_gone_are_no_mistake (void **state)
{
    bench_t *bench = *state;
    store_t *store = bench->fixture->store;
    const int64_t hour_s = 3600 * 490000LL;
    uint64_t rows;
    size_t expired;
    char difference[512] = "";
    s_append_span (store, 1, hour_s - 30, 120);
    s_append_span (store, 2, hour_s + 300, 1);
    s_append_span (store, 3, hour_s + 400, 1);
    assert_int_equal (store_audit_rollups (store, "n1", &rows, difference), 0);
    assert_int_equal (rows, 4 + 1); //  Minutes 59, 0, 1 and 5, and the hour before
    assert_int_equal (store_expire (store, hour_s, UINT64_MAX, &expired), 0);
    assert_int_equal (expired, 1);
    assert_int_equal (store_expire_rollups (store, 0, hour_s, &expired), 0);
    assert_int_equal (expired, 1);
    if (store_audit_rollups (store, "n1", &rows, difference))
        fail_msg ("%s", difference);
    assert_int_equal (rows, 1);
}

//  --- what a window is read from
//  ------------------------------------------------------------------

//  A frame a minute, at its first second, from midnight on.
static void
s_append_minutes (store_t *store, int64_t midnight_wall_s, uint64_t count)
{
    for (uint64_t seq = 1; seq <= count; seq++)
        s_append_span (store, seq, midnight_wall_s + 60 * (int64_t) (seq - 1), 1);
}

static uint64_t
s_present_s (store_t *store, int64_t since_wall_s, int64_t until_wall_s)
{
    partial_t partial;
    assert_int_equal (store_window (store, "n1", since_wall_s, until_wall_s, METRIC_ALL, &partial),
                      0);
    return partial.present_s;
}

static void
test_a_late_frame_that_reaches_into_the_open_minute_is_seen_by_the_next_window (void **state)
{
    bench_t *bench = *state;
    store_t *store = bench->fixture->store;
    s_append_span (store, 2, 6133, 1);
    assert_int_equal (s_present_s (store, 6000, 6300), 1);
    s_append_span (store, 1, 6080, 53);
    assert_int_equal (s_present_s (store, 6000, 6300), 54);
}

static void
s_assert_plan (store_t *store, int64_t since_wall_s, int64_t until_wall_s, const uint64_t *expected)
{
    store_plan_t plan;
    assert_int_equal (store_window_plan (store, "n1", since_wall_s, until_wall_s, &plan), 0);
    assert_memory_equal (plan.records, expected, sizeof plan.records);
}

//  Each has the rows of 1440 minutes made. Late ones once took twenty times as long.
static void
test_late_frames_that_cover_a_day_cost_not_much_more_than_others (void **state)
{
    enum { FRAMES = 10 };
    bench_t *bench = *state;
    store_t *store = bench->fixture->store;
    const int64_t first_wall_s = 20000 * 86400LL + 17;
    double begun_s = cpu_s ();
    for (unsigned i = FRAMES; i <= 2 * FRAMES; i++)
        s_append_span (store, i + 1, first_wall_s + i * 86400LL, 86400);
    double usual_s = cpu_s () - begun_s;
    begun_s = cpu_s ();
    for (unsigned i = FRAMES; i-- > 0;)
        s_append_span (store, i + 1, first_wall_s + i * 86400LL, 86400);
    assert_true (cpu_s () - begun_s < 6 * usual_s);
    s_assert_audited (bench);
}

#define MINUTES 3000

//  How long an append takes that brings a frame of each of so many minutes.
static double
s_time_minutes (store_t *store, uint64_t first_epoch, int64_t first_wall_s, bool is_reversed)
{
    enum { BYTES = 128 };
    static uint8_t data[MINUTES][BYTES];
    static store_record_t records[MINUTES];
    static store_verdict_t verdicts[MINUTES];
    frame_t frame = {.node = "n1", .seq = 1, .span_s = 1, .version = "0.1.0"};
    for (unsigned i = 0; i < MINUTES; i++) {
        frame.epoch = first_epoch + i;
        frame.start_wall_s = first_wall_s + 60 * (int64_t) (is_reversed ? MINUTES - i : i + 1);
        records[i] = record ("n1", frame.epoch, 1, frame.start_wall_s, "");
        records[i].data = data[i];
        records[i].size = frame_encode (&frame, data[i], BYTES);
        assert_true (records[i].size > 0);
    }
    double begun_s = cpu_s ();
    assert_int_equal (store_append (store, records, MINUTES, verdicts), 0);
    return cpu_s () - begun_s;
}

//  Each minute that closed was once looked for among all frames.
static void
test_minutes_that_come_in_the_wrong_order_are_closed_as_fast_as_others (void **state)
{
    bench_t *bench = *state;
    store_t *store = bench->fixture->store;
    const int64_t first_wall_s = 20000 * 86400LL;
    s_append_span (store, 1, first_wall_s, 1);
    double usual_s = s_time_minutes (store, 2, first_wall_s, false);
    double reversed_s =
        s_time_minutes (store, 2 + MINUTES, first_wall_s + 60 * (MINUTES + 1), true);
    assert_true (reversed_s < 4 * usual_s);
    s_assert_audited (bench);
}

//  Under AddressSanitizer what is freed stays for a while: there is nothing to be seen there.
#define MORE_BYTES_MAX (100u << 20)
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#undef MORE_BYTES_MAX
#define MORE_BYTES_MAX SIZE_MAX
#endif
#endif

static size_t
s_peak_bytes (void)
{
    struct rusage usage;
    assert_int_equal (getrusage (RUSAGE_SELF, &usage), 0);
    return (size_t) usage.ru_maxrss * 1024;
}

//  Frames of another scope than the one before, which come to the first minute of an hour, have all
//  its 60 rows rewritten, each of some KB: 300 MB in all.
static void
test_an_append_of_many_late_frames_takes_little_memory (void **state)
{
    enum { FRAMES = 2000, BYTES = 4096 };
    uint64_t rows;
    char difference[512];
    bench_t *bench = *state;
    store_t *store = bench->fixture->store;
    const int64_t hour_wall_s = 20000 * 86400LL;
    uint8_t *data = malloc (FRAMES * BYTES);
    store_record_t *records = calloc (FRAMES, sizeof *records);
    store_verdict_t *verdicts = calloc (FRAMES, sizeof *verdicts);
    frame_t frame = {.node = "n1", .seq = 1, .span_s = 1, .version = "0.1.0"};
    assert_true (data && records && verdicts);
    frame.metrics[METRIC_runqlat].measured = true;
    for (unsigned slot = 1; slot < 300; slot += 2)
        histogram_add (&frame.metrics[METRIC_runqlat].histogram, bucket_upper_ns (slot));
    frame.metrics[METRIC_runqlat].total_count = frame.metrics[METRIC_runqlat].histogram.count;
    for (unsigned minute = 0; minute <= 60; minute++)
        s_append_span (store, 1 + minute, hour_wall_s + 60 * minute, 1);
    for (unsigned i = 0; i < FRAMES; i++) {
        frame.epoch = 1000 + i;
        frame.start_wall_s = hour_wall_s + i % 60;
        frame.scope = i % 2 ? (scope_t){.kind = SCOPE_PID, .pid = 1} : (scope_t){.pid = 0};
        records[i] = record ("n1", frame.epoch, 1, frame.start_wall_s, "");
        records[i].data = data + i * BYTES;
        records[i].size = frame_encode (&frame, data + i * BYTES, BYTES);
        assert_true (records[i].size > 0);
    }
    size_t peak_bytes = s_peak_bytes ();
    assert_int_equal (store_append (store, records, FRAMES, verdicts), 0);
    assert_true (s_peak_bytes () - peak_bytes < MORE_BYTES_MAX);
    for (unsigned i = 0; i < FRAMES; i++)
        assert_int_equal (verdicts[i], STORE_ADDED);
    assert_int_equal (store_audit_rollups (store, "n1", &rows, difference), 0);
    free (verdicts);
    free (records);
    free (data);
}

static void
test_a_window_is_read_from_the_few_largest_records_that_cover_it (void **state)
{
    bench_t *bench = *state;
    store_t *store = bench->fixture->store;
    const int64_t midnight_s = 86400 * 32 * 600LL, day_s = 86400;
    s_append_minutes (store, midnight_s, 2 * 1440 + 1);
    //  Days, hours, minutes, frames; between two of a level two are read.
    s_assert_plan (store, midnight_s, midnight_s + day_s, (uint64_t[]){1, 0, 0, 0});
    s_assert_plan (store, midnight_s, midnight_s + 7200, (uint64_t[]){0, 1, 0, 0});
    s_assert_plan (store, midnight_s + 3600, midnight_s + 7200, (uint64_t[]){0, 2, 0, 0});
    s_assert_plan (store, midnight_s + 60, midnight_s + 180, (uint64_t[]){0, 0, 2, 0});
    s_assert_plan (store, midnight_s, midnight_s + 30, (uint64_t[]){0, 0, 0, 1});
    s_assert_plan (store, midnight_s + 59, midnight_s + 2 * day_s + 1, (uint64_t[]){2, 2, 2, 1});
}

static void
test_a_window_from_before_the_first_frame_is_read_from_its_largest_records (void **state)
{
    bench_t *bench = *state;
    store_t *store = bench->fixture->store;
    const int64_t midnight_s = 86400 * 32 * 600LL, day_s = 86400;
    const int64_t first_s = midnight_s + 3600 + 120;
    s_append_minutes (store, first_s, 1440 + 1);
    for (int64_t before_s = 0; before_s < 200; before_s += 30) {
        s_assert_plan (store, first_s - before_s, midnight_s + day_s, (uint64_t[]){1, 0, 0, 0});
        s_assert_plan (store, first_s - before_s, midnight_s + 7200, (uint64_t[]){0, 1, 0, 0});
    }
    s_assert_plan (store, first_s + 60, midnight_s + 7200, (uint64_t[]){0, 0, 2, 0});
}

int
main (void)
{
#define BENCH_TEST(test) cmocka_unit_test_setup_teardown (test, s_set_up, s_tear_down)
    const struct CMUnitTest tests[] = {
        BENCH_TEST (test_windows_equal_the_direct_sum_of_frames_in_order),
        BENCH_TEST (test_windows_equal_the_direct_sum_when_some_frames_are_late),
        BENCH_TEST (test_windows_equal_the_direct_sum_when_half_the_frames_are_late),
        BENCH_TEST (test_a_late_frame_that_reaches_into_the_open_minute_is_seen_by_the_next_window),
        BENCH_TEST (test_a_window_is_read_from_the_few_largest_records_that_cover_it),
        BENCH_TEST (test_a_window_from_before_the_first_frame_is_read_from_its_largest_records),
        BENCH_TEST (test_late_frames_that_cover_a_day_cost_not_much_more_than_others),
        BENCH_TEST (test_minutes_that_come_in_the_wrong_order_are_closed_as_fast_as_others),
        BENCH_TEST (test_an_append_of_many_late_frames_takes_little_memory),
        BENCH_TEST (test_the_audit_finds_a_changed_rollup),
        BENCH_TEST (test_the_audit_finds_a_missing_rollup),
        BENCH_TEST (test_audits_agree_whatever_has_expired),
        BENCH_TEST (test_the_seconds_of_frames_that_are_gone_are_no_mistake),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
