//  SPDX-License-Identifier: GPL-2.0-or-later
//  ranges - sorted runs of seqs. Seqs come from sockets: 0 and 2^64 - 1 must work, so nothing
//  here adds 1 to a seq but where a greater one is known.
#include "storage/ranges.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_RUNS_MAX 8

store_range_t
range_of_frame (const store_record_t *frame)
{
    return (store_range_t){.epoch = frame->epoch,
                           .first_seq = frame->seq,
                           .last_seq = frame->seq,
                           .first_wall_s = frame->start_wall_s,
                           .last_wall_s = frame->start_wall_s,
                           .end_wall_s = frame->start_wall_s + frame->span_s,
                           .covered_s = frame->span_s,
                           .bytes = frame->size,
                           .digest = manifest_digest (frame->data, frame->size)};
}

void
range_extend (store_range_t *self, const store_range_t *next)
{
    self->last_seq = next->last_seq;
    self->last_wall_s = next->last_wall_s;
    self->end_wall_s = next->end_wall_s;
    self->covered_s += next->covered_s;
    self->bytes += next->bytes;
    self->digest += next->digest;
}

static void
s_reserve (ranges_t *self, size_t count)
{
    if (count <= self->capacity)
        return;
    size_t capacity = count < 4 ? count : count + count / 2;
    self->runs = realloc (self->runs, capacity * sizeof *self->runs);
    assert (self->runs);
    self->capacity = capacity;
}

void
ranges_copy (ranges_t *self, const ranges_t *other)
{
    assert (self->count == 0);
    s_reserve (self, other->count);
    if (other->count)
        memcpy (self->runs, other->runs, other->count * sizeof *self->runs);
    self->epoch = other->epoch;
    self->count = other->count;
    self->written = other->written;
    self->is_rekeyed = other->is_rekeyed;
    self->frames = other->frames;
    self->bytes = other->bytes;
}

void
ranges_clear (ranges_t *self)
{
    free (self->runs);
    *self = (ranges_t){.epoch = self->epoch};
}

void
ranges_begin (ranges_t *self, uint64_t epoch)
{
    if (self->capacity > KEPT_RUNS_MAX)
        ranges_clear (self);
    *self = (ranges_t){.epoch = epoch, .runs = self->runs, .capacity = self->capacity};
}

//  Streams mostly grow at their end, so that is looked at first.
size_t
ranges_find (const ranges_t *self, uint64_t seq)
{
    size_t low = 0, high = self->count;
    if (high > 0 && self->runs[high - 1].last_seq < seq)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (self->runs[middle].last_seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool
s_holds (const ranges_t *self, size_t index, uint64_t seq)
{
    return index < self->count && self->runs[index].first_seq <= seq;
}

bool
ranges_contain (const ranges_t *self, uint64_t seq)
{
    return s_holds (self, ranges_find (self, seq), seq);
}

//  Whether self ends before next starts and leaves a second to each frame missing between them.
static bool
s_leaves_room (const store_range_t *self, const store_range_t *next)
{
    uint64_t missing = next->first_seq - self->last_seq - 1;
    return (__int128) next->first_wall_s - self->end_wall_s >= missing;
}

bool
ranges_admit (const ranges_t *self, const store_range_t *frame)
{
    size_t index = ranges_find (self, frame->first_seq);
    if (index > 0 && !s_leaves_room (&self->runs[index - 1], frame))
        return false;
    return index == self->count || s_leaves_room (frame, &self->runs[index]);
}

static void
s_open_run (ranges_t *self, size_t index, const store_range_t *frame)
{
    s_reserve (self, self->count + 1);
    assert (self->runs);
    store_range_t *run = &self->runs[index];
    memmove (run + 1, run, (self->count - index) * sizeof *run);
    *run = *frame;
    self->count++;
}

static void
s_erase_run (ranges_t *self, size_t index)
{
    store_range_t *run = &self->runs[index];
    memmove (run, run + 1, (self->count - index - 1) * sizeof *run);
    self->count--;
}

static void
s_change_run (ranges_t *self, size_t index)
{
    if (self->written > index)
        self->written = index;
}

bool
ranges_insert (ranges_t *self, const store_range_t *frame)
{
    uint64_t seq = frame->first_seq;
    size_t index = ranges_find (self, seq);
    if (s_holds (self, index, seq))
        return false;

    store_range_t run = *frame;
    run.epoch = self->epoch;
    bool follows = index > 0 && seq - self->runs[index - 1].last_seq == 1;
    bool precedes = index < self->count && self->runs[index].first_seq - seq == 1;
    if (follows)
        range_extend (&self->runs[index - 1], &run);
    if (follows && precedes) {
        range_extend (&self->runs[index - 1], &self->runs[index]);
        s_erase_run (self, index);
    } else if (precedes) {
        range_extend (&run, &self->runs[index]);
        self->runs[index] = run;
    } else if (!follows)
        s_open_run (self, index, &run);
    s_change_run (self, follows ? index - 1 : index);
    self->is_rekeyed |= precedes;
    self->frames++;
    self->bytes += frame->bytes;
    return true;
}

void
ranges_drop_first (ranges_t *self, const store_range_t *gone, int64_t next_wall_s)
{
    assert (self->count > 0 && self->runs[0].first_seq == gone->first_seq);
    store_range_t *run = &self->runs[0];
    self->frames -= gone->last_seq - gone->first_seq + 1;
    self->bytes -= gone->bytes;
    s_change_run (self, 0);
    self->is_rekeyed = true;
    if (run->last_seq == gone->last_seq) {
        s_erase_run (self, 0);
        return;
    }
    assert (gone->last_seq < run->last_seq);
    run->first_seq = gone->last_seq + 1;
    run->first_wall_s = next_wall_s;
    run->covered_s -= gone->covered_s;
    run->bytes -= gone->bytes;
    run->digest -= gone->digest;
}

int
ranges_append_run (ranges_t *self, const store_range_t *run)
{
    uint64_t last = ranges_last_seq (self);
    if (run->last_seq < run->first_seq)
        return -1;
    if (self->count > 0 && (run->first_seq <= last || run->first_seq - last == 1))
        return -1;
    s_reserve (self, self->count + 1);
    self->runs[self->count] = *run;
    self->runs[self->count++].epoch = self->epoch;
    self->written = self->count;
    self->frames += run->last_seq - run->first_seq + 1;
    self->bytes += run->bytes;
    return 0;
}

uint64_t
ranges_last_seq (const ranges_t *self)
{
    return self->count ? self->runs[self->count - 1].last_seq : 0;
}

uint64_t
ranges_missing (const ranges_t *self)
{
    uint64_t last = ranges_last_seq (self);
    return last > self->frames ? last - self->frames : 0;
}
