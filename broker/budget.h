//  SPDX-License-Identifier: GPL-2.0-or-later
//  budget - how much may be asked for now: so many frames a second, and what was not used of them
//  up to a limit. A plain value. Pure.
#ifndef BROKER_BUDGET_H
#define BROKER_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    double frames_per_s;
    double most; //  Frames that can be left
    double left; //  Below 0 where more was taken
    int64_t refilled_mono_ms;
} budget_t;

//  Full. most is how many frames it holds at least; a fifth of a second's is held at any rate.
budget_t budget_new (uint64_t frames_per_s, uint64_t most);

//  Add what the time since the last call brings.
void budget_refill (budget_t *self, int64_t now_mono_ms);
void budget_take (budget_t *self, uint64_t frames);
bool budget_has (const budget_t *self, uint64_t frames);
//  When it will have so many, which it has not now.
int64_t budget_due_mono_ms (const budget_t *self, uint64_t frames, int64_t now_mono_ms);

#endif
