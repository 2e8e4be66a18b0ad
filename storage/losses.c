//  SPDX-License-Identifier: GPL-2.0-or-later
//  losses - a sorted array. Losses are rare and come at the end of it, so moving the tail is
//  cheap enough.
#include "storage/losses.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void
losses_clear (losses_t *self)
{
    free (self->items);
    *self = (losses_t){0};
}

static void
s_reserve (losses_t *self, size_t count)
{
    if (count <= self->capacity)
        return;
    self->capacity = count + count / 2 + 4;
    self->items = realloc (self->items, self->capacity * sizeof *self->items);
    assert (self->items);
}

void
losses_copy (losses_t *self, const losses_t *other)
{
    assert (self->count == 0);
    s_reserve (self, other->count);
    if (other->count)
        memcpy (self->items, other->items, other->count * sizeof *self->items);
    self->count = other->count;
}

//  The first item that ends at or after seq of epoch; count where there is none.
static size_t
s_find (const losses_t *self, uint64_t epoch, uint64_t seq)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const seq_range_t *range = &self->items[middle].range;
        if (range->epoch < epoch || (range->epoch == epoch && range->last_seq < seq))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void
s_insert (losses_t *self, size_t index, const loss_t *loss)
{
    s_reserve (self, self->count + 1);
    memmove (&self->items[index + 1], &self->items[index],
             (self->count - index) * sizeof *self->items);
    self->items[index] = *loss;
    self->count++;
}

static void
s_erase (losses_t *self, size_t index)
{
    self->count--;
    memmove (&self->items[index], &self->items[index + 1],
             (self->count - index) * sizeof *self->items);
}

//  Let the item before index swallow the one at index where they meet and share a cause.
static void
s_join (losses_t *self, size_t index)
{
    if (index == 0 || index >= self->count)
        return;
    loss_t *before = &self->items[index - 1], *after = &self->items[index];
    if (before->cause != after->cause || before->range.epoch != after->range.epoch ||
        after->range.first_seq - before->range.last_seq != 1)
        return;
    before->range.last_seq = after->range.last_seq;
    s_erase (self, index);
}

//  The part of loss, from seq on, that lies before the next item; false where there is none.
static bool
s_free_part (const losses_t *self, size_t index, const loss_t *loss, uint64_t seq, loss_t *part)
{
    *part = *loss;
    part->range.first_seq = seq;
    if (index == self->count || self->items[index].range.epoch != loss->range.epoch)
        return true;
    uint64_t next = self->items[index].range.first_seq;
    if (next <= seq)
        return false;
    if (part->range.last_seq >= next)
        part->range.last_seq = next - 1;
    return true;
}

void
losses_add (losses_t *self, const loss_t *loss)
{
    uint64_t epoch = loss->range.epoch, seq = loss->range.first_seq;
    for (;;) {
        size_t index = s_find (self, epoch, seq);
        loss_t part;
        uint64_t end;
        if (s_free_part (self, index, loss, seq, &part)) {
            end = part.range.last_seq;
            s_insert (self, index, &part);
            s_join (self, index + 1);
            s_join (self, index);
        } else
            end = self->items[index].range.last_seq;
        if (end >= loss->range.last_seq)
            return;
        seq = end + 1;
    }
}

bool
losses_remove (losses_t *self, uint64_t epoch, uint64_t seq)
{
    size_t index = s_find (self, epoch, seq);
    if (index == self->count)
        return false;
    seq_range_t *range = &self->items[index].range;
    if (range->epoch != epoch || range->first_seq > seq)
        return false;
    if (range->first_seq == range->last_seq) {
        s_erase (self, index);
        return true;
    }
    if (range->first_seq == seq)
        range->first_seq++;
    else if (range->last_seq == seq)
        range->last_seq--;
    else {
        loss_t tail = self->items[index];
        tail.range.first_seq = seq + 1;
        range->last_seq = seq - 1;
        s_insert (self, index + 1, &tail);
    }
    return true;
}

void
losses_expire (losses_t *self, uint64_t epoch, uint64_t seq)
{
    size_t index = s_find (self, epoch, seq);
    if (index < self->count) {
        seq_range_t *range = &self->items[index].range;
        if (range->epoch == epoch && range->last_seq == seq)
            index++;
        else if (range->epoch == epoch && range->first_seq <= seq)
            range->first_seq = seq + 1;
    }
    self->count -= index;
    if (self->count)
        memmove (self->items, self->items + index, self->count * sizeof *self->items);
}

uint64_t
losses_frames (const losses_t *self)
{
    uint64_t frames = 0;
    for (size_t i = 0; i < self->count; i++) {
        const seq_range_t *range = &self->items[i].range;
        frames = losses_sum (frames, range->last_seq - range->first_seq + 1);
    }
    return frames;
}

uint64_t
losses_sum (uint64_t one, uint64_t other)
{
    return other <= UINT64_MAX - one ? one + other : UINT64_MAX;
}
