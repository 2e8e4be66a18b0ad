//  SPDX-License-Identifier: GPL-2.0-or-later
//  workload - see workload.h.
#include "tests/bench/workload.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/bench/chance.h"

#define EVENTS_PER_S     3000.0
#define MEDIAN_NS        8000.0
#define SIGMA            1.3
#define TASKS_PER_S      30.0
#define RARE_PER_S       1e-6 //  Buckets with less stay empty
#define NS_PER_S         1e9
#define DURATION_SIGMA   30e3 //  Of a frame's true length, ns
#define CPU_NS           400e3
#define CPU_SIGMA        40e3
#define OPEN_NS          2e6 //  Stints in progress at a second's edge: up to so much time in all
#define RSS_BYTES        (9u << 20)
#define CLOCK_ERROR_NS   150e3
#define CLOCK_ADJUSTED_S 64 //  The kernel's estimate of its clock's error changes so often

//  A bucket that may hold events.
typedef struct {
    unsigned slot;
    poisson_t *events; //  In a second
    double mean_ns;    //  Of one event's duration
    double variance_ns2;
} bucket_t;

//  The same for all nodes, made once.
static bucket_t s_buckets[BUCKET_SLOTS];
static size_t s_bucket_count;
static poisson_t *s_tasks;

struct workload_t {
    chance_t chance;
    metric_set_t metrics;
    uint64_t open_ns[METRIC_COUNT_]; //  Time so far of the stints in progress
    frame_t frame;                   //  The newest
};

//  --- The distribution ------------------------------------------------------------------------

//  The share of durations below ns.
static double
s_share_below (double ns)
{
    return ns <= 0 ? 0 : 0.5 * erfc (-log (ns / MEDIAN_NS) / (SIGMA * M_SQRT2));
}

static void
s_prepare (void)
{
    if (s_bucket_count)
        return;
    s_tasks = poisson_new (TASKS_PER_S);
    for (unsigned slot = 1; slot < BUCKET_SLOTS; slot++) {
        //  Whole ns from first to the one before end.
        double first = floor (bucket_lower_ns (slot)) + 1, end = floor (bucket_upper_ns (slot)) + 1;
        double mean = EVENTS_PER_S * (s_share_below (end) - s_share_below (first));
        if (mean < RARE_PER_S)
            continue;
        double width = end - first;
        s_buckets[s_bucket_count++] = (bucket_t){.slot = slot,
                                                 .events = poisson_new (mean),
                                                 .mean_ns = (first + end - 1) / 2,
                                                 .variance_ns2 = (width * width - 1) / 12};
    }
}

//  --- One node --------------------------------------------------------------------------------

void
workload_name (size_t number, char name[NODE_NAME_MAX + 1])
{
    snprintf (name, NODE_NAME_MAX + 1, "n%03zu", number + 1);
}

static uint64_t
s_number_of (const char *node)
{
    uint64_t number = 0;
    for (; *node; node++)
        number = number * 31 + (unsigned char) *node;
    return number;
}

workload_t *
workload_new (const char *node, uint64_t seed, int64_t first_wall_s, metric_set_t metrics)
{
    assert (node_name_is_valid (node) && first_wall_s > 0);
    s_prepare ();
    workload_t *self = calloc (1, sizeof *self);
    assert (self);
    chance_init (&self->chance, seed ^ s_number_of (node) << 20);
    self->metrics = metrics;
    frame_t *frame = &self->frame;
    snprintf (frame->node, sizeof frame->node, "%s", node);
    snprintf (frame->version, sizeof frame->version, "%s", KPULSE_VERSION);
    frame->epoch = (uint64_t) first_wall_s * 1000 << 16 | (chance_next (&self->chance) & 0xFFFF);
    frame->start_wall_s = first_wall_s - 1;
    frame->span_s = 1;
    frame->clock_synchronised = true;
    frame->source = FRAME_FROM_SYNTHETIC;
    frame->cost.rss_bytes = RSS_BYTES;
    return self;
}

void
workload_destroy (workload_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

static uint64_t
s_vary (workload_t *self, double mean, double sigma)
{
    return (uint64_t) fmax (0, mean + sigma * chance_normal (&self->chance));
}

static void
s_draw_events (workload_t *self, histogram_t *histogram)
{
    double mean = 0, variance = 0;
    *histogram = (histogram_t){0};
    for (size_t i = 0; i < s_bucket_count; i++) {
        const bucket_t *bucket = &s_buckets[i];
        uint64_t events = poisson_draw (bucket->events, &self->chance);
        histogram->buckets[bucket->slot] = events;
        histogram->count += events;
        mean += (double) events * bucket->mean_ns;
        variance += (double) events * bucket->variance_ns2;
    }
    histogram->sum = s_vary (self, mean, sqrt (variance));
}

//  Time inside the second: what ended, less what of it had passed before, and what goes on.
static uint64_t
s_accrue (workload_t *self, metric_id_t id, uint64_t sum_ns)
{
    uint64_t was_ns = self->open_ns[id];
    self->open_ns[id] = (uint64_t) (chance_uniform (&self->chance) * OPEN_NS);
    return sum_ns + self->open_ns[id] > was_ns ? sum_ns + self->open_ns[id] - was_ns : 0;
}

static void
s_draw_metric (workload_t *self, metric_id_t id)
{
    frame_metric_t *metric = &self->frame.metrics[id];
    metric->measured = true;
    if (metric_get (id)->kind == METRIC_COUNT) {
        metric->histogram.count = poisson_draw (s_tasks, &self->chance);
        metric->histogram.sum = metric->histogram.count;
    } else {
        s_draw_events (self, &metric->histogram);
        metric->accrued_ns = s_accrue (self, id, (uint64_t) metric->histogram.sum);
    }
    metric->total_count += metric->histogram.count;
    metric->total_sum += (uint64_t) metric->histogram.sum;
}

const frame_t *
workload_next (workload_t *self)
{
    frame_t *frame = &self->frame;
    frame->seq++;
    frame->start_wall_s++;
    frame->duration_mono_ns = s_vary (self, NS_PER_S, DURATION_SIGMA);
    if (frame->seq % CLOCK_ADJUSTED_S == 1)
        frame->clock_error_ns = s_vary (self, CLOCK_ERROR_NS, CLOCK_ERROR_NS / 10);
    frame->cost.cpu_ns = s_vary (self, CPU_NS, CPU_SIGMA);
    for (metric_id_t id = 0; id < METRIC_COUNT_; id++)
        if (self->metrics & METRIC_BIT (id))
            s_draw_metric (self, id);
    return frame;
}
