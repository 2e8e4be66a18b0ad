//  SPDX-License-Identifier: GPL-2.0-or-later
//  sheet - see sheet.h. Slots outside first .. end are 0 in every place.
#include "storage/sheet.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "storage/vector.h"

const size_t sheet_fields[SHEET_FIELDS] = {
    offsetof (frame_t, duration_mono_ns),    offsetof (frame_t, clock_error_ns),
    offsetof (frame_t, losses.discards),     offsetof (frame_t, losses.late_ticks),
    offsetof (frame_t, losses.unspooled),    offsetof (frame_t, losses.missing_storage),
    offsetof (frame_t, losses.spool_resets), offsetof (frame_t, cost.cpu_ns),
    offsetof (frame_t, cost.rss_bytes),      offsetof (frame_t, cost.bpf_ns),
};

sheet_t *
sheet_new (void)
{
    sheet_t *self = calloc (1, sizeof *self);
    assert (self);
    self->writer = counts_writer_new ();
    return self;
}

void
sheet_destroy (sheet_t **self_p)
{
    sheet_t *self = *self_p;
    if (!self)
        return;
    for (unsigned id = 0; id < METRIC_COUNT_; id++)
        free (self->metrics[id].frames);
    free (self->templates);
    counts_writer_destroy (&self->writer);
    free (self);
    *self_p = NULL;
}

void
sheet_begin (sheet_t *self, int64_t minute_wall_s)
{
    for (unsigned id = 0; id < METRIC_COUNT_; id++) {
        sheet_metric_t *metric = &self->metrics[id];
        for (unsigned i = 0; metric->end > 0 && i < self->count; i++)
            memset (&metric->frames[i][metric->first], 0,
                    (metric->end - metric->first) * sizeof metric->frames[0][0]);
        metric->present = false;
        metric->first = metric->end = 0;
    }
    self->minute_wall_s = minute_wall_s;
    self->count = self->template_count = 0;
}

//  --- adding frames ---------------------------------------------------------------------------

bool
sheet_template_fits (const frame_t *template, const frame_t *frame)
{
    return frame->source == template->source && scope_equal (&frame->scope, &template->scope) &&
           strcmp (frame->version, template->version) == 0 &&
           strcmp (frame->node, template->node) == 0;
}

static void
s_add_template (sheet_t *self, const frame_t *frame)
{
    if (self->template_count == self->template_capacity) {
        self->template_capacity = 2 * self->template_capacity + 1;
        self->templates =
            realloc (self->templates, self->template_capacity * sizeof *self->templates);
        assert (self->templates);
    }
    frame_t *template = &self->templates[self->template_count++];
    memset (template, 0, sizeof *template);
    memcpy (template->node, frame->node, sizeof template->node);
    memcpy (template->version, frame->version, sizeof template->version);
    template->epoch = template->seq = template->span_s = 1;
    template->scope = frame->scope;
    template->source = frame->source;
}

//  The number of the frame's template.
static unsigned
s_find_template (sheet_t *self, const frame_t *frame)
{
    unsigned number = 0;
    while (number < self->template_count && !sheet_template_fits (&self->templates[number], frame))
        number++;
    if (number == self->template_count)
        s_add_template (self, frame);
    return number;
}

static void
s_add_slots (sheet_metric_t *self, const uint64_t *buckets, unsigned first, unsigned end,
             unsigned place)
{
    if (first >= end)
        return;
    if (!self->frames)
        self->frames = calloc (SHEET_FRAMES_MAX, sizeof *self->frames);
    assert (self->frames);
    memcpy (&self->frames[place][first], &buckets[first], (end - first) * sizeof *buckets);
    self->first = self->end == 0 || first < self->first ? first : self->first;
    self->end = end > self->end ? end : self->end;
}

static void
s_add_metric (sheet_metric_t *self, const frame_metric_t *metric, unsigned place)
{
    bool measured = metric->measured;
    self->present |= measured;
    self->measured[place] = measured;
    self->accrued_ns[place] = measured ? metric->accrued_ns : 0;
    self->counts[place] = measured ? metric->histogram.count : 0;
    self->sums[place] = measured ? (uint64_t) metric->histogram.sum : 0;
    self->total_counts[place] = measured ? metric->total_count : 0;
    self->total_sums[place] = measured ? metric->total_sum : 0;
}

static void
s_find_slots (const frame_t *frame, frame_slots_t *slots)
{
    for (int id = 0; id < METRIC_COUNT_; id++) {
        const frame_metric_t *metric = &frame->metrics[id];
        slots->end[id] = metric->measured ? histogram_end_slot (metric->histogram.buckets) : 0;
        slots->first[id] =
            slots->end[id] > 0 ? histogram_next_slot (metric->histogram.buckets, 0) : 0;
    }
}

void
sheet_add (sheet_t *self, const frame_t *frame, const frame_slots_t *slots)
{
    frame_slots_t found;
    assert (self->count < SHEET_FRAMES_MAX);
    if (!slots) {
        s_find_slots (frame, &found);
        slots = &found;
    }
    unsigned place = self->count++;
    self->columns[TEMPLATE][place] = s_find_template (self, frame);
    self->columns[START][place] = (uint64_t) frame->start_wall_s - (uint64_t) self->minute_wall_s;
    self->columns[SPAN][place] = frame->span_s;
    self->columns[EPOCH][place] = frame->epoch;
    self->columns[SEQ][place] = frame->seq;
    self->columns[SYNCHRONISED][place] = frame->clock_synchronised;
    for (size_t field = 0; field < SHEET_FIELDS; field++)
        memcpy (&self->columns[FIELDS + field][place], (const char *) frame + sheet_fields[field],
                sizeof (uint64_t));
    for (unsigned id = 0; id < METRIC_COUNT_; id++) {
        s_add_metric (&self->metrics[id], &frame->metrics[id], place);
        s_add_slots (&self->metrics[id], frame->metrics[id].histogram.buckets, slots->first[id],
                     slots->end[id], place);
    }
}

//  --- order -----------------------------------------------------------------------------------

static bool
s_is_before (const sheet_t *self, unsigned one, unsigned other)
{
    static const place_t keys[] = {START, EPOCH, SEQ};
    for (unsigned i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const uint64_t *column = self->columns[keys[i]];
        if (column[one] != column[other])
            return column[one] < column[other];
    }
    return false;
}

//  Which frame comes into each place. Returns whether any is to move.
static bool
s_find_order (const sheet_t *self, unsigned *order)
{
    bool moves = false;
    for (unsigned i = 0; i < self->count; i++) {
        unsigned place = i;
        for (; place > 0 && s_is_before (self, i, order[place - 1]); place--)
            order[place] = order[place - 1];
        order[place] = i;
        moves |= place != i;
    }
    return moves;
}

//  Numbers that lie stride apart.
static void
s_reorder (uint64_t *numbers, size_t stride, const unsigned *order, unsigned count)
{
    column_t before;
    for (unsigned i = 0; i < count; i++)
        before[i] = numbers[i * stride];
    for (unsigned i = 0; i < count; i++)
        numbers[i * stride] = before[order[i]];
}

static void
s_reorder_metric (sheet_metric_t *self, const unsigned *order, unsigned count)
{
    uint64_t *const columns[] = {self->measured, self->accrued_ns,   self->counts,
                                 self->sums,     self->total_counts, self->total_sums};
    for (unsigned i = 0; i < sizeof columns / sizeof columns[0]; i++)
        s_reorder (columns[i], 1, order, count);
    for (unsigned slot = self->first; slot < self->end; slot++)
        s_reorder (&self->frames[0][slot], BUCKET_SLOTS, order, count);
}

void
sheet_sort (sheet_t *self)
{
    unsigned order[SHEET_FRAMES_MAX];
    if (!s_find_order (self, order))
        return;
    for (unsigned i = 0; i < SHEET_COLUMNS; i++)
        s_reorder (self->columns[i], 1, order, self->count);
    for (unsigned id = 0; id < METRIC_COUNT_; id++)
        s_reorder_metric (&self->metrics[id], order, self->count);
}

//  --- adding up -------------------------------------------------------------------------------

metric_set_t
sheet_measured (const sheet_t *self, unsigned place)
{
    metric_set_t set = METRIC_BIT (ROW_ANY);
    for (unsigned id = 0; id < METRIC_COUNT_; id++)
        if (self->metrics[id].measured[place])
            set |= METRIC_BIT (id);
    return set;
}

static uint128_t
s_sum (const uint64_t *column, unsigned count)
{
    uint128_t sum = 0;
    for (unsigned i = 0; i < count; i++)
        sum += column[i];
    return sum;
}

//  Add the pair of slots of each frame to their sums.
static inline void
s_add_pair (pair_t *sums, const uint64_t *events)
{
    pair_t pair;
    memcpy (&pair, events, sizeof pair);
    *sums += pair;
}

//  Eight slots at a time, whose sums stay in registers.
static void
s_add_up_slots (const sheet_metric_t *self, unsigned count, uint64_t *buckets)
{
    unsigned slot = self->first;
    for (; slot + 8 <= self->end; slot += 8) {
        pair_t sums[4];
        memcpy (sums, &buckets[slot], sizeof sums);
        for (unsigned i = 0; i < count; i++) {
            const uint64_t *events = &self->frames[i][slot];
            s_add_pair (&sums[0], events);
            s_add_pair (&sums[1], events + 2);
            s_add_pair (&sums[2], events + 4);
            s_add_pair (&sums[3], events + 6);
        }
        memcpy (&buckets[slot], sums, sizeof sums);
    }
    for (; slot < self->end; slot++)
        for (unsigned i = 0; i < count; i++)
            buckets[slot] += self->frames[i][slot];
}

static void
s_add_up_metric (const sheet_metric_t *self, unsigned count, partial_metric_t *to)
{
    to->accrued_ns += s_sum (self->accrued_ns, count);
    to->histogram.count += (uint64_t) s_sum (self->counts, count);
    to->histogram.sum += s_sum (self->sums, count);
    s_add_up_slots (self, count, to->histogram.buckets);
}

void
sheet_add_up (const sheet_t *self, row_t *row)
{
    for (unsigned i = 0; i < self->count; i++)
        row_add_frame (row, &self->templates[self->columns[TEMPLATE][i]], 0);
    for (unsigned id = 0; id < METRIC_COUNT_; id++)
        if (self->metrics[id].present)
            s_add_up_metric (&self->metrics[id], self->count, &row->metrics[id]);
}
