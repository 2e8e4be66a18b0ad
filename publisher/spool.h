//  SPDX-License-Identifier: GPL-2.0-or-later
//  spool - a worker's own store: every frame goes in before it is published, so that a broker
//  that missed it can have it again. It looks after the store: retention, syncing, and what to do
//  when the store is no longer to be trusted.
//
//  A store that is damaged, or belongs to another node, is set aside under a new name with all
//  that is in it; one that was deleted or moved away is gone. Either way an empty one is begun at
//  the path, and its worker must begin a new epoch.
//  Not safe for use by two threads (others may read the store).
#ifndef PUBLISHER_SPOOL_H
#define PUBLISHER_SPOOL_H

#include <stdbool.h>
#include "storage/keeper.h"
#include "storage/store.h"

typedef struct {
    const char *path;
    const char *node; //  Whose frames these are
    bool sync;        //  Every append waits for the disk; otherwise once a second
    retention_t retention;
} spool_options_t;

typedef struct spool_t spool_t;

//  Open or begin the store. options and its texts are borrowed. Returns NULL and fills error where
//  it cannot be used, such as another process holding it.
spool_t *spool_new (const spool_options_t *options, char error[512]);
void spool_destroy (spool_t **self_p);

//  Borrowed, until spool_renew; NULL after one that failed.
store_t *spool_store (const spool_t *self);

//  False once the store was found damaged, or its folder was deleted, moved or replaced: then let
//  nobody read it and call spool_renew. Cheap: ask once a second.
bool spool_is_sound (const spool_t *self);

//  Leave the present store and begin another at the path. Returns 0; or -1 where that cannot be
//  done now (see spool_error): there is no store then, frames are not written, and it is to be
//  tried again later.
int spool_renew (spool_t *self);

//  How often a store was set aside or gone since the spool was made, at its making included.
uint64_t spool_resets (const spool_t *self);

//  Append an encoded frame. On a full disk the oldest frames give way, unless those held are too
//  few for that to help. A frame that cannot be written is counted and published anyway:
//  a full disk must not blind the node. Returns 0, or -1 where it was not written (see
//  spool_error).
int spool_append (spool_t *self, const frame_t *frame, const void *data, size_t size);
bool spool_is_failing (const spool_t *self); //  The newest frame could not be written

//  Frames not written since this was last asked: the next frame carries them.
uint64_t spool_take_unspooled (spool_t *self);

//  Why the last call that failed did.
void spool_error (const spool_t *self, char error[512]);

typedef struct {
    keeper_stats_t keeper; //  Of the present store
    uint64_t displaced;    //  Frames that gave way on a full disk
    uint64_t resets;
} spool_stats_t;

void spool_stats (spool_t *self, spool_stats_t *stats);

#endif
