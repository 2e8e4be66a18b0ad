//  SPDX-License-Identifier: GPL-2.0-or-later
//  ranges - which frames of one epoch are held, as runs without a gap. Pure: no disk.
//
//  Runs are in order of seq, do not overlap and do not touch: inserting a frame starts a run,
//  extends one, or joins two, and adds its bytes, seconds and digest to the run's. A stream
//  without loss is one run, however long. A plain value; {0} holds nothing. Not safe for shared
//  writing.
#ifndef STORAGE_RANGES_H
#define STORAGE_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "storage/store.h"

typedef struct {
    uint64_t epoch;
    store_range_t *runs; //  Owned
    size_t count;        //  Of runs
    size_t capacity;
    size_t written;  //  Runs before this one are as they were when their owner last set it: when
                     //  they were written
    bool is_rekeyed; //  Likewise: since then a run has gone, or begins with another seq
    uint64_t frames; //  Held, all runs
    uint64_t bytes;  //  Of their payloads
} ranges_t;

//  The run that one frame is.
store_range_t range_of_frame (const store_record_t *frame);
//  Add the run that follows on self.
void range_extend (store_range_t *self, const store_range_t *next);

//  Become a copy of other; self must hold nothing.
void ranges_copy (ranges_t *self, const ranges_t *other);
//  Free the runs and hold nothing.
void ranges_clear (ranges_t *self);
//  Hold nothing of this epoch, in memory that is kept where it is of a few runs.
void ranges_begin (ranges_t *self, uint64_t epoch);

bool ranges_contain (const ranges_t *self, uint64_t seq);
//  Whether the frame, whose seq is not held, lies in time between those before and after it, and
//  leaves a second to each frame that is missing between.
bool ranges_admit (const ranges_t *self, const store_range_t *frame);
//  Insert a frame (its epoch is not looked at). Returns true, or false where its seq is held
//  already (nothing changes).
bool ranges_insert (ranges_t *self, const store_range_t *frame);
//  Take the frames in gone, which begin the first run, off it; where they are not all of it, the
//  frame behind them starts at next_wall_s.
void ranges_drop_first (ranges_t *self, const store_range_t *gone, int64_t next_wall_s);
//  Append a run behind all others. Returns 0, or -1 where it is reversed or would overlap or
//  touch the last one: no run that was written by this code does. All runs then count as written.
int ranges_append_run (ranges_t *self, const store_range_t *run);

//  The first run that ends at or after seq; count where there is none.
size_t ranges_find (const ranges_t *self, uint64_t seq);
//  The greatest seq held, 0 where nothing is.
uint64_t ranges_last_seq (const ranges_t *self);
//  How many seqs from 1 to the greatest one are not held.
uint64_t ranges_missing (const ranges_t *self);

#endif
