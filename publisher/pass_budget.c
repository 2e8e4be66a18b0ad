//  SPDX-License-Identifier: GPL-2.0-or-later
//  pass_budget - see pass_budget.h.

#include "publisher/pass_budget.h"

bool
pass_budget_allows (const pass_budget_t *self, uint64_t now_ns, bool somebody_waits)
{
    if (self->cost_ns <= PASS_CHEAP_NS)
        return true;
    return somebody_waits && now_ns - self->end_ns >= self->cost_ns * (PASS_SHARE - 1);
}

void
pass_budget_spend (pass_budget_t *self, uint64_t cost_ns, uint64_t end_ns)
{
    self->cost_ns = cost_ns;
    self->end_ns = end_ns;
}
