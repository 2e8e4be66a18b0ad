//  SPDX-License-Identifier: GPL-2.0-or-later
//  intake - everything the coordinator decides about nodes and their frames: whom to connect to,
//  which frame is new, which is refused, what is missing, who went silent.
//
//  A pure step: each function below is one event, and what is to be done about it comes out as
//  actions, in order, through the sink. Clocks, sockets and the store stay outside, so that a
//  simulator can drive it. Not safe for use by two threads.
//  Upstream: coordinator (sockets). Downstream: the live socket, recorder, registry.
#ifndef BROKER_INTAKE_H
#define BROKER_INTAKE_H

#include <stdint.h>
#include "query/show.h"
#include "schema/manifest.h"
#include "schema/message.h"
#include "storage/store.h"

#define INTAKE_SILENT_AFTER_NS 3000000000LL  //  A live node without a new frame for this long
#define INTAKE_RENEW_AFTER_NS  5000000000LL  //  A silent node's connection: see intake_tick
#define INTAKE_FORGET_AFTER_NS 60000000000LL //  A node that never sent one and is not announced

//  One node may send this many frames at once (what queued up while the broker stood still), and
//  this many a second on the average; it owes one a second. A frame counts once more for each
//  minute that it covers.
#define INTAKE_BURST_FRAMES      2000
#define INTAKE_FRAMES_PER_SECOND 20

//  A link that brings the frames of many nodes.
typedef struct intake_forwarder_t intake_forwarder_t;

typedef struct {
    int64_t wall_ns, mono_ns; //  Both clocks, read together
} intake_now_t;

typedef enum {
    INTAKE_CONNECT,    //  Subscribe to node, or to forwarder, at endpoint; the sink returns -1
                       //  where it cannot
    INTAKE_DISCONNECT, //  Close the subscription to node
    INTAKE_RELAY,      //  Send the message in hand on the live socket, as it came
    INTAKE_RECORD,     //  Queue record for the store; the sink returns -1 where it does not fit
    INTAKE_GAP,        //  Frames of node are missing: gap says which (to be pulled: backfill)
    INTAKE_ANSWERS,    //  node can be asked for its frames at endpoint; said again and again
    INTAKE_STATUS,     //  status is node's new state, for the registry
    INTAKE_FORGET,     //  node is no longer known, for the registry
    INTAKE_NOTICE      //  text is worth a line in the log
} intake_action_kind_t;

//  Only the members of its kind are meaningful; all are borrowed until the sink returns.
typedef struct {
    intake_action_kind_t kind;
    const char *node;              //  Of a forwarder: its endpoint
    intake_forwarder_t *forwarder; //  NULL where it is about a node
    const char *endpoint;
    const store_record_t *record;
    seq_range_t gap;
    const show_node_t *status;
    void **kept; //  With a status: the sink's own, one of each node; NULL at first
    const char *text;
} intake_action_t;

//  Do it. Returns 0, or -1 where an INTAKE_CONNECT or INTAKE_RECORD could not be done.
typedef int (intake_sink_fn) (void *context, const intake_action_t *action);

typedef struct intake_t intake_t;

//  At most max_workers nodes are known at a time.
intake_t *intake_new (size_t max_workers, intake_sink_fn *sink, void *context);
void intake_destroy (intake_t **self_p);

//  The store holds these frames of a node (at start). Nothing is known of where it is.
void intake_add_stored (intake_t *self, const store_node_t *stored, const store_range_t *ranges,
                        size_t count);

//  The list of workers names this node. It is looked for there and nowhere else, whatever is
//  announced. Returns 0, or -1 where there are too many nodes.
int intake_add_listed (intake_t *self, const char *node, const char *endpoint, intake_now_t now);

//  A worker announced itself. A name that is connected and live elsewhere keeps its place, and
//  the announcement is refused: two workers with one name are never mixed.
void intake_announced (intake_t *self, const message_t *announcement, intake_now_t now);

//  What arrived on the subscription to a node.
typedef struct {
    const void *topic;
    size_t topic_size;
    const void *data; //  Payload
    size_t size;
    size_t parts; //  Of the message; the contract says 2
} intake_message_t;

void intake_received (intake_t *self, const char *node, const intake_message_t *message,
                      intake_now_t now);

//  The connection to a node was lost.
void intake_cut (intake_t *self, const char *node);

//  --- Forwarders ------------------------------------------------------------------------------
//  A forwarder publishes other nodes' frames as it got them; topics and frames name the nodes. It
//  may speak for any node that is neither listed nor live elsewhere: with a worker of its own or
//  by another forwarder. Nobody can be asked for what it lost: such gaps stay.

//  Let forwarders bring max_nodes nodes besides the others, and each of them frames_per_second on
//  the average, INTAKE_FRAMES_PER_SECOND unless this is called. Before any other event.
void intake_allow_forwarded (intake_t *self, size_t max_nodes, unsigned frames_per_second);
//  Subscribe to a forwarder at endpoint.
void intake_add_forwarder (intake_t *self, const char *endpoint, intake_now_t now);
//  What arrived on that subscription.
void intake_forwarded (intake_t *self, intake_forwarder_t *forwarder,
                       const intake_message_t *message, intake_now_t now);
//  Forwarders are not listened to at the moment: that they are silent means nothing.
void intake_forwarders_held (intake_t *self, intake_now_t now);
//  The connection to it was lost.
void intake_forwarder_cut (intake_t *self, intake_forwarder_t *forwarder);

//  Call once a second. libzmq reconnects by itself, but not to a peer that broke its protocol (a
//  message too long, another program on that port): so who is silent is connected to afresh.
void intake_tick (intake_t *self, intake_now_t now);

typedef struct {
    uint64_t nodes, live_nodes;     //  Now
    uint64_t forwarders;            //  As configured
    uint64_t forwarded;             //  Frames of those accepted that came by a forwarder
    uint64_t received;              //  Frames accepted, new or repeated
    uint64_t relayed;               //  New ones
    uint64_t refused;               //  Messages that were no frame of a node that may come so
    uint64_t flooded;               //  Frames over a node's rate
    uint64_t unqueued;              //  New frames for which the store's queue had no room
    uint64_t gaps, missing;         //  Gaps found in live streams, and the frames in them
    uint64_t cuts;                  //  Connections to workers and forwarders that were lost
    uint64_t refused_announcements; //  Malformed, not connectable, contested, or too many
} intake_stats_t;

void intake_stats (const intake_t *self, intake_stats_t *stats);

//  True for an endpoint that a stranger may make the broker connect to: tcp to a numeric address
//  (names would be looked up on the thread that carries every connection), or ipc.
bool announced_endpoint_is_acceptable (const char *endpoint);

#endif
