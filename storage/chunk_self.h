//  SPDX-License-Identifier: GPL-2.0-or-later
//  chunk_self - how a chunk is laid out, and what it is once it was opened, for chunk*.c. All
//  numbers are varints or columns (storage/column.h):
//
//      number of frames
//      number of templates, then each: size, a frame without numbers; what rarely changes
//      columns: which template, start - minute, span, epoch, seq, clock synchronised, the fields
//      number of metrics, then for each the size of what follows (0: no frame measured it):
//          columns: measured, accrued; count (of a count metric) or sum
//          total count and total sum before the first frame; what later totals differ by from
//          those before and the frame's own, as columns
//          counts (storage/counts.h) of what is not a count metric
#ifndef STORAGE_CHUNK_SELF_H
#define STORAGE_CHUNK_SELF_H

#include "storage/chunk.h"

typedef struct {
    bool present;                       //  Any frame measured it
    column_t measured, accrued_ns, own; //  own: the count of a count metric, else the sum
    column_t total_counts, total_sums;  //  How far off; once loaded, the totals
    taker_t rest;                       //  The counts
    counts_t *frames;                   //  Owned: each frame's, once loaded
} chunk_metric_t;

struct chunk_t {
    unsigned count;
    int64_t minute_wall_s;
    frame_t *templates; //  Owned
    unsigned template_count;
    column_t columns[SHEET_COLUMNS];
    chunk_metric_t metrics[METRIC_COUNT_];
    bool is_loaded;
};

static inline bool
chunk_is_count (unsigned id)
{
    return metric_get ((metric_id_t) id)->kind == METRIC_COUNT;
}

#endif
