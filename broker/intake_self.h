//  SPDX-License-Identifier: GPL-2.0-or-later
//  intake_self - what the files of intake share: its state, and how actions are told. intake.c
//  knows nodes by name and time, intake_announced.c who is where, intake_received.c their frames.
#ifndef BROKER_INTAKE_SELF_H
#define BROKER_INTAKE_SELF_H

#include "broker/intake.h"
#include "broker/sequence.h"

#define NS_PER_FRAME (1000000000LL / INTAKE_FRAMES_PER_SECOND)

typedef struct {
    show_node_t shown;         //  What the registry is told
    sequence_t seen;           //  Which of its frames came by
    bool listed;               //  By the list of workers: its endpoint is fixed
    bool connected;            //  To shown.publish_endpoint
    bool stored;               //  The store holds frames of it
    int64_t connected_mono_ns; //  Since when, at this endpoint
    int64_t renewed_mono_ns;   //  Its latest connection
    int64_t frame_mono_ns;     //  Its newest new frame's arrival
    int64_t announced_mono_ns; //  Its latest accepted announcement
    int64_t allowance_ns;      //  Frames it may send now, each worth NS_PER_FRAME
    int64_t allowance_mono_ns; //  When that was reckoned
    uint64_t contested;        //  Announcements of its name from elsewhere
} intake_node_t;

struct intake_t {
    intake_sink_fn *sink;
    void *context;
    intake_node_t **nodes; //  In order of name
    size_t count;
    size_t max_nodes;
    intake_stats_t stats;
    wire_reader_t *reader;
    frame_t frame; //  The one in hand
};

//  The node of a name, or NULL.
intake_node_t *intake_find (const intake_t *self, const char *name);
//  The same, new where it is unknown; NULL where there are too many.
intake_node_t *intake_find_or_add (intake_t *self, const char *name);

//  Have an action done. Returns what the sink returns.
int intake_act (const intake_t *self, intake_action_t action);
//  Tell the registry of a node's new state.
void intake_report (const intake_t *self, const intake_node_t *node);
//  Have a line written to the log; node is NULL where it concerns none that is known.
void intake_notice (const intake_t *self, const intake_node_t *node, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));
//  What may happen a thousand times a second is told the 1st, 10th, 100th ... time.
bool is_worth_telling (uint64_t count);

//  Connect to where the node publishes, in place of an earlier connection there.
void intake_renew (intake_t *self, intake_node_t *node, intake_now_t now);

#endif
