//  SPDX-License-Identifier: GPL-2.0-or-later
//  repair - the rows of periods that are closed, when a frame comes late: what it adds, to its
//  minutes and to all rows that these are part of.
#ifndef STORAGE_REPAIR_H
#define STORAGE_REPAIR_H

#include "schema/frame.h"
#include "storage/store_draft.h"

//  Add a frame that starts before drafted's closed_wall_s. Returns 0 or -1.
int repair_rows (store_draft_t *draft, holding_t *drafted, const frame_t *frame);

#endif
