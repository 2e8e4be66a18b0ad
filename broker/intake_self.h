//  SPDX-License-Identifier: GPL-2.0-or-later
//  intake_self - what the files of intake share: its state, and how actions are told. intake.c
//  knows nodes by name and time, intake_announced.c who is where, intake_forwarded.c who comes by
//  which forwarder, intake_received.c their frames.
#ifndef BROKER_INTAKE_SELF_H
#define BROKER_INTAKE_SELF_H

#include "broker/intake.h"
#include "broker/pace.h"
#include "broker/sequence.h"
#include "storage/node_index.h"

#define BURST_NS (1000000000LL * INTAKE_BURST_FRAMES / INTAKE_FRAMES_PER_SECOND)

struct intake_forwarder_t {
    char endpoint[ENDPOINT_MAX + 1];
    int64_t renewed_mono_ns; //  Its latest connection
    int64_t frame_mono_ns;   //  Its newest frame's arrival
    uint64_t nodes;          //  That it brought, ever
    uint64_t refused, cuts;
    uint64_t flooded; //  Frames of its nodes over their rates
    pace_t missing;   //  Gaps of its nodes, which are too many for a line each
};

typedef struct {
    show_node_t shown;             //  What the registry is told,
    void *kept;                    //  and what the sink keeps of it
    sequence_t seen;               //  Which of its frames came by
    size_t place;                  //  In intake's nodes
    bool listed;                   //  By the list of workers: its endpoint is fixed
    bool worker;                   //  It has or had a connection of its own, one of max_workers
    bool connected;                //  To shown.publish_endpoint
    intake_forwarder_t *forwarder; //  That brings its frames; NULL where none does
    bool stored;                   //  The store holds frames of it
    int64_t connected_mono_ns;     //  Since when, at this endpoint
    int64_t renewed_mono_ns;       //  Its latest connection
    int64_t frame_mono_ns;         //  Its newest new frame's arrival
    int64_t announced_mono_ns;     //  Its latest accepted announcement
    int64_t allowance_ns;          //  Time it may still take up with frames: see s_is_within_rate
    int64_t allowance_mono_ns;     //  When that was reckoned
    int64_t reported_mono_ns;      //  When the registry was told last
    bool unreported;               //  Frames came since
    uint64_t contested;            //  Announcements of its name from elsewhere
    pace_t missing;                //  Gaps in what it sends, where no forwarder brings it
} intake_node_t;

struct intake_t {
    intake_sink_fn *sink;
    void *context;
    intake_node_t **nodes; //  In no order
    size_t count;
    size_t max_nodes;
    size_t workers; //  Of them, those with a connection of their own
    size_t max_workers;
    node_index_t *index; //  The nodes by name
    intake_forwarder_t **forwarders;
    size_t forwarder_count;
    int64_t held_mono_ns;          //  When they were last not listened to
    unsigned forwarded_per_second; //  Frames of a node that comes by a forwarder
    intake_stats_t stats;
    wire_reader_t *reader;
    frame_t frame; //  The one in hand, without its buckets
};

//  The node of a name, or NULL.
intake_node_t *intake_find (const intake_t *self, const char *name);
//  The same, new where it is unknown; NULL where there are too many.
intake_node_t *intake_find_or_add (intake_t *self, const char *name);

//  Make it a node with a connection of its own. Returns 0, or -1 where there are too many.
int intake_make_worker (intake_t *self, intake_node_t *node);
//  A node keeps its place while frames come from there, and for as long after connecting as they
//  may take to begin.
bool intake_holds_its_place (const intake_node_t *node, intake_now_t now);
//  Take a message that came where the node's frames may come from: see intake_received.
void intake_take (intake_t *self, intake_node_t *node, const intake_message_t *message,
                  intake_now_t now);
//  Decode a message's frame into self->frame. Returns NULL, or what is wrong with it.
const char *intake_decode (intake_t *self, const intake_message_t *message);

//  Say in time how many gaps there were since they were told of last; node is NULL where they are
//  of several.
void intake_tell_missing (intake_t *self, const intake_node_t *node, const char *whose,
                          pace_t *missing, intake_now_t now);

//  Have an action done. Returns what the sink returns.
int intake_act (const intake_t *self, intake_action_t action);
//  Tell the registry of a node's new state.
void intake_report (const intake_t *self, intake_node_t *node);
//  The same of what changes with every frame: at once, or with a tick, once a second a node.
void intake_report_in_time (const intake_t *self, intake_node_t *node, intake_now_t now);
//  Have a line written to the log; node is NULL where it concerns none that is known.
void intake_notice (const intake_t *self, const intake_node_t *node, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));
//  What may happen a thousand times a second is told the 1st, 10th, 100th ... time.
bool is_worth_telling (uint64_t count);

//  Connect to where the node publishes, in place of an earlier connection there.
void intake_renew (intake_t *self, intake_node_t *node, intake_now_t now);
//  The forwarders' part of intake_tick, and of intake_destroy.
void intake_tick_forwarders (intake_t *self, intake_now_t now);
void intake_destroy_forwarders (intake_t *self);

#endif
