//  SPDX-License-Identifier: GPL-2.0-or-later
//  budget - see budget.h.
#include "broker/budget.h"

#define NOT_YET INT64_MIN

budget_t
budget_new (uint64_t frames_per_s, uint64_t most)
{
    budget_t self = {.frames_per_s = (double) frames_per_s, .most = (double) most};
    if (self.most < self.frames_per_s / 5)
        self.most = self.frames_per_s / 5;
    self.left = self.most;
    self.refilled_mono_ms = NOT_YET;
    return self;
}

void
budget_refill (budget_t *self, int64_t now_mono_ms)
{
    if (self->refilled_mono_ms != NOT_YET)
        self->left += (double) (now_mono_ms - self->refilled_mono_ms) * self->frames_per_s / 1000;
    if (self->left > self->most)
        self->left = self->most;
    self->refilled_mono_ms = now_mono_ms;
}

void
budget_take (budget_t *self, uint64_t frames)
{
    self->left -= (double) frames;
}

bool
budget_has (const budget_t *self, uint64_t frames)
{
    return self->left >= (double) frames;
}

int64_t
budget_due_mono_ms (const budget_t *self, uint64_t frames, int64_t now_mono_ms)
{
    double lacking = (double) frames - self->left;
    return now_mono_ms + 1 + (int64_t) (lacking * 1000 / self->frames_per_s);
}
