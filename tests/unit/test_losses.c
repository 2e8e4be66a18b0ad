//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about losses: which frames are on record as lost. The truth is a table of causes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "storage/losses.h"

static void
s_add (losses_t *losses, uint64_t epoch, uint64_t first, uint64_t last, loss_cause_t cause)
{
    const loss_t loss = {.range = {epoch, first, last}, .cause = cause};
    losses_add (losses, &loss);
}

static void
s_assert_item (const losses_t *losses, size_t index, uint64_t first, uint64_t last,
               loss_cause_t cause)
{
    assert_true (index < losses->count);
    assert_int_equal (losses->items[index].range.first_seq, first);
    assert_int_equal (losses->items[index].range.last_seq, last);
    assert_int_equal (losses->items[index].cause, cause);
}

static void
test_losses_that_meet_with_one_cause_are_one (void **state)
{
    (void) state;
    losses_t losses = {0};
    s_add (&losses, 1, 1, 3, LOSS_ABSENT);
    s_add (&losses, 1, 7, 9, LOSS_ABSENT);
    s_add (&losses, 1, 4, 6, LOSS_ABSENT);
    assert_int_equal (losses.count, 1);
    s_assert_item (&losses, 0, 1, 9, LOSS_ABSENT);
    losses_clear (&losses);
}

static void
test_losses_of_two_causes_or_epochs_stay_apart (void **state)
{
    (void) state;
    losses_t losses = {0};
    s_add (&losses, 2, 1, 3, LOSS_ABSENT);
    s_add (&losses, 2, 4, 6, LOSS_EXPIRED);
    s_add (&losses, 1, 4, 6, LOSS_ABSENT);
    assert_int_equal (losses.count, 3);
    assert_int_equal (losses.items[0].range.epoch, 1);
    s_assert_item (&losses, 1, 1, 3, LOSS_ABSENT);
    s_assert_item (&losses, 2, 4, 6, LOSS_EXPIRED);
    losses_clear (&losses);
}

static void
test_what_is_on_record_keeps_its_cause (void **state)
{
    (void) state;
    losses_t losses = {0};
    s_add (&losses, 1, 3, 4, LOSS_EXPIRED);
    s_add (&losses, 1, 1, 9, LOSS_ABSENT);
    assert_int_equal (losses.count, 3);
    s_assert_item (&losses, 0, 1, 2, LOSS_ABSENT);
    s_assert_item (&losses, 1, 3, 4, LOSS_EXPIRED);
    s_assert_item (&losses, 2, 5, 9, LOSS_ABSENT);
    losses_clear (&losses);
}

static void
test_a_frame_that_turns_up_is_taken_off_its_range (void **state)
{
    (void) state;
    losses_t losses = {0};
    s_add (&losses, 1, 1, 9, LOSS_ABSENT);
    assert_true (losses_remove (&losses, 1, 5));
    assert_true (losses_remove (&losses, 1, 1));
    assert_true (losses_remove (&losses, 1, 9));
    assert_false (losses_remove (&losses, 1, 5));
    assert_false (losses_remove (&losses, 2, 6));
    assert_int_equal (losses.count, 2);
    s_assert_item (&losses, 0, 2, 4, LOSS_ABSENT);
    s_assert_item (&losses, 1, 6, 8, LOSS_ABSENT);
    assert_int_equal (losses_frames (&losses), 6);
    losses_clear (&losses);
}

static void
test_losses_go_with_the_names_that_expire (void **state)
{
    (void) state;
    losses_t losses = {0};
    s_add (&losses, 1, 1, 9, LOSS_ABSENT);
    s_add (&losses, 2, 3, 6, LOSS_ABSENT);
    s_add (&losses, 3, 1, 1, LOSS_ABSENT);
    losses_expire (&losses, 2, 4);
    assert_int_equal (losses.count, 2);
    s_assert_item (&losses, 0, 5, 6, LOSS_ABSENT);
    losses_expire (&losses, 2, 6);
    assert_int_equal (losses.count, 1);
    assert_int_equal (losses.items[0].range.epoch, 3);
    losses_expire (&losses, 9, 0);
    assert_int_equal (losses.count, 0);
    losses_expire (&losses, 9, 0);
    losses_clear (&losses);
}

static void
test_a_sum_of_forged_seqs_does_not_wrap (void **state)
{
    (void) state;
    losses_t losses = {0};
    for (uint64_t epoch = 1; epoch <= 3; epoch++)
        s_add (&losses, epoch, 1, UINT64_MAX - 1, LOSS_ABSENT);
    assert_true (losses_frames (&losses) == UINT64_MAX);
    losses_clear (&losses);
}

enum { MODEL_SEQS = 60, NOT_LOST = -1 };

static void
s_assert_equals_table (const losses_t *losses, const int causes[MODEL_SEQS])
{
    uint64_t frames = 0;
    for (size_t i = 0; i < losses->count; i++)
        for (uint64_t seq = losses->items[i].range.first_seq;
             seq <= losses->items[i].range.last_seq; seq++, frames++)
            assert_int_equal (losses->items[i].cause, causes[seq]);
    assert_int_equal (frames, losses_frames (losses));
    for (int seq = 0; seq < MODEL_SEQS; seq++)
        frames -= causes[seq] != NOT_LOST;
    assert_int_equal (frames, 0);
    for (size_t i = 1; i < losses->count; i++) {
        const loss_t *before = &losses->items[i - 1], *next = &losses->items[i];
        uint64_t distance = next->range.first_seq - before->range.last_seq;
        assert_true (distance > 1 || (distance == 1 && next->cause != before->cause));
    }
}

static void
s_add_random (losses_t *losses, int causes[MODEL_SEQS], unsigned *seed)
{
    int first = rand_r (seed) % MODEL_SEQS, cause = rand_r (seed) % 2;
    int last = first + rand_r (seed) % (MODEL_SEQS - first);
    s_add (losses, 1, (uint64_t) first, (uint64_t) last, (loss_cause_t) cause);
    for (int seq = first; seq <= last; seq++)
        if (causes[seq] == NOT_LOST)
            causes[seq] = cause;
}

static void
s_remove_random (losses_t *losses, int causes[MODEL_SEQS], unsigned *seed)
{
    int seq = rand_r (seed) % MODEL_SEQS;
    assert_int_equal (losses_remove (losses, 1, (uint64_t) seq), causes[seq] != NOT_LOST);
    causes[seq] = NOT_LOST;
}

static void
test_random_changes_equal_a_table_of_causes (void **state)
{
    (void) state;
    unsigned seed = 23;
    for (int round = 0; round < 200; round++) {
        losses_t losses = {0};
        int causes[MODEL_SEQS];
        for (int seq = 0; seq < MODEL_SEQS; seq++)
            causes[seq] = NOT_LOST;
        for (int i = 0; i < 60; i++) {
            if (rand_r (&seed) % 6 == 0)
                s_add_random (&losses, causes, &seed);
            else
                s_remove_random (&losses, causes, &seed);
            s_assert_equals_table (&losses, causes);
        }
        losses_clear (&losses);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_losses_that_meet_with_one_cause_are_one),
        cmocka_unit_test (test_losses_of_two_causes_or_epochs_stay_apart),
        cmocka_unit_test (test_what_is_on_record_keeps_its_cause),
        cmocka_unit_test (test_a_frame_that_turns_up_is_taken_off_its_range),
        cmocka_unit_test (test_a_sum_of_forged_seqs_does_not_wrap),
        cmocka_unit_test (test_losses_go_with_the_names_that_expire),
        cmocka_unit_test (test_random_changes_equal_a_table_of_causes),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
