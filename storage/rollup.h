//  SPDX-License-Identifier: GPL-2.0-or-later
//  rollup - keeps the rollups of a node true to its frames, in the batch that brings the frames.
//
//  From closed_wall_s on frames are not rolled up yet. Where there is one behind the minute that
//  begins then, that minute is over, and may be closed, and with it all periods of all levels that
//  end before the next frame. Retention closes a minute that is not over before it takes any of its
//  frames, so that they are rolled up. A frame that comes later than that is added to every row
//  whose prefix it is part of. Seconds that a frame covers beyond its own minute are counted where
//  they lie.
//
//  Only frames that decode and say the start and span they are filed under are rolled up.
#ifndef STORAGE_ROLLUP_H
#define STORAGE_ROLLUP_H

#include "storage/row.h"
#include "storage/store_draft.h"

//  Put a frame into the draft, which has its node's group of the inbox in hand, and take it into
//  account; drafted is its node. Its bytes must stay until the draft is written. Returns 0, or -1
//  when the store could not be read (see store_error).
int rollup_add (store_draft_t *draft, holding_t *drafted, const store_record_t *record);

//  Close the minutes that are over of all nodes of the group of the inbox in hand. *frames grows by
//  how many of them are rewritten. Returns 0, or -1 (see store_error).
int rollup_close (store_draft_t *draft, size_t *frames);

//  Close the minutes of one node of that group that begin before until, the start of a minute, no
//  matter whether they are over: what comes to them afterwards is late. The node has a frame in the
//  inbox. Returns as rollup_close does.
int rollup_close_until (store_draft_t *draft, const char *node, int64_t until_wall_s);

//  Decode a frame. Returns 0, or -1 where it is none, or one of another start or span.
int rollup_decode (frame_t *frame, wire_reader_t *reader, const store_record_t *record);
//  The same as frame_decode_again does it.
int rollup_decode_again (frame_t *frame, frame_slots_t *slots, wire_reader_t *reader,
                         const store_record_t *record);

#endif
