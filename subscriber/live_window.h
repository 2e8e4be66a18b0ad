//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_window - the last seconds of one node, kept up by adding each frame that comes and taking
//  away those that leave. Exact: the same as adding up the window's frames anew. Pure. Frames are
//  kept packed: about a kilobyte a second.
#ifndef SUBSCRIBER_LIVE_WINDOW_H
#define SUBSCRIBER_LIVE_WINDOW_H

#include "schema/partial.h"

typedef struct live_window_t live_window_t;

//  A window of over_s seconds (from 1) over the metrics of the set.
live_window_t *live_window_new (const char *node, int64_t over_s, metric_set_t metrics);
void live_window_destroy (live_window_t **self_p);

//  Add a frame, newer than those before; the window then ends where the frame does. After a step
//  back of the clock the window begins anew.
void live_window_add (live_window_t *self, const frame_t *frame);
//  Let the window end at until_wall_s, where that is later.
void live_window_advance (live_window_t *self, int64_t until_wall_s);
//  Take the oldest second away before its time; coverage tells. Returns false where there is none.
bool live_window_shrink (live_window_t *self);

//  What the window holds; valid until the window changes.
const partial_t *live_window_held (const live_window_t *self);
//  Memory of the packed frames.
size_t live_window_bytes (const live_window_t *self);

#endif
