//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_watch - remembers of each node which frame came last and when, and so finds what did not
//  come. Pure: time is handed in. Memory is bounded: of the nodes beyond LIVE_WATCH_NODES frames
//  are shown, but nothing is noticed.
#ifndef SUBSCRIBER_LIVE_WATCH_H
#define SUBSCRIBER_LIVE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/frame.h"

#define LIVE_WATCH_NODES     20000
#define LIVE_WATCH_SILENT_S  3
#define LIVE_WATCH_SILENT_NS (LIVE_WATCH_SILENT_S * 1000000000LL)

typedef struct live_watch_t live_watch_t;

live_watch_t *live_watch_new (void);
void live_watch_destroy (live_watch_t **self_p);

typedef struct {
    bool is_new;       //  False for a frame that has come before, or an older one: not to be shown
    bool restarted;    //  The worker runs anew: its epoch has changed
    uint64_t missed;   //  Frames that should have come between the last one and this
    int64_t silent_ns; //  The node was said to be silent; for so long, to this frame. Else 0
} live_news_t;

//  A frame has come. A node that is seen for the first time has missed nothing.
live_news_t live_watch_frame (live_watch_t *self, const frame_t *frame, int64_t now_mono_ns);

//  How many frames would be missed if this one came now: 0 too for a node that is seen for the
//  first time, and for a frame that has come before.
uint64_t live_watch_missing (const live_watch_t *self, const frame_t *frame);
//  The newest frame of a node. Returns false, and changes nothing, where there is none.
bool live_watch_last (const live_watch_t *self, const char *node, uint64_t *epoch, uint64_t *seq);

//  Take the names of nodes that have become silent since the last call (no frame for
//  LIVE_WATCH_SILENT_S), at most capacity, in no order; each once until it is heard again. Returns
//  how many there are, which may be more.
size_t live_watch_silent (live_watch_t *self, int64_t now_mono_ns, char (*names)[NODE_NAME_MAX + 1],
                          size_t capacity);

//  The names of nodes that are silent now, at most capacity. Returns how many there are.
size_t live_watch_silent_now (const live_watch_t *self, int64_t now_mono_ns,
                              char (*names)[NODE_NAME_MAX + 1], size_t capacity);

//  True where a frame has come of a node that matches: a name, or a pattern with * or ?.
bool live_watch_has (const live_watch_t *self, const char *pattern);

//  How many nodes have been seen, and whether there were more than are watched.
size_t live_watch_nodes (const live_watch_t *self);
bool live_watch_is_full (const live_watch_t *self);

#endif
