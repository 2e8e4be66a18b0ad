//  SPDX-License-Identifier: GPL-2.0-or-later
//  open_minute - what the frames of a node's open minute add up to so far, kept between windows,
//  so that a window reads only those that came since.
//
//  A sum stands for the frames up to one start. It holds as long as no frame comes or goes before
//  that: the node's closed_wall_s and disorder tell. The latest of every OPEN_MINUTE_STEP_S seconds
//  is kept, so that a window that ends before others did reads few frames, too. Safe from any
//  thread.
#ifndef STORAGE_OPEN_MINUTE_H
#define STORAGE_OPEN_MINUTE_H

#include "storage/holding.h"
#include "storage/row.h"

#define OPEN_MINUTE_STEP_S 5

typedef struct {
    char node[NODE_NAME_MAX + 1];
    int64_t closed_wall_s; //  Where the minute begins
    uint64_t disorder;
    int64_t until_wall_s;                    //  Frames that start before are in
    uint64_t inbox_number;                   //  Others stand in no record of the inbox before it
    int64_t reach_wall_s[METRIC_COUNT_ + 1]; //  Up to here seconds are counted
    row_t row; //  present_s: from closed_wall_s on, as far as frames reach
} open_minute_t;

//  Begin with no frame, and the seconds that closed ones reach into.
void open_minute_init (open_minute_t *self, const char *node, const rolled_t *rolled);
//  Add the next frame in order of start, epoch, seq.
void open_minute_add (open_minute_t *self, const frame_t *frame);
//  Whether a frame that starts then would be the first of later seconds than those that the sum is
//  kept for: now is the time to keep it.
bool open_minute_is_step (const open_minute_t *self, int64_t start_wall_s);
//  The second behind the last one that any frame reaches.
int64_t open_minute_end_wall_s (const open_minute_t *self);

//  Sums of the nodes that were asked for last: 512 nodes, 12 sums each, of 4 KB at most; mostly
//  they take some 100 bytes a metric.
typedef struct open_minutes_t open_minutes_t;

open_minutes_t *open_minutes_new (void);
void open_minutes_destroy (open_minutes_t **self_p);

//  Copy the node's latest sum that holds and is not of frames from until on. Returns whether there
//  is one.
bool open_minutes_find (open_minutes_t *self, const char *node, const rolled_t *rolled,
                        int64_t until_wall_s, open_minute_t *found);
//  Keep a copy of a sum of some frames, in the place of an earlier one. One that is too large is
//  not kept.
void open_minutes_keep (open_minutes_t *self, const open_minute_t *minute);

#endif
