//  SPDX-License-Identifier: GPL-2.0-or-later
//  row - what frames add up to: a rollup, or a window in the making. Rows are added and
//  subtracted, exactly and in any order, modulo 2^64: so a window can be a difference of sums.
//  A plain value of 17 KB; {0} is the sum of nothing. Not safe for shared writing.
#ifndef STORAGE_ROW_H
#define STORAGE_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/partial.h"
#include "storage/varint.h"

//  Scopes are counted one by one, so that it can be told of a difference whether they are mixed.
//  A row of more scopes than this keeps none, and what it is part of counts as mixed.
#define ROW_SCOPES_MAX 8

//  Place of the frames as such beside the metrics, where seconds are counted for each.
#define ROW_ANY METRIC_COUNT_

typedef struct {
    scope_t scope;
    uint64_t frames;
} row_scope_t;

typedef struct {
    uint64_t frames;
    uint64_t synthetic; //  Of them, from a synthetic source
    uint64_t present_s; //  Seconds that any frame covers
    bool many_scopes;
    unsigned scope_count;
    row_scope_t scopes[ROW_SCOPES_MAX];
    //  Of a row of one minute (a prefix sum's last): which of its seconds are covered, the first
    //  one is bit 0; by a frame that measured the metric, and by any.
    uint64_t covered[METRIC_COUNT_ + 1];
    partial_metric_t metrics[METRIC_COUNT_];
} row_t;

//  Add a frame's events and its scope; seconds are counted by row_cover.
void row_add_frame (row_t *self, const frame_t *frame, metric_set_t metrics);
//  Take off a frame that has no metrics.
void row_subtract_template (row_t *self, const frame_t *frame);
//  The metrics that a frame measured, with the bit of ROW_ANY.
metric_set_t row_measured (const frame_t *frame);

//  Count the seconds of the minute for each of the set (with ROW_ANY's bit) that were not
//  covered before.
void row_cover (row_t *self, metric_set_t set, uint64_t seconds);

//  Add other's sums, or those of some metrics; covered stays.
void row_add (row_t *self, const row_t *other);
void row_add_metrics (row_t *self, const row_t *other, metric_set_t metrics);
//  Whether it holds nothing.
bool row_is_empty (const row_t *self);

//  Seconds from .. until of the minute that begins at minute_wall_s, as bits.
uint64_t row_seconds (int64_t minute_wall_s, int64_t from_wall_s, int64_t until_wall_s);

//  Fill what partial has not of its own: all but node and window.
void row_fill_partial (const row_t *self, partial_t *partial);

void row_encode (const row_t *self, bytes_t *bytes);
//  Read a row. Returns 0, or -1 where the bytes are no row.
int row_decode (row_t *self, const void *data, size_t size);
//  The same for who wants no events: of its metrics only covered is told.
int row_decode_seconds (row_t *self, const void *data, size_t size);
//  Add the sums of an encoded row's metrics of the set, or take them off; covered stays. Returns
//  as above.
int row_add_encoded (row_t *self, const void *data, size_t size, metric_set_t metrics);
int row_subtract_encoded (row_t *self, const void *data, size_t size, metric_set_t metrics);
//  The same but for the seconds that are present, which stay.
int row_add_events (row_t *self, const void *data, size_t size, metric_set_t metrics);
int row_subtract_events (row_t *self, const void *data, size_t size, metric_set_t metrics);

#endif
