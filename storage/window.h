//  SPDX-License-Identifier: GPL-2.0-or-later
//  window - what the frames of one node add up to whose start lies in a window, being read:
//
//      store_window.c   the whole
//      window_rows.c    closed minutes, from rollups
//      window_edge.c    a part of a closed minute
//      window_open.c    the minute that is not closed
//      window_frames.c  frames as they came, which the last two read
//
//  All is read over one scan, and so as it was at one moment. Functions return 0, or -1 where the
//  store could not be read (see store_error), unless they say otherwise.
#ifndef STORAGE_WINDOW_H
#define STORAGE_WINDOW_H

#include "storage/row.h"
#include "storage/store_key.h"
#include "storage/store_scan.h"

//  The last row of minutes in its hour that starts before until; no bytes: there is none.
typedef struct {
    int64_t until_wall_s;
    bytes_t bytes; //  Owned
} kept_row_t;

#define WINDOW_KEPT_ROWS 4 //  Two edges, two rows each

//  What one thread reads windows with, one after the other, all of them as they were at one moment.
//  Frames are decoded each in the place of the one before, so that only what that one filled has to
//  be cleared.
typedef struct {
    scan_t *scan;          //  Owned, as is the reader
    wire_reader_t *reader; //  Scratch
    frame_slots_t slots;   //  The frame's
    frame_t frame;
} window_hand_t;

window_hand_t *window_hand_new (store_t *store);
void window_hand_destroy (window_hand_t **self_p);

typedef struct {
    store_t *store;
    const char *node;
    window_hand_t *hand; //  Borrowed
    scan_t *scan;        //  The hand's
    metric_set_t metrics;
    int64_t since_wall_s, until_wall_s;
    holding_t record; //  Of the node, as far as the database tells
    rolled_t rolled;  //  The record's, read on
    row_t total;
    store_plan_t plan; //  What the total was read from
    //  Rows of minutes that an edge read, which whole minutes next to it begin or end with.
    kept_row_t kept[WINDOW_KEPT_ROWS];
    unsigned kept_count;
} window_t;

//  Whether the scan stands on a key.
bool window_stands_on (const window_t *self, const store_bytes_t *wanted);

//  Add whole closed periods of a level, from rollups.
int window_add_level (window_t *self, unsigned level, int64_t from_wall_s, int64_t until_wall_s);
//  Find the row of a closed minute, and the last one before it in its hour. Both are kept, and
//  borrowed until the window is done; without bytes where there is none.
int window_read_minute (window_t *self, int64_t minute_wall_s, const bytes_t **own,
                        const bytes_t **before);
void window_forget_rows (window_t *self);
//  Fail because of a row that is none.
int window_fail_row (window_t *self);

//  Add the part of a closed minute that lies in [from, until).
int window_add_edge (window_t *self, int64_t from_wall_s, int64_t until_wall_s);

//  Add what lies in the minute that is not closed.
int window_add_open (window_t *self);

//  Decode a frame, which is borrowed until the next one is. NULL where it does not decode, which is
//  counted.
const frame_t *window_decode (window_t *self, const store_record_t *record);
//  Stand before the frames that start at or after a second. *rc is what scan_seek came to.
int window_seek_frames (window_t *self, int64_t from_wall_s, int *rc);
//  The frame the scan stands on, borrowed until the next one is decoded. Returns 1 where it starts
//  before until and decodes, 0 where it does not decode, -1 where it is behind or another node's.
int window_take_frame (window_t *self, int64_t until_wall_s, const frame_t **frame);
//  Add a frame's events; no seconds.
void window_add_frame (window_t *self, const frame_t *frame);

#endif
