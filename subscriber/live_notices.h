//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_notices - what a live tail says besides frames: who went silent, what was missed, which
//  connection is down. One line each, on standard error, beginning with "-- "; a view that draws
//  over what it drew has them kept instead, and shows the newest. Not safe for two threads.
#ifndef SUBSCRIBER_LIVE_NOTICES_H
#define SUBSCRIBER_LIVE_NOTICES_H

#include "subscriber/live_watch.h"
#include "subscriber/monitor.h"

typedef struct live_notices_t live_notices_t;

live_notices_t *live_notices_new (void);
void live_notices_destroy (live_notices_t **self_p);

//  From now on keep the newest notice instead of printing (true), or print again.
void live_notices_keep (live_notices_t *self, bool keep);
//  The newest one kept, after the time of day, or "".
const char *live_notices_newest (const live_notices_t *self);
//  Say a line of the caller's own.
void live_notices_say (live_notices_t *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

//  A connection changed. Nobody there is said once, until it changes again.
void live_notices_link (live_notices_t *self, const link_event_t *event);
//  True while at least one connection is up.
bool live_notices_connected (const live_notices_t *self);

//  A frame came.
void live_notices_news (live_notices_t *self, const frame_t *frame, const live_news_t *news);
//  A message came that is no frame. They are counted, and said once a second by tick.
void live_notices_unreadable (live_notices_t *self, const char *reason);
//  Call every now and then: says who has become silent, and what was unreadable.
void live_notices_tick (live_notices_t *self, live_watch_t *watch, int64_t now_mono_ns);

//  Frames that were missed, and messages that were none, in all.
uint64_t live_notices_missed (const live_notices_t *self);
uint64_t live_notices_bad (const live_notices_t *self);

//  The end: what was lost in all, if anything was.
void live_notices_end (live_notices_t *self);

#endif
