//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_ranking - see live_ranking.h.
#include "subscriber/live_ranking.h"

#include <assert.h>
#include <math.h>
#include <czmq.h>
#include "query/statement.h"

typedef struct {
    metric_id_t metric;
    rank_order_t order;
    bool reversed;
} sorting_t;

struct live_ranking_t {
    zhashx_t *nodes; //  Name -> live_rank_t
    const live_rank_t **sorted;
    size_t capacity;
};

static void
s_destroy_rank (void **item_p)
{
    free (*item_p);
    *item_p = NULL;
}

live_ranking_t *
live_ranking_new (void)
{
    live_ranking_t *self = calloc (1, sizeof *self);
    assert (self);
    self->nodes = zhashx_new ();
    assert (self->nodes);
    zhashx_set_destructor (self->nodes, s_destroy_rank);
    return self;
}

void
live_ranking_destroy (live_ranking_t **self_p)
{
    live_ranking_t *self = *self_p;
    if (!self)
        return;
    zhashx_destroy (&self->nodes);
    free (self->sorted);
    free (self);
    *self_p = NULL;
}

//  --- figures ---------------------------------------------------------------------------------

//  NULL where there are too many.
static live_rank_t *
s_find (live_ranking_t *self, const frame_t *frame)
{
    live_rank_t *rank = zhashx_lookup (self->nodes, frame->node);
    if (rank || zhashx_size (self->nodes) == LIVE_RANKING_NODES)
        return rank;
    rank = calloc (1, sizeof *rank);
    assert (rank);
    snprintf (rank->node, sizeof rank->node, "%s", frame->node);
    rank->last_wall_s = frame->start_wall_s - 1;
    for (int id = 0; id < METRIC_COUNT_; id++)
        for (int i = 0; i < LIVE_RANKING_HISTORY; i++)
            rank->metrics[id].history_ns[i] = NAN;
    zhashx_insert (self->nodes, rank->node, rank);
    return rank;
}

static double
s_mean (const histogram_t *histogram)
{
    double value;
    return histogram_mean (histogram, &value) == 0 ? value : LIVE_RANKING_UNKNOWN;
}

static double
s_quantile (const histogram_t *histogram, double quantile)
{
    double value;
    return histogram_quantile (histogram, quantile, &value) == 0 ? value : LIVE_RANKING_UNKNOWN;
}

static double
s_most (const histogram_t *histogram)
{
    double value;
    return histogram_max (histogram, &value) == 0 ? value : LIVE_RANKING_UNKNOWN;
}

//  Let seconds pass; of those that no frame covered nothing is known.
static void
s_age (live_figures_t *self, int64_t seconds)
{
    size_t by = seconds < LIVE_RANKING_HISTORY ? (size_t) seconds : LIVE_RANKING_HISTORY;
    memmove (self->history_ns, self->history_ns + by,
             (LIVE_RANKING_HISTORY - by) * sizeof self->history_ns[0]);
    for (size_t i = LIVE_RANKING_HISTORY - by; i < LIVE_RANKING_HISTORY; i++)
        self->history_ns[i] = LIVE_RANKING_UNKNOWN;
}

static void
s_set_figures (live_figures_t *self, const partial_metric_t *metric, int64_t passed_s,
               int64_t span_s)
{
    const histogram_t *histogram = &metric->histogram;
    bool measured = metric->present_s > 0;
    self->rate =
        measured ? (double) histogram->count / (double) metric->present_s : LIVE_RANKING_UNKNOWN;
    self->average_ns = s_mean (histogram);
    self->p50_ns = s_quantile (histogram, 0.5);
    self->p99_ns = s_quantile (histogram, 0.99);
    self->most_ns = s_most (histogram);
    s_age (self, passed_s);
    for (int64_t i = 1; measured && i <= span_s && i <= LIVE_RANKING_HISTORY; i++)
        self->history_ns[LIVE_RANKING_HISTORY - i] = self->p99_ns > 0 ? self->p99_ns : 0;
}

void
live_ranking_add (live_ranking_t *self, const live_sample_t *sample, metric_set_t metrics)
{
    const frame_t *frame = sample->frame;
    live_rank_t *rank = s_find (self, frame);
    if (!rank)
        return;
    int64_t newest_wall_s = frame->start_wall_s + frame->span_s - 1;
    int64_t passed_s = newest_wall_s - rank->last_wall_s;
    rank->last_wall_s = newest_wall_s;
    rank->last_mono_ns = sample->now_mono_ns;
    rank->missed += sample->news.missed;
    rank->source = frame->source;
    rank->scope = frame->scope.kind;
    for (int id = 0; id < METRIC_COUNT_; id++)
        if (metrics & METRIC_BIT (id))
            s_set_figures (&rank->metrics[id], &sample->held->metrics[id],
                           passed_s > 0 ? passed_s : 1, frame->span_s);
}

//  --- order -----------------------------------------------------------------------------------

static double
s_key (const live_rank_t *rank, const sorting_t *sorting)
{
    const live_figures_t *figures = &rank->metrics[sorting->metric];
    switch (sorting->order) {
    case BY_RATE:
        return figures->rate;
    case BY_AVERAGE:
        return figures->average_ns;
    case BY_P50:
        return figures->p50_ns;
    case BY_P99:
        return figures->p99_ns;
    case BY_MOST:
        return figures->most_ns;
    case BY_MISSED:
        return (double) rank->missed;
    case BY_NODE_NAME:
        break;
    }
    return 0;
}

static int
s_compare (const void *one, const void *other, void *context)
{
    const sorting_t *sorting = context;
    const live_rank_t *a = *(live_rank_t *const *) one, *b = *(live_rank_t *const *) other;
    double key_a = s_key (a, sorting), key_b = s_key (b, sorting);
    int names = strcmp (a->node, b->node);
    if (sorting->order == BY_NODE_NAME)
        return sorting->reversed ? -names : names;
    if (key_a == key_b)
        return names;
    return (key_a > key_b) != sorting->reversed ? -1 : 1;
}

static bool
s_is_wanted (const char *filter, const char *node)
{
    return node_is_glob (filter) ? node_matches (filter, node) : strstr (node, filter) != NULL;
}

static void
s_make_room (live_ranking_t *self)
{
    size_t needed = zhashx_size (self->nodes);
    if (needed <= self->capacity)
        return;
    self->capacity = 2 * needed;
    self->sorted = realloc (self->sorted, self->capacity * sizeof self->sorted[0]);
    assert (self->sorted);
}

size_t
live_ranking_sort (live_ranking_t *self, metric_id_t metric, rank_order_t order, bool reversed,
                   const char *filter, const live_rank_t *const **ranks)
{
    sorting_t sorting = {metric, order, reversed};
    size_t count = 0;
    s_make_room (self);
    for (live_rank_t *rank = zhashx_first (self->nodes); rank; rank = zhashx_next (self->nodes))
        if (s_is_wanted (filter, rank->node))
            self->sorted[count++] = rank;
    if (count > 0)
        qsort_r (self->sorted, count, sizeof self->sorted[0], s_compare, &sorting);
    *ranks = self->sorted;
    return count;
}
