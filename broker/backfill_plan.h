//  SPDX-License-Identifier: GPL-2.0-or-later
//  backfill_plan - range arithmetic: what to pull of one node and what is lost, from its
//  manifest and what the store has. Pure.
#ifndef BROKER_BACKFILL_PLAN_H
#define BROKER_BACKFILL_PLAN_H

#include "schema/manifest.h"

typedef struct {
    seq_range_t *wants; //  The manifest has them, the store does not; oldest first
    size_t want_count;
    loss_t *losses; //  Neither has them, and they are not yet on record as lost
    size_t loss_count;
} backfill_plan_t;

//  Most ranges of either kind in one plan; what is over comes with the next manifest.
#define BACKFILL_PLAN_MAX 4096

//  Every frame 1 .. n of an epoch existed, n being the last that either side has. held and lost
//  are in order of epoch and seq, and within each no two ranges overlap.
void backfill_plan_make (backfill_plan_t *self, const manifest_t *manifest, const seq_range_t *held,
                         size_t held_count, const seq_range_t *lost, size_t lost_count);
void backfill_plan_fini (backfill_plan_t *self);

#endif
