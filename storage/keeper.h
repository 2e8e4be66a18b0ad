//  SPDX-License-Identifier: GPL-2.0-or-later
//  keeper - looks after an open store on a thread of its own: waits every second until what was
//  written is on the disk, so that a loss of power takes a second at most, and carries out
//  retention.
#ifndef STORAGE_KEEPER_H
#define STORAGE_KEEPER_H

#include "storage/store.h"

typedef struct {
    uint64_t keep_s;     //  Frames that are older go; 0: no limit
    uint64_t keep_bytes; //  The oldest go while there are more payload bytes; 0: no limit
    uint64_t keep_rows_s[STORE_LEVELS]; //  Rollups of a level that are older go; 0: no limit
} retention_t;

typedef struct keeper_t keeper_t;

//  Start to look after store, which is borrowed.
keeper_t *keeper_new (store_t *store, const retention_t *retention);
//  Wait for the disk once more and stop.
void keeper_destroy (keeper_t **self_p);

typedef struct {
    uint64_t syncs;
    uint64_t failures; //  Of syncs and of retention
    uint64_t expired;  //  Frames that retention took
    retention_t retention;
} keeper_stats_t;

//  Any thread.
void keeper_stats (keeper_t *self, keeper_stats_t *stats);

#endif
