//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_windows - what of every node is shown: its newest frame alone, or with --over the rolling
//  window that ends with it. Pure: time is handed in. Memory is bounded: where the packed frames
//  would take more than LIVE_WINDOWS_BYTES the oldest of the node leave early, and nodes beyond
//  LIVE_WINDOWS_NODES have their newest frame only. Coverage tells both.
#ifndef SUBSCRIBER_LIVE_WINDOWS_H
#define SUBSCRIBER_LIVE_WINDOWS_H

#include "subscriber/live_window.h"

#define LIVE_WINDOWS_NODES 4096
#define LIVE_WINDOWS_BYTES (512u << 20)

typedef struct live_windows_t live_windows_t;

//  over_s 0: the newest frame alone.
live_windows_t *live_windows_new (int64_t over_s, metric_set_t metrics);
void live_windows_destroy (live_windows_t **self_p);

//  A frame came, newer than the node's others. Returns what is to be shown, valid until the next
//  call.
const partial_t *live_windows_add (live_windows_t *self, const frame_t *frame);
//  What a node's window holds when it ends at until_wall_s or, where that is later, where it ends
//  already. NULL for a node without one.
const partial_t *live_windows_at (live_windows_t *self, const char *node, int64_t until_wall_s);
//  All nodes' windows, so ended, added up into sum. Returns how many nodes they are of.
size_t live_windows_sum (live_windows_t *self, int64_t until_wall_s, partial_t *sum);

#endif
