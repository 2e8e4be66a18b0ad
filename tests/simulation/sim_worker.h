//  SPDX-License-Identifier: GPL-2.0-or-later
//  sim_worker - a simulated worker: the real ticker and epoch rule on a simulated clock, a spool in
//  memory, the network for sockets.
#ifndef SIMULATION_SIM_WORKER_H
#define SIMULATION_SIM_WORKER_H

#include "publisher/ticker.h"
#include "tests/simulation/archive.h"
#include "tests/simulation/network.h"

typedef enum { KILL_BEFORE_SPOOL, KILL_BEFORE_PUBLISH, KILL_AFTER_PUBLISH, KILL_NOT } kill_step_t;

typedef struct {
    world_t *world;
    network_t *network;
    archive_t *archive;
    unsigned index;
    char node[NODE_NAME_MAX + 1];
    bool up;
    unsigned life;            //  Events of an earlier life are void
    int64_t stopped_until_ms; //  Stands still till then
    int64_t reachable_ms;     //  Subscriptions to it work again from then on
    int64_t wall_offset_ms;   //  Of its wall clock
    kill_step_t kill_step;    //  Where the next frame kills it
    int64_t down_ms;          //  For how long it then is down
    ticker_t ticker;
    uint64_t epoch, seq;
    memory_store_t *spool;
    uint64_t retention;
    unsigned spool_full, silent, empty, brief, elsewhere; //  Faults of these kinds, active now
} sim_worker_t;

void sim_worker_init (sim_worker_t *self, world_t *world, network_t *network, archive_t *archive,
                      unsigned index);
void sim_worker_fini (sim_worker_t *self);

void sim_worker_start (sim_worker_t *self);
//  Die now and start again after down_ms.
void sim_worker_kill (sim_worker_t *self, int64_t down_ms);
//  A packet_t arrived.
void sim_worker_receive (void *self, void *packet);

#endif
