//  SPDX-License-Identifier: GPL-2.0-or-later
//  What sched_probe makes of the banks, without a kernel: stints in progress, and the price of
//  passes.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "publisher/bank_sum.h"
#include "publisher/pass_budget.h"

#define ATTACHED_NS 1000
#define NOW_NS      5000

static bank_sum_t
s_sum_of (const struct bank *bank)
{
    bank_sum_t sum = {0};
    bank_sum_add (&sum, bank, NOW_NS, ATTACHED_NS);
    return sum;
}

static void
test_a_stint_in_progress_counts_until_now (void **state)
{
    (void) state;
    struct bank bank = {.running_since = 4000, .running_account = BANK_INSIDE, .ran_ns = 70};
    bank_sum_t sum = s_sum_of (&bank);
    assert_int_equal (sum.on_cpu_ns, 70 + 1000);
    assert_int_equal (sum.idle_ns, 0);
    assert_int_equal (sum.running, 1);
}

static void
test_a_stint_that_ended_after_now_is_made_good_by_its_successor (void **state)
{
    (void) state;
    //  Ran from 4000 to 5200, and another since: the copy was made after the moment.
    struct bank bank = {.running_since = 5200, .running_account = BANK_INSIDE, .ran_ns = 1200};
    assert_int_equal (s_sum_of (&bank).on_cpu_ns, 1000);
}

static void
test_a_task_outside_the_scope_is_neither_measured_nor_idle (void **state)
{
    (void) state;
    struct bank bank = {.running_since = 4000, .running_account = BANK_OUTSIDE};
    bank_sum_t sum = s_sum_of (&bank);
    assert_int_equal (sum.on_cpu_ns, 0);
    assert_int_equal (sum.idle_ns, 0);
    assert_int_equal (sum.running, 1);
}

static void
test_before_its_first_switch_a_cpu_runs_what_the_pass_at_attach_found (void **state)
{
    (void) state;
    struct bank bank = {.seed_since = 300, .seed_account = BANK_INSIDE};
    assert_int_equal (s_sum_of (&bank).on_cpu_ns, NOW_NS - 300);
}

static void
test_a_cpu_that_never_switched_and_ran_nothing_is_idle_since_attaching (void **state)
{
    (void) state;
    struct bank bank = {0};
    bank_sum_t sum = s_sum_of (&bank);
    assert_int_equal (sum.idle_ns, NOW_NS - ATTACHED_NS);
    assert_int_equal (sum.running, 0);
}

//  A task is seen to arrive at 4000; from 4600 on another runs there, which the hook did not see
//  come.
static struct bank
s_bank_with_one_unseen (void)
{
    return (struct bank){.sequence = 8,
                         .running_since = 4000,
                         .running_account = BANK_OUTSIDE,
                         .off_tasks = 1,
                         .off_ns = -(uint64_t) 3000,
                         .look_sequence = 8,
                         .unseen_since = 4600,
                         .unseen_account = BANK_INSIDE};
}

static void
test_a_task_that_runs_unseen_counts_from_its_arrival_and_is_not_away (void **state)
{
    (void) state;
    struct bank bank = s_bank_with_one_unseen ();
    bank_sum_t sum = s_sum_of (&bank);
    assert_int_equal (sum.on_cpu_ns, NOW_NS - 4600);
    assert_int_equal (sum.off_cpu_ns, 4600 - 3000);
}

static void
test_the_task_before_an_unseen_one_ran_until_that_arrived (void **state)
{
    (void) state;
    struct bank bank = s_bank_with_one_unseen ();
    bank.running_account = BANK_INSIDE;
    bank.unseen_account = BANK_OUTSIDE;
    bank_sum_t sum = s_sum_of (&bank);
    assert_int_equal (sum.on_cpu_ns, 600);
    assert_int_equal (sum.running, 1);
}

static void
test_a_task_is_not_unseen_once_the_cpu_has_switched_again (void **state)
{
    (void) state;
    struct bank bank = s_bank_with_one_unseen ();
    bank.sequence = 10;
    assert_int_equal (s_sum_of (&bank).on_cpu_ns, 0);
}

static void
test_absences_of_tasks_that_moved_between_cpus_add_up (void **state)
{
    (void) state;
    //  Two tasks left the first CPU at 2000 and 3000; one came back on the other at 4500.
    struct bank left = {
        .off_tasks = 2, .off_ns = -(uint64_t) 5000, .running_account = BANK_OUTSIDE};
    struct bank arrived = {.off_tasks = -(uint64_t) 1, .off_ns = 4500};
    bank_sum_t sum = {0};
    bank_sum_add (&sum, &left, NOW_NS, ATTACHED_NS);
    bank_sum_add (&sum, &arrived, NOW_NS, ATTACHED_NS);
    assert_int_equal (sum.off_cpu_ns, (4500 - 2000) + (NOW_NS - 3000));
}

static void
test_a_bank_that_is_never_at_rest_is_refused (void **state)
{
    (void) state;
    static struct bank bank = {.sequence = 7}, copy;
    assert_int_equal (bank_copy (&copy, &bank), -1);
    bank.sequence = 8;
    assert_int_equal (bank_copy (&copy, &bank), 0);
    assert_int_equal (copy.sequence, 8);
}

static void
test_a_cpu_that_runs_another_thread_does_not_tell_since_when (void **state)
{
    (void) state;
    const struct bank bank = {.running_pid = 42, .running_since = 4000};
    uint64_t since_ns = 0;
    assert_int_equal (bank_running_since (&bank, 43, &since_ns), -1);
    assert_int_equal (bank_running_since (&bank, 42, &since_ns), 0);
    assert_int_equal (since_ns, 4000);
}

static void
test_a_cheap_pass_is_always_allowed (void **state)
{
    (void) state;
    pass_budget_t budget = {0};
    assert_true (pass_budget_allows (&budget, 0, false));
    pass_budget_spend (&budget, PASS_CHEAP_NS, 1000);
    assert_true (pass_budget_allows (&budget, 1001, false));
}

static void
test_a_dear_pass_is_not_made_while_nobody_waits (void **state)
{
    (void) state;
    pass_budget_t budget = {0};
    pass_budget_spend (&budget, 5000000, 0);
    assert_false (pass_budget_allows (&budget, 1000000000, false));
    assert_true (pass_budget_allows (&budget, 1000000000, true));
}

static void
test_dear_passes_take_no_more_than_their_share (void **state)
{
    (void) state;
    pass_budget_t budget = {0};
    pass_budget_spend (&budget, 50000000, 50000000);
    assert_false (pass_budget_allows (&budget, 4900000000, true));
    assert_true (pass_budget_allows (&budget, 5000000000, true));
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_stint_in_progress_counts_until_now),
        cmocka_unit_test (test_a_stint_that_ended_after_now_is_made_good_by_its_successor),
        cmocka_unit_test (test_a_task_outside_the_scope_is_neither_measured_nor_idle),
        cmocka_unit_test (test_before_its_first_switch_a_cpu_runs_what_the_pass_at_attach_found),
        cmocka_unit_test (test_a_cpu_that_never_switched_and_ran_nothing_is_idle_since_attaching),
        cmocka_unit_test (test_a_task_that_runs_unseen_counts_from_its_arrival_and_is_not_away),
        cmocka_unit_test (test_the_task_before_an_unseen_one_ran_until_that_arrived),
        cmocka_unit_test (test_a_task_is_not_unseen_once_the_cpu_has_switched_again),
        cmocka_unit_test (test_absences_of_tasks_that_moved_between_cpus_add_up),
        cmocka_unit_test (test_a_bank_that_is_never_at_rest_is_refused),
        cmocka_unit_test (test_a_cpu_that_runs_another_thread_does_not_tell_since_when),
        cmocka_unit_test (test_a_cheap_pass_is_always_allowed),
        cmocka_unit_test (test_a_dear_pass_is_not_made_while_nobody_waits),
        cmocka_unit_test (test_dear_passes_take_no_more_than_their_share),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
