//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about seconds: each is present, lost or unknown, and the gaps say why and what they held.
#include "test_store.h"

static void
s_append_span (store_t *store, uint64_t epoch, uint64_t seq, int64_t start_wall_s, uint32_t span_s)
{
    store_record_t one = record ("n1", epoch, seq, start_wall_s, "x");
    one.span_s = span_s;
    assert_int_equal (append_one (store, one), STORE_ADDED);
}

//  Frames first_seq .. last_seq of a second each.
static void
s_append_run (store_t *store, uint64_t epoch, uint64_t first_seq, uint64_t last_seq,
              int64_t first_wall_s)
{
    for (uint64_t seq = first_seq; seq <= last_seq; seq++)
        s_append_span (store, epoch, seq, first_wall_s + (int64_t) (seq - first_seq), 1);
}

static void
s_mark (store_t *store, uint64_t epoch, uint64_t first_seq, uint64_t last_seq, loss_cause_t cause)
{
    const loss_t loss = {.range = {epoch, first_seq, last_seq}, .cause = cause};
    assert_int_equal (store_mark_lost (store, "n1", &loss), 0);
}

//  The seconds of a window, and that the gaps add up to the same.
static void
s_assert_seconds (store_t *store, int64_t since, int64_t until, uint64_t present, uint64_t lost,
                  uint64_t unknown)
{
    store_seconds_t seconds;
    store_gap_t *gaps;
    size_t count;
    uint64_t sums[2] = {0, 0};
    assert_int_equal (store_seconds (store, "n1", since, until, &seconds), 0);
    assert_int_equal (seconds.present_s, present);
    assert_int_equal (seconds.lost_s, lost);
    assert_int_equal (seconds.unknown_s, unknown);
    assert_int_equal (present + lost + unknown, seconds.until_wall_s - seconds.since_wall_s);
    assert_int_equal (store_gaps (store, "n1", since, until, &gaps, &count), 0);
    for (size_t i = 0; i < count; i++) {
        sums[gaps[i].lost] += gaps[i].seconds;
        assert_true (i == 0 || gaps[i - 1].from_wall_s <= gaps[i].from_wall_s);
    }
    assert_int_equal (sums[true], lost);
    assert_int_equal (sums[false], unknown);
    free (gaps);
}

static void
test_seconds_before_the_first_frame_are_not_counted (void **state)
{
    fixture_t *fixture = *state;
    store_seconds_t seconds;
    s_append_run (fixture->store, 1, 1, 10, 100);
    s_assert_seconds (fixture->store, 0, 110, 10, 0, 0);
    s_assert_seconds (fixture->store, 0, 115, 10, 0, 5);
    s_assert_seconds (fixture->store, 103, 105, 2, 0, 0);
    s_assert_seconds (fixture->store, 0, 50, 0, 0, 0);
    assert_int_equal (store_seconds (fixture->store, "n1", 0, 115, &seconds), 0);
    assert_int_equal (seconds.since_wall_s, 100);
}

static void
test_the_seconds_of_an_unknown_node_are_unknown (void **state)
{
    fixture_t *fixture = *state;
    s_assert_seconds (fixture->store, 10, 70, 0, 0, 60);
}

static void
test_a_gap_is_unknown_until_its_frames_are_on_record_as_lost (void **state)
{
    fixture_t *fixture = *state;
    s_append_run (fixture->store, 1, 1, 10, 100);
    s_append_run (fixture->store, 1, 16, 20, 115);
    s_assert_seconds (fixture->store, 100, 120, 15, 0, 5);
    s_mark (fixture->store, 1, 11, 15, LOSS_ABSENT);
    s_assert_seconds (fixture->store, 100, 120, 15, 5, 0);
    s_append_run (fixture->store, 1, 13, 13, 112);
    s_assert_seconds (fixture->store, 100, 120, 16, 4, 0);
    s_assert_seconds (fixture->store, 111, 114, 1, 2, 0);
}

static void
test_a_loss_between_two_frames_takes_up_all_between_them (void **state)
{
    fixture_t *fixture = *state;
    s_append_run (fixture->store, 1, 1, 10, 100);
    s_append_run (fixture->store, 1, 12, 20, 150);
    s_mark (fixture->store, 1, 11, 11, LOSS_ABSENT);
    s_assert_seconds (fixture->store, 100, 159, 19, 40, 0);
}

static void
test_part_of_a_gap_that_is_lost_follows_on_the_frame_before (void **state)
{
    fixture_t *fixture = *state;
    store_gap_t *gaps;
    size_t count;
    s_append_run (fixture->store, 1, 1, 10, 100);
    s_append_run (fixture->store, 1, 21, 30, 120);
    s_mark (fixture->store, 1, 13, 14, LOSS_EXPIRED);
    s_assert_seconds (fixture->store, 100, 130, 20, 2, 8);
    assert_int_equal (store_gaps (fixture->store, "n1", 100, 130, &gaps, &count), 0);
    assert_int_equal (count, 3);
    assert_true (gaps[1].lost);
    assert_int_equal (gaps[1].from_wall_s, 112);
    assert_int_equal (gaps[1].until_wall_s, 114);
    assert_int_equal (gaps[1].cause, LOSS_EXPIRED);
    free (gaps);
}

static void
test_a_lost_tail_follows_and_a_lost_head_leads (void **state)
{
    fixture_t *fixture = *state;
    s_append_run (fixture->store, 1, 1, 10, 100);
    s_append_run (fixture->store, 2, 4, 10, 120);
    s_mark (fixture->store, 1, 11, 13, LOSS_ABSENT);
    s_mark (fixture->store, 2, 1, 3, LOSS_ABSENT);
    s_assert_seconds (fixture->store, 100, 127, 17, 6, 4);
    s_assert_seconds (fixture->store, 110, 113, 0, 3, 0);
    s_assert_seconds (fixture->store, 117, 120, 0, 3, 0);
}

static void
test_an_epoch_lost_whole_lies_where_it_began (void **state)
{
    fixture_t *fixture = *state;
    const uint64_t epoch = 105400ULL << 16; //  0.4 s into second 105: its frame 1 covers 106
    s_append_run (fixture->store, 1, 1, 5, 100);
    s_append_run (fixture->store, 200000ULL << 16, 1, 5, 120);
    s_mark (fixture->store, epoch, 1, 4, LOSS_ABSENT);
    s_assert_seconds (fixture->store, 100, 125, 10, 4, 11);
    s_assert_seconds (fixture->store, 106, 110, 0, 4, 0);
}

static void
test_a_second_present_in_any_epoch_is_not_lost (void **state)
{
    fixture_t *fixture = *state;
    s_append_run (fixture->store, 1, 1, 10, 100);
    s_append_run (fixture->store, 1, 16, 20, 115);
    s_append_run (fixture->store, 2, 1, 3, 111);
    s_mark (fixture->store, 1, 11, 15, LOSS_ABSENT);
    s_assert_seconds (fixture->store, 100, 120, 18, 2, 0);
}

static void
test_spans_count_as_the_seconds_they_cover (void **state)
{
    fixture_t *fixture = *state;
    s_append_span (fixture->store, 1, 1, 100, 5);
    s_append_span (fixture->store, 1, 2, 105, 1);
    s_append_span (fixture->store, 1, 3, 110, 10);
    s_assert_seconds (fixture->store, 100, 120, 16, 0, 4);
    s_assert_seconds (fixture->store, 103, 112, 5, 0, 4);
    s_assert_seconds (fixture->store, 112, 118, 6, 0, 0);
}

static void
test_an_absurd_loss_is_clipped_to_the_window (void **state)
{
    fixture_t *fixture = *state;
    s_append_run (fixture->store, 1, 1, 10, 100);
    s_mark (fixture->store, 1, 11, UINT64_MAX, LOSS_ABSENT);
    s_mark (fixture->store, UINT64_MAX, 1, UINT64_MAX, LOSS_ABSENT);
    s_mark (fixture->store, 0, 1, UINT64_MAX, LOSS_ABSENT);
    s_assert_seconds (fixture->store, 100, 120, 10, 10, 0);
}

static void
test_an_unknown_stretch_names_the_frames_missing_in_it (void **state)
{
    fixture_t *fixture = *state;
    store_gap_t *gaps;
    size_t count;
    s_append_run (fixture->store, 1, 1, 10, 100);
    s_append_run (fixture->store, 1, 16, 20, 115);
    s_append_run (fixture->store, 2, 3, 4, 130);
    assert_int_equal (store_gaps (fixture->store, "n1", 0, 140, &gaps, &count), 0);
    assert_int_equal (count, 3);
    assert_memory_equal (&gaps[0].range, (&(seq_range_t){1, 11, 15}), sizeof gaps[0].range);
    assert_int_equal (gaps[0].from_wall_s, 110);
    assert_int_equal (gaps[0].until_wall_s, 115);
    assert_memory_equal (&gaps[1].range, (&(seq_range_t){2, 1, 2}), sizeof gaps[1].range);
    assert_memory_equal (&gaps[2].range, (&(seq_range_t){0}), sizeof gaps[2].range);
    assert_int_equal (gaps[2].seconds, 8);
    free (gaps);
}

//  A frame of a second in which a given number of events of a microsecond ended.
static void
s_append_frame (store_t *store, uint64_t seq, uint64_t events, uint64_t total_count)
{
    uint8_t buffer[4096];
    frame_t frame = {.node = "n1",
                     .epoch = 1,
                     .seq = seq,
                     .start_wall_s = 100 + (int64_t) seq,
                     .span_s = 1,
                     .version = "0.1.0"};
    frame_metric_t *runqlat = &frame.metrics[METRIC_runqlat];
    runqlat->measured = true;
    for (uint64_t i = 0; i < events; i++)
        histogram_add (&runqlat->histogram, 1000);
    runqlat->total_count = total_count;
    runqlat->total_sum = 1000 * total_count;
    size_t size = frame_encode (&frame, buffer, sizeof buffer);
    assert_true (size > 0);
    store_record_t one = {"n1", 1, seq, frame.start_wall_s, 1, buffer, size};
    assert_int_equal (append_one (store, one), STORE_ADDED);
}

static void
s_assert_totals (const store_gap_t *gap, uint64_t count)
{
    assert_int_equal (gap->totals, METRIC_BIT (METRIC_runqlat));
    assert_int_equal (gap->counts[METRIC_runqlat], count);
    assert_int_equal (gap->sums[METRIC_runqlat], 1000 * count);
}

static void
test_a_gap_tells_what_its_frames_held (void **state)
{
    fixture_t *fixture = *state;
    store_gap_t *gaps;
    size_t count;
    s_append_frame (fixture->store, 3, 5, 25);
    s_append_frame (fixture->store, 4, 7, 32);
    s_append_frame (fixture->store, 8, 10, 4253);
    s_mark (fixture->store, 1, 1, 2, LOSS_EXPIRED);
    s_mark (fixture->store, 1, 5, 7, LOSS_ABSENT);
    s_mark (fixture->store, 1, 9, 9, LOSS_ABSENT);
    s_append_frame (fixture->store, 10, 1, 4260);
    assert_int_equal (store_gaps (fixture->store, "n1", 0, 111, &gaps, &count), 0);
    assert_int_equal (count, 2);
    s_assert_totals (&gaps[0], 4211);
    assert_int_equal (gaps[0].seconds, 3);
    s_assert_totals (&gaps[1], 6);
    free (gaps);
}

static void
test_what_a_tail_held_is_not_known (void **state)
{
    fixture_t *fixture = *state;
    store_gap_t *gaps;
    size_t count;
    s_append_frame (fixture->store, 1, 5, 5);
    s_mark (fixture->store, 1, 2, 4, LOSS_ABSENT);
    assert_int_equal (store_gaps (fixture->store, "n1", 0, 105, &gaps, &count), 0);
    assert_int_equal (count, 1);
    assert_int_equal (gaps[0].totals, 0);
    free (gaps);
}

static void
test_of_very_many_gaps_the_newest_are_listed (void **state)
{
    enum { FRAMES = STORE_GAPS_MAX + 100 };
    fixture_t *fixture = *state;
    static store_record_t records[FRAMES];
    static store_verdict_t verdicts[FRAMES];
    store_gap_t *gaps;
    size_t count;
    for (uint64_t i = 0; i < FRAMES; i++)
        records[i] = record ("n1", 1, 2 * i + 1, 100 + 2 * (int64_t) i, "x");
    assert_int_equal (store_append (fixture->store, records, FRAMES, verdicts), 0);
    assert_int_equal (store_gaps (fixture->store, "n1", 0, 99 + 2 * FRAMES, &gaps, &count), 0);
    assert_int_equal (count, STORE_GAPS_MAX);
    assert_int_equal (gaps[count - 1].until_wall_s, 98 + 2 * FRAMES);
    free (gaps);
}

enum { MODEL_SEQS = 80 };

//  Frames 1 .. MODEL_SEQS of a second each, of which some are held and some lost: every second is
//  what its frame is, but that a gap's lost part is laid at its start.
static void
test_random_streams_add_up_to_their_frames (void **state)
{
    fixture_t *fixture = *state;
    unsigned seed = 23;
    for (uint64_t epoch = 1; epoch <= 30; epoch++) {
        uint64_t counts[3] = {0};
        int64_t wall_s = 1000 * (int64_t) epoch;
        for (uint64_t seq = 1; seq <= MODEL_SEQS; seq++) {
            int kind = seq == 1 || seq == MODEL_SEQS ? 0 : rand_r (&seed) % 3;
            counts[kind]++;
            if (kind == 0)
                s_append_run (fixture->store, epoch, seq, seq, wall_s + (int64_t) seq);
            if (kind == 1)
                s_mark (fixture->store, epoch, seq, seq, LOSS_ABSENT);
        }
        s_assert_seconds (fixture->store, wall_s + 1, wall_s + 1 + MODEL_SEQS, counts[0], counts[1],
                          counts[2]);
    }
}

int
main (void)
{
#define STORE_TEST(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORE_TEST (test_seconds_before_the_first_frame_are_not_counted),
        STORE_TEST (test_the_seconds_of_an_unknown_node_are_unknown),
        STORE_TEST (test_a_gap_is_unknown_until_its_frames_are_on_record_as_lost),
        STORE_TEST (test_a_loss_between_two_frames_takes_up_all_between_them),
        STORE_TEST (test_part_of_a_gap_that_is_lost_follows_on_the_frame_before),
        STORE_TEST (test_a_lost_tail_follows_and_a_lost_head_leads),
        STORE_TEST (test_an_epoch_lost_whole_lies_where_it_began),
        STORE_TEST (test_a_second_present_in_any_epoch_is_not_lost),
        STORE_TEST (test_spans_count_as_the_seconds_they_cover),
        STORE_TEST (test_an_absurd_loss_is_clipped_to_the_window),
        STORE_TEST (test_an_unknown_stretch_names_the_frames_missing_in_it),
        STORE_TEST (test_a_gap_tells_what_its_frames_held),
        STORE_TEST (test_what_a_tail_held_is_not_known),
        STORE_TEST (test_of_very_many_gaps_the_newest_are_listed),
        STORE_TEST (test_random_streams_add_up_to_their_frames),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
