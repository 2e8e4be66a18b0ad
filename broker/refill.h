//  SPDX-License-Identifier: GPL-2.0-or-later
//  refill - carries out what backfill decides, on a thread and on connections of its own: asks
//  workers for manifests and replays, checks what comes back, hands frames to the recorder and
//  losses to the store. Refilled frames are not sent on live.
//
//  Upstream: coordinator (nodes, gaps). Downstream: recorder, storage.
#ifndef BROKER_REFILL_H
#define BROKER_REFILL_H

#include "broker/backfill.h"
#include "storage/store.h"

#define REFILL_MAX_CONNECTIONS 512   //  Kept open; the one used longest ago is closed for another
#define REFILL_MAX_RUNS        65536 //  Of one manifest; a worker that claims more is not believed

//  Where it puts what it learns. Called on its thread.
typedef struct {
    //  Whether the store keeps up. While it does not nothing is asked for: it would be pulled in
    //  vain.
    bool (*has_room) (void *context);
    //  Queue a frame for the store. Returns 0, or -1 where it does not fit now.
    int (*submit) (void *context, const store_record_t *record);
    //  How many frames were ever queued, from wherever they came, and how many of these the store
    //  has, in the same order.
    uint64_t (*submitted) (void *context);
    uint64_t (*settled) (void *context);
    //  No more frames follow for now.
    void (*flush) (void *context);
    //  These frames of the node cannot be had any more.
    void (*lose) (void *context, const char *node, const loss_t *loss);
    void *context;
} refill_ops_t;

typedef struct refill_t refill_t;

//  Start the thread. Copies ops and policy; the store is borrowed, and only read.
refill_t *refill_new (store_t *store, const backfill_policy_t *policy, const refill_ops_t *ops);
void refill_destroy (refill_t **self_p);

//  A node answers at endpoint. Any thread; never waits, a message lost here comes again with the
//  node's next announcement.
void refill_node (refill_t *self, const char *node, const char *endpoint);
//  Frames of a node are missing, or it began a new epoch: compare soon. Any thread; as above.
void refill_hint (refill_t *self, const char *node);

typedef struct {
    uint64_t manifests; //  Read
    uint64_t replays;   //  Read
    uint64_t refilled;  //  Frames pulled and queued for the store
    uint64_t postponed; //  Frames pulled that found no room in the queue: pulled again later
    uint64_t lost;      //  Frames found to be lost
    uint64_t failures;  //  Requests without a good answer
    uint64_t backlog;   //  Frames that workers hold and that are still to be pulled, now
} refill_stats_t;

//  Any thread.
void refill_stats (refill_t *self, refill_stats_t *stats);

#endif
