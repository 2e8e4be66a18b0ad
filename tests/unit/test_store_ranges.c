//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about ranges: which seqs of an epoch are held. The truth is a table of flags.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "storage/ranges.h"

//  A frame of one second and 10 bytes, whose digest is its seq.
static bool
s_insert (ranges_t *ranges, uint64_t seq, int64_t start_wall_s)
{
    const store_range_t frame = {.first_seq = seq,
                                 .last_seq = seq,
                                 .first_wall_s = start_wall_s,
                                 .last_wall_s = start_wall_s,
                                 .end_wall_s = start_wall_s + 1,
                                 .covered_s = 1,
                                 .bytes = 10,
                                 .digest = seq};
    return ranges_insert (ranges, &frame);
}

static void
s_insert_all (ranges_t *ranges, const uint64_t *seqs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_true (s_insert (ranges, seqs[i], (int64_t) seqs[i] + 1000));
}

static void
s_assert_run (const ranges_t *ranges, size_t index, uint64_t first, uint64_t last)
{
    const store_range_t *run = &ranges->runs[index];
    assert_int_equal (run->first_seq, first);
    assert_int_equal (run->last_seq, last);
    assert_int_equal (run->first_wall_s, first + 1000);
    assert_int_equal (run->last_wall_s, last + 1000);
}

static void
test_frames_in_order_are_one_run (void **state)
{
    (void) state;
    ranges_t ranges = {.epoch = 7};
    s_insert_all (&ranges, (uint64_t[]){1, 2, 3, 4, 5}, 5);
    assert_int_equal (ranges.count, 1);
    assert_int_equal (ranges.runs[0].epoch, 7);
    s_assert_run (&ranges, 0, 1, 5);
    ranges_clear (&ranges);
}

static void
test_frames_in_reverse_are_one_run (void **state)
{
    (void) state;
    ranges_t ranges = {0};
    s_insert_all (&ranges, (uint64_t[]){5, 4, 3, 2, 1}, 5);
    assert_int_equal (ranges.count, 1);
    s_assert_run (&ranges, 0, 1, 5);
    ranges_clear (&ranges);
}

static void
test_a_gap_splits_and_its_last_frame_joins (void **state)
{
    (void) state;
    ranges_t ranges = {0};
    s_insert_all (&ranges, (uint64_t[]){1, 2, 6, 7, 3, 5}, 6);
    assert_int_equal (ranges.count, 2);
    s_assert_run (&ranges, 0, 1, 3);
    s_assert_run (&ranges, 1, 5, 7);
    assert_true (s_insert (&ranges, 4, 1004));
    assert_int_equal (ranges.count, 1);
    s_assert_run (&ranges, 0, 1, 7);
    ranges_clear (&ranges);
}

static void
test_a_frame_held_is_refused_and_changes_nothing (void **state)
{
    (void) state;
    ranges_t ranges = {0};
    s_insert_all (&ranges, (uint64_t[]){1, 2, 3, 9}, 4);
    assert_false (s_insert (&ranges, 1, 5));
    assert_false (s_insert (&ranges, 3, 5));
    assert_false (s_insert (&ranges, 9, 5));
    assert_int_equal (ranges.frames, 4);
    s_assert_run (&ranges, 0, 1, 3);
    s_assert_run (&ranges, 1, 9, 9);
    ranges_clear (&ranges);
}

static void
test_missing_counts_gaps_and_what_is_before_the_first (void **state)
{
    (void) state;
    ranges_t ranges = {0};
    assert_int_equal (ranges_missing (&ranges), 0);
    s_insert_all (&ranges, (uint64_t[]){4, 5, 8}, 3);
    assert_int_equal (ranges_missing (&ranges), 3 + 2);
    assert_int_equal (ranges_last_seq (&ranges), 8);
    ranges_clear (&ranges);
}

static void
test_the_extreme_seqs_are_seqs_like_any (void **state)
{
    (void) state;
    ranges_t ranges = {0};
    assert_true (s_insert (&ranges, UINT64_MAX, 0));
    assert_true (s_insert (&ranges, 0, 0));
    assert_true (s_insert (&ranges, UINT64_MAX - 1, 0));
    assert_true (s_insert (&ranges, 1, 0));
    assert_false (s_insert (&ranges, UINT64_MAX, 0));
    assert_false (s_insert (&ranges, 0, 0));
    assert_int_equal (ranges.count, 2);
    assert_true (ranges_contain (&ranges, UINT64_MAX));
    assert_false (ranges_contain (&ranges, 2));
    ranges_clear (&ranges);
}

static void
test_a_copy_lives_on_its_own (void **state)
{
    (void) state;
    ranges_t ranges = {.epoch = 3}, copy = {0};
    s_insert_all (&ranges, (uint64_t[]){1, 5}, 2);
    ranges_copy (&copy, &ranges);
    assert_true (s_insert (&copy, 2, 1002));
    assert_int_equal (copy.epoch, 3);
    assert_int_equal (copy.frames, 3);
    assert_false (ranges_contain (&ranges, 2));
    ranges_clear (&ranges);
    ranges_clear (&copy);
}

static void
test_runs_that_no_store_wrote_are_refused (void **state)
{
    (void) state;
    ranges_t ranges = {0};
    assert_int_equal (ranges_append_run (&ranges, &(store_range_t){.first_seq = 5, .last_seq = 4}),
                      -1);
    assert_int_equal (ranges_append_run (&ranges, &(store_range_t){.first_seq = 1, .last_seq = 4}),
                      0);
    assert_int_equal (ranges_append_run (&ranges, &(store_range_t){.first_seq = 4, .last_seq = 6}),
                      -1);
    assert_int_equal (ranges_append_run (&ranges, &(store_range_t){.first_seq = 5, .last_seq = 6}),
                      -1);
    assert_int_equal (ranges_append_run (&ranges, &(store_range_t){.first_seq = 6, .last_seq = 9}),
                      0);
    assert_int_equal (ranges.frames, 8);
    ranges_clear (&ranges);
}

enum { MODEL_SEQS = 300 };

//  Runs as a table of flags has them.
static void
s_assert_equals_flags (const ranges_t *ranges, const bool held[MODEL_SEQS])
{
    size_t run = 0;
    for (uint64_t seq = 1; seq < MODEL_SEQS; seq++) {
        assert_int_equal (ranges_contain (ranges, seq), held[seq]);
        if (held[seq] && !held[seq - 1])
            assert_int_equal (ranges->runs[run].first_seq, seq);
        if (!held[seq] && held[seq - 1])
            assert_int_equal (ranges->runs[run++].last_seq, seq - 1);
    }
    assert_int_equal (ranges->count, run);
}

static void
test_random_inserts_equal_a_table_of_flags (void **state)
{
    (void) state;
    unsigned seed = 23;
    for (int round = 0; round < 50; round++) {
        ranges_t ranges = {0};
        bool held[MODEL_SEQS] = {false};
        for (int i = 0; i < 200; i++) {
            uint64_t seq = 1 + (uint64_t) rand_r (&seed) % (MODEL_SEQS - 2);
            assert_int_equal (s_insert (&ranges, seq, 0), !held[seq]);
            held[seq] = true;
        }
        s_assert_equals_flags (&ranges, held);
        ranges_clear (&ranges);
    }
}

static bool
s_begins_a_run (const ranges_t *ranges, uint64_t seq)
{
    size_t index = ranges_find (ranges, seq);
    return index < ranges->count && ranges->runs[index].first_seq == seq;
}

//  What is true of the two since written was set to count.
static void
s_assert_marks (const ranges_t *ranges, const ranges_t *before)
{
    bool keeps_all = true;
    for (size_t i = 0; i < before->count; i++)
        keeps_all &= s_begins_a_run (ranges, before->runs[i].first_seq);
    assert_true (ranges->written <= before->count);
    assert_memory_equal (ranges->runs, before->runs, ranges->written * sizeof *ranges->runs);
    assert_true (keeps_all || ranges->is_rekeyed);
}

static void
test_ranges_know_what_changed_since_they_were_written (void **state)
{
    (void) state;
    unsigned seed = 29, rekeyed = 0;
    for (int round = 0; round < 200; round++) {
        ranges_t ranges = {0}, before = {0};
        for (int i = 0; i < 40; i++)
            s_insert (&ranges, 1 + (uint64_t) rand_r (&seed) % (MODEL_SEQS - 2), 0);
        ranges.written = ranges.count;
        ranges.is_rekeyed = false;
        ranges_copy (&before, &ranges);
        for (int i = 0; i < 10; i++) {
            s_insert (&ranges, 1 + (uint64_t) rand_r (&seed) % (MODEL_SEQS - 2), 0);
            s_assert_marks (&ranges, &before);
        }
        rekeyed += ranges.is_rekeyed;
        ranges_clear (&ranges);
        ranges_clear (&before);
    }
    assert_in_range (rekeyed, 1, 199);
}

static void
test_a_stream_that_goes_on_changes_its_last_run_only (void **state)
{
    (void) state;
    ranges_t ranges = {0};
    s_insert_all (&ranges, (uint64_t[]){1, 2, 5, 9}, 4);
    ranges.written = ranges.count;
    ranges.is_rekeyed = false;
    s_insert_all (&ranges, (uint64_t[]){10, 11, 13}, 3);
    assert_int_equal (ranges.written, 2);
    assert_false (ranges.is_rekeyed);
    s_insert_all (&ranges, (uint64_t[]){12}, 1);
    assert_true (ranges.is_rekeyed);
    ranges_clear (&ranges);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_frames_in_order_are_one_run),
        cmocka_unit_test (test_frames_in_reverse_are_one_run),
        cmocka_unit_test (test_a_gap_splits_and_its_last_frame_joins),
        cmocka_unit_test (test_a_frame_held_is_refused_and_changes_nothing),
        cmocka_unit_test (test_missing_counts_gaps_and_what_is_before_the_first),
        cmocka_unit_test (test_the_extreme_seqs_are_seqs_like_any),
        cmocka_unit_test (test_a_copy_lives_on_its_own),
        cmocka_unit_test (test_runs_that_no_store_wrote_are_refused),
        cmocka_unit_test (test_random_inserts_equal_a_table_of_flags),
        cmocka_unit_test (test_ranges_know_what_changed_since_they_were_written),
        cmocka_unit_test (test_a_stream_that_goes_on_changes_its_last_run_only),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
