//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_seam - joins the past to the present: frames that a store has, from a point in time on,
//  then live ones, of each node without a gap and without a frame twice.
//
//  Live frames that come during the replay are held back. When it has ended they are let go; but
//  where a node's first one does not follow on its last replayed one the rest is asked for (the
//  store may be a second behind), and only what cannot be had within LIVE_SEAM_PATIENCE_NS counts
//  as missed. What comes twice is for live_watch to find. Memory is bounded: what is held back
//  beyond LIVE_SEAM_BYTES is dropped, and so missed.
#ifndef SUBSCRIBER_LIVE_SEAM_H
#define SUBSCRIBER_LIVE_SEAM_H

#include "subscriber/live_filter.h"
#include "subscriber/live_watch.h"

#define LIVE_SEAM_PATIENCE_NS 3000000000LL
#define LIVE_SEAM_BYTES       (64u << 20)
#define LIVE_SEAM_ERROR_MAX   767

typedef struct live_seam_t live_seam_t;

//  Ask the store at endpoint which of its nodes the filter accepts, and begin to replay their
//  frames from since_wall_s on. The live subscription must be under way. Returns NULL and fills
//  error (one line) where nobody answers in timeout_ms; NULL and an empty error where stop_fd
//  became readable.
live_seam_t *live_seam_new (const char *endpoint, const live_filter_t *filter, int64_t since_wall_s,
                            int timeout_ms, int stop_fd, char error[LIVE_SEAM_ERROR_MAX + 1]);
void live_seam_destroy (live_seam_t **self_p);

//  What to poll for readability, or NULL: nothing just now.
void *live_seam_handle (const live_seam_t *self);
//  Call when readable, and every now and then.
void live_seam_step (live_seam_t *self, const live_watch_t *watch, int64_t now_mono_ns);
//  A live frame has come. Returns true where it is held back (copied), false where it is to be
//  shown now.
bool live_seam_hold (live_seam_t *self, const live_watch_t *watch, const frame_t *frame,
                     int64_t now_mono_ns);
//  Take the next frame to show: of the past, or one held back. Returns 1, or 0: none now.
int live_seam_next (live_seam_t *self, const live_watch_t *watch, frame_t *frame,
                    int64_t now_mono_ns);

//  True once the past has been handed out, up to what is live.
bool live_seam_is_closed (const live_seam_t *self);
//  How many nodes' past could not be read to its end, and in *reason why.
size_t live_seam_failures (const live_seam_t *self, const char **reason);

#endif
