//  SPDX-License-Identifier: GPL-2.0-or-later
//  minute - what the frames of one node add up to that start within one minute.
#ifndef STORAGE_MINUTE_H
#define STORAGE_MINUTE_H

#include "storage/row.h"
#include "storage/store_draft.h"

typedef struct {
    row_t row; //  With the seconds of the minute that these frames cover
    int64_t reach_wall_s[METRIC_COUNT_ + 1]; //  Where the last second ends that they cover
} minute_t;

//  Add up the frames of a minute that is not closed, as they will be once the draft is written.
//  Returns 0, or -1 when the store could not be read.
int minute_read_open (minute_t *self, store_draft_t *draft, const char *node,
                      int64_t minute_wall_s);

#endif
