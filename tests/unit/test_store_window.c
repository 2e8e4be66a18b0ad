//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about windows: the sums of the frames inside, and every second counted once.
#include "test_store.h"
#include "test_chance.h"
#include "storage/open_minute.h"

//  Encode a frame whose every event of cpudist is of value_ns, and append it.
static void
s_append_frame (store_t *store, frame_t frame, uint64_t events, uint64_t value_ns)
{
    uint8_t buffer[4096];
    store_verdict_t verdict;
    frame_metric_t *cpudist = &frame.metrics[METRIC_cpudist];
    strcpy (frame.version, "0.1.0");
    cpudist->measured = true;
    for (uint64_t i = 0; i < events; i++)
        histogram_add (&cpudist->histogram, value_ns);
    cpudist->accrued_ns = 1000;
    cpudist->total_count = events;
    size_t size = frame_encode (&frame, buffer, sizeof buffer);
    assert_true (size > 0);
    store_record_t one = {frame.node,   frame.epoch, frame.seq, frame.start_wall_s,
                          frame.span_s, buffer,      size};
    assert_int_equal (store_append (store, &one, 1, &verdict), 0);
    assert_int_equal (verdict, STORE_ADDED);
}

static frame_t
s_frame (const char *node, uint64_t epoch, uint64_t seq, int64_t start_wall_s, uint32_t span_s)
{
    frame_t frame = {.epoch = epoch, .seq = seq, .start_wall_s = start_wall_s, .span_s = span_s};
    memcpy (frame.node, node, strlen (node) + 1);
    return frame;
}

//  Seconds present and frames of n1 in a window.
static void
s_assert_coverage (store_t *store, int64_t since, int64_t until, uint64_t present_s,
                   uint64_t frames)
{
    partial_t partial;
    assert_int_equal (store_window (store, "n1", since, until, METRIC_ALL, &partial), 0);
    assert_string_equal (partial.node, "n1");
    assert_int_equal (partial.expected_s, until - since);
    assert_int_equal (partial.present_s, present_s);
    assert_int_equal (partial.metrics[METRIC_cpudist].present_s, present_s);
    assert_int_equal (partial.frames, frames);
}

static void
test_a_window_is_the_sum_of_its_frames (void **state)
{
    fixture_t *fixture = *state;
    partial_t partial;
    for (uint64_t seq = 1; seq <= 60; seq++)
        s_append_frame (fixture->store, s_frame ("n1", 1, seq, 1000 + (int64_t) seq, 1), seq,
                        1000 * seq);
    s_append_frame (fixture->store, s_frame ("n2", 1, 1, 1010, 1), 99, 5);

    assert_int_equal (store_window (fixture->store, "n1", 1011, 1021, METRIC_ALL, &partial), 0);
    histogram_t expected = {0};
    for (uint64_t seq = 11; seq <= 20; seq++)
        for (uint64_t i = 0; i < seq; i++)
            histogram_add (&expected, 1000 * seq);
    const partial_metric_t *cpudist = &partial.metrics[METRIC_cpudist];
    assert_memory_equal (&cpudist->histogram, &expected, sizeof expected);
    assert_true (cpudist->accrued_ns == 10000);
    assert_int_equal (partial.metrics[METRIC_runqlat].present_s, 0);
}

static void
test_windows_that_adjoin_add_up (void **state)
{
    fixture_t *fixture = *state;
    partial_t left, right, whole;
    for (uint64_t seq = 1; seq <= 20; seq++)
        s_append_frame (fixture->store, s_frame ("n1", 1, seq, 3 * (int64_t) seq, 1 + seq % 3), seq,
                        seq);
    store_window (fixture->store, "n1", 1, 27, METRIC_ALL, &left);
    store_window (fixture->store, "n1", 27, 90, METRIC_ALL, &right);
    store_window (fixture->store, "n1", 1, 90, METRIC_ALL, &whole);
    partial_merge (&left, &right);
    assert_int_equal (left.frames, whole.frames);
    assert_memory_equal (&left.metrics[METRIC_cpudist].histogram,
                         &whole.metrics[METRIC_cpudist].histogram, sizeof (histogram_t));
}

static void
test_missing_seconds_are_not_present (void **state)
{
    fixture_t *fixture = *state;
    s_append_frame (fixture->store, s_frame ("n1", 1, 1, 10, 1), 1, 1);
    s_append_frame (fixture->store, s_frame ("n1", 1, 2, 11, 1), 1, 1);
    s_append_frame (fixture->store, s_frame ("n1", 1, 5, 14, 1), 1, 1);
    s_assert_coverage (fixture->store, 0, 60, 3, 3);
    s_assert_coverage (fixture->store, 10, 12, 2, 2);
    s_assert_coverage (fixture->store, 12, 14, 0, 0);
}

static void
test_a_second_in_two_frames_is_present_once (void **state)
{
    fixture_t *fixture = *state;
    //  A worker restarted within a second: two epochs cover second 11.
    s_append_frame (fixture->store, s_frame ("n1", 1, 1, 10, 2), 1, 1);
    s_append_frame (fixture->store, s_frame ("n1", 2, 1, 11, 1), 1, 1);
    s_append_frame (fixture->store, s_frame ("n1", 2, 2, 12, 1), 1, 1);
    s_assert_coverage (fixture->store, 10, 13, 3, 3);
    s_assert_coverage (fixture->store, 0, 60, 3, 3);
}

static void
test_a_frame_inside_another_adds_no_second (void **state)
{
    fixture_t *fixture = *state;
    s_append_frame (fixture->store, s_frame ("n1", 1, 1, 10, 9), 1, 1);
    s_append_frame (fixture->store, s_frame ("n1", 2, 1, 12, 2), 1, 1);
    s_append_frame (fixture->store, s_frame ("n1", 2, 2, 18, 3), 1, 1);
    s_assert_coverage (fixture->store, 10, 60, 11, 3);
}

static void
test_a_span_is_clipped_to_the_window (void **state)
{
    fixture_t *fixture = *state;
    s_append_frame (fixture->store, s_frame ("n1", 1, 1, 10, 10), 1, 1);
    s_assert_coverage (fixture->store, 5, 15, 5, 1);
    s_assert_coverage (fixture->store, 11, 30, 9, 0);
}

static void
test_coverage_of_adjoining_windows_adds_up_across_a_long_frame (void **state)
{
    fixture_t *fixture = *state;
    s_append_frame (fixture->store, s_frame ("n0", 1, 1, 12, 10), 1, 1);
    s_append_frame (fixture->store, s_frame ("n1", 1, 1, 10, 10), 1, 1);
    s_append_frame (fixture->store, s_frame ("n1", 1, 2, 20, 1), 1, 1);
    s_assert_coverage (fixture->store, 0, 13, 3, 1);
    s_assert_coverage (fixture->store, 13, 17, 4, 0);
    s_assert_coverage (fixture->store, 17, 30, 4, 1);
}

static void
test_only_metrics_asked_for_are_added (void **state)
{
    fixture_t *fixture = *state;
    partial_t partial;
    s_append_frame (fixture->store, s_frame ("n1", 1, 1, 10, 1), 1, 1);
    store_window (fixture->store, "n1", 0, 60, METRIC_BIT (METRIC_runqlat), &partial);
    assert_int_equal (partial.frames, 1);
    assert_int_equal (partial.metrics[METRIC_cpudist].histogram.count, 0);
    assert_int_equal (partial.metrics[METRIC_cpudist].present_s, 0);
}

static void
test_bytes_that_are_no_frame_are_not_present_but_counted (void **state)
{
    fixture_t *fixture = *state;
    store_stats_t stats;
    s_append_frame (fixture->store, s_frame ("n1", 1, 1, 10, 1), 1, 1);
    append_one (fixture->store, record ("n1", 1, 2, 11, "not a frame"));
    append_one (fixture->store, record ("n1", 1, 3, 12, ""));
    s_append_frame (fixture->store, s_frame ("n1", 1, 4, 13, 1), 1, 1);
    s_assert_coverage (fixture->store, 10, 14, 2, 2);
    store_stats (fixture->store, &stats);
    assert_int_equal (stats.unreadable, 2);
}

static void
test_a_closed_minute_of_nothing_else_is_searched_for_bytes_that_are_no_frame (void **state)
{
    fixture_t *fixture = *state;
    store_stats_t stats;
    s_append_frame (fixture->store, s_frame ("n1", 1, 1, 10, 1), 1, 1);
    append_one (fixture->store, record ("n1", 1, 2, 70, "not a frame"));
    s_append_frame (fixture->store, s_frame ("n1", 1, 3, 190, 1), 1, 1);
    s_append_frame (fixture->store, s_frame ("n1", 1, 4, 250, 1), 1, 1);
    s_assert_coverage (fixture->store, 65, 80, 0, 0);
    store_stats (fixture->store, &stats);
    assert_int_equal (stats.unreadable, 1);
}

static void
test_an_unknown_node_has_an_empty_window (void **state)
{
    fixture_t *fixture = *state;
    s_assert_coverage (fixture->store, 10, 70, 0, 0);
    s_assert_coverage (fixture->store, 10, 10, 0, 0);
}

static void
test_windows_read_together_are_those_read_one_by_one (void **state)
{
    enum { WINDOWS = 50 };
    fixture_t *fixture = *state;
    static partial_t partials[WINDOWS], alone;
    store_ask_t asks[WINDOWS];
    for (uint64_t seq = 1; seq <= 150; seq++)
        s_append_frame (fixture->store, s_frame (seq % 2 ? "n1" : "n2", 1, seq, (int64_t) seq, 1),
                        seq, 1000 * seq);
    for (int64_t i = 0; i < WINDOWS; i++)
        asks[i] = (store_ask_t){.node = i % 3   ? "n1"
                                        : i % 2 ? "n2"
                                                : "unknown",
                                .since_wall_s = i,
                                .until_wall_s = 2 * i + 7,
                                .metrics = METRIC_ALL,
                                .partial = &partials[i],
                                .failed = true};
    assert_int_equal (store_windows (fixture->store, asks, WINDOWS), 0);
    for (int64_t i = 0; i < WINDOWS; i++) {
        assert_false (asks[i].failed);
        assert_int_equal (
            store_window (fixture->store, asks[i].node, i, 2 * i + 7, METRIC_ALL, &alone), 0);
        assert_memory_equal (&partials[i], &alone, sizeof alone);
    }
}

//  --- the open minute --------------------------------------------------------------------------

#define OPEN_S   1200 //  It begins here
#define OPEN_MAX 60

//  Frame i starts at OPEN_S + i, in an epoch of its own; every seventh one covers the next second,
//  too.
typedef struct {
    store_t *store;
    bool has[OPEN_MAX];
} open_t;

static uint32_t
s_span (unsigned i)
{
    return i % 7 == 0 ? 2 : 1;
}

static void
s_append_open (open_t *self, unsigned i)
{
    s_append_frame (self->store, s_frame ("n1", i + 1, 1, OPEN_S + i, s_span (i)), i + 1,
                    1000 * (i + 1));
    self->has[i] = true;
}

static void
s_assert_open_sum (const open_t *self, unsigned end)
{
    partial_t partial;
    histogram_t expected = {0};
    bool covered[OPEN_MAX + 2] = {false};
    uint64_t frames = 0, present_s = 0;
    for (unsigned i = 0; i < end && i < OPEN_MAX; i++) {
        for (uint64_t event = 0; self->has[i] && event <= i; event++)
            histogram_add (&expected, 1000 * (i + 1));
        for (unsigned second = i; self->has[i] && second < i + s_span (i); second++)
            covered[second] = true;
        frames += self->has[i];
    }
    for (unsigned second = 0; second < end; second++)
        present_s += covered[second];
    assert_int_equal (store_window (self->store, "n1", OPEN_S, OPEN_S + end, METRIC_ALL, &partial),
                      0);
    assert_memory_equal (&partial.metrics[METRIC_cpudist].histogram, &expected, sizeof expected);
    assert_int_equal (partial.metrics[METRIC_cpudist].present_s, present_s);
    assert_int_equal (partial.present_s, present_s);
    assert_int_equal (partial.frames, frames);
}

//  Ends go back and forth, while frames come in order, and now and then one that was left out.
static void
test_an_open_minute_is_summed_up_to_any_end (void **state)
{
    open_t open = {.store = ((fixture_t *) *state)->store};
    unsigned next = 0;
    chance_state = 1;
    s_append_open (&open, next++);
    while (next < OPEN_MAX) {
        unsigned skipped = chance_number () % OPEN_MAX;
        if (chance_number () % 4 == 0)
            next++;
        if (next < OPEN_MAX)
            s_append_open (&open, next++);
        if (chance_number () % 8 == 0 && skipped < next && !open.has[skipped])
            s_append_open (&open, skipped);
        for (unsigned asked = chance_number () % 8; asked > 0; asked--)
            s_assert_open_sum (&open, 1 + chance_number () % (OPEN_MAX + 1));
    }
    for (unsigned end = OPEN_MAX; end > 0; end--)
        s_assert_open_sum (&open, end);
}

//  As if a window had been asked for that ends then: a sum that has events, which no frame has.
static void
s_keep_sum (open_minutes_t *minutes, int64_t until_wall_s, uint64_t events)
{
    static open_minute_t minute;
    const rolled_t rolled = {.closed_wall_s = OPEN_S};
    open_minute_init (&minute, "n1", &rolled);
    minute.until_wall_s = until_wall_s;
    for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++)
        minute.row.metrics[METRIC_cpudist].histogram.buckets[slot] = events;
    open_minutes_keep (minutes, &minute);
}

//  Where the sum ends that is found for a window's end; 0: there is none.
static int64_t
s_found (open_minutes_t *minutes, int64_t until_wall_s, uint64_t disorder)
{
    static open_minute_t minute;
    const rolled_t rolled = {.closed_wall_s = OPEN_S, .disorder = disorder};
    return open_minutes_find (minutes, "n1", &rolled, until_wall_s, &minute) ? minute.until_wall_s
                                                                             : 0;
}

static void
test_the_latest_sum_of_every_few_seconds_is_kept (void **state)
{
    (void) state;
    open_minutes_t *minutes = open_minutes_new ();
    for (int64_t at = OPEN_S + 60; at > OPEN_S; at--)
        s_keep_sum (minutes, at, 1);
    for (int64_t at = OPEN_S + 1; at <= OPEN_S + 61; at++) {
        int64_t steps = (at - OPEN_S) / OPEN_MINUTE_STEP_S;
        assert_int_equal (s_found (minutes, at, 0),
                          steps > 0 ? OPEN_S + steps * OPEN_MINUTE_STEP_S : 0);
        assert_int_equal (s_found (minutes, at, 1), 0);
    }
    open_minutes_destroy (&minutes);
}

static void
test_a_sum_that_is_too_large_is_not_kept (void **state)
{
    (void) state;
    open_minutes_t *minutes = open_minutes_new ();
    s_keep_sum (minutes, OPEN_S + 1, 1);
    s_keep_sum (minutes, OPEN_S + 2, UINT64_MAX);
    assert_int_equal (s_found (minutes, OPEN_S + 60, 0), OPEN_S + 1);
    open_minutes_destroy (&minutes);
}

int
main (void)
{
#define STORE_TEST(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORE_TEST (test_a_window_is_the_sum_of_its_frames),
        STORE_TEST (test_windows_that_adjoin_add_up),
        STORE_TEST (test_missing_seconds_are_not_present),
        STORE_TEST (test_a_second_in_two_frames_is_present_once),
        STORE_TEST (test_a_frame_inside_another_adds_no_second),
        STORE_TEST (test_a_span_is_clipped_to_the_window),
        STORE_TEST (test_coverage_of_adjoining_windows_adds_up_across_a_long_frame),
        STORE_TEST (test_only_metrics_asked_for_are_added),
        STORE_TEST (test_bytes_that_are_no_frame_are_not_present_but_counted),
        STORE_TEST (test_a_closed_minute_of_nothing_else_is_searched_for_bytes_that_are_no_frame),
        STORE_TEST (test_an_unknown_node_has_an_empty_window),
        STORE_TEST (test_an_open_minute_is_summed_up_to_any_end),
        cmocka_unit_test (test_the_latest_sum_of_every_few_seconds_is_kept),
        cmocka_unit_test (test_a_sum_that_is_too_large_is_not_kept),
        cmocka_unit_test_setup_teardown (test_windows_read_together_are_those_read_one_by_one,
                                         set_up, tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
