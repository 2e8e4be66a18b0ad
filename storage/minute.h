//  SPDX-License-Identifier: GPL-2.0-or-later
//  minute - the frames of one node that start within one minute: in the inbox as long as it is
//  open, then rewritten as a chunk; what came late, and what fits no chunk, by a key of its own.
//  Here they are read for adding up, and rewritten.
#ifndef STORAGE_MINUTE_H
#define STORAGE_MINUTE_H

#include "storage/row.h"
#include "storage/store_draft.h"

typedef struct {
    row_t row; //  With the seconds of the minute that these frames cover
    int64_t reach_wall_s[METRIC_COUNT_ + 1]; //  Where the last second ends that they cover
} minute_t;

//  Rewrite the frames of the first minute that is not closed as one chunk, and tell what they add
//  up to. Those that do not decode up to until, and those that are too many, get keys of their own.
//  The draft has the node's group of the inbox in hand. Returns 0, or -1 on failure (see
//  store_error).
int minute_close (store_draft_t *draft, holding_t *drafted, int64_t until_wall_s, minute_t *minute);

//  Rewrite all frames of a closed minute, late ones too, as one chunk, as they will be once the
//  draft is written. What does not fit in stays as it is. Returns as minute_close does.
int minute_rewrite (store_draft_t *draft, holding_t *drafted, int64_t minute_wall_s);

//  Take the frames of a range out of the minute's chunk, which is deleted once it has none.
int minute_drop (store_draft_t *draft, holding_t *drafted, int64_t minute_wall_s,
                 const seq_range_t *range);

//  Whether a minute's chunk holds the frame with the record's name, and with the same bytes.
//  Returns 1, 0 or -1.
int minute_holds (const store_draft_t *draft, const store_record_t *record);

#endif
