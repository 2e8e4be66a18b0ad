//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_tail - runs a view on frames as they come, and says what did not come.
#ifndef SUBSCRIBER_LIVE_TAIL_H
#define SUBSCRIBER_LIVE_TAIL_H

#include "subscriber/live_seam.h"
#include "subscriber/live_source.h"
#include "subscriber/live_view.h"

typedef struct {
    live_source_t *source;
    live_seam_t *seam; //  The past that comes first, or NULL
    const live_view_t *view;
    metric_set_t metrics;
    const live_filter_t *filter;
    int64_t over_s;      //  Length of the rolling window; 0: each frame alone
    uint64_t count;      //  What the view counts, then end; 0: no end
    int64_t timeout_ns;  //  End when no frame comes for so long; 0: wait for ever
    int64_t duration_ns; //  End after so long; 0: no end
    int stop_fd;         //  End when it becomes readable
} live_tail_t;

//  Run until one of the ends above, a key that ends the view, or until nobody reads standard output
//  any more. Returns EXIT_DONE; EXIT_CANNOT_CONNECT after the timeout; EXIT_FAILED where standard
//  output cannot be written.
int live_tail_run (const live_tail_t *options);

#endif
