//  SPDX-License-Identifier: GPL-2.0-or-later
//  sampler - see sampler.h.
#include "publisher/sampler.h"
#include "publisher/cost.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint64_t count; //  Events since the epoch began
    uint64_t sum;   //  Their sum, modulo 2^64
} total_t;

struct sampler_t {
    source_t *source;              //  Owned
    char node[NODE_NAME_MAX + 1];  //  Whose frames these are
    uint64_t epoch;                //  0 before the first
    uint64_t seq;                  //  Of the epoch's newest frame; 0 before its first
    total_t totals[METRIC_COUNT_]; //  Since the epoch began
    cost_meter_t meter;            //  This process's own cost
    frame_t unused;                //  What was measured before an epoch began
};

sampler_t *
sampler_new (source_t **source_p, const char *node)
{
    assert (node_name_is_valid (node));
    sampler_t *self = calloc (1, sizeof *self);
    assert (self);
    self->source = *source_p;
    *source_p = NULL;
    strcpy (self->node, node);
    return self;
}

void
sampler_destroy (sampler_t **self_p)
{
    sampler_t *self = *self_p;
    if (!self)
        return;
    source_destroy (&self->source);
    free (self);
    *self_p = NULL;
}

int
sampler_begin (sampler_t *self, uint64_t epoch)
{
    memset (&self->unused, 0, sizeof self->unused);
    self->unused.span_s = 1;
    if (source_read (self->source, &self->unused) == -1)
        return -1;
    self->epoch = epoch;
    self->seq = 0;
    memset (self->totals, 0, sizeof self->totals);
    cost_read (&self->meter, &self->unused.cost);
    return 0;
}

static void
s_name (const sampler_t *self, frame_t *frame)
{
    memcpy (frame->node, self->node, sizeof frame->node);
    memcpy (frame->version, KPULSE_VERSION, sizeof KPULSE_VERSION);
    frame->epoch = self->epoch;
    frame->seq = self->seq;
}

static void
s_date (const tick_t *tick, frame_t *frame)
{
    frame->start_wall_s = tick->start_wall_s;
    frame->span_s = tick->span_s;
    frame->duration_mono_ns = tick->duration_mono_ns;
    frame->losses.late_ticks = tick->late_ticks;
    frame->clock_synchronised = clock_is_synchronised (&frame->clock_error_ns);
}

//  Totals are kept here and not by the source: an epoch may begin in the middle of its life.
static void
s_add_totals (sampler_t *self, frame_t *frame)
{
    for (size_t id = 0; id < METRIC_COUNT_; id++) {
        frame_metric_t *metric = &frame->metrics[id];
        if (!metric->measured)
            continue;
        metric->total_count = self->totals[id].count += metric->histogram.count;
        metric->total_sum = self->totals[id].sum += (uint64_t) metric->histogram.sum;
    }
}

int
sampler_read (sampler_t *self, const tick_t *tick, frame_t *frame)
{
    assert (self->epoch != 0);
    memset (frame, 0, sizeof *frame);
    frame->span_s = tick->span_s;
    if (source_read (self->source, frame) == -1)
        return -1;
    self->seq++;
    s_name (self, frame);
    s_date (tick, frame);
    s_add_totals (self, frame);
    cost_read (&self->meter, &frame->cost);
    return 0;
}

void
sampler_rename (sampler_t *self, uint64_t epoch, frame_t *frame)
{
    self->epoch = epoch;
    self->seq = 1;
    memset (self->totals, 0, sizeof self->totals);
    s_name (self, frame);
    s_add_totals (self, frame);
}

uint64_t
sampler_epoch (const sampler_t *self)
{
    return self->epoch;
}
