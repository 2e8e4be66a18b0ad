//  SPDX-License-Identifier: GPL-2.0-or-later
//  chunk_frame - the frames of a chunk: made, and compared with a sheet's.
#include "storage/chunk_self.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

//  --- made ------------------------------------------------------------------------------------

static void
s_set_field (frame_t *frame, size_t index, uint64_t value)
{
    memcpy ((char *) frame + sheet_fields[index], &value, sizeof value);
}

static int
s_load_half (chunk_t *self, chunk_metric_t *metric, counts_reader_t *reader, counts_side_t side)
{
    for (unsigned i = 0; i < counts_half (self->count, side); i++)
        if (counts_next (reader, side, metric->frames[counts_place (self->count, side, i)]) != 1)
            return -1;
    return 0;
}

static int
s_load_counts (chunk_t *self, chunk_metric_t *metric)
{
    counts_reader_t reader;
    counts_begin (&reader, &metric->rest, self->count);
    free (metric->frames);
    assert (self->count > 0);
    metric->frames = calloc (self->count, sizeof *metric->frames);
    assert (metric->frames);
    return reader.fault || s_load_half (self, metric, &reader, COUNTS_FRONT) ||
                   s_load_half (self, metric, &reader, COUNTS_BACK)
               ? -1
               : 0;
}

//  The events of one frame.
static uint64_t
s_events (const chunk_t *self, unsigned id, unsigned index)
{
    const chunk_metric_t *metric = &self->metrics[id];
    uint64_t events = 0;
    if (chunk_is_count (id))
        return metric->own[index];
    for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++)
        events += metric->frames[index][slot];
    return events;
}

static int
s_load (chunk_t *self)
{
    for (unsigned id = 0; id < METRIC_COUNT_; id++) {
        chunk_metric_t *metric = &self->metrics[id];
        if (!metric->present)
            continue;
        if (!chunk_is_count (id) && s_load_counts (self, metric))
            return -1;
        uint64_t count = 0, sum = 0;
        for (unsigned i = 0; i < self->count; i++) {
            count += metric->total_counts[i] + s_events (self, id, i);
            sum += metric->total_sums[i] + metric->own[i];
            metric->total_counts[i] = count;
            metric->total_sums[i] = sum;
        }
    }
    self->is_loaded = true;
    return 0;
}

static void
s_set_metric (const chunk_t *self, unsigned id, unsigned index, frame_metric_t *to)
{
    const chunk_metric_t *metric = &self->metrics[id];
    to->measured = true;
    to->accrued_ns = metric->accrued_ns[index];
    to->histogram.count = s_events (self, id, index);
    to->histogram.sum = metric->own[index];
    to->total_count = metric->total_counts[index];
    to->total_sum = metric->total_sums[index];
    if (!chunk_is_count (id))
        memcpy (to->histogram.buckets, metric->frames[index], sizeof metric->frames[index]);
}

int
chunk_frame (chunk_t *self, unsigned index, frame_t *frame)
{
    store_record_t record;
    if (!self->is_loaded && s_load (self))
        return -1;
    *frame = self->templates[self->columns[TEMPLATE][index]];
    chunk_record (self, index, &record);
    frame->epoch = record.epoch;
    frame->seq = record.seq;
    frame->start_wall_s = record.start_wall_s;
    frame->span_s = record.span_s;
    frame->clock_synchronised = self->columns[SYNCHRONISED][index] != 0;
    for (size_t field = 0; field < SHEET_FIELDS; field++)
        s_set_field (frame, field, self->columns[FIELDS + field][index]);
    for (unsigned id = 0; id < METRIC_COUNT_; id++)
        if (self->metrics[id].present && self->metrics[id].measured[index])
            s_set_metric (self, id, index, &frame->metrics[id]);
    return 0;
}

//  --- compared --------------------------------------------------------------------------------

static bool
s_is_equal (const column_t one, const column_t other, unsigned count)
{
    return memcmp (one, other, count * sizeof one[0]) == 0;
}

static bool
s_has_templates (const chunk_t *self, const sheet_t *sheet)
{
    bool equal = self->template_count == sheet->template_count;
    for (unsigned i = 0; equal && i < self->template_count; i++)
        equal = sheet_template_fits (&self->templates[i], &sheet->templates[i]);
    return equal;
}

//  Whether the totals are what s_load makes of how far off they are.
static bool
s_has_totals (const column_t off, const column_t totals, const column_t own, unsigned count)
{
    uint64_t total = 0;
    bool equal = true;
    for (unsigned i = 0; i < count; i++) {
        total += off[i] + own[i];
        equal &= total == totals[i];
    }
    return equal;
}

static bool
s_has_counts (const chunk_metric_t *self, const sheet_metric_t *metric, unsigned count)
{
    counts_reader_t reader;
    counts_begin (&reader, &self->rest, count);
    return !reader.fault && reader.models.first == metric->first &&
           reader.models.end == metric->end &&
           counts_are (&reader, metric->frames, metric->counts, count);
}

static bool
s_has_metric (const chunk_metric_t *self, const sheet_metric_t *metric, unsigned count,
              bool is_count)
{
    if (!self->present || !metric->present)
        return self->present == metric->present;
    return s_is_equal (self->measured, metric->measured, count) &&
           s_is_equal (self->accrued_ns, metric->accrued_ns, count) &&
           s_is_equal (self->own, metric->sums, count) &&
           s_has_totals (self->total_counts, metric->total_counts, metric->counts, count) &&
           s_has_totals (self->total_sums, metric->total_sums, metric->sums, count) &&
           (is_count ? s_is_equal (self->own, metric->counts, count) && metric->end == 0
                     : s_has_counts (self, metric, count));
}

bool
chunk_holds (chunk_t *self, const sheet_t *sheet)
{
    assert (!self->is_loaded);
    bool equal = self->count == sheet->count && self->minute_wall_s == sheet->minute_wall_s &&
                 s_has_templates (self, sheet);
    for (unsigned i = 0; equal && i < SHEET_COLUMNS; i++)
        equal = s_is_equal (self->columns[i], sheet->columns[i], self->count);
    for (unsigned id = 0; equal && id < METRIC_COUNT_; id++)
        equal = s_has_metric (&self->metrics[id], &sheet->metrics[id], self->count,
                              chunk_is_count (id));
    return equal;
}
