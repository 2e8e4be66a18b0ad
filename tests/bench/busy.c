//  SPDX-License-Identifier: GPL-2.0-or-later
//  busy - see busy.h.
#include "tests/bench/busy.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "schema/histogram_wire.h"

#define NS             1000000000
#define CLOCK_ERROR_NS 20000
#define EVENTS_MEAN    3000
#define MEDIAN_NS      8000
#define SIGMA          1.3
#define TURN           6.283185307179586 //  2 pi

//  A metric's part of a second: the numbers, and the runs as they are encoded.
typedef struct {
    uint64_t count, sum;
    size_t size;
    uint8_t runs[512];
} part_t;

struct busy_t {
    uint64_t random;
    uint64_t epoch;
    part_t seconds[BUSY_SECONDS][METRIC_COUNT_];
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
s_draw (busy_t *self, histogram_t *histogram, metric_kind_t kind)
{
    uint64_t events = s_poisson (self, EVENTS_MEAN);
    *histogram = (histogram_t){0};
    if (kind == METRIC_COUNT)
        histogram->count = histogram->sum = events;
    else
        while (events-- > 0)
            histogram_add (histogram, (uint64_t) (MEDIAN_NS * exp (SIGMA * s_normal (self))));
}

static void
s_draw_part (busy_t *self, part_t *part, metric_kind_t kind)
{
    histogram_t histogram;
    wire_writer_t writer;
    s_draw (self, &histogram, kind);
    part->count = histogram.count;
    part->sum = (uint64_t) histogram.sum;
    wire_writer_init (&writer, part->runs, sizeof part->runs);
    histogram_wire_put_runs (&writer, histogram.buckets);
    part->size = wire_writer_size (&writer);
    assert (part->size);
}

busy_t *
busy_new (uint64_t seed, uint64_t epoch)
{
    busy_t *self = calloc (1, sizeof *self);
    assert (self);
    self->random = seed;
    self->epoch = epoch;
    for (size_t i = 0; i < BUSY_SECONDS; i++)
        for (int id = 0; id < METRIC_COUNT_; id++)
            s_draw_part (self, &self->seconds[i][id], metric_get (id)->kind);
    return self;
}

void
busy_destroy (busy_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

//  --- Encoding: schema/frame.h, with the runs copied ------------------------------------------

//  FNV-1a over the name, so that nodes do not run through the seconds in step.
static uint64_t
s_place (const busy_node_t *node)
{
    uint64_t hash = 0xCBF29CE484222325;
    for (const char *c = node->name; *c; c++)
        hash = (hash ^ (uint8_t) *c) * 0x100000001B3;
    return s_mix (hash + node->seq) % BUSY_SECONDS;
}

static void
s_put_uints (wire_writer_t *writer, size_t count, const uint64_t *values)
{
    for (size_t i = 0; i < count; i++)
        wire_put_uint (writer, values[i]);
}

static void
s_put_head (const busy_t *self, wire_writer_t *writer, const busy_node_t *node,
            int64_t start_wall_s)
{
    wire_put_array (writer, 15);
    wire_put_uint (writer, FRAME_VERSION);
    wire_put_string (writer, node->name, strlen (node->name));
    s_put_uints (writer, 5, (uint64_t[]){self->epoch, node->seq, (uint64_t) start_wall_s, 1, NS});
    wire_put_array (writer, 2); //  Clock
    s_put_uints (writer, 2, (uint64_t[]){1, CLOCK_ERROR_NS});
    wire_put_array (writer, 3); //  Scope
    s_put_uints (writer, 2, (uint64_t[]){SCOPE_ALL, 0});
    wire_put_string (writer, "", 0);
    wire_put_uint (writer, FRAME_FROM_SYNTHETIC);
    wire_put_string (writer, "bench", 5);
}

static void
s_put_metric (wire_writer_t *writer, const part_t *part, metric_id_t id, busy_node_t *node)
{
    uint64_t time_ns = metric_get (id)->kind == METRIC_COUNT ? 0 : part->sum;
    node->total_counts[id] += part->count;
    node->total_sums[id] += part->sum;
    wire_put_array (writer, 6);
    s_put_uints (writer, 5,
                 (uint64_t[]){part->count, part->sum, time_ns, node->total_counts[id],
                              node->total_sums[id]});
    memcpy (writer->data + writer->size, part->runs, part->size);
    writer->size += part->size;
}

static void
s_put_tail (wire_writer_t *writer)
{
    wire_put_array (writer, 5); //  Losses
    s_put_uints (writer, 5, (uint64_t[5]){0});
    wire_put_array (writer, 3); //  Cost
    s_put_uints (writer, 3, (uint64_t[]){2000000, 20000000, 0});
    wire_put_uint (writer, XXH64 (writer->data, writer->size, 0));
}

size_t
busy_next (busy_t *self, busy_node_t *node, int64_t start_wall_s, uint8_t data[BUSY_MAX_BYTES])
{
    wire_writer_t writer;
    node->seq++;
    const part_t *second = self->seconds[s_place (node)];
    wire_writer_init (&writer, data, BUSY_MAX_BYTES);
    s_put_head (self, &writer, node, start_wall_s);
    wire_put_array (&writer, METRIC_COUNT_);
    for (int id = 0; id < METRIC_COUNT_; id++)
        s_put_metric (&writer, &second[id], id, node);
    s_put_tail (&writer);
    return wire_writer_size (&writer);
}
