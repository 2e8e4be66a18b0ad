//  SPDX-License-Identifier: GPL-2.0-or-later
//  busy - see busy.h.
#include "tests/bench/busy.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_MEAN 3000
#define MEDIAN_NS   8000
#define SIGMA       1.3
#define TURN        6.283185307179586 //  2 pi

struct busy_t {
    uint64_t random;
    frame_t seconds[BUSY_SECONDS];
};

//  splitmix64.
static uint64_t
s_mix (uint64_t value)
{
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9;
    value = (value ^ value >> 27) * 0x94D049BB133111EB;
    return value ^ value >> 31;
}

//  Uniform in (0, 1].
static double
s_uniform (busy_t *self)
{
    self->random += 0x9E3779B97F4A7C15;
    return (double) ((s_mix (self->random) >> 11) + 1) / 9007199254740992.0;
}

//  How many arrivals, exponentially apart, fit.
static uint64_t
s_poisson (busy_t *self, double mean)
{
    uint64_t events = 0;
    for (double passed = -log (s_uniform (self)); passed < mean; events++)
        passed -= log (s_uniform (self));
    return events;
}

//  By Box and Muller.
static double
s_normal (busy_t *self)
{
    double radius = sqrt (-2 * log (s_uniform (self)));
    return radius * cos (TURN * s_uniform (self));
}

static void
s_draw_durations (busy_t *self, frame_metric_t *metric)
{
    for (uint64_t left = s_poisson (self, EVENTS_MEAN); left > 0; left--)
        histogram_add (&metric->histogram, (uint64_t) (MEDIAN_NS * exp (SIGMA * s_normal (self))));
    metric->accrued_ns = (uint64_t) metric->histogram.sum;
}

static void
s_draw_count (busy_t *self, frame_metric_t *metric)
{
    metric->histogram.count = s_poisson (self, EVENTS_MEAN);
    metric->histogram.sum = metric->histogram.count;
}

static void
s_draw_second (busy_t *self, frame_t *frame)
{
    frame->span_s = 1;
    frame->duration_mono_ns = 1000000000;
    frame->clock_synchronised = true;
    frame->clock_error_ns = 20000;
    frame->source = FRAME_FROM_SYNTHETIC;
    strcpy (frame->version, "bench");
    frame->cost = (frame_cost_t){.cpu_ns = 2000000, .rss_bytes = 20000000};
    for (int id = 0; id < METRIC_COUNT_; id++) {
        frame->metrics[id].measured = true;
        if (metric_get (id)->kind == METRIC_COUNT)
            s_draw_count (self, &frame->metrics[id]);
        else
            s_draw_durations (self, &frame->metrics[id]);
    }
}

busy_t *
busy_new (uint64_t seed)
{
    busy_t *self = calloc (1, sizeof *self);
    assert (self);
    self->random = seed;
    for (size_t i = 0; i < BUSY_SECONDS; i++)
        s_draw_second (self, &self->seconds[i]);
    return self;
}

void
busy_destroy (busy_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

//  FNV-1a over the name, so that nodes do not run through the seconds in step.
static uint64_t
s_place (const busy_node_t *node)
{
    uint64_t hash = 0xCBF29CE484222325;
    for (const char *c = node->name; *c; c++)
        hash = (hash ^ (uint8_t) *c) * 0x100000001B3;
    return s_mix (hash + node->seq) % BUSY_SECONDS;
}

const frame_t *
busy_next (busy_t *self, busy_node_t *node, uint64_t epoch, int64_t start_wall_s)
{
    node->seq++;
    frame_t *frame = &self->seconds[s_place (node)];
    memcpy (frame->node, node->name, sizeof frame->node);
    frame->epoch = epoch;
    frame->seq = node->seq;
    frame->start_wall_s = start_wall_s;
    for (int id = 0; id < METRIC_COUNT_; id++) {
        frame_metric_t *metric = &frame->metrics[id];
        metric->total_count = node->total_counts[id] += metric->histogram.count;
        metric->total_sum = node->total_sums[id] += (uint64_t) metric->histogram.sum;
    }
    return frame;
}
