//  SPDX-License-Identifier: GPL-2.0-or-later
//  repair - the rows of periods that are closed, when frames come late: what these add, to their
//  minutes and to all rows that those are part of.
//
//  Late frames mostly come many at a time, in order. Those of one node, hour and scope are gathered
//  minute by minute, and rows are read and written once for all of them: when the frame of another
//  comes, when minutes of the draft are closed, and before the draft is written. What is gathered
//  takes a megabyte, and adds as many rows to the batch as a single late frame does.
//  Not safe for shared writing.
#ifndef STORAGE_REPAIR_H
#define STORAGE_REPAIR_H

#include "schema/frame.h"
#include "storage/store_draft.h"

//  Gathers frames for one draft after another.
repair_t *repair_new (void);
void repair_destroy (repair_t **self_p);

//  Give up what is gathered.
void repair_clear (repair_t *self);

//  Gather, in the draft's hand, a frame of a drafted node that starts before its closed_wall_s.
//  Returns 0, or -1 where rows that were gathered for could not be read (see store_error).
int repair_add (store_draft_t *draft, const char *node, const frame_t *frame);

//  Put the rows that what is gathered changes into the draft's batch. Until then the node's rows
//  are not what they will be. Returns as above.
int repair_settle (store_draft_t *draft);

#endif
