//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_filter - which metrics of which nodes a live tail shows: "runqlat,cpu from n1,web*". Pure;
//  a plain value.
#ifndef SUBSCRIBER_LIVE_FILTER_H
#define SUBSCRIBER_LIVE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include "schema/frame.h"

#define LIVE_FILTER_PATTERNS  64
#define LIVE_FILTER_ERROR_MAX 511

typedef struct {
    metric_set_t metrics;
    bool names_metrics; //  Else it has all of them because none was named
    char patterns[LIVE_FILTER_PATTERNS][NODE_NAME_MAX + 1]; //  Names and globs
    size_t pattern_count;                                   //  0: every node
} live_filter_t;

//  Read the words of a command line: metrics (names or short names, letters in any case), then
//  "from" and nodes; commas and blanks separate. No metrics, or *, mean all of them; no nodes mean
//  every node. Returns 0, or -1 and says in error (one line) what is wrong, with a guess.
int live_filter_parse (live_filter_t *self, const char *const *words, size_t count,
                       char error[LIVE_FILTER_ERROR_MAX + 1]);

//  True for a node that is shown.
bool live_filter_accepts (const live_filter_t *self, const char *node);

//  What to subscribe to for a pattern, so that no frame of it is missed: a whole topic for a name,
//  its beginning for a glob.
void live_filter_topic (const char *pattern, char topic[NODE_NAME_MAX + 2]);

#endif
