//  SPDX-License-Identifier: GPL-2.0-or-later
//  memory_store - a store without a disk, with the real store's books (storage/holding and
//  storage/losses). It stands for a worker's spool and for the broker's store.
#ifndef SIMULATION_MEMORY_STORE_H
#define SIMULATION_MEMORY_STORE_H

#include "schema/manifest.h"
#include "storage/holding.h"
#include "storage/losses.h"

//  A frame as it was issued; shared by all who hold it, freed with the simulation.
typedef struct {
    unsigned worker;
    char node[NODE_NAME_MAX + 1];
    uint64_t epoch, seq;
    int64_t start_wall_s;
    uint32_t span_s;
    uint64_t digest; //  XXH64 of data
    size_t size;
    uint8_t data[256];
} issued_t;

typedef struct memory_store_t memory_store_t;

//  Faults that may be planted, to prove that the simulator finds them.
typedef enum {
    PLANT_NOTHING,
    PLANT_DROP_RANGE,      //  A restart loses frames that the books still list
    PLANT_ACCEPT_CONFLICT, //  A duplicate with other content replaces what is held
    PLANT_FORGET_TAIL      //  Only gaps are pulled, never what comes after the last frame held
} plant_t;

memory_store_t *memory_store_new (const char *node, plant_t plant);
void memory_store_destroy (memory_store_t **self_p);

store_verdict_t memory_store_append (memory_store_t *self, const issued_t *frame);
//  The frame held under this name, or NULL.
const issued_t *memory_store_find (const memory_store_t *self, uint64_t epoch, uint64_t seq);
//  Drop the oldest frames beyond most.
void memory_store_expire (memory_store_t *self, uint64_t most);
//  Drop the newest frames, as a loss of power may.
void memory_store_tear (memory_store_t *self, unsigned frames);
//  A process that holds the store started again.
void memory_store_restarted (memory_store_t *self);

const holding_t *memory_store_holding (const memory_store_t *self);
losses_t *memory_store_losses (memory_store_t *self);
uint64_t memory_store_last_epoch (const memory_store_t *self);
//  What it holds; the caller frees manifest->runs.
void memory_store_manifest (const memory_store_t *self, manifest_t *manifest);

#endif
