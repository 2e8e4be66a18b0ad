//  SPDX-License-Identifier: GPL-2.0-or-later
//  pass_budget - bounds what passes over all tasks cost, whose price grows with the tasks: some
//  0.5 us each. A cheap pass (a few hundred tasks) is always made. A dearer one is made only while
//  a task waits at all, and so seldom that all passes together take at most 1 % of one CPU: up to
//  some 18,000 tasks once a second. What a pass left out is found by the next.
//  Pure: the caller has the clocks.
#ifndef PUBLISHER_PASS_BUDGET_H
#define PUBLISHER_PASS_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#define PASS_CHEAP_NS 200000 //  0.02 % of one CPU, once a second
#define PASS_SHARE    100    //  A dearer pass may take one in so many ns

typedef struct {
    uint64_t cost_ns; //  CPU time of the latest pass
    uint64_t end_ns;  //  When it ended
} pass_budget_t;

//  May a pass be made at now_ns? somebody_waits: a task is runnable and has no CPU.
bool pass_budget_allows (const pass_budget_t *self, uint64_t now_ns, bool somebody_waits);

//  A pass was made: it took cost_ns of CPU time and ended at end_ns.
void pass_budget_spend (pass_budget_t *self, uint64_t cost_ns, uint64_t end_ns);

#endif
