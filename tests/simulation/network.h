//  SPDX-License-Identifier: GPL-2.0-or-later
//  network - carries packets between workers and the broker, or does not.
#ifndef SIMULATION_NETWORK_H
#define SIMULATION_NETWORK_H

#include "tests/simulation/memory_store.h"
#include "tests/simulation/world.h"

#define NETWORK_WORKERS_MAX 8
#define PACKET_FRAMES       32

typedef enum {
    PACKET_FRAME,        //  frames[0]: as on PUB
    PACKET_ANNOUNCE,     //  to the broker
    PACKET_ASK_MANIFEST, //  id
    PACKET_MANIFEST,     //  id, manifest
    PACKET_ASK_REPLAY,   //  id, range
    PACKET_REPLAY        //  id, frames, through_seq
} packet_kind_t;

typedef struct {
    packet_kind_t kind;
    unsigned worker; //  At one end; the broker is at the other
    uint64_t id;
    seq_range_t range;
    uint64_t through_seq;
    manifest_t manifest; //  runs owned by the receiver
    const issued_t *frames[PACKET_FRAMES];
    size_t count;
    bool garbled; //  A byte of the frames was changed under way
} packet_t;

//  One direction between a worker and the broker.
typedef struct {
    unsigned cut;                     //  Faults that cut it now
    unsigned loss, duplicate, garble; //  Percent
    unsigned delay_ms;                //  Most, on top of LATENCY_MS
} path_t;

typedef struct {
    world_t *world;
    path_t up[NETWORK_WORKERS_MAX], down[NETWORK_WORKERS_MAX];
    event_fn *to_broker, *to_worker; //  Called with an arriving packet_t, which they own
    void *broker, *workers[NETWORK_WORKERS_MAX];
} network_t;

packet_t *packet_new (packet_kind_t kind, unsigned worker);
void packet_destroy (packet_t **self_p);

//  Send from a worker to the broker, and back. Take the packet over.
void network_up (network_t *self, packet_t *packet);
void network_down (network_t *self, packet_t *packet);

#endif
