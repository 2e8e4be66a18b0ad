//  SPDX-License-Identifier: GPL-2.0-or-later
//  backfill - a small state machine a node. A node is either open (a request is out, until its
//  deadline), unsettled (its next step is a comparison, and the store has not yet taken what was
//  pulled of it) or idle (until its next step is due); each state has its own queue in order of
//  what ends it, so that the next thing to do is found without walking all nodes.
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <czmq.h>
#include "broker/backfill.h"
#include "broker/backfill_plan.h"
#include "broker/budget.h"
#include "storage/due_queue.h"

typedef struct {
    due_t due;                     //  Place in one of the three queues
    char name[NODE_NAME_MAX + 1];  //
    uint64_t submitted;            //  What settles it, as given to backfill_submitted
    bool unsettled;                //  It waits for that
    uint64_t open_id;              //  Request that is out, or 0
    bool open_replay;              //  It is a replay, not a manifest
    seq_range_t open_range;        //  What the replay asked for
    backfill_plan_t plan;          //  From the last manifest
    size_t want_at, loss_at;       //  How far the plan was carried out
    int64_t manifest_due_mono_ms;  //  Next check
    int64_t manifest_last_mono_ms; //  Last check asked for
    int64_t resume_mono_ms;        //  Not before, after failures
    uint32_t failures;             //  In a row
} s_node_t;

struct backfill_t {
    backfill_policy_t policy;
    zhashx_t *nodes;        //  s_node_t by name
    due_queue_t *open;      //  Nodes with a request out, by deadline
    due_queue_t *unsettled; //  Nodes that wait for the store, by what settles them
    due_queue_t *idle;      //  All others, by when their next step is due
    uint64_t settled;       //  As given to backfill_settled
    uint64_t last_id;       //  Of requests
    uint64_t random;        //  State of the jitter
    budget_t budget;        //  Frames that may be asked for now
    uint64_t backlog;       //  Frames of all plans' wants that are left
};

backfill_policy_t
backfill_policy_default (void)
{
    return (backfill_policy_t){.period_ms = 5000,
                               .hint_pause_ms = 200,
                               .timeout_ms = 3000,
                               .backoff_max_ms = 5000,
                               .chunk_frames = 512,
                               .frames_per_s = 20000,
                               .requests_at_once = 32};
}

static void
s_node_destroy (void **node_p)
{
    s_node_t *node = *node_p;
    backfill_plan_fini (&node->plan);
    free (node);
    *node_p = NULL;
}

backfill_t *
backfill_new (const backfill_policy_t *policy, uint64_t seed)
{
    backfill_t *self = calloc (1, sizeof *self);
    assert (self);
    self->policy = *policy;
    self->random = seed;
    self->budget = budget_new (policy->frames_per_s, 2 * (uint64_t) policy->chunk_frames);
    self->nodes = zhashx_new ();
    zhashx_set_destructor (self->nodes, s_node_destroy);
    self->open = due_queue_new ();
    self->unsettled = due_queue_new ();
    self->idle = due_queue_new ();
    return self;
}

void
backfill_destroy (backfill_t **self_p)
{
    backfill_t *self = *self_p;
    if (!self)
        return;
    zhashx_destroy (&self->nodes);
    due_queue_destroy (&self->open);
    due_queue_destroy (&self->unsettled);
    due_queue_destroy (&self->idle);
    free (self);
    *self_p = NULL;
}

//  --- the next step of one node ---------------------------------------------------------------

static bool
s_has_loss (const s_node_t *node)
{
    return node->loss_at < node->plan.loss_count;
}

static bool
s_has_want (const s_node_t *node)
{
    return node->want_at < node->plan.want_count;
}

static int64_t
s_later (int64_t a, int64_t b)
{
    return a > b ? a : b;
}

//  When an idle node's next step is due. Losses are only reported and wait for nothing.
static int64_t
s_step_due (const s_node_t *node)
{
    if (s_has_loss (node))
        return INT64_MIN;
    if (s_has_want (node))
        return node->resume_mono_ms;
    return s_later (node->manifest_due_mono_ms, node->resume_mono_ms);
}

//  Have a node that is in no queue wait for its next step.
static void
s_await_step (backfill_t *self, s_node_t *node)
{
    bool compares = !s_has_loss (node) && !s_has_want (node);
    node->unsettled = compares && node->submitted > self->settled;
    if (node->unsettled)
        due_queue_put (self->unsettled, &node->due, (int64_t) node->submitted);
    else
        due_queue_put (self->idle, &node->due, s_step_due (node));
}

static void
s_become_idle (backfill_t *self, s_node_t *node)
{
    node->open_id = 0;
    due_queue_remove (self->open, &node->due);
    s_await_step (self, node);
}

static void
s_become_open (backfill_t *self, s_node_t *node, bool replay, int64_t now_mono_ms)
{
    node->open_id = ++self->last_id;
    node->open_replay = replay;
    due_queue_remove (self->idle, &node->due);
    due_queue_put (self->open, &node->due, now_mono_ms + self->policy.timeout_ms);
}

//  xorshift64*: jitter needs no better.
static uint64_t
s_random (backfill_t *self)
{
    uint64_t x = self->random ? self->random : 88172645463325252ULL;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    self->random = x;
    return x * 2685821657736338717ULL;
}

static uint64_t
s_frames (const seq_range_t *range)
{
    return range->last_seq - range->first_seq + 1;
}

static void
s_forget_plan (backfill_t *self, s_node_t *node)
{
    for (size_t i = node->want_at; i < node->plan.want_count; i++)
        self->backlog -= s_frames (&node->plan.wants[i]);
    backfill_plan_fini (&node->plan);
    node->want_at = node->loss_at = 0;
}

//  Forget the plan (the next manifest makes a new one) and wait: 100 ms doubled with each failure
//  in a row, at most backoff_max_ms, of that a random half to whole.
static void
s_fail (backfill_t *self, s_node_t *node, int64_t now_mono_ms)
{
    uint32_t doublings = node->failures < 16 ? node->failures : 16;
    node->failures++;
    int64_t wait_ms = (int64_t) 100 << doublings;
    if (wait_ms > self->policy.backoff_max_ms)
        wait_ms = self->policy.backoff_max_ms;
    wait_ms -= (int64_t) (s_random (self) % (uint64_t) (wait_ms / 2 + 1));
    s_forget_plan (self, node);
    node->resume_mono_ms = now_mono_ms + wait_ms;
    node->manifest_due_mono_ms = node->resume_mono_ms;
    s_become_idle (self, node);
}

//  --- events ----------------------------------------------------------------------------------

static s_node_t *
s_node_new (backfill_t *self, const char *name, int64_t now_mono_ms)
{
    s_node_t *node = calloc (1, sizeof *node);
    assert (node);
    due_init (&node->due, node);
    snprintf (node->name, sizeof node->name, "%s", name);
    node->manifest_due_mono_ms = now_mono_ms;
    node->manifest_last_mono_ms = INT64_MIN / 2;
    node->resume_mono_ms = now_mono_ms;
    zhashx_insert (self->nodes, name, node);
    due_queue_put (self->idle, &node->due, now_mono_ms);
    return node;
}

//  Bring the next check of a node forward to due_mono_ms.
static void
s_check_by (backfill_t *self, s_node_t *node, int64_t due_mono_ms)
{
    if (node->manifest_due_mono_ms <= due_mono_ms)
        return;
    node->manifest_due_mono_ms = due_mono_ms;
    if (!node->open_id && !node->unsettled) {
        due_queue_remove (self->idle, &node->due);
        s_await_step (self, node);
    }
}

void
backfill_node_appeared (backfill_t *self, const char *name, int64_t now_mono_ms)
{
    s_node_t *node = zhashx_lookup (self->nodes, name);
    if (!node) {
        s_node_new (self, name, now_mono_ms);
        return;
    }
    //  Another address: what failed at the old one says nothing of this one.
    node->failures = 0;
    node->resume_mono_ms = now_mono_ms;
    node->manifest_due_mono_ms = INT64_MAX;
    s_check_by (self, node, now_mono_ms);
}

void
backfill_hint (backfill_t *self, const char *name, int64_t now_mono_ms)
{
    s_node_t *node = zhashx_lookup (self->nodes, name);
    if (node)
        s_check_by (
            self, node,
            s_later (now_mono_ms, node->manifest_last_mono_ms + self->policy.hint_pause_ms));
}

//  The node whose open request has this id and kind, or NULL.
static s_node_t *
s_open_node (const backfill_t *self, const char *name, uint64_t id)
{
    s_node_t *node = zhashx_lookup (self->nodes, name);
    return node && id && node->open_id == id ? node : NULL;
}

int
backfill_manifest (backfill_t *self, const char *name, uint64_t id, const manifest_t *manifest,
                   const seq_range_t *held, size_t held_count, const seq_range_t *lost,
                   size_t lost_count, int64_t now_mono_ms)
{
    s_node_t *node = s_open_node (self, name, id);
    if (!node || node->open_replay)
        return -1;
    s_forget_plan (self, node);
    backfill_plan_make (&node->plan, manifest, held, held_count, lost, lost_count);
    for (size_t i = 0; i < node->plan.want_count; i++)
        self->backlog += s_frames (&node->plan.wants[i]);
    node->resume_mono_ms = now_mono_ms;
    //  A plan with nothing to pull is the proof that this node answers truly.
    if (!node->plan.want_count)
        node->failures = 0;
    s_become_idle (self, node);
    return 0;
}

bool
backfill_wants (const backfill_t *self, const char *name)
{
    const s_node_t *node = zhashx_lookup (self->nodes, name);
    return node && s_has_want (node);
}

void
backfill_charge (backfill_t *self, uint64_t frames)
{
    budget_take (&self->budget, frames);
}

int
backfill_replayed (backfill_t *self, const char *name, uint64_t id, uint64_t through_seq,
                   size_t accepted, int64_t now_mono_ms)
{
    s_node_t *node = s_open_node (self, name, id);
    if (!node || !node->open_replay)
        return -1;
    const seq_range_t *asked = &node->open_range;
    if (accepted == 0 || through_seq < asked->first_seq || through_seq > asked->last_seq) {
        s_fail (self, node, now_mono_ms);
        return 0;
    }
    node->failures = 0;
    seq_range_t *want = &node->plan.wants[node->want_at];
    self->backlog -= through_seq - want->first_seq + 1;
    if (through_seq == want->last_seq)
        node->want_at++;
    else
        want->first_seq = through_seq + 1;
    //  All pulled: look again soon, whether everything arrived and what came meanwhile.
    if (!s_has_want (node))
        node->manifest_due_mono_ms =
            s_later (now_mono_ms, node->manifest_last_mono_ms + self->policy.hint_pause_ms);
    s_become_idle (self, node);
    return 0;
}

void
backfill_submitted (backfill_t *self, const char *name, uint64_t count)
{
    s_node_t *node = zhashx_lookup (self->nodes, name);
    if (node)
        node->submitted = count;
}

void
backfill_settled (backfill_t *self, uint64_t count)
{
    s_node_t *node;
    self->settled = count;
    while ((node = due_queue_first (self->unsettled)) && due_time (&node->due) <= (int64_t) count) {
        due_queue_remove (self->unsettled, &node->due);
        s_await_step (self, node);
    }
}

void
backfill_misbehaved (backfill_t *self, const char *name, uint64_t id, int64_t now_mono_ms)
{
    s_node_t *node = s_open_node (self, name, id);
    if (node)
        s_fail (self, node, now_mono_ms);
}

int
backfill_asked (const backfill_t *self, const char *name, uint64_t id, seq_range_t *asked)
{
    const s_node_t *node = s_open_node (self, name, id);
    if (!node || !node->open_replay)
        return -1;
    *asked = node->open_range;
    return 0;
}

bool
backfill_frame_is_asked_for (const frame_t *frame, const char *name, const seq_range_t *asked)
{
    return strcmp (frame->node, name) == 0 && frame->epoch == asked->epoch &&
           frame->seq >= asked->first_seq && frame->seq <= asked->last_seq;
}

//  --- actions ---------------------------------------------------------------------------------

//  Frames the node's next replay asks for.
static uint64_t
s_chunk (const backfill_t *self, const s_node_t *node)
{
    const seq_range_t *want = &node->plan.wants[node->want_at];
    uint64_t left = want->last_seq - want->first_seq;
    return left < self->policy.chunk_frames ? left + 1 : self->policy.chunk_frames;
}

static void
s_report_loss (backfill_t *self, s_node_t *node, backfill_action_t *action)
{
    const loss_t *loss = &node->plan.losses[node->loss_at++];
    action->kind = BACKFILL_LOST;
    action->range = loss->range;
    action->cause = loss->cause;
    due_queue_remove (self->idle, &node->due);
    s_await_step (self, node);
}

static void
s_ask_replay (backfill_t *self, s_node_t *node, int64_t now_mono_ms, backfill_action_t *action)
{
    uint64_t frames = s_chunk (self, node);
    const seq_range_t *want = &node->plan.wants[node->want_at];
    node->open_range = (seq_range_t){want->epoch, want->first_seq, want->first_seq + (frames - 1)};
    budget_take (&self->budget, frames);
    s_become_open (self, node, true, now_mono_ms);
    action->kind = BACKFILL_ASK_REPLAY;
    action->range = node->open_range;
    action->id = node->open_id;
}

static void
s_ask_manifest (backfill_t *self, s_node_t *node, int64_t now_mono_ms, backfill_action_t *action)
{
    node->manifest_last_mono_ms = now_mono_ms;
    node->manifest_due_mono_ms = now_mono_ms + self->policy.period_ms;
    s_become_open (self, node, false, now_mono_ms);
    action->kind = BACKFILL_ASK_MANIFEST;
    action->id = node->open_id;
}

//  Requests whose time is up have failed.
static void
s_expire (backfill_t *self, int64_t now_mono_ms)
{
    s_node_t *node;
    while ((node = due_queue_first (self->open)) && due_time (&node->due) <= now_mono_ms)
        s_fail (self, node, now_mono_ms);
}

//  Whether the first idle node must wait for the budget rather than the clock.
static bool
s_over_budget (const backfill_t *self, const s_node_t *node)
{
    if (s_has_loss (node))
        return false;
    if (due_queue_size (self->open) >= self->policy.requests_at_once)
        return true;
    return s_has_want (node) && !budget_has (&self->budget, s_chunk (self, node));
}

int
backfill_next (backfill_t *self, int64_t now_mono_ms, backfill_action_t *action)
{
    s_expire (self, now_mono_ms);
    budget_refill (&self->budget, now_mono_ms);
    s_node_t *node = due_queue_first (self->idle);
    if (!node || due_time (&node->due) > now_mono_ms || s_over_budget (self, node))
        return 0;
    *action = (backfill_action_t){0};
    memcpy (action->node, node->name, sizeof action->node);
    if (s_has_loss (node))
        s_report_loss (self, node, action);
    else if (s_has_want (node))
        s_ask_replay (self, node, now_mono_ms, action);
    else
        s_ask_manifest (self, node, now_mono_ms, action);
    return 1;
}

//  When an idle node that the budget holds back may go on; an open request that ends sooner is
//  seen by the caller anyway.
static int64_t
s_budget_due (const backfill_t *self, const s_node_t *node, int64_t now_mono_ms)
{
    if (due_queue_size (self->open) >= self->policy.requests_at_once || !s_has_want (node))
        return INT64_MAX;
    return budget_due_mono_ms (&self->budget, s_chunk (self, node), now_mono_ms);
}

int64_t
backfill_due_mono_ms (const backfill_t *self, int64_t now_mono_ms)
{
    int64_t due = INT64_MAX;
    s_node_t *open = due_queue_first (self->open);
    if (open)
        due = due_time (&open->due);
    s_node_t *idle = due_queue_first (self->idle);
    if (idle) {
        int64_t idle_due = s_over_budget (self, idle) ? s_budget_due (self, idle, now_mono_ms)
                                                      : due_time (&idle->due);
        if (idle_due < due)
            due = idle_due;
    }
    return due;
}

size_t
backfill_open (const backfill_t *self, const char **names, size_t max)
{
    size_t count = due_queue_size (self->open);
    if (count > max)
        count = max;
    for (size_t i = 0; i < count; i++) {
        const s_node_t *node = due_queue_at (self->open, i);
        names[i] = node->name;
    }
    return count;
}

size_t
backfill_unsettled (const backfill_t *self)
{
    return due_queue_size (self->unsettled);
}

uint64_t
backfill_backlog (const backfill_t *self)
{
    return self->backlog;
}
