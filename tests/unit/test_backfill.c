//  SPDX-License-Identifier: GPL-2.0-or-later
//  backfill and its plan: what is pulled, when, and what is called lost. tests/simulation/ drives
//  the same code through thousands of runs; here are the rules one by one.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "broker/backfill.h"
#include "broker/backfill_plan.h"

#define COUNT(array) (sizeof (array) / sizeof (array)[0])

static manifest_run_t
s_run (uint64_t epoch, uint64_t first, uint64_t last)
{
    return (manifest_run_t){.range = {epoch, first, last}};
}

static void
s_assert_range (const seq_range_t *range, uint64_t epoch, uint64_t first, uint64_t last)
{
    assert_int_equal (range->epoch, epoch);
    assert_int_equal (range->first_seq, first);
    assert_int_equal (range->last_seq, last);
}

//  --- the plan
//  ------------------------------------------------------------------------------------

static void
test_plan_wants_what_the_manifest_has_and_the_store_lacks (void **state)
{
    (void) state;
    manifest_run_t runs[] = {s_run (1, 1, 100), s_run (2, 1, 50)};
    const manifest_t manifest = {.runs = runs, .count = COUNT (runs)};
    const seq_range_t held[] = {{1, 1, 40}, {1, 61, 100}};
    backfill_plan_t plan;
    backfill_plan_make (&plan, &manifest, held, COUNT (held), NULL, 0);
    assert_int_equal (plan.want_count, 2);
    s_assert_range (&plan.wants[0], 1, 41, 60);
    s_assert_range (&plan.wants[1], 2, 1, 50);
    assert_int_equal (plan.loss_count, 0);
    backfill_plan_fini (&plan);
}

static void
test_plan_of_equal_stores_is_empty (void **state)
{
    (void) state;
    manifest_run_t runs[] = {s_run (1, 1, 100)};
    const manifest_t manifest = {.runs = runs, .count = 1};
    const seq_range_t held[] = {{1, 1, 100}};
    backfill_plan_t plan;
    backfill_plan_make (&plan, &manifest, held, 1, NULL, 0);
    assert_int_equal (plan.want_count + plan.loss_count, 0);
    backfill_plan_fini (&plan);
}

static void
test_plan_finds_a_lost_tail_and_a_silent_epoch (void **state)
{
    (void) state;
    manifest_run_t runs[] = {s_run (7, 1, 90), s_run (8, 1, 5)};
    const manifest_t manifest = {.runs = runs, .count = COUNT (runs)};
    const seq_range_t held[] = {{7, 1, 80}};
    backfill_plan_t plan;
    backfill_plan_make (&plan, &manifest, held, 1, NULL, 0);
    assert_int_equal (plan.want_count, 2);
    s_assert_range (&plan.wants[0], 7, 81, 90);
    s_assert_range (&plan.wants[1], 8, 1, 5);
    backfill_plan_fini (&plan);
}

static void
test_plan_tells_expired_from_absent_losses (void **state)
{
    (void) state;
    manifest_run_t runs[] = {s_run (1, 31, 50), s_run (1, 61, 70)};
    const manifest_t manifest = {
        .runs = runs, .count = COUNT (runs), .expired_epoch = 1, .expired_seq = 30};
    const seq_range_t held[] = {{1, 11, 50}};
    backfill_plan_t plan;
    backfill_plan_make (&plan, &manifest, held, 1, NULL, 0);
    assert_int_equal (plan.loss_count, 2);
    s_assert_range (&plan.losses[0].range, 1, 1, 10);
    assert_int_equal (plan.losses[0].cause, LOSS_EXPIRED);
    s_assert_range (&plan.losses[1].range, 1, 51, 60);
    assert_int_equal (plan.losses[1].cause, LOSS_ABSENT);
    assert_int_equal (plan.want_count, 1);
    backfill_plan_fini (&plan);
}

static void
test_plan_does_not_report_a_loss_twice (void **state)
{
    (void) state;
    const manifest_t manifest = {0};
    const seq_range_t held[] = {{1, 5, 9}}, lost[] = {{1, 1, 3}};
    backfill_plan_t plan;
    backfill_plan_make (&plan, &manifest, held, 1, lost, 1);
    assert_int_equal (plan.loss_count, 1);
    s_assert_range (&plan.losses[0].range, 1, 4, 4);
    backfill_plan_fini (&plan);
}

static void
test_plan_takes_seqs_up_to_the_greatest_there_is (void **state)
{
    (void) state;
    manifest_run_t runs[] = {s_run (1, 1, UINT64_MAX)};
    const manifest_t manifest = {.runs = runs, .count = 1};
    const seq_range_t held[] = {{1, UINT64_MAX, UINT64_MAX}};
    backfill_plan_t plan;
    backfill_plan_make (&plan, &manifest, held, 1, NULL, 0);
    assert_int_equal (plan.want_count, 1);
    s_assert_range (&plan.wants[0], 1, 1, UINT64_MAX - 1);
    backfill_plan_fini (&plan);
}

//  --- the machine
//  ---------------------------------------------------------------------------------

static backfill_t *
s_new (void)
{
    const backfill_policy_t policy = backfill_policy_default ();
    return backfill_new (&policy, 1);
}

static backfill_action_t
s_next (backfill_t *self, int64_t now_ms, backfill_action_kind_t kind)
{
    backfill_action_t action;
    assert_int_equal (backfill_next (self, now_ms, &action), 1);
    assert_int_equal (action.kind, kind);
    return action;
}

static void
s_assert_idle (backfill_t *self, int64_t now_ms)
{
    backfill_action_t action;
    assert_int_equal (backfill_next (self, now_ms, &action), 0);
}

//  Answer the open manifest request of n1: it has 1 .. last, the store nothing.
static void
s_offer (backfill_t *self, uint64_t id, uint64_t last, int64_t now_ms)
{
    manifest_run_t runs[] = {s_run (1, 1, last)};
    const manifest_t manifest = {.runs = runs, .count = last ? 1 : 0};
    assert_int_equal (backfill_manifest (self, "n1", id, &manifest, NULL, 0, NULL, 0, now_ms), 0);
}

static void
test_a_node_that_appears_is_asked_at_once_and_then_every_period (void **state)
{
    (void) state;
    backfill_t *self = s_new ();
    backfill_node_appeared (self, "n1", 1000);
    uint64_t id = s_next (self, 1000, BACKFILL_ASK_MANIFEST).id;
    s_offer (self, id, 0, 1010);
    s_assert_idle (self, 5999);
    s_next (self, 6000, BACKFILL_ASK_MANIFEST);
    backfill_destroy (&self);
}

static void
test_a_gap_brings_the_next_comparison_forward (void **state)
{
    (void) state;
    backfill_t *self = s_new ();
    backfill_node_appeared (self, "n1", 1000);
    s_offer (self, s_next (self, 1000, BACKFILL_ASK_MANIFEST).id, 0, 1010);
    backfill_hint (self, "n1", 1050);
    s_assert_idle (self, 1199);
    s_next (self, 1200, BACKFILL_ASK_MANIFEST);
    backfill_destroy (&self);
}

static void
test_replays_are_asked_for_in_chunks_one_at_a_time (void **state)
{
    (void) state;
    backfill_t *self = s_new ();
    backfill_node_appeared (self, "n1", 0);
    s_offer (self, s_next (self, 0, BACKFILL_ASK_MANIFEST).id, 600, 1);
    backfill_action_t first = s_next (self, 1, BACKFILL_ASK_REPLAY);
    s_assert_range (&first.range, 1, 1, 512);
    s_assert_idle (self, 1);
    assert_int_equal (backfill_backlog (self), 600);
    assert_int_equal (backfill_replayed (self, "n1", first.id, 512, 512, 2), 0);
    backfill_action_t second = s_next (self, 2, BACKFILL_ASK_REPLAY);
    s_assert_range (&second.range, 1, 513, 600);
    assert_int_equal (backfill_backlog (self), 88);
    backfill_destroy (&self);
}

static void
test_a_replay_that_found_no_room_is_asked_for_from_there (void **state)
{
    (void) state;
    backfill_t *self = s_new ();
    backfill_node_appeared (self, "n1", 0);
    s_offer (self, s_next (self, 0, BACKFILL_ASK_MANIFEST).id, 100, 1);
    uint64_t id = s_next (self, 1, BACKFILL_ASK_REPLAY).id;
    assert_int_equal (backfill_replayed (self, "n1", id, 30, 30, 2), 0);
    backfill_action_t rest = s_next (self, 2, BACKFILL_ASK_REPLAY);
    s_assert_range (&rest.range, 1, 31, 100);
    backfill_destroy (&self);
}

static void
test_a_silent_node_is_asked_less_and_less (void **state)
{
    (void) state;
    backfill_t *self = s_new ();
    int64_t now_ms = 0, last_ms = -1;
    int64_t longest_ms = 0;
    backfill_node_appeared (self, "n1", 0);
    for (int i = 0; i < 20; i++) {
        s_next (self, now_ms, BACKFILL_ASK_MANIFEST);
        if (last_ms >= 0 && now_ms - last_ms > longest_ms)
            longest_ms = now_ms - last_ms;
        last_ms = now_ms;
        now_ms += 3000; //  The time for a reply
        s_assert_idle (self, now_ms);
        now_ms = backfill_due_mono_ms (self, now_ms);
    }
    assert_in_range (longest_ms, 3000 + 2500, 3000 + 5000);
    backfill_destroy (&self);
}

static void
test_a_silent_node_does_not_delay_another (void **state)
{
    (void) state;
    backfill_t *self = s_new ();
    backfill_node_appeared (self, "n2", 0);
    assert_string_equal (s_next (self, 0, BACKFILL_ASK_MANIFEST).node, "n2");
    backfill_node_appeared (self, "n1", 1);
    s_offer (self, s_next (self, 1, BACKFILL_ASK_MANIFEST).id, 10, 2);
    assert_string_equal (s_next (self, 2, BACKFILL_ASK_REPLAY).node, "n1");
    backfill_destroy (&self);
}

static void
test_late_and_invented_replies_change_nothing (void **state)
{
    (void) state;
    backfill_t *self = s_new ();
    const manifest_t manifest = {0};
    backfill_node_appeared (self, "n1", 0);
    uint64_t id = s_next (self, 0, BACKFILL_ASK_MANIFEST).id;
    assert_int_equal (backfill_manifest (self, "n1", id + 1, &manifest, NULL, 0, NULL, 0, 1), -1);
    assert_int_equal (backfill_manifest (self, "n9", id, &manifest, NULL, 0, NULL, 0, 1), -1);
    assert_int_equal (backfill_replayed (self, "n1", id, 5, 5, 1), -1);
    s_assert_idle (self, 3000);
    assert_int_equal (backfill_manifest (self, "n1", id, &manifest, NULL, 0, NULL, 0, 3001), -1);
    backfill_destroy (&self);
}

static void
test_a_replay_beyond_what_was_asked_for_is_a_failure (void **state)
{
    (void) state;
    backfill_t *self = s_new ();
    backfill_node_appeared (self, "n1", 0);
    s_offer (self, s_next (self, 0, BACKFILL_ASK_MANIFEST).id, 100, 1);
    uint64_t id = s_next (self, 1, BACKFILL_ASK_REPLAY).id;
    assert_int_equal (backfill_replayed (self, "n1", id, UINT64_MAX, 100, 2), 0);
    s_assert_idle (self, 2);
    assert_int_equal (backfill_backlog (self), 0);
    backfill_destroy (&self);
}

//  Have n1 hand over all of its 100 frames, the first count that ever were.
static void
s_pull_all (backfill_t *self, uint64_t count)
{
    backfill_node_appeared (self, "n1", 0);
    s_offer (self, s_next (self, 0, BACKFILL_ASK_MANIFEST).id, 100, 1);
    uint64_t id = s_next (self, 1, BACKFILL_ASK_REPLAY).id;
    backfill_submitted (self, "n1", count);
    assert_int_equal (backfill_replayed (self, "n1", id, 100, 100, 2), 0);
}

static void
test_no_comparison_before_the_store_has_what_was_pulled (void **state)
{
    (void) state;
    backfill_t *self = s_new ();
    s_pull_all (self, 100);
    backfill_hint (self, "n1", 300);
    backfill_settled (self, 99);
    s_assert_idle (self, 60000);
    assert_int_equal (backfill_unsettled (self), 1);
    backfill_node_appeared (self, "n1", 60001); //  At another address: no other frames
    s_assert_idle (self, 60001);
    backfill_settled (self, 100);
    assert_int_equal (backfill_unsettled (self), 0);
    s_next (self, 60002, BACKFILL_ASK_MANIFEST);
    backfill_destroy (&self);
}

static void
test_nor_after_a_failure (void **state)
{
    (void) state;
    backfill_t *self = s_new ();
    backfill_node_appeared (self, "n1", 0);
    s_offer (self, s_next (self, 0, BACKFILL_ASK_MANIFEST).id, 100, 1);
    uint64_t id = s_next (self, 1, BACKFILL_ASK_REPLAY).id;
    backfill_submitted (self, "n1", 50);
    backfill_misbehaved (self, "n1", id, 2);
    s_assert_idle (self, 5000);
    backfill_settled (self, 50);
    s_next (self, 5000, BACKFILL_ASK_MANIFEST);
    backfill_destroy (&self);
}

static void
test_a_node_that_waits_for_the_store_delays_no_other (void **state)
{
    (void) state;
    backfill_policy_t policy = backfill_policy_default ();
    policy.requests_at_once = 1;
    backfill_t *self = backfill_new (&policy, 1);
    s_pull_all (self, 100);
    backfill_node_appeared (self, "n2", 1000);
    assert_string_equal (s_next (self, 1000, BACKFILL_ASK_MANIFEST).node, "n2");
    backfill_destroy (&self);
}

static void
test_all_replays_together_keep_to_the_budget (void **state)
{
    (void) state;
    backfill_policy_t policy = backfill_policy_default ();
    policy.frames_per_s = 1000;
    policy.chunk_frames = 100;
    backfill_t *self = backfill_new (&policy, 1);
    backfill_node_appeared (self, "n1", 0);
    s_offer (self, s_next (self, 0, BACKFILL_ASK_MANIFEST).id, 100000, 0);
    uint64_t through = 0;
    backfill_action_t action;
    for (int64_t now_ms = 0; now_ms < 2000; now_ms++)
        if (backfill_next (self, now_ms, &action) == 1) {
            through = action.range.last_seq;
            backfill_replayed (self, "n1", action.id, through, 100, now_ms);
        }
    assert_in_range (through, 2000, 2300);
    backfill_destroy (&self);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_plan_wants_what_the_manifest_has_and_the_store_lacks),
        cmocka_unit_test (test_plan_of_equal_stores_is_empty),
        cmocka_unit_test (test_plan_finds_a_lost_tail_and_a_silent_epoch),
        cmocka_unit_test (test_plan_tells_expired_from_absent_losses),
        cmocka_unit_test (test_plan_does_not_report_a_loss_twice),
        cmocka_unit_test (test_plan_takes_seqs_up_to_the_greatest_there_is),
        cmocka_unit_test (test_a_node_that_appears_is_asked_at_once_and_then_every_period),
        cmocka_unit_test (test_a_gap_brings_the_next_comparison_forward),
        cmocka_unit_test (test_replays_are_asked_for_in_chunks_one_at_a_time),
        cmocka_unit_test (test_a_replay_that_found_no_room_is_asked_for_from_there),
        cmocka_unit_test (test_a_silent_node_is_asked_less_and_less),
        cmocka_unit_test (test_a_silent_node_does_not_delay_another),
        cmocka_unit_test (test_late_and_invented_replies_change_nothing),
        cmocka_unit_test (test_a_replay_beyond_what_was_asked_for_is_a_failure),
        cmocka_unit_test (test_no_comparison_before_the_store_has_what_was_pulled),
        cmocka_unit_test (test_nor_after_a_failure),
        cmocka_unit_test (test_a_node_that_waits_for_the_store_delays_no_other),
        cmocka_unit_test (test_all_replays_together_keep_to_the_budget),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
