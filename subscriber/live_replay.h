//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_replay - frames of the past, asked of a store by its manifest and replay messages
//  (schema/PROTOCOL.md section 8), of many nodes at once and in order of time. Never waits, never
//  trusts; memory is bounded by the nodes asked for. Not safe for two threads.
#ifndef SUBSCRIBER_LIVE_REPLAY_H
#define SUBSCRIBER_LIVE_REPLAY_H

#include "schema/message.h"

#define LIVE_REPLAY_NODES 65535

typedef struct live_replay_t live_replay_t;

//  Ask at endpoint, which must be one to connect to, for frames that start at since_wall_s or
//  later.
live_replay_t *live_replay_new (const char *endpoint, int64_t since_wall_s);
void live_replay_destroy (live_replay_t **self_p);

//  Ask for what the store has of a node behind the frame (epoch, seq); 0, 0 for all. Nodes beyond
//  LIVE_REPLAY_NODES are left out. Before the first step.
void live_replay_add (live_replay_t *self, const char *node, uint64_t epoch, uint64_t seq);

//  The libzmq socket to poll for readability.
void *live_replay_handle (const live_replay_t *self);
//  Take what has come, ask for what is next. Call when readable, and every now and then.
void live_replay_step (live_replay_t *self, int64_t now_mono_ns);
//  Take the next frame: no node's later second comes before another's earlier one, as far as their
//  clocks agree. Returns 1; 0 where it has not come yet; -1 at the end.
int live_replay_next (live_replay_t *self, frame_t *frame);

//  How many nodes' past could not be read to its end, and in *reason why (of one of them).
size_t live_replay_failures (const live_replay_t *self, const char **reason);

#endif
