//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_top - what the view "top" shows at the moment, and how it is drawn. Pure but for the FILE
//  that is printed to.
#ifndef SUBSCRIBER_LIVE_TOP_H
#define SUBSCRIBER_LIVE_TOP_H

#include <stdio.h>
#include "subscriber/live_ranking.h"
#include "subscriber/screen.h"

typedef struct {
    metric_id_t metric;
    rank_order_t order;
    bool reversed;
    char filter[NODE_NAME_MAX + 1]; //  "": all nodes
    bool edits_filter;              //  It is being typed
    bool shows_help;
    size_t first; //  Row that stands at the top; brought within what there is when it is drawn
} live_top_state_t;

//  Sort by the column of a key, or by the next to the left or right for < and >. Returns false for
//  any other key.
bool live_top_choose_order (live_top_state_t *state, int key);

//  Print the whole screen, as many lines as it has rows (all there are where that is 0), each with
//  a newline and none longer than the screen's columns as long as those are 60 or more.
void live_top_print (const live_stage_t *stage, live_ranking_t *ranking, live_top_state_t *state,
                     const live_moment_t *moment, const screen_t *screen, FILE *out);

#endif
