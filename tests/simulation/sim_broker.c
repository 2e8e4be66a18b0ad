//  SPDX-License-Identifier: GPL-2.0-or-later
//  sim_broker - see sim_broker.h.
#include "tests/simulation/sim_broker.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void s_pump (sim_broker_t *self);

void
sim_broker_init (sim_broker_t *self, world_t *world, network_t *network, unsigned workers,
                 plant_t plant)
{
    *self = (sim_broker_t){.world = world, .network = network, .workers = workers, .plant = plant};
    self->reader = wire_reader_new ();
    for (unsigned i = 0; i < workers; i++) {
        char node[8];
        snprintf (node, sizeof node, "n%u", i + 1);
        self->stores[i] = memory_store_new (node, plant);
    }
}

static const char *
s_node (const sim_broker_t *self, unsigned worker)
{
    return memory_store_holding (self->stores[worker])->node;
}

static unsigned
s_worker (const char *node)
{
    return (unsigned) atoi (node + 1) - 1;
}

static intake_now_t
s_now (const sim_broker_t *self)
{
    int64_t now_ns = world_now_ms (self->world) * 1000000;
    return (intake_now_t){.wall_ns = 1700000000000000000LL + now_ns, .mono_ns = now_ns};
}

static bool
s_is_alive (const sim_broker_t *self, const void *life)
{
    return self->up && (uintptr_t) life == self->life;
}

static int64_t
s_stopped_for_ms (const sim_broker_t *self)
{
    return self->stopped_until_ms - world_now_ms (self->world);
}

//  --- what intake decides --------------------------------------------------------------------

static int
s_enqueue (sim_broker_t *self, const issued_t *frame)
{
    if (self->queued == QUEUE_MAX)
        return -1;
    self->queue[self->queued++] = frame;
    self->submitted++;
    return 0;
}

static void
s_connect (sim_broker_t *self, unsigned worker)
{
    self->connected_ms[worker] = world_now_ms (self->world);
    self->appeared[worker] = true;
    backfill_node_appeared (self->backfill, s_node (self, worker), world_now_ms (self->world));
}

static int
s_act (void *context, const intake_action_t *action)
{
    sim_broker_t *self = context;
    switch (action->kind) {
    case INTAKE_CONNECT:
        s_connect (self, s_worker (action->node));
        return 0;
    case INTAKE_DISCONNECT:
        self->connected_ms[s_worker (action->node)] = -1;
        return 0;
    case INTAKE_RELAY:
        self->relayed++;
        return 0;
    case INTAKE_RECORD:
        return s_enqueue (self, self->in_hand);
    case INTAKE_GAP:
        backfill_hint (self->backfill, action->node, world_now_ms (self->world));
        return 0;
    case INTAKE_NOTICE:
        world_trace (self->world, "broker: %s", action->text);
        return 0;
    case INTAKE_ANSWERS: //  Known from the connection on
    case INTAKE_STATUS:
    case INTAKE_FORGET:
        return 0;
    }
    return 0;
}

//  --- what arrives -----------------------------------------------------------------------------

static void
s_take_frame (sim_broker_t *self, const issued_t *issued, bool garbled)
{
    char topic[NODE_NAME_MAX + 2];
    uint8_t data[sizeof issued->data];
    const intake_message_t message = {.topic = topic,
                                      .topic_size = frame_topic (issued->node, topic),
                                      .data = data,
                                      .size = issued->size,
                                      .parts = 2};
    memcpy (data, issued->data, issued->size);
    if (garbled)
        data[world_random (self->world, issued->size)] ^= 1u << world_random (self->world, 8);
    self->in_hand = issued;
    intake_received (self->intake, issued->node, &message, s_now (self));
}

static void
s_take_announcement (sim_broker_t *self, unsigned worker)
{
    static message_t message; //  Large; only these members are read
    snprintf (message.node, sizeof message.node, "n%u", worker + 1);
    snprintf (message.publish_endpoint, sizeof message.publish_endpoint, "tcp://127.0.0.1:71%02u",
              worker + 1);
    snprintf (message.answer_endpoint, sizeof message.answer_endpoint, "tcp://127.0.0.1:72%02u",
              worker + 1);
    strcpy (message.version, "sim");
    message.kind = MESSAGE_ANNOUNCE;
    intake_announced (self->intake, &message, s_now (self));
}

//  The ranges held of a worker; the caller frees them.
static seq_range_t *
s_held (const sim_broker_t *self, unsigned worker, size_t *count)
{
    manifest_t own;
    memory_store_manifest (self->stores[worker], &own);
    seq_range_t *held = calloc (own.count + 1, sizeof *held);
    assert (held);
    for (size_t i = 0; i < own.count; i++)
        held[i] = own.runs[i].range;
    *count = own.count;
    free (own.runs);
    return held;
}

static seq_range_t *
s_lost (const sim_broker_t *self, unsigned worker, size_t *count)
{
    const losses_t *losses = memory_store_losses (self->stores[worker]);
    seq_range_t *lost = calloc (losses->count + 1, sizeof *lost);
    assert (lost);
    for (size_t i = 0; i < losses->count; i++)
        lost[i] = losses->items[i].range;
    *count = losses->count;
    return lost;
}

//  PLANT_FORGET_TAIL: believe that what follows the last frame held does not exist.
static void
s_forget_tails (manifest_t *manifest, const seq_range_t *held, size_t count)
{
    for (size_t i = 0; i < manifest->count; i++) {
        uint64_t last = 0;
        for (size_t k = 0; k < count; k++)
            if (held[k].epoch == manifest->runs[i].range.epoch)
                last = held[k].last_seq;
        seq_range_t *range = &manifest->runs[i].range;
        if (last >= range->first_seq && last < range->last_seq)
            range->last_seq = last;
    }
}

static void
s_take_manifest (sim_broker_t *self, packet_t *packet)
{
    size_t held_count, lost_count;
    seq_range_t *held = s_held (self, packet->worker, &held_count);
    seq_range_t *lost = s_lost (self, packet->worker, &lost_count);
    if (self->plant == PLANT_FORGET_TAIL)
        s_forget_tails (&packet->manifest, held, held_count);
    backfill_manifest (self->backfill, s_node (self, packet->worker), packet->id, &packet->manifest,
                       held, held_count, lost, lost_count, world_now_ms (self->world));
    free (held);
    free (lost);
}

static bool
s_is_as_asked (sim_broker_t *self, const packet_t *packet)
{
    const char *node = s_node (self, packet->worker);
    seq_range_t asked;
    if (packet->garbled || backfill_asked (self->backfill, node, packet->id, &asked) == -1)
        return false;
    for (size_t i = 0; i < packet->count; i++) {
        const issued_t *issued = packet->frames[i];
        const char *reason;
        if (frame_decode (&self->frame, self->reader, issued->data, issued->size, &reason) == -1 ||
            !backfill_frame_is_asked_for (&self->frame, node, &asked))
            return false;
    }
    return true;
}

//  What of a replay finds room in the queue counts; the rest is asked for again.
static void
s_take_replay (sim_broker_t *self, const packet_t *packet)
{
    const char *node = s_node (self, packet->worker);
    int64_t now_ms = world_now_ms (self->world);
    if (!s_is_as_asked (self, packet)) {
        backfill_misbehaved (self->backfill, node, packet->id, now_ms);
        return;
    }
    size_t accepted = 0;
    uint64_t through_seq = packet->through_seq;
    while (accepted < packet->count && s_enqueue (self, packet->frames[accepted]) == 0)
        accepted++;
    if (accepted < packet->count)
        through_seq = packet->frames[accepted]->seq - 1;
    if (accepted > 0)
        backfill_submitted (self->backfill, node, self->submitted);
    if (backfill_replayed (self->backfill, node, packet->id, through_seq, accepted, now_ms) == 0)
        self->refilled += accepted;
}

static void
s_dispatch (sim_broker_t *self, packet_t *packet)
{
    int64_t since_ms = self->connected_ms[packet->worker];
    switch (packet->kind) {
    case PACKET_FRAME:
        if (since_ms >= 0 && world_now_ms (self->world) >= since_ms + 20)
            s_take_frame (self, packet->frames[0], packet->garbled);
        break;
    case PACKET_ANNOUNCE:
        if (!packet->garbled)
            s_take_announcement (self, packet->worker);
        break;
    case PACKET_MANIFEST:
        if (!packet->garbled)
            s_take_manifest (self, packet);
        break;
    case PACKET_REPLAY:
        s_take_replay (self, packet);
        break;
    case PACKET_ASK_MANIFEST:
    case PACKET_ASK_REPLAY:
        assert (false);
    }
}

void
sim_broker_receive (void *context, void *arg)
{
    sim_broker_t *self = context;
    packet_t *packet = arg;
    if (self->up && s_stopped_for_ms (self) > 0 && self->held_count < HELD_MAX) {
        self->held[self->held_count++] = packet;
        return;
    }
    if (self->up && s_stopped_for_ms (self) <= 0) {
        s_dispatch (self, packet);
        s_pump (self);
    }
    packet_destroy (&packet);
}

void
sim_broker_inject (sim_broker_t *self, const issued_t *frame)
{
    if (self->up && s_stopped_for_ms (self) <= 0)
        s_take_frame (self, frame, false);
}

//  --- what backfill decides --------------------------------------------------------------------

static void
s_ask (sim_broker_t *self, const backfill_action_t *action, packet_kind_t kind)
{
    packet_t *packet = packet_new (kind, s_worker (action->node));
    packet->id = action->id;
    packet->range = action->range;
    network_down (self->network, packet);
}

static void
s_lose (sim_broker_t *self, const backfill_action_t *action)
{
    const loss_t loss = {.range = action->range, .cause = action->cause};
    world_trace (self->world, "broker: %s lost %llu..%llu of %llu", action->node,
                 (unsigned long long) loss.range.first_seq,
                 (unsigned long long) loss.range.last_seq, (unsigned long long) loss.range.epoch);
    self->lost += loss.range.last_seq - loss.range.first_seq + 1;
    losses_add (memory_store_losses (self->stores[s_worker (action->node)]), &loss);
}

static void
s_pump_due (void *context, void *life)
{
    sim_broker_t *self = context;
    if (!s_is_alive (self, life) || world_now_ms (self->world) < self->pump_due_ms)
        return;
    self->pump_due_ms = INT64_MAX;
    if (s_stopped_for_ms (self) <= 0)
        s_pump (self);
}

static void
s_pump (sim_broker_t *self)
{
    backfill_action_t action;
    int64_t now_ms = world_now_ms (self->world);
    backfill_settled (self->backfill, self->submitted - self->queued);
    while (backfill_next (self->backfill, now_ms, &action))
        switch (action.kind) {
        case BACKFILL_ASK_MANIFEST:
            s_ask (self, &action, PACKET_ASK_MANIFEST);
            break;
        case BACKFILL_ASK_REPLAY:
            s_ask (self, &action, PACKET_ASK_REPLAY);
            break;
        case BACKFILL_LOST:
            s_lose (self, &action);
            break;
        }
    int64_t due_ms = backfill_due_mono_ms (self->backfill, now_ms);
    if (due_ms >= self->pump_due_ms || due_ms == INT64_MAX)
        return;
    self->pump_due_ms = due_ms > now_ms ? due_ms : now_ms + 1;
    world_after (self->world, self->pump_due_ms - now_ms, s_pump_due, self,
                 (void *) (uintptr_t) self->life, NULL);
}

//  --- time --------------------------------------------------------------------------------------

static void
s_record (void *context, void *life)
{
    sim_broker_t *self = context;
    if (!s_is_alive (self, life))
        return;
    if (!self->full && s_stopped_for_ms (self) <= 0) {
        for (size_t i = 0; i < self->queued; i++)
            if (memory_store_append (self->stores[self->queue[i]->worker], self->queue[i]) ==
                STORE_CONFLICT)
                self->conflicts++;
        self->queued = 0;
        s_pump (self);
    }
    world_after (self->world, 5 + (int64_t) world_random (self->world, 100), s_record, self, life,
                 NULL);
}

static void
s_release_held (sim_broker_t *self)
{
    size_t count = self->held_count;
    self->held_count = 0;
    for (size_t i = 0; i < count; i++)
        sim_broker_receive (self, self->held[i]);
}

static void
s_tick (void *context, void *life)
{
    sim_broker_t *self = context;
    if (!s_is_alive (self, life))
        return;
    if (s_stopped_for_ms (self) <= 0) {
        s_release_held (self);
        intake_tick (self->intake, s_now (self));
        s_pump (self);
    }
    world_after (self->world, 1000, s_tick, self, life, NULL);
}

static void
s_load (sim_broker_t *self, unsigned worker)
{
    const holding_t *holding = memory_store_holding (self->stores[worker]);
    store_node_t stored = {0};
    if (holding->count == 0)
        return;
    holding_summarise (holding, &stored);
    store_range_t runs[512];
    size_t count = 0;
    for (size_t i = 0; i < holding->count; i++)
        for (size_t k = 0; k < holding->epochs[i].count && count < 512; k++)
            runs[count++] = holding->epochs[i].runs[k];
    intake_add_stored (self->intake, &stored, runs, count);
}

void
sim_broker_start (sim_broker_t *self)
{
    const backfill_policy_t policy = backfill_policy_default ();
    self->up = true;
    void *life = (void *) (uintptr_t) ++self->life;
    self->intake = intake_new (NETWORK_WORKERS_MAX, s_act, self);
    self->backfill = backfill_new (&policy, world_random (self->world, UINT64_MAX));
    self->pump_due_ms = INT64_MAX;
    self->queued = 0;
    for (unsigned i = 0; i < self->workers; i++) {
        self->connected_ms[i] = -1;
        memory_store_restarted (self->stores[i]);
        s_load (self, i);
    }
    world_after (self->world, 10, s_tick, self, life, NULL);
    world_after (self->world, 20, s_record, self, life, NULL);
}

static void
s_start (void *context, void *unused)
{
    (void) unused;
    sim_broker_start (context);
}

static void
s_stop (sim_broker_t *self)
{
    self->up = false;
    self->life++;
    intake_destroy (&self->intake);
    backfill_destroy (&self->backfill);
    for (size_t i = 0; i < self->held_count; i++)
        packet_destroy (&self->held[i]);
    self->held_count = 0;
}

void
sim_broker_kill (sim_broker_t *self, int64_t down_ms)
{
    if (!self->up)
        return;
    world_trace (self->world, "broker dies, back in %lld ms", (long long) down_ms);
    s_stop (self);
    world_after (self->world, down_ms, s_start, self, NULL, NULL);
}

void
sim_broker_fini (sim_broker_t *self)
{
    s_stop (self);
    for (unsigned i = 0; i < self->workers; i++)
        memory_store_destroy (&self->stores[i]);
    wire_reader_destroy (&self->reader);
}
