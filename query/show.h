//  SPDX-License-Identifier: GPL-2.0-or-later
//  show - the tables of show nodes, show gaps and show stats, with the same columns from a worker
//  and from a broker, so that a client can append one to the other. Pure; show_store fills in what
//  a store says. The caller of a function that returns a table destroys it.
#ifndef QUERY_SHOW_H
#define QUERY_SHOW_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/message.h"
#include "schema/table.h"
#include "storage/keeper.h"
#include "storage/store.h"

typedef enum {
    STATE_NEVER_SEEN, //  No frame of it ever came
    STATE_LIVE,       //  Its newest frame came within the last 3 s
    STATE_SILENT
} node_state_t;

//  One node, as its answerer knows it.
typedef struct {
    char node[NODE_NAME_MAX + 1];
    node_state_t state;
    char publish_endpoint[ENDPOINT_MAX + 1]; //  "" where none is known
    char answer_endpoint[ENDPOINT_MAX + 1];
    char version[VERSION_TEXT_MAX + 1];
    //  Of its newest frame; meaningless unless has_frame.
    bool has_frame;
    frame_source_t source;
    scope_t scope;
    uint64_t epoch, seq;
    int64_t end_wall_s; //  First second after it
    int64_t lag_ns;     //  Arrival (of a worker's own: encoding) after that second, by wall clocks
    bool clock_synchronised;
    uint64_t clock_error_ns;
    double cpu_percent; //  Of one core, over the frame
    uint64_t rss_bytes;
    uint64_t spool_resets; //  As in the frame: the worker's store was set aside so often
    //  How the seconds add up since it was first seen; meaningless unless is_stored.
    bool is_stored;
    store_seconds_t seconds;
    //  Totals.
    uint64_t frames;     //  Held in the store
    uint64_t lost;       //  On record as lost
    uint64_t missing;    //  Neither, between or before those held: to be pulled again
    uint64_t duplicates; //  Came again, the same: no effect
    uint64_t conflicts;  //  Came again with other content: refused
    uint64_t refused;    //  Messages and announcements that were not accepted
    uint64_t cuts;       //  Connections to it that were lost
    uint64_t dropped;    //  Frames not stored: the queue was full or the store could not be written
} show_node_t;

//  Fill in what a node's newest frame says; it arrived (or was made) at now_wall_ns.
void show_node_set_frame (show_node_t *self, const frame_t *frame, int64_t now_wall_ns);

//  The columns of show nodes, no rows.
table_t *show_nodes_new (void);
void show_nodes_add (table_t *self, const show_node_t *node);

//  The columns of show gaps: node, state (lost or unknown), cause, epoch, first and last missing
//  seq, how many frames, the seconds [from, until) and how many of them are missing, and per metric
//  how many events the missing frames held and their sum. What is not known is null.
table_t *show_gaps_new (void);
//  A gap whose until_wall_s is 0 has no known place in time.
void show_gaps_add (table_t *self, const char *node, const store_gap_t *gap);

//  The columns of show stats: node ("coordinator": the broker's own), name, value, what it counts.
table_t *show_stats_new (void);
void show_stats_add (table_t *self, const char *node, const char *name, uint64_t value,
                     const char *meaning);
//  Rows for the store's figures.
void show_stats_add_store (table_t *self, const char *node, const store_stats_t *stats);
//  Rows for those of its keeper.
void show_stats_add_keeper (table_t *self, const char *node, const keeper_stats_t *stats);

#endif
