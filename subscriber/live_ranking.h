//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_ranking - the nodes of the view "top": the newest numbers of each, the last minute of its
//  p99, what of it was missed; sorted, and filtered by name. Pure: time is handed in.
#ifndef SUBSCRIBER_LIVE_RANKING_H
#define SUBSCRIBER_LIVE_RANKING_H

#include "subscriber/live_view.h"

#define LIVE_RANKING_NODES   20000
#define LIVE_RANKING_HISTORY 60 //  Seconds
#define LIVE_RANKING_UNKNOWN (-1.0)

//  Of one metric. LIVE_RANKING_UNKNOWN where there is none.
typedef struct {
    double rate; //  Events a second
    double average_ns, p50_ns, p99_ns, most_ns;
    //  p99 of each second, newest last; 0 where there were no events, LIVE_RANKING_UNKNOWN where no
    //  frame came, NAN before the first one.
    double history_ns[LIVE_RANKING_HISTORY];
} live_figures_t;

typedef struct {
    char node[NODE_NAME_MAX + 1];
    int64_t last_wall_s; //  The newest second covered
    int64_t last_mono_ns;
    uint64_t missed; //  Frames, in all
    frame_source_t source;
    scope_kind_t scope;
    live_figures_t metrics[METRIC_COUNT_];
} live_rank_t;

typedef enum { BY_NODE_NAME, BY_RATE, BY_AVERAGE, BY_P50, BY_P99, BY_MOST, BY_MISSED } rank_order_t;

typedef struct live_ranking_t live_ranking_t;

live_ranking_t *live_ranking_new (void);
void live_ranking_destroy (live_ranking_t **self_p);

//  A frame came. Nodes beyond LIVE_RANKING_NODES are left out.
void live_ranking_add (live_ranking_t *self, const live_sample_t *sample, metric_set_t metrics);

//  The nodes whose name holds filter ("": all; with * or ? it is a pattern for the whole name) in
//  order: the greatest first, names from a; reversed the other way; equal ones by name. Returns how
//  many; *ranks is valid until the next call of any function.
size_t live_ranking_sort (live_ranking_t *self, metric_id_t metric, rank_order_t order,
                          bool reversed, const char *filter, const live_rank_t *const **ranks);

#endif
