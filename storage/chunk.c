//  SPDX-License-Identifier: GPL-2.0-or-later
//  chunk - bytes to columns, see storage/chunk_self.h.
#include "storage/chunk_self.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "storage/column.h"
#include "storage/level.h"

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
    self->templates = malloc (count * sizeof *self->templates);
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
        self->metrics[id].frames = NULL;
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
        free (self->metrics[id].frames);
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
