//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_view - the ways to look at frames as they come: lines, hist, heat, top. A view is told of
//  every frame and of every tick, and prints what it has to show; who runs it (live_tail)
//  flushes, counts and ends.
#ifndef SUBSCRIBER_LIVE_VIEW_H
#define SUBSCRIBER_LIVE_VIEW_H

#include "subscriber/live_notices.h"
#include "subscriber/live_watch.h"
#include "subscriber/live_windows.h"

//  What all views share. Outlives them.
typedef struct {
    metric_set_t metrics;    //  To be shown
    int64_t over_s;          //  Length of the rolling window; 0: each frame alone
    live_windows_t *windows; //  What of each node is shown
    live_watch_t *watch;     //  Who is silent
    live_notices_t *notices; //  What was missed and said
    FILE *out;               //  To print to: standard output, in the end
} live_stage_t;

//  A frame that has come, newer than the node's others.
typedef struct {
    const frame_t *frame;
    const partial_t *held; //  Of live_windows_add, which the view calls: the frame alone, or the
                           //  rolling window that ends with it
    live_news_t news;
    int64_t now_mono_ns;
} live_sample_t;

typedef struct {
    int64_t now_mono_ns;
    int64_t now_wall_ns;
    bool resized; //  The terminal has changed its size, or has to be drawn anew
} live_moment_t;

//  Each returns how much it has printed, in what -n counts (frames, rows, drawings). self is what
//  new returned.
typedef struct {
    void *(*new) (const live_stage_t *stage);
    void (*destroy) (void **self_p);
    uint64_t (*show) (void *self, live_sample_t *sample);
    uint64_t (*tick) (void *self, const live_moment_t *moment); //  Or NULL
    //  A key of a terminal (terminal.h); returns false to end. NULL: keys are not read.
    bool (*key) (void *self, int key);
    bool in_place; //  On a terminal it draws over what it drew: nobody else may print
    bool is_full;  //  And on all of it
} live_view_t;

extern const live_view_t LIVE_HIST;
extern const live_view_t LIVE_HEAT;
extern const live_view_t LIVE_TOP;
//  lines, one for each format.
extern const live_view_t LIVE_TEXT;
extern const live_view_t LIVE_NDJSON;
extern const live_view_t LIVE_CSV;
extern const live_view_t LIVE_MSGPACK;

#endif
