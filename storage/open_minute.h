//  SPDX-License-Identifier: GPL-2.0-or-later
//  open_minute - what the frames of a node's open minute add up to so far, kept between windows,
//  so that a window reads only those that came since.
//
//  A sum stands for the frames up to one start. It holds as long as no frame comes or goes before
//  that: the node's closed_wall_s and disorder tell. Safe from any thread.
#ifndef STORAGE_OPEN_MINUTE_H
#define STORAGE_OPEN_MINUTE_H

#include "storage/holding.h"
#include "storage/row.h"

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
//  The second behind the last one that any frame reaches.
int64_t open_minute_end_wall_s (const open_minute_t *self);

//  Sums of the nodes that were asked for last.
typedef struct open_minutes_t open_minutes_t;

open_minutes_t *open_minutes_new (void);
void open_minutes_destroy (open_minutes_t **self_p);

//  Copy the node's sum, where there is one that holds and is not of frames from until on. Returns
//  whether there is.
bool open_minutes_find (open_minutes_t *self, const char *node, const rolled_t *rolled,
                        int64_t until_wall_s, open_minute_t *found);
//  Keep a copy, in the place of an older one.
void open_minutes_keep (open_minutes_t *self, const open_minute_t *minute);

#endif
