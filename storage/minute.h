//  SPDX-License-Identifier: GPL-2.0-or-later
//  minute - the frames of one node that start within one minute: as they came, one key each, or
//  rewritten as a chunk. Here they are read for adding up, and rewritten.
#ifndef STORAGE_MINUTE_H
#define STORAGE_MINUTE_H

#include "storage/row.h"
#include "storage/store_draft.h"

typedef struct {
    row_t row; //  With the seconds of the minute that these frames cover
    int64_t reach_wall_s[METRIC_COUNT_ + 1]; //  Where the last second ends that they cover
} minute_t;

//  Rewrite all frames of a minute as one chunk, as they will be once the draft is written, and
//  tell what they add up to (minute may be NULL). Those that do not decode, and those that are too
//  many, stay as they came. Returns 0, or -1 on failure (see store_error).
int minute_rewrite (store_draft_t *draft, holding_t *drafted, int64_t minute_wall_s,
                    minute_t *minute);

//  Take the frames of a range out of the minute's chunk, which is deleted once it has none.
int minute_drop (store_draft_t *draft, holding_t *drafted, int64_t minute_wall_s,
                 const seq_range_t *range);

//  Whether a minute's chunk holds the frame with the record's name, and with the same bytes.
//  Returns 1, 0 or -1.
int minute_holds (store_t *store, const store_record_t *record);

#endif
