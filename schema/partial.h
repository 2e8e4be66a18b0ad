//  SPDX-License-Identifier: GPL-2.0-or-later
//  partial - what one node's frames held in one window: mergeable, and exact. Stores fill it,
//  workers and brokers send it, query/finish makes rows of it.
#ifndef SCHEMA_PARTIAL_H
#define SCHEMA_PARTIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/frame.h"

typedef struct {
    histogram_t histogram; //  Events that ended in the window
    uint128_t accrued_ns;  //  Time inside the window, open stints included
    uint64_t present_s;    //  Seconds of the window whose frames measured this metric
} partial_metric_t;

//  A frame's events belong, whole, to the window its start_wall_s lies in; present_s counts the
//  seconds of the window that any frame covers, each once. So windows that adjoin add up.
typedef struct {
    char node[NODE_NAME_MAX + 1]; //  "" once merged across nodes
    int64_t since_wall_s;         //  Window [since, until), unix seconds
    int64_t until_wall_s;
    uint64_t expected_s; //  until - since, summed over merged nodes
    uint64_t present_s;  //  Seconds covered by frames, likewise
    uint64_t frames;
    scope_t scope;     //  Of the frames; meaningless when mixed_scopes
    bool mixed_scopes; //  Frames of different scopes were merged
    bool synthetic;    //  At least one frame was not measured on a kernel (synthetic source)
    bool unanswered;   //  Who should have told did not: set by who asked, never on the wire
    partial_metric_t metrics[METRIC_COUNT_];
} partial_t;

//  An empty partial of a window.
void partial_init (partial_t *self, const char *node, int64_t since_wall_s, int64_t until_wall_s);

//  Add one frame's metrics of the set. Seconds are counted by the caller, who knows the frames'
//  order: new_s is how many seconds of the window this frame covers that none before did.
void partial_add_frame (partial_t *self, const frame_t *frame, metric_set_t metrics,
                        uint64_t new_s);

//  Count seconds that a frame covers whose events belong to an earlier window.
void partial_cover (partial_t *self, const frame_t *frame, metric_set_t metrics, uint64_t new_s);

//  Merge another partial: same node and adjoining windows, or same window and other nodes.
//  Sums expected_s and present_s; the node is kept where both are the same, else emptied.
void partial_merge (partial_t *self, const partial_t *other);

//  Encode as canonical msgpack; only metrics of the set. Returns the size, or 0 if it does not
//  fit. PARTIAL_MAX_BYTES always suffices.
#define PARTIAL_MAX_BYTES 32768
size_t partial_encode (const partial_t *self, metric_set_t metrics, void *buffer, size_t capacity);

//  Decode; returns 0, or -1 when malformed. Trusts nothing.
int partial_decode (partial_t *self, wire_reader_t *reader, const void *data, size_t size);

#endif
