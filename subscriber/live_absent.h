//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_absent - says once that no frame has come of what was asked for, as of a name that is
//  mistaken: for that the tail looks around for a moment, and names who is there.
#ifndef SUBSCRIBER_LIVE_ABSENT_H
#define SUBSCRIBER_LIVE_ABSENT_H

#include "subscriber/live_filter.h"
#include "subscriber/live_notices.h"
#include "subscriber/live_source.h"
#include "subscriber/live_watch.h"

typedef struct {
    const live_filter_t *filter;
    int64_t start_mono_ns; //  Of the tail
    int64_t look_mono_ns;  //  When looking around began, or 0
    bool done;
} live_absent_t;

//  Call every now and then. Nothing is said while no connection is up.
void live_absent_tick (live_absent_t *self, live_source_t *source, const live_watch_t *watch,
                       live_notices_t *notices, int64_t now_mono_ns);

#endif
