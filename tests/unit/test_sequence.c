//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about broker/sequence, against a plain list of every seq that came.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "broker/sequence.h"

static sequence_verdict_t
s_add (sequence_t *sequence, uint64_t epoch, uint64_t seq)
{
    seq_range_t gap;
    return sequence_add (sequence, epoch, seq, &gap);
}

//  Sends seqs 1 .. SEQS in disorder, a few apart at most, so that no gap is forgotten.
static void
s_check_against_a_list (unsigned seed)
{
    enum { SEQS = 400, DISORDER = 12 };
    bool came[SEQS + DISORDER + 1] = {0};
    sequence_t sequence = {0};
    unsigned short random[3] = {1, 2, (unsigned short) seed};
    uint64_t newest = 0;
    for (uint64_t i = 1; i <= SEQS; i++) {
        uint64_t seq = i + (uint64_t) (erand48 (random) * DISORDER);
        seq_range_t gap = {0};
        sequence_verdict_t verdict = sequence_add (&sequence, 1, seq, &gap);
        if (came[seq])
            assert_int_equal (verdict, SEQUENCE_REPEATED);
        else if (seq > newest + 1) {
            assert_int_equal (verdict, SEQUENCE_NEW_GAP);
            assert_int_equal (gap.first_seq, newest + 1);
            assert_int_equal (gap.last_seq, seq - 1);
        }
        //  The oldest gaps may be forgotten: then a frame that fills one looks repeated.
        else if (seq + 2 * DISORDER > newest && verdict != SEQUENCE_NEW)
            assert_int_equal (verdict, SEQUENCE_REPEATED);
        came[seq] = true;
        newest = seq > newest ? seq : newest;
    }
}

static void
test_agrees_with_a_list_of_all_that_came (void **state)
{
    (void) state;
    for (unsigned seed = 0; seed < 200; seed++)
        s_check_against_a_list (seed);
}

static void
test_epochs_are_apart (void **state)
{
    (void) state;
    sequence_t sequence = {0};
    assert_int_equal (s_add (&sequence, 1, 1), SEQUENCE_NEW);
    assert_int_equal (s_add (&sequence, 2, 1), SEQUENCE_NEW);
    assert_int_equal (s_add (&sequence, 1, 2), SEQUENCE_NEW);
    assert_int_equal (s_add (&sequence, 1, 1), SEQUENCE_REPEATED);
}

static void
test_the_least_recently_used_epoch_is_forgotten (void **state)
{
    (void) state;
    sequence_t sequence = {0};
    for (uint64_t epoch = 1; epoch <= SEQUENCE_EPOCHS; epoch++)
        s_add (&sequence, epoch, 1);
    s_add (&sequence, 1, 2);
    s_add (&sequence, 99, 1);
    assert_int_equal (s_add (&sequence, 1, 2), SEQUENCE_REPEATED);
    assert_int_equal (s_add (&sequence, 2, 1), SEQUENCE_NEW);
}

static void
test_joins_runs_that_meet (void **state)
{
    (void) state;
    sequence_t sequence = {0};
    s_add (&sequence, 1, 1);
    s_add (&sequence, 1, 3);
    assert_int_equal (sequence.epochs[0].count, 2);
    s_add (&sequence, 1, 2);
    assert_int_equal (sequence.epochs[0].count, 1);
    assert_int_equal (sequence.epochs[0].runs[0].last, 3);
}

static void
test_forgets_the_oldest_gap_first (void **state)
{
    (void) state;
    sequence_t sequence = {0};
    for (uint64_t i = 0; i <= SEQUENCE_RUNS; i++)
        s_add (&sequence, 1, 1 + 2 * i);
    assert_int_equal (sequence.epochs[0].count, SEQUENCE_RUNS);
    assert_int_equal (s_add (&sequence, 1, 2), SEQUENCE_REPEATED);
    assert_int_equal (s_add (&sequence, 1, 4), SEQUENCE_NEW);
}

static void
test_a_frame_within_the_gap_being_forgotten_leaves_order (void **state)
{
    (void) state;
    sequence_t sequence = {0};
    s_add (&sequence, 1, 1);
    for (uint64_t i = 1; i < SEQUENCE_RUNS; i++)
        s_add (&sequence, 1, 10 * i);
    s_add (&sequence, 1, 5);
    const sequence_epoch_t *epoch = &sequence.epochs[0];
    for (size_t i = 1; i < epoch->count; i++)
        assert_true (epoch->runs[i - 1].last + 1 < epoch->runs[i].first);
    assert_int_equal (s_add (&sequence, 1, 5), SEQUENCE_REPEATED);
}

static void
test_loads_what_the_store_holds (void **state)
{
    (void) state;
    sequence_t sequence = {0};
    sequence_load (&sequence, &(seq_range_t){.epoch = 1, .first_seq = 3, .last_seq = 7});
    sequence_load (&sequence, &(seq_range_t){.epoch = 1, .first_seq = 9, .last_seq = 9});
    assert_int_equal (s_add (&sequence, 1, 8), SEQUENCE_NEW);
    assert_int_equal (s_add (&sequence, 1, 5), SEQUENCE_REPEATED);
    assert_int_equal (s_add (&sequence, 1, 10), SEQUENCE_NEW);
    assert_int_equal (s_add (&sequence, 1, 12), SEQUENCE_NEW_GAP);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_agrees_with_a_list_of_all_that_came),
        cmocka_unit_test (test_epochs_are_apart),
        cmocka_unit_test (test_the_least_recently_used_epoch_is_forgotten),
        cmocka_unit_test (test_joins_runs_that_meet),
        cmocka_unit_test (test_forgets_the_oldest_gap_first),
        cmocka_unit_test (test_a_frame_within_the_gap_being_forgotten_leaves_order),
        cmocka_unit_test (test_loads_what_the_store_holds),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
