//  SPDX-License-Identifier: GPL-2.0-or-later
//  losses - which frames of a node are on record as lost, and why. Pure: no disk.
//  In order of epoch and seq; none overlap; neighbours of one cause are one. A plain value; {0}
//  is empty. Not safe for shared writing.
#ifndef STORAGE_LOSSES_H
#define STORAGE_LOSSES_H

#include <stdbool.h>
#include <stddef.h>
#include "schema/manifest.h"

typedef struct {
    loss_t *items; //  Owned
    size_t count;
    size_t capacity;
} losses_t;

//  Free the items and hold nothing.
void losses_clear (losses_t *self);
//  Become a copy of other; self must hold nothing.
void losses_copy (losses_t *self, const losses_t *other);

//  Put frames on record. Those of the range that are on record already keep their cause.
void losses_add (losses_t *self, const loss_t *loss);
//  A frame turned up after all. Returns true where it was on record.
bool losses_remove (losses_t *self, uint64_t epoch, uint64_t seq);

//  Retention took all names up to this one: none of them is on record any longer.
void losses_expire (losses_t *self, uint64_t epoch, uint64_t seq);

//  How many frames are on record.
uint64_t losses_frames (const losses_t *self);
//  The sum, or the greatest number where it would be beyond: a node may claim any seq.
uint64_t losses_sum (uint64_t one, uint64_t other);

#endif
