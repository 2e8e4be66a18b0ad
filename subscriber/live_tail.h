//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_tail - prints frames as they come, on standard output, and says on standard error what did
//  not come.
#ifndef SUBSCRIBER_LIVE_TAIL_H
#define SUBSCRIBER_LIVE_TAIL_H

#include <stdbool.h>
#include "subscriber/live_source.h"

typedef struct {
    live_source_t *source;
    const live_filter_t *filter;
    bool ndjson;        //  Else text
    uint64_t count;     //  Frames to print, then end; 0: no end
    int64_t timeout_ns; //  End when no frame comes for so long; 0: wait for ever
    int stop_fd;        //  End when it becomes readable
} live_tail_t;

//  Run until one of the ends above, or until nobody reads standard output any more. Returns
//  EXIT_DONE; EXIT_CANNOT_CONNECT after the timeout; EXIT_FAILED where standard output cannot be
//  written.
int live_tail_run (const live_tail_t *options);

#endif
