//  SPDX-License-Identifier: GPL-2.0-or-later
//  chunk_add - what chosen frames of a chunk add up to, reading no more of it than they need.
#include "storage/chunk_self.h"

//  Frames of a half that have to be read, from its end of the chunk on.
static unsigned
s_cost_of_half (const chunk_t *self, const chunk_choice_t chosen, counts_side_t side)
{
    unsigned cost = counts_half (self->count, side);
    while (cost > 0 && !chosen[counts_place (self->count, side, cost - 1)])
        cost--;
    return cost;
}

unsigned
chunk_cost (const chunk_t *self, const chunk_choice_t chosen)
{
    return s_cost_of_half (self, chosen, COUNTS_FRONT) + s_cost_of_half (self, chosen, COUNTS_BACK);
}

//  What is added up: sign is 1, or -1 where it is taken off.
typedef struct {
    const uint8_t *chosen;
    uint64_t sign;
    row_t *row;
} adding_t;

//  Add the buckets of a half's chosen frames to sums.
static int
s_sum_half (const chunk_t *self, const chunk_choice_t chosen, counts_reader_t *reader,
            counts_side_t side, counts_t sums)
{
    counts_t values;
    unsigned cost = s_cost_of_half (self, chosen, side);
    for (unsigned i = 0; i < cost; i++) {
        if (counts_next (reader, side, values) != 1)
            return -1;
        if (chosen[counts_place (self->count, side, i)])
            for (unsigned slot = reader->models.first; slot < reader->models.end; slot++)
                sums[slot] += values[slot];
    }
    return 0;
}

static int
s_add_counts (const chunk_t *self, const adding_t *adding, const chunk_metric_t *metric,
              histogram_t *histogram)
{
    counts_t sums = {0};
    counts_reader_t reader;
    counts_begin (&reader, &metric->rest, self->count);
    if (reader.fault || s_sum_half (self, adding->chosen, &reader, COUNTS_FRONT, sums) ||
        s_sum_half (self, adding->chosen, &reader, COUNTS_BACK, sums))
        return -1;
    for (unsigned slot = reader.models.first; slot < reader.models.end; slot++) {
        histogram->buckets[slot] += adding->sign * sums[slot];
        histogram->count += adding->sign * sums[slot];
    }
    return 0;
}

static int
s_add_metric (const chunk_t *self, const adding_t *adding, unsigned id)
{
    const chunk_metric_t *metric = &self->metrics[id];
    partial_metric_t *to = &adding->row->metrics[id];
    uint128_t own = 0, accrued_ns = 0, sign = (uint128_t) (__int128) (int64_t) adding->sign;
    for (unsigned i = 0; i < self->count; i++)
        if (adding->chosen[i]) {
            own += metric->own[i];
            accrued_ns += metric->accrued_ns[i];
        }
    to->accrued_ns += sign * accrued_ns;
    to->histogram.sum += sign * own;
    if (!chunk_is_count (id))
        return s_add_counts (self, adding, metric, &to->histogram);
    to->histogram.count += adding->sign * (uint64_t) own;
    return 0;
}

static int
s_add (const chunk_t *self, const adding_t *adding, metric_set_t metrics)
{
    for (unsigned i = 0; i < self->count; i++) {
        const frame_t *template = &self->templates[self->columns[TEMPLATE][i]];
        if (adding->chosen[i] && adding->sign == 1)
            row_add_frame (adding->row, template, 0);
        else if (adding->chosen[i])
            row_subtract_template (adding->row, template);
    }
    for (unsigned id = 0; id < METRIC_COUNT_; id++)
        if (metrics & METRIC_BIT (id) && self->metrics[id].present &&
            s_add_metric (self, adding, id))
            return -1;
    return 0;
}

int
chunk_add (chunk_t *self, const chunk_choice_t chosen, metric_set_t metrics, row_t *row)
{
    return s_add (self, &(adding_t){chosen, 1, row}, metrics);
}

int
chunk_subtract (chunk_t *self, const chunk_choice_t chosen, metric_set_t metrics, row_t *row)
{
    return s_add (self, &(adding_t){chosen, UINT64_MAX, row}, metrics);
}
