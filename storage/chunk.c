//  SPDX-License-Identifier: GPL-2.0-or-later
//  chunk - columns to sums and frames, see storage/chunk_self.h.
#include "storage/chunk_self.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "storage/column.h"
#include "storage/level.h"

typedef struct {
    bool present;                       //  Any frame measured it
    column_t measured, accrued_ns, own; //  own: the count of a count metric, else the sum
    column_t total_counts, total_sums;  //  How far off; once loaded, the totals
    taker_t rest;                       //  The counts
    unsigned first, end;                //  Slots of them, once loaded
    uint64_t *counts;                   //  Owned, likewise
} chunk_metric_t;

struct chunk_t {
    unsigned count;
    int64_t minute_wall_s;
    frame_t *templates; //  Owned
    unsigned template_count;
    column_t columns[SHEET_COLUMNS];
    chunk_metric_t metrics[METRIC_COUNT_];
    bool is_loaded;
};

static void
s_set_field (frame_t *frame, size_t index, uint64_t value)
{
    memcpy ((char *) frame + sheet_fields[index], &value, sizeof value);
}

//  --- opening ---------------------------------------------------------------------------------

static void
s_take_templates (chunk_t *self, taker_t *taker, wire_reader_t *reader)
{
    uint64_t count = taker_varint (taker);
    const char *reason;
    if (count == 0 || count > self->count) {
        taker->fault = true;
        return;
    }
    self->template_count = (unsigned) count;
    self->templates = calloc (count, sizeof *self->templates);
    assert (self->templates);
    for (uint64_t i = 0; i < count && !taker->fault; i++) {
        uint64_t size = taker_varint (taker);
        const uint8_t *data = taker_bytes (taker, size);
        if (!data || frame_decode (&self->templates[i], reader, data, size, &reason))
            taker->fault = true;
    }
}

//  Whether what is computed with before a frame is made of it can be.
static bool
s_is_sound (const chunk_t *self, unsigned index)
{
    uint64_t span_s = self->columns[SPAN][index];
    return self->columns[TEMPLATE][index] < self->template_count &&
           self->columns[START][index] < MINUTE_S && span_s >= 1 && span_s <= FRAME_MAX_SPAN_S;
}

static void
s_take_columns (chunk_t *self, taker_t *taker)
{
    for (size_t i = 0; i < SHEET_COLUMNS; i++)
        column_take (taker, self->columns[i], self->count);
    for (unsigned i = 0; i < self->count; i++)
        taker->fault |= !s_is_sound (self, i);
}

static void
s_take_totals (taker_t *taker, column_t totals, unsigned count)
{
    uint64_t before = taker_varint (taker);
    column_take (taker, totals, count);
    totals[0] += before;
}

static void
s_take_metric (chunk_metric_t *self, taker_t taker, unsigned count)
{
    self->present = true;
    column_take (&taker, self->measured, count);
    column_take (&taker, self->accrued_ns, count);
    column_take (&taker, self->own, count);
    s_take_totals (&taker, self->total_counts, count);
    s_take_totals (&taker, self->total_sums, count);
    self->rest = taker;
}

static void
s_take_metrics (chunk_t *self, taker_t *taker)
{
    uint64_t metrics = taker_varint (taker);
    for (uint64_t id = 0; id < metrics && id < METRIC_COUNT_ && !taker->fault; id++) {
        uint64_t size = taker_varint (taker);
        const uint8_t *data = taker_bytes (taker, size);
        if (data && size > 0)
            s_take_metric (&self->metrics[id], (taker_t){data, data + size, false}, self->count);
        taker->fault |= self->metrics[id].rest.fault;
    }
}

chunk_t *
chunk_open (const void *data, size_t size, int64_t minute_wall_s, wire_reader_t *reader)
{
    taker_t taker = {data, (const uint8_t *) data + size, false};
    uint64_t count = taker_varint (&taker);
    if (count == 0 || count > CHUNK_FRAMES_MAX)
        return NULL;
    chunk_t *self = malloc (sizeof *self);
    assert (self);
    self->count = (unsigned) count;
    self->minute_wall_s = minute_wall_s;
    self->templates = NULL;
    self->is_loaded = false;
    for (unsigned id = 0; id < METRIC_COUNT_; id++) {
        self->metrics[id].present = self->metrics[id].rest.fault = false;
        self->metrics[id].counts = NULL;
    }
    s_take_templates (self, &taker, reader);
    if (!taker.fault)
        s_take_columns (self, &taker);
    if (!taker.fault)
        s_take_metrics (self, &taker);
    if (taker.fault)
        chunk_close (&self);
    return self;
}

void
chunk_close (chunk_t **self_p)
{
    chunk_t *self = *self_p;
    if (!self)
        return;
    for (unsigned id = 0; id < METRIC_COUNT_; id++)
        free (self->metrics[id].counts);
    free (self->templates);
    free (self);
    *self_p = NULL;
}

unsigned
chunk_count (const chunk_t *self)
{
    return self->count;
}

void
chunk_record (const chunk_t *self, unsigned index, store_record_t *record)
{
    record->epoch = self->columns[EPOCH][index];
    record->seq = self->columns[SEQ][index];
    record->start_wall_s = self->minute_wall_s + (int64_t) self->columns[START][index];
    record->span_s = (uint32_t) self->columns[SPAN][index];
}

metric_set_t
chunk_measured (const chunk_t *self, unsigned index)
{
    metric_set_t set = METRIC_BIT (ROW_ANY);
    for (unsigned id = 0; id < METRIC_COUNT_; id++)
        if (self->metrics[id].present && self->metrics[id].measured[index])
            set |= METRIC_BIT (id);
    return set;
}

//  --- adding up -------------------------------------------------------------------------------

static int
s_add_counts (const chunk_t *self, const chunk_metric_t *metric, const uint64_t *selected,
              histogram_t *histogram)
{
    uint64_t values[CHUNK_FRAMES_MAX];
    counts_reader_t reader;
    unsigned slot;
    int rc;
    counts_begin (&reader, &metric->rest, self->count);
    while ((rc = counts_next (&reader, &slot, values)) == 1) {
        uint64_t sum = 0;
        for (unsigned i = 0; i < self->count; i++)
            sum += values[i] & selected[i];
        histogram->buckets[slot] += sum;
        histogram->count += sum;
    }
    return rc;
}

static int
s_add_metric (const chunk_t *self, unsigned id, const uint64_t *selected, row_t *row)
{
    const chunk_metric_t *metric = &self->metrics[id];
    partial_metric_t *to = &row->metrics[id];
    uint128_t own = 0;
    for (unsigned i = 0; i < self->count; i++) {
        own += metric->own[i] & selected[i];
        to->accrued_ns += metric->accrued_ns[i] & selected[i];
    }
    to->histogram.sum += own;
    if (!chunk_is_count (id))
        return s_add_counts (self, metric, selected, &to->histogram);
    to->histogram.count += (uint64_t) own;
    return 0;
}

int
chunk_add (chunk_t *self, const uint8_t *selected, metric_set_t metrics, row_t *row)
{
    column_t masks;
    for (unsigned i = 0; i < self->count; i++) {
        masks[i] = selected[i] ? UINT64_MAX : 0;
        if (selected[i])
            row_add_frame (row, &self->templates[self->columns[TEMPLATE][i]], 0);
    }
    for (unsigned id = 0; id < METRIC_COUNT_; id++)
        if (metrics & METRIC_BIT (id) && self->metrics[id].present &&
            s_add_metric (self, id, masks, row))
            return -1;
    return 0;
}

//  --- frames ----------------------------------------------------------------------------------

static int
s_load_counts (chunk_t *self, chunk_metric_t *metric)
{
    counts_reader_t reader;
    unsigned slot;
    int rc;
    counts_begin (&reader, &metric->rest, self->count);
    metric->first = reader.slot;
    metric->end = reader.end;
    free (metric->counts);
    metric->counts = malloc ((size_t) (metric->end - metric->first + 1) * self->count * 8);
    assert (metric->counts);
    uint64_t *values = metric->counts;
    while ((rc = counts_next (&reader, &slot, values)) == 1)
        values += self->count;
    return rc;
}

//  The events of one frame.
static uint64_t
s_events (const chunk_t *self, unsigned id, unsigned index)
{
    const chunk_metric_t *metric = &self->metrics[id];
    uint64_t events = 0;
    if (chunk_is_count (id))
        return metric->own[index];
    for (unsigned slot = metric->first; slot < metric->end; slot++)
        events += metric->counts[(size_t) (slot - metric->first) * self->count + index];
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
        for (unsigned slot = metric->first; slot < metric->end; slot++)
            to->histogram.buckets[slot] =
                metric->counts[(size_t) (slot - metric->first) * self->count + index];
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

//  --- comparing -------------------------------------------------------------------------------

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

//  Whether the buckets are the sheet's, and add up to its counts.
static bool
s_has_counts (const chunk_metric_t *self, const sheet_metric_t *metric, unsigned count)
{
    column_t values, events = {0};
    counts_reader_t reader;
    unsigned slot;
    int rc;
    counts_begin (&reader, &self->rest, count);
    if (reader.slot != metric->first || reader.end != metric->end)
        return false;
    while ((rc = counts_next (&reader, &slot, values)) == 1) {
        if (!s_is_equal (values, metric->slots[slot], count))
            return false;
        for (unsigned i = 0; i < count; i++)
            events[i] += values[i];
    }
    return rc == 0 && s_is_equal (events, metric->counts, count);
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
