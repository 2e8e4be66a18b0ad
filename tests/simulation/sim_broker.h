//  SPDX-License-Identifier: GPL-2.0-or-later
//  sim_broker - a simulated coordinator: the real intake and backfill, carried out on stores in
//  memory, a queue that a simulated recorder empties, and the network for sockets.
#ifndef SIMULATION_SIM_BROKER_H
#define SIMULATION_SIM_BROKER_H

#include "broker/backfill.h"
#include "broker/intake.h"
#include "tests/simulation/archive.h"
#include "tests/simulation/network.h"

#define QUEUE_MAX 200
#define HELD_MAX  300

typedef struct {
    world_t *world;
    network_t *network;
    unsigned workers;
    plant_t plant;
    bool up;
    unsigned life;
    int64_t stopped_until_ms;
    unsigned full; //  Faults that keep its store from taking frames
    intake_t *intake;
    backfill_t *backfill;
    memory_store_t *stores[NETWORK_WORKERS_MAX];
    int64_t connected_ms[NETWORK_WORKERS_MAX]; //  Since when; -1 where it is not
    bool appeared[NETWORK_WORKERS_MAX];        //  backfill knows the worker
    const issued_t *queue[QUEUE_MAX];          //  For the recorder
    size_t queued;
    uint64_t submitted;       //  Frames ever queued
    packet_t *held[HELD_MAX]; //  Arrived while it stood still
    size_t held_count;
    const issued_t *in_hand; //  Frame that intake decides about
    int64_t pump_due_ms;     //  When backfill is looked at next
    wire_reader_t *reader;
    frame_t frame; //  Scratch
    uint64_t relayed, refilled, conflicts, lost;
} sim_broker_t;

void sim_broker_init (sim_broker_t *self, world_t *world, network_t *network, unsigned workers,
                      plant_t plant);
void sim_broker_fini (sim_broker_t *self);

void sim_broker_start (sim_broker_t *self);
void sim_broker_kill (sim_broker_t *self, int64_t down_ms);
//  A packet_t arrived.
void sim_broker_receive (void *self, void *packet);
//  A frame came on the live stream of its worker (a forged one, say).
void sim_broker_inject (sim_broker_t *self, const issued_t *frame);

#endif
