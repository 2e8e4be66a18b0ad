//  SPDX-License-Identifier: GPL-2.0-or-later
//  chunk_self - how a chunk is laid out, for chunk_write.c and chunk.c. All numbers are varints or
//  columns (storage/column.h):
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

static inline bool
chunk_is_count (unsigned id)
{
    return metric_get ((metric_id_t) id)->kind == METRIC_COUNT;
}

#endif
