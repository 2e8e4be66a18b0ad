//  SPDX-License-Identifier: GPL-2.0-or-later
//  spool - see spool.h.
#include "publisher/spool.h"
#include <assert.h>
#include <czmq.h>

//  A worker's store is written once a second and read now and then: memory is better used by what
//  it measures.
#define STORE_MEMORY_BYTES (2 * 1024 * 1024)

//  What gives way on a full disk at a time, so that it does not happen for every frame; and once
//  more for what is short, up to as much again: often the store is in the middle of tidying its
//  files, and what is short comes back by itself.
#define ROOM_BYTES (1024 * 1024)
#define ROOM_TRIES 4

struct spool_t {
    const spool_options_t *options; //  Borrowed
    store_t *store;                 //  NULL: none could be opened
    keeper_t *keeper;               //  Of the store
    bool must_move;                 //  What lies at the path is damaged and to be set aside
    bool failing;
    uint64_t unspooled; //  Since spool_take_unspooled
    uint64_t displaced;
    uint64_t resets;
    char error[512];
};

//  --- Opening ---------------------------------------------------------------------------------

static int
s_open (spool_t *self, store_fault_t *fault)
{
    const spool_options_t *options = self->options;
    const store_options_t wanted = {.sync = options->sync,
                                    .memory_bytes = STORE_MEMORY_BYTES,
                                    .owner = options->node,
                                    .refuse_damaged_log = true};
    self->store = store_open (options->path, &wanted, fault, self->error);
    if (!self->store)
        return -1;
    self->keeper = keeper_new (self->store, &options->retention);
    return 0;
}

//  Returns 0, or -1 where it cannot be moved.
static int
s_move (spool_t *self)
{
    char *target = store_quarantine (self->options->path, self->error);
    if (!target)
        return -1;
    zsys_warning ("the store was set aside as %s; an empty one is begun at %s", target,
                  self->options->path);
    free (target);
    self->must_move = false;
    return 0;
}

//  Open what lies at the path, or, once that is moved away, an empty one. Returns 0 or -1.
static int
s_begin (spool_t *self)
{
    store_fault_t fault;
    if (self->must_move && s_move (self) == -1)
        return -1;
    if (s_open (self, &fault) == 0)
        return 0;
    if (fault != STORE_DAMAGED && fault != STORE_FOREIGN)
        return -1;
    zsys_warning ("%s", self->error);
    self->resets++;
    self->must_move = true;
    return s_move (self) == 0 ? s_open (self, &fault) : -1;
}

spool_t *
spool_new (const spool_options_t *options, char error[512])
{
    spool_t *self = calloc (1, sizeof *self);
    assert (self);
    self->options = options;
    if (s_begin (self) == -1) {
        spool_error (self, error);
        spool_destroy (&self);
    }
    return self;
}

static void
s_close (spool_t *self)
{
    if (!self->store)
        return;
    keeper_destroy (&self->keeper);
    store_destroy (&self->store);
}

void
spool_destroy (spool_t **self_p)
{
    spool_t *self = *self_p;
    if (!self)
        return;
    s_close (self);
    free (self);
    *self_p = NULL;
}

//  --- Trust -----------------------------------------------------------------------------------

store_t *
spool_store (const spool_t *self)
{
    return self->store;
}

bool
spool_is_sound (const spool_t *self)
{
    return self->store && store_is_in_place (self->store) && !store_is_damaged (self->store);
}

static void
s_leave (spool_t *self)
{
    if (!self->store)
        return;
    bool in_place = store_is_in_place (self->store);
    store_error (self->store, self->error);
    if (in_place)
        zsys_error ("%s", self->error);
    else
        zsys_error ("the store %s was deleted, moved or replaced while it was in use; another one "
                    "is begun",
                    self->options->path);
    self->must_move = in_place;
    self->resets++;
    s_close (self);
}

int
spool_renew (spool_t *self)
{
    s_leave (self);
    return s_begin (self);
}

uint64_t
spool_resets (const spool_t *self)
{
    return self->resets;
}

//  --- Frames ----------------------------------------------------------------------------------

static uint64_t
s_lesser (uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

//  Let the oldest frames go, so many bytes of those held. Returns how many frames went.
static size_t
s_displace (spool_t *self, uint64_t held_bytes, uint64_t bytes)
{
    size_t all = 0, expired;
    int rc;
    do {
        rc = store_expire (self->store, INT64_MIN, held_bytes - bytes, &expired);
        all += expired;
    } while (rc == 1);
    if (all > 0)
        store_reclaim (self->store);
    return all;
}

//  Returns 0, or -1 where the disk is not full, nothing can go, or the frames held are too few to
//  help: then others filled it, and all of them would go for nothing.
static int
s_make_room (spool_t *self)
{
    store_stats_t stats;
    store_stats (self->store, &stats);
    uint64_t short_bytes = stats.short_disk_bytes;
    if (short_bytes == 0 || stats.bytes <= short_bytes + ROOM_BYTES)
        return -1;
    size_t frames = s_displace (self, stats.bytes, s_lesser (short_bytes, ROOM_BYTES) + ROOM_BYTES);
    if (frames == 0)
        return -1;
    self->displaced += frames;
    zsys_warning ("the disk is full: the %zu oldest frames gave way", frames);
    return 0;
}

//  Returns 0, or -1 where the store did not take the frame.
static int
s_write (spool_t *self, const store_record_t *record)
{
    store_verdict_t verdict;
    if (store_append (self->store, record, 1, &verdict) == -1) {
        store_error (self->store, self->error);
        return -1;
    }
    if (verdict != STORE_CONFLICT)
        return 0;
    snprintf (self->error, sizeof self->error,
              "the store holds other frames of this name; choose another --store");
    return -1;
}

static int
s_append (spool_t *self, const store_record_t *record)
{
    if (!self->store)
        return -1;
    int rc = s_write (self, record);
    for (int i = 0; rc == -1 && i < ROOM_TRIES && s_make_room (self) == 0; i++)
        rc = s_write (self, record);
    return rc;
}

int
spool_append (spool_t *self, const frame_t *frame, const void *data, size_t size)
{
    const store_record_t record = {.node = frame->node,
                                   .epoch = frame->epoch,
                                   .seq = frame->seq,
                                   .start_wall_s = frame->start_wall_s,
                                   .span_s = frame->span_s,
                                   .data = data,
                                   .size = size};
    self->failing = s_append (self, &record) == -1;
    self->unspooled += self->failing;
    return self->failing ? -1 : 0;
}

bool
spool_is_failing (const spool_t *self)
{
    return self->failing;
}

uint64_t
spool_take_unspooled (spool_t *self)
{
    uint64_t unspooled = self->unspooled;
    self->unspooled = 0;
    return unspooled;
}

void
spool_error (const spool_t *self, char error[512])
{
    memcpy (error, self->error, sizeof self->error);
}

void
spool_stats (spool_t *self, spool_stats_t *stats)
{
    *stats = (spool_stats_t){.displaced = self->displaced, .resets = self->resets};
    if (self->keeper)
        keeper_stats (self->keeper, &stats->keeper);
}
