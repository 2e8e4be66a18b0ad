//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_options - what the command line and the config file of bin/subscriber ask for.
#ifndef SUBSCRIBER_LIVE_OPTIONS_H
#define SUBSCRIBER_LIVE_OPTIONS_H

#include "program/settings.h"
#include "subscriber/live_filter.h"
#include "subscriber/live_view.h"

typedef struct {
    live_filter_t filter;
    const live_view_t *view;
    metric_set_t metrics; //  Those that the view shows
    const char *live;     //  Endpoints, with commas or blanks between them
    const char *endpoint; //  Of the store that is asked for the past
    bool has_since;
    int64_t since_wall_s;
    int64_t over_s;     //  0: each frame alone
    int64_t duration_s; //  0: no end
    int64_t timeout_s;  //  0: wait for ever
    uint64_t count;     //  0: no end
} live_options_t;

extern const program_t LIVE_PROGRAM;

//  Read them. Mistakes end the program with EXIT_USAGE. settings must outlive self.
void live_options_read (live_options_t *self, const settings_t *settings);

//  The next of a list of endpoints, whose copy it cuts; NULL at the end. list is NULL after the
//  first.
char *live_options_next_endpoint (char *list, char **rest);

#endif
