//  SPDX-License-Identifier: GPL-2.0-or-later
//  busy - see busy.h.
#include "tests/bench/busy.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "schema/histogram_wire.h"
#include "tests/bench/workload.h"

//  A metric's part of a second: the numbers, and the runs as they are encoded.
typedef struct {
    uint64_t count, sum, accrued_ns;
    size_t size;
    uint8_t runs[1024];
} part_t;

typedef struct {
    uint64_t duration_mono_ns, clock_error_ns;
    frame_cost_t cost;
    part_t parts[METRIC_COUNT_];
} second_t;

struct busy_t {
    uint64_t epoch;
    second_t seconds[BUSY_SECONDS];
};

static void
s_take_part (part_t *part, const frame_metric_t *metric)
{
    wire_writer_t writer;
    part->count = metric->histogram.count;
    part->sum = (uint64_t) metric->histogram.sum;
    part->accrued_ns = metric->accrued_ns;
    wire_writer_init (&writer, part->runs, sizeof part->runs);
    histogram_wire_put_runs (&writer, metric->histogram.buckets);
    part->size = wire_writer_size (&writer);
    assert (part->size);
}

static void
s_take_second (second_t *second, const frame_t *frame)
{
    second->duration_mono_ns = frame->duration_mono_ns;
    second->clock_error_ns = frame->clock_error_ns;
    second->cost = frame->cost;
    for (int id = 0; id < METRIC_COUNT_; id++)
        s_take_part (&second->parts[id], &frame->metrics[id]);
}

busy_t *
busy_new (uint64_t seed, uint64_t epoch)
{
    busy_t *self = calloc (1, sizeof *self);
    assert (self);
    self->epoch = epoch;
    workload_t *workload = workload_new ("busy", seed, 1, METRIC_ALL);
    for (size_t i = 0; i < BUSY_SECONDS; i++)
        s_take_second (&self->seconds[i], workload_next (workload));
    workload_destroy (&workload);
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
    return ((hash + node->seq) * 0x9E3779B97F4A7C15 >> 32) % BUSY_SECONDS;
}

static void
s_put_head (wire_writer_t *writer, const busy_node_t *node, uint64_t epoch, int64_t start_wall_s,
            const second_t *second)
{
    wire_put_array (writer, 15);
    wire_put_uint (writer, FRAME_VERSION);
    wire_put_string (writer, node->name, strlen (node->name));
    wire_put_uints (
        writer,
        (uint64_t[]){epoch, node->seq, (uint64_t) start_wall_s, 1, second->duration_mono_ns}, 5);
    wire_put_array (writer, 2); //  Clock
    wire_put_uints (writer, (uint64_t[]){1, second->clock_error_ns}, 2);
    wire_put_array (writer, 3); //  Scope
    wire_put_uints (writer, (uint64_t[]){SCOPE_ALL, 0}, 2);
    wire_put_string (writer, "", 0);
    wire_put_uint (writer, FRAME_FROM_SYNTHETIC);
    wire_put_string (writer, "bench", 5);
}

static void
s_put_metric (wire_writer_t *writer, const part_t *part, metric_id_t id, busy_node_t *node)
{
    node->total_counts[id] += part->count;
    node->total_sums[id] += part->sum;
    wire_put_array (writer, 6);
    wire_put_uints (writer,
                    (uint64_t[]){part->count, part->sum, part->accrued_ns, node->total_counts[id],
                                 node->total_sums[id]},
                    5);
    memcpy (writer->data + writer->size, part->runs, part->size);
    writer->size += part->size;
}

static void
s_put_tail (wire_writer_t *writer, const frame_cost_t *cost)
{
    wire_put_array (writer, 5); //  Losses
    wire_put_uints (writer, (uint64_t[5]){0}, 5);
    wire_put_array (writer, 3); //  Cost
    wire_put_uints (writer, (uint64_t[]){cost->cpu_ns, cost->rss_bytes, cost->bpf_ns}, 3);
    wire_put_uint (writer, XXH64 (writer->data, writer->size, 0));
}

size_t
busy_next (busy_t *self, busy_node_t *node, int64_t start_wall_s, uint8_t data[BUSY_MAX_BYTES])
{
    wire_writer_t writer;
    node->seq++;
    const second_t *second = &self->seconds[s_place (node)];
    wire_writer_init (&writer, data, BUSY_MAX_BYTES);
    s_put_head (&writer, node, self->epoch, start_wall_s, second);
    wire_put_array (&writer, METRIC_COUNT_);
    for (int id = 0; id < METRIC_COUNT_; id++)
        s_put_metric (&writer, &second->parts[id], id, node);
    s_put_tail (&writer, &second->cost);
    return wire_writer_size (&writer);
}
