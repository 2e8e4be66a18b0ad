//  SPDX-License-Identifier: GPL-2.0-or-later
//  sequence - see sequence.h.
#include "broker/sequence.h"
#include <stdbool.h>
#include <string.h>

//  Move epoch i behind all others: it is the most recently used one.
static sequence_epoch_t *
s_touch (sequence_t *self, size_t i)
{
    if (i == self->count - 1)
        return &self->epochs[i];
    sequence_epoch_t used = self->epochs[i];
    memmove (&self->epochs[i], &self->epochs[i + 1], (self->count - i - 1) * sizeof used);
    self->epochs[self->count - 1] = used;
    return &self->epochs[self->count - 1];
}

static sequence_epoch_t *
s_start_epoch (sequence_t *self, uint64_t epoch)
{
    if (self->count < SEQUENCE_EPOCHS)
        self->count++;
    else
        s_touch (self, 0);
    sequence_epoch_t *started = &self->epochs[self->count - 1];
    *started = (sequence_epoch_t){.epoch = epoch};
    return started;
}

static sequence_epoch_t *
s_epoch (sequence_t *self, uint64_t epoch)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->epochs[i].epoch == epoch)
            return s_touch (self, i);
    return s_start_epoch (self, epoch);
}

static void
s_remove_run (sequence_epoch_t *self, size_t i)
{
    self->count--;
    memmove (&self->runs[i], &self->runs[i + 1], (self->count - i) * sizeof self->runs[0]);
}

static void
s_forget_oldest_gap (sequence_epoch_t *self)
{
    self->runs[0].last = self->runs[1].last;
    s_remove_run (self, 1);
}

static void
s_insert_run (sequence_epoch_t *self, size_t i, uint64_t first, uint64_t last)
{
    if (self->count == SEQUENCE_RUNS) {
        s_forget_oldest_gap (self);
        if (i == 1)
            return; //  It lay in that gap
        i -= i > 0;
    }
    memmove (&self->runs[i + 1], &self->runs[i], (self->count - i) * sizeof self->runs[0]);
    self->runs[i] = (sequence_run_t){first, last};
    self->count++;
}

//  Put seq, which no run holds, before run i: grow a neighbour, join both, or start a run.
static void
s_insert (sequence_epoch_t *self, size_t i, uint64_t seq)
{
    bool meets_before = i > 0 && self->runs[i - 1].last + 1 == seq;
    bool meets_after = i < self->count && self->runs[i].first == seq + 1;
    if (meets_before && meets_after) {
        self->runs[i - 1].last = self->runs[i].last;
        s_remove_run (self, i);
    } else if (meets_before)
        self->runs[i - 1].last = seq;
    else if (meets_after)
        self->runs[i].first = seq;
    else
        s_insert_run (self, i, seq, seq);
}

sequence_verdict_t
sequence_add (sequence_t *self, uint64_t epoch, uint64_t seq, seq_range_t *gap)
{
    sequence_epoch_t *in = s_epoch (self, epoch);
    uint64_t newest = in->count ? in->runs[in->count - 1].last : 0;
    size_t i = 0;
    while (i < in->count && in->runs[i].last < seq)
        i++;
    if (i < in->count && in->runs[i].first <= seq)
        return SEQUENCE_REPEATED;
    s_insert (in, i, seq);
    if (seq <= newest || seq == newest + 1)
        return SEQUENCE_NEW;
    *gap = (seq_range_t){.epoch = epoch, .first_seq = newest + 1, .last_seq = seq - 1};
    return SEQUENCE_NEW_GAP;
}

void
sequence_load (sequence_t *self, const seq_range_t *range)
{
    sequence_epoch_t *in = s_epoch (self, range->epoch);
    s_insert_run (in, in->count, range->first_seq, range->last_seq);
}
