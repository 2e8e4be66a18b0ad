//  SPDX-License-Identifier: GPL-2.0-or-later
//  backfill - decides what to pull again from which worker, and what is lost. A pure step: events
//  go in with the time, actions come out; sockets, clock and store are the caller's, so that a
//  simulator can run it. Not safe for two threads.
//
//  Each node is asked for its manifest when it appears, when intake saw a gap or a new epoch, and
//  every period. What the manifest holds and the store does not is pulled by replay in bounded
//  chunks, oldest first (the worker's retention eats from that end); what neither holds is lost.
//  A node is compared only once the store has what was pulled of it before: what waits in a queue
//  is not missing. One request is open per node; a node that is silent, slow or lies waits longer
//  and longer, and delays no other. All nodes share one budget of frames a second.
#ifndef BROKER_BACKFILL_H
#define BROKER_BACKFILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/frame.h"
#include "schema/manifest.h"

typedef struct {
    uint32_t period_ms;        //  Between manifest checks of a quiet node
    uint32_t hint_pause_ms;    //  Least time between checks that gaps ask for
    uint32_t timeout_ms;       //  For one reply
    uint32_t backoff_max_ms;   //  Longest wait after failures
    uint32_t chunk_frames;     //  Most frames one replay asks for
    uint32_t frames_per_s;     //  Budget of all replays together
    uint32_t requests_at_once; //  Open requests of all nodes together
} backfill_policy_t;

//  5 s, 200 ms, 3 s, 5 s, 512, 20000, 32.
backfill_policy_t backfill_policy_default (void);

typedef enum {
    BACKFILL_ASK_MANIFEST, //  node, id
    BACKFILL_ASK_REPLAY,   //  node, id, range
    BACKFILL_LOST          //  node, range, cause
} backfill_action_kind_t;

typedef struct {
    backfill_action_kind_t kind;
    char node[NODE_NAME_MAX + 1];
    uint64_t id;
    seq_range_t range;
    loss_cause_t cause;
} backfill_action_t;

typedef struct backfill_t backfill_t;

//  seed varies the jitter of back-offs; equal seeds and events give equal actions.
backfill_t *backfill_new (const backfill_policy_t *policy, uint64_t seed);
void backfill_destroy (backfill_t **self_p);

//  A node can be asked (its answer endpoint became known, or changed): check it now.
void backfill_node_appeared (backfill_t *self, const char *node, int64_t now_mono_ms);

//  Something of this node is missing, or it began a new epoch: check it soon.
void backfill_hint (backfill_t *self, const char *node, int64_t now_mono_ms);

//  A manifest came. held are the ranges that the store holds of the node, lost those it has on
//  record as lost. Returns 0, or -1 when id is not the open request's (late or made up: ignored).
int backfill_manifest (backfill_t *self, const char *node, uint64_t id, const manifest_t *manifest,
                       const seq_range_t *held, size_t held_count, const seq_range_t *lost,
                       size_t lost_count, int64_t now_mono_ms);

//  What came was as much work as so many frames more than were asked for: all nodes wait for it.
void backfill_charge (backfill_t *self, uint64_t frames);

//  A replay's reply came; accepted frames of it lay inside the asked range and went to the store.
//  A reply without any counts as a failure of the node. Returns 0, or -1 as above.
int backfill_replayed (backfill_t *self, const char *node, uint64_t id, uint64_t through_seq,
                       size_t accepted, int64_t now_mono_ms);

//  Whether frames of the node are still to be pulled, by what is known.
bool backfill_wants (const backfill_t *self, const char *node);

//  Frames that were pulled of the node wait for the store: they are among the first count that ever
//  did. No manifest of it is asked for before backfill_settled says that many.
void backfill_submitted (backfill_t *self, const char *node, uint64_t count);

//  Of all that ever waited for the store, the first count do not any more.
void backfill_settled (backfill_t *self, uint64_t count);

//  A reply was malformed or held what was not asked for: the node is asked again, later.
void backfill_misbehaved (backfill_t *self, const char *node, uint64_t id, int64_t now_mono_ms);

//  What the open replay of this id asked for. Returns 0, or -1 where there is none such.
int backfill_asked (const backfill_t *self, const char *node, uint64_t id, seq_range_t *asked);

//  Whether a frame of a replay is one that was asked for.
bool backfill_frame_is_asked_for (const frame_t *frame, const char *node, const seq_range_t *asked);

//  The next action that is due, 1 and *action, or 0. Call until 0 after every event and whenever
//  backfill_due_mono_ms has passed.
int backfill_next (backfill_t *self, int64_t now_mono_ms, backfill_action_t *action);

//  When the next action may be due at the earliest, monotonic ms, but for nodes that wait for
//  backfill_settled.
int64_t backfill_due_mono_ms (const backfill_t *self, int64_t now_mono_ms);

//  Nodes with a request out, at most max names, borrowed. Returns how many.
size_t backfill_open (const backfill_t *self, const char **names, size_t max);

//  Nodes that wait for backfill_settled and nothing else.
size_t backfill_unsettled (const backfill_t *self);

//  Frames known to be held by workers and not yet pulled.
uint64_t backfill_backlog (const backfill_t *self);

#endif
