//  SPDX-License-Identifier: GPL-2.0-or-later
//  memory_store - see memory_store.h. Frames lie in one array an epoch, by seq.
#include "tests/simulation/memory_store.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint64_t epoch;
    const issued_t **frames; //  By seq; NULL where not held
    size_t capacity;
} shelf_t;

struct memory_store_t {
    holding_t *holding;
    losses_t losses;
    shelf_t *shelves; //  In order of epoch as they came
    size_t count;
    uint64_t expired_epoch, expired_seq;
    plant_t plant;
};

memory_store_t *
memory_store_new (const char *node, plant_t plant)
{
    memory_store_t *self = calloc (1, sizeof *self);
    assert (self);
    self->holding = holding_new (node);
    self->plant = plant;
    return self;
}

void
memory_store_destroy (memory_store_t **self_p)
{
    memory_store_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++)
        free (self->shelves[i].frames);
    free (self->shelves);
    losses_clear (&self->losses);
    holding_destroy (&self->holding);
    free (self);
    *self_p = NULL;
}

static shelf_t *
s_shelf (const memory_store_t *self, uint64_t epoch)
{
    for (size_t i = self->count; i-- > 0;)
        if (self->shelves[i].epoch == epoch)
            return &self->shelves[i];
    return NULL;
}

static shelf_t *
s_shelf_add (memory_store_t *self, uint64_t epoch)
{
    shelf_t *shelf = s_shelf (self, epoch);
    if (shelf)
        return shelf;
    self->shelves = realloc (self->shelves, (self->count + 1) * sizeof *self->shelves);
    assert (self->shelves);
    self->shelves[self->count] = (shelf_t){.epoch = epoch};
    return &self->shelves[self->count++];
}

static void
s_put (shelf_t *shelf, const issued_t *frame)
{
    if (frame->seq >= shelf->capacity) {
        size_t capacity = 2 * frame->seq + 16;
        shelf->frames = realloc (shelf->frames, capacity * sizeof *shelf->frames);
        assert (shelf->frames);
        memset (shelf->frames + shelf->capacity, 0,
                (capacity - shelf->capacity) * sizeof *shelf->frames);
        shelf->capacity = capacity;
    }
    shelf->frames[frame->seq] = frame;
}

const issued_t *
memory_store_find (const memory_store_t *self, uint64_t epoch, uint64_t seq)
{
    const shelf_t *shelf = s_shelf (self, epoch);
    return shelf && seq < shelf->capacity ? shelf->frames[seq] : NULL;
}

static store_range_t
s_run (const issued_t *frame)
{
    return (store_range_t){.epoch = frame->epoch,
                           .first_seq = frame->seq,
                           .last_seq = frame->seq,
                           .first_wall_s = frame->start_wall_s,
                           .last_wall_s = frame->start_wall_s,
                           .end_wall_s = frame->start_wall_s + frame->span_s,
                           .covered_s = frame->span_s,
                           .bytes = frame->size,
                           .digest = frame->digest};
}

store_verdict_t
memory_store_append (memory_store_t *self, const issued_t *frame)
{
    const issued_t *held = memory_store_find (self, frame->epoch, frame->seq);
    if (held && held->digest == frame->digest)
        return STORE_DUPLICATE;
    if (held && self->plant != PLANT_ACCEPT_CONFLICT)
        return STORE_CONFLICT;
    ranges_t *ranges = holding_add (self->holding, frame->epoch);
    store_range_t run = s_run (frame);
    bool fresh = ranges_insert (ranges, &run);
    if (!fresh && !held)
        return STORE_DUPLICATE; //  On the books, though the frame is gone: PLANT_DROP_RANGE
    s_put (s_shelf_add (self, frame->epoch), frame);
    losses_remove (&self->losses, frame->epoch, frame->seq);
    return STORE_ADDED;
}

//  Make the books anew from what is on the shelves.
static void
s_rebuild (memory_store_t *self)
{
    holding_t *holding = holding_new (self->holding->node);
    for (size_t i = 0; i < self->count; i++)
        for (size_t seq = 1; seq < self->shelves[i].capacity; seq++) {
            const issued_t *frame = self->shelves[i].frames[seq];
            if (frame) {
                store_range_t run = s_run (frame);
                ranges_insert (holding_add (holding, frame->epoch), &run);
            }
        }
    holding_destroy (&self->holding);
    self->holding = holding;
}

//  The first or last frame held; NULL where there is none.
static const issued_t *
s_edge (const memory_store_t *self, bool newest)
{
    const holding_t *holding = self->holding;
    for (size_t i = 0; i < holding->count; i++) {
        const ranges_t *ranges = &holding->epochs[newest ? holding->count - 1 - i : i];
        if (ranges->count == 0)
            continue;
        uint64_t seq = newest ? ranges_last_seq (ranges) : ranges->runs[0].first_seq;
        return memory_store_find (self, ranges->epoch, seq);
    }
    return NULL;
}

static void
s_drop (memory_store_t *self, const issued_t *frame)
{
    s_shelf (self, frame->epoch)->frames[frame->seq] = NULL;
    s_rebuild (self);
}

void
memory_store_expire (memory_store_t *self, uint64_t most)
{
    while (holding_frames (self->holding) > most) {
        const issued_t *oldest = s_edge (self, false);
        self->expired_epoch = oldest->epoch;
        self->expired_seq = oldest->seq;
        s_drop (self, oldest);
    }
}

void
memory_store_tear (memory_store_t *self, unsigned frames)
{
    const issued_t *newest;
    while (frames-- > 0 && (newest = s_edge (self, true)))
        s_drop (self, newest);
}

void
memory_store_restarted (memory_store_t *self)
{
    const issued_t *newest = s_edge (self, true);
    if (self->plant == PLANT_DROP_RANGE && newest)
        s_shelf (self, newest->epoch)->frames[newest->seq] = NULL;
}

const holding_t *
memory_store_holding (const memory_store_t *self)
{
    return self->holding;
}

losses_t *
memory_store_losses (memory_store_t *self)
{
    return &self->losses;
}

uint64_t
memory_store_last_epoch (const memory_store_t *self)
{
    const holding_t *holding = self->holding;
    return holding->count ? holding->epochs[holding->count - 1].epoch : 0;
}

static uint64_t
s_digest (const memory_store_t *self, const store_range_t *run)
{
    uint64_t digest = 0;
    for (uint64_t seq = run->first_seq; seq <= run->last_seq; seq++) {
        const issued_t *frame = memory_store_find (self, run->epoch, seq);
        digest += frame ? frame->digest : 0;
    }
    return digest;
}

void
memory_store_manifest (const memory_store_t *self, manifest_t *manifest)
{
    *manifest =
        (manifest_t){.expired_epoch = self->expired_epoch, .expired_seq = self->expired_seq};
    size_t runs = 0;
    for (size_t i = 0; i < self->holding->count; i++)
        runs += self->holding->epochs[i].count;
    manifest->runs = calloc (runs + 1, sizeof *manifest->runs);
    assert (manifest->runs);
    for (size_t i = 0; i < self->holding->count; i++) {
        const ranges_t *ranges = &self->holding->epochs[i];
        for (size_t k = 0; k < ranges->count; k++) {
            const store_range_t *run = &ranges->runs[k];
            manifest->runs[manifest->count++] =
                (manifest_run_t){.range = {run->epoch, run->first_seq, run->last_seq},
                                 .digest = s_digest (self, run),
                                 .first_wall_s = run->first_wall_s,
                                 .last_wall_s = run->last_wall_s};
        }
    }
}
