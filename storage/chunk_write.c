//  SPDX-License-Identifier: GPL-2.0-or-later
//  chunk_write - frames to columns, as storage/chunk_self.h lays them out.
#include "storage/chunk_self.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "storage/column.h"

const size_t chunk_fields[CHUNK_FIELDS] = {
    offsetof (frame_t, duration_mono_ns),    offsetof (frame_t, clock_error_ns),
    offsetof (frame_t, losses.discards),     offsetof (frame_t, losses.late_ticks),
    offsetof (frame_t, losses.unspooled),    offsetof (frame_t, losses.missing_storage),
    offsetof (frame_t, losses.spool_resets), offsetof (frame_t, cost.cpu_ns),
    offsetof (frame_t, cost.rss_bytes),      offsetof (frame_t, cost.bpf_ns),
};

static uint64_t
s_get_field (const frame_t *frame, size_t index)
{
    uint64_t value;
    memcpy (&value, (const char *) frame + chunk_fields[index], sizeof value);
    return value;
}

//  What of a frame its template holds.
static void
s_make_template (const frame_t *frame, frame_t *template)
{
    memset (template, 0, sizeof *template);
    memcpy (template->node, frame->node, sizeof template->node);
    memcpy (template->version, frame->version, sizeof template->version);
    template->epoch = template->seq = template->span_s = 1;
    template->scope = frame->scope;
    template->source = frame->source;
}

static bool
s_fits_template (const frame_t *frame, const frame_t *template)
{
    return frame->source == template->source && scope_equal (&frame->scope, &template->scope) &&
           strcmp (frame->version, template->version) == 0 &&
           strcmp (frame->node, template->node) == 0;
}

//  Put the templates, each told by the first frame that has it. Returns 0 or -1.
static int
s_put_templates (bytes_t *bytes, const frame_t *frames, unsigned count, column_t which)
{
    unsigned firsts[CHUNK_FRAMES_MAX], templates = 0;
    for (unsigned i = 0; i < count; i++) {
        unsigned fit = 0;
        while (fit < templates && !s_fits_template (&frames[i], &frames[firsts[fit]]))
            fit++;
        if (fit == templates)
            firsts[templates++] = i;
        which[i] = fit;
    }
    bytes_put_varint (bytes, templates);
    for (unsigned i = 0; i < templates; i++) {
        uint8_t buffer[1024];
        frame_t template;
        s_make_template (&frames[firsts[i]], &template);
        size_t size = frame_encode (&template, buffer, sizeof buffer);
        if (size == 0)
            return -1;
        bytes_put_varint (bytes, size);
        bytes_put (bytes, buffer, size);
    }
    return 0;
}

static void
s_put_columns (bytes_t *bytes, const frame_t *frames, unsigned count, int64_t minute_wall_s,
               const column_t which)
{
    column_t columns[COLUMNS];
    for (unsigned i = 0; i < count; i++) {
        const frame_t *frame = &frames[i];
        columns[TEMPLATE][i] = which[i];
        columns[START][i] = (uint64_t) (frame->start_wall_s - minute_wall_s);
        columns[SPAN][i] = frame->span_s;
        columns[EPOCH][i] = frame->epoch;
        columns[SEQ][i] = frame->seq;
        columns[SYNCHRONISED][i] = frame->clock_synchronised;
        for (size_t field = 0; field < CHUNK_FIELDS; field++)
            columns[FIELDS + field][i] = s_get_field (frame, field);
    }
    for (size_t i = 0; i < COLUMNS; i++)
        column_put (bytes, columns[i], count);
}

//  Totals as what they differ by from the sum of the one before and the frame's own.
static void
s_put_totals (bytes_t *bytes, column_t totals, const column_t own, unsigned count)
{
    uint64_t before = totals[0] - own[0];
    bytes_put_varint (bytes, before);
    for (unsigned i = 0; i < count; i++) {
        uint64_t total = totals[i];
        totals[i] = total - own[i] - before;
        before = total;
    }
    column_put (bytes, totals, count);
}

//  The slots from the first to behind the last that any frame has events in.
static void
s_find_slots (const frame_t *frames, unsigned count, unsigned id, unsigned *first, unsigned *end)
{
    *first = BUCKET_SLOTS;
    *end = 0;
    for (unsigned i = 0; i < count; i++) {
        const uint64_t *buckets = frames[i].metrics[id].histogram.buckets;
        unsigned slot = 0;
        while (slot < *first && buckets[slot] == 0)
            slot++;
        *first = slot;
        for (slot = BUCKET_SLOTS; slot > *end && buckets[slot - 1] == 0;)
            slot--;
        *end = slot;
    }
}

static void
s_put_counts (bytes_t *bytes, const frame_t *frames, unsigned count, unsigned id)
{
    unsigned first, end;
    s_find_slots (frames, count, id, &first, &end);
    if (end < first)
        first = end = 0;
    column_t *slots = malloc ((end + 1) * sizeof *slots);
    assert (slots);
    for (unsigned i = 0; i < count; i++) {
        const uint64_t *buckets = frames[i].metrics[id].histogram.buckets;
        for (unsigned slot = first; slot < end; slot++)
            slots[slot][i] = buckets[slot];
    }
    counts_put (bytes, slots, first, end, count);
    free (slots);
}

static void
s_put_metric (bytes_t *bytes, const frame_t *frames, unsigned count, unsigned id)
{
    column_t measured, accrued, counts, sums, total_counts, total_sums;
    for (unsigned i = 0; i < count; i++) {
        const frame_metric_t *metric = &frames[i].metrics[id];
        measured[i] = metric->measured;
        accrued[i] = metric->accrued_ns;
        counts[i] = metric->histogram.count;
        sums[i] = (uint64_t) metric->histogram.sum;
        total_counts[i] = metric->total_count;
        total_sums[i] = metric->total_sum;
    }
    column_put (bytes, measured, count);
    column_put (bytes, accrued, count);
    column_put (bytes, chunk_is_count (id) ? counts : sums, count);
    s_put_totals (bytes, total_counts, counts, count);
    s_put_totals (bytes, total_sums, sums, count);
    if (!chunk_is_count (id))
        s_put_counts (bytes, frames, count, id);
}

static bool
s_is_measured (const frame_t *frames, unsigned count, unsigned id)
{
    for (unsigned i = 0; i < count; i++)
        if (frames[i].metrics[id].measured)
            return true;
    return false;
}

int
chunk_write (bytes_t *bytes, const frame_t *frames, unsigned count, int64_t minute_wall_s)
{
    column_t which;
    bytes_t part = {0};
    assert (count > 0 && count <= CHUNK_FRAMES_MAX);
    bytes_put_varint (bytes, count);
    if (s_put_templates (bytes, frames, count, which))
        return -1;
    s_put_columns (bytes, frames, count, minute_wall_s, which);
    bytes_put_varint (bytes, METRIC_COUNT_);
    for (unsigned id = 0; id < METRIC_COUNT_; id++) {
        part.size = 0;
        if (s_is_measured (frames, count, id))
            s_put_metric (&part, frames, count, id);
        bytes_put_varint (bytes, part.size);
        bytes_put (bytes, part.data, part.size);
    }
    bytes_clear (&part);
    return 0;
}
