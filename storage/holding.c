//  SPDX-License-Identifier: GPL-2.0-or-later
//  holding - a sorted array of epochs; nodes have few, and touch the last. Places behind the last
//  one hold nothing but, where epochs were, memory for the next.
#include "storage/holding.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 64

void
holding_fetch (const holding_t *self)
{
    for (size_t at = 0; at < sizeof *self; at += LINE_BYTES)
        __builtin_prefetch ((const char *) self + at);
}

rolled_t
rolled_none (void)
{
    rolled_t self = {
        .origin_wall_s = INT64_MAX, .closed_wall_s = INT64_MIN, .late_wall_s = INT64_MIN};
    for (unsigned i = 0; i <= METRIC_COUNT_; i++)
        self.reach_wall_s[i] = INT64_MIN;
    for (unsigned i = 0; i <= LEVEL_COUNT; i++)
        self.kept_wall_s[i] = INT64_MIN;
    return self;
}

void
holding_begin (holding_t *self, const char *node)
{
    assert (node_name_is_valid (node) && self->count == 0);
    memcpy (self->node, node, strlen (node) + 1);
    self->first_wall_s = INT64_MAX;
    self->rolled = rolled_none ();
    self->newest_wall_s = INT64_MIN;
}

holding_t *
holding_new (const char *node)
{
    holding_t *self = calloc (1, sizeof *self);
    assert (self);
    holding_begin (self, node);
    return self;
}

void
holding_clear (holding_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        ranges_begin (&self->epochs[i], 0);
    losses_clear (&self->losses);
    *self = (holding_t){.epochs = self->epochs, .capacity = self->capacity};
}

void
holding_destroy (holding_t **self_p)
{
    holding_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->capacity; i++)
        ranges_clear (&self->epochs[i]);
    losses_clear (&self->losses);
    free (self->epochs);
    free (self);
    *self_p = NULL;
}

//  The first epoch that is not below the one asked for; count where there is none.
static size_t
s_find (const holding_t *self, uint64_t epoch)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (self->epochs[middle].epoch < epoch)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

ranges_t *
holding_find (const holding_t *self, uint64_t epoch)
{
    size_t index = s_find (self, epoch);
    if (index == self->count || self->epochs[index].epoch != epoch)
        return NULL;
    return &self->epochs[index];
}

static void
s_reserve (holding_t *self, size_t count)
{
    if (count <= self->capacity)
        return;
    size_t capacity = count + count / 2;
    self->epochs = realloc (self->epochs, capacity * sizeof *self->epochs);
    assert (self->epochs);
    memset (self->epochs + self->capacity, 0, (capacity - self->capacity) * sizeof *self->epochs);
    self->capacity = capacity;
}

ranges_t *
holding_add (holding_t *self, uint64_t epoch)
{
    size_t index = s_find (self, epoch);
    if (index < self->count && self->epochs[index].epoch == epoch)
        return &self->epochs[index];
    s_reserve (self, self->count + 1);
    ranges_t *ranges = &self->epochs[index], spare = self->epochs[self->count];
    memmove (ranges + 1, ranges, (self->count - index) * sizeof *ranges);
    ranges_begin (&spare, epoch);
    *ranges = spare;
    self->count++;
    return ranges;
}

bool
holding_has_expired (const holding_t *self, uint64_t epoch, uint64_t seq)
{
    return epoch < self->expired_epoch ||
           (epoch == self->expired_epoch && seq <= self->expired_seq && self->expired_seq > 0);
}

bool
holding_is_written (const holding_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->epochs[i].written < self->epochs[i].count)
            return false;
    return true;
}

bool
holding_insert (holding_t *self, const store_range_t *frame)
{
    if (!ranges_insert (holding_add (self, frame->epoch), frame))
        return false;
    if (frame->first_wall_s < self->first_wall_s)
        self->first_wall_s = frame->first_wall_s;
    return true;
}

void
holding_expire (holding_t *self, const store_range_t *gone, int64_t next_wall_s)
{
    ranges_t *ranges = holding_find (self, gone->epoch);
    assert (ranges);
    ranges_drop_first (ranges, gone, next_wall_s);
    self->expired_epoch = gone->epoch;
    self->expired_seq = gone->last_seq;
    losses_expire (&self->losses, gone->epoch, gone->last_seq);
}

bool
holding_has_record_of (const holding_t *self, const holding_t *other)
{
    return memcmp (&self->rolled, &other->rolled, sizeof self->rolled) == 0 &&
           self->first_wall_s == other->first_wall_s &&
           self->expired_epoch == other->expired_epoch && self->expired_seq == other->expired_seq &&
           self->conflicts == other->conflicts && self->conflicts_kept == other->conflicts_kept;
}

void
holding_begin_draft (holding_t *self, const holding_t *other)
{
    assert (self->count == 0);
    self->rolled = other->rolled;
    self->newest_wall_s = other->newest_wall_s;
    self->first_wall_s = other->first_wall_s;
    self->expired_epoch = other->expired_epoch;
    self->expired_seq = other->expired_seq;
    self->conflicts = other->conflicts;
    self->conflicts_kept = other->conflicts_kept;
    losses_copy (&self->losses, &other->losses);
}

static void
s_swap_epoch (holding_t *self, ranges_t *drafted)
{
    ranges_t *target = holding_add (self, drafted->epoch);
    ranges_t replaced = *target;
    *target = *drafted;
    *drafted = replaced;
}

static void
s_remove_epoch (holding_t *self, uint64_t epoch)
{
    size_t index = s_find (self, epoch);
    if (index == self->count || self->epochs[index].epoch != epoch)
        return;
    ranges_t *ranges = &self->epochs[index];
    ranges_clear (ranges);
    memmove (ranges, ranges + 1, (self->count - index - 1) * sizeof *ranges);
    self->epochs[--self->count] = (ranges_t){0};
}

static void
s_swap_losses (holding_t *self, holding_t *draft)
{
    losses_t replaced = self->losses;
    self->losses = draft->losses;
    draft->losses = replaced;
}

void
holding_absorb (holding_t *self, holding_t *draft)
{
    self->rolled = draft->rolled;
    self->newest_wall_s = draft->newest_wall_s;
    self->first_wall_s = draft->first_wall_s;
    self->expired_epoch = draft->expired_epoch;
    self->expired_seq = draft->expired_seq;
    self->conflicts = draft->conflicts;
    self->conflicts_kept = draft->conflicts_kept;
    s_swap_losses (self, draft);
    for (size_t i = 0; i < draft->count; i++) {
        if (draft->epochs[i].count)
            s_swap_epoch (self, &draft->epochs[i]);
        else
            s_remove_epoch (self, draft->epochs[i].epoch);
    }
}

uint64_t
holding_frames (const holding_t *self)
{
    uint64_t frames = 0;
    for (size_t i = 0; i < self->count; i++)
        frames += self->epochs[i].frames;
    return frames;
}

uint64_t
holding_bytes (const holding_t *self)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < self->count; i++)
        bytes += self->epochs[i].bytes;
    return bytes;
}

const store_range_t *
holding_first_run (const holding_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->epochs[i].count)
            return &self->epochs[i].runs[0];
    return NULL;
}

//  Those that expired are not missing.
static uint64_t
s_missing_in (const holding_t *self, const ranges_t *ranges)
{
    uint64_t missing = ranges_missing (ranges);
    uint64_t expired = ranges->epoch == self->expired_epoch ? self->expired_seq : 0;
    return missing > expired ? missing - expired : 0;
}

//  A hostile seq near 2^64 must not make the sum wrap to a small one.
static uint64_t
s_missing (const holding_t *self)
{
    uint64_t missing = 0;
    for (size_t i = 0; i < self->count; i++)
        if (__builtin_add_overflow (missing, s_missing_in (self, &self->epochs[i]), &missing))
            return UINT64_MAX;
    return missing;
}

//  Starts need not grow with epochs (clocks are set back), so every epoch's last run is asked.
static int64_t
s_last_wall_s (const holding_t *self)
{
    int64_t last = self->first_wall_s;
    for (size_t i = 0; i < self->count; i++) {
        const ranges_t *ranges = &self->epochs[i];
        if (ranges->count && ranges->runs[ranges->count - 1].last_wall_s > last)
            last = ranges->runs[ranges->count - 1].last_wall_s;
    }
    return last;
}

void
holding_summarise (const holding_t *self, store_node_t *record)
{
    *record = (store_node_t){.first_wall_s = self->first_wall_s,
                             .last_wall_s = s_last_wall_s (self),
                             .last_epoch = self->expired_epoch,
                             .last_seq = self->expired_seq,
                             .epochs = self->count,
                             .frames = holding_frames (self),
                             .bytes = holding_bytes (self),
                             .missing = s_missing (self),
                             .lost = losses_frames (&self->losses),
                             .conflicts = self->conflicts,
                             .expired_epoch = self->expired_epoch,
                             .expired_seq = self->expired_seq};
    if (self->count) {
        record->last_epoch = self->epochs[self->count - 1].epoch;
        record->last_seq = ranges_last_seq (&self->epochs[self->count - 1]);
    }
    memcpy (record->node, self->node, sizeof record->node);
}
