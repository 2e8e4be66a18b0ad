//  SPDX-License-Identifier: GPL-2.0-or-later
//  sim_worker - see sim_worker.h.
#include "tests/simulation/sim_worker.h"
#include "publisher/epoch.h"
#include <stdlib.h>
#include <stdio.h>

#define WALL_START_MS 1700000000000LL
#define RETENTION     100000

static clock_reading_t
s_clock (const sim_worker_t *self)
{
    int64_t now_ms = world_now_ms (self->world);
    return (clock_reading_t){.wall_ns = (WALL_START_MS + now_ms + self->wall_offset_ms) * 1000000,
                             .mono_ns = now_ms * 1000000};
}

void
sim_worker_init (sim_worker_t *self, world_t *world, network_t *network, archive_t *archive,
                 unsigned index)
{
    *self = (sim_worker_t){.world = world,
                           .network = network,
                           .archive = archive,
                           .index = index,
                           .kill_step = KILL_NOT,
                           .retention = RETENTION};
    snprintf (self->node, sizeof self->node, "n%u", index + 1);
    self->spool = memory_store_new (self->node, PLANT_NOTHING);
    self->wall_offset_ms = (int64_t) world_random (world, 1000);
}

void
sim_worker_fini (sim_worker_t *self)
{
    memory_store_destroy (&self->spool);
}

static void
s_start (void *context, void *unused)
{
    (void) unused;
    sim_worker_start (context);
}

void
sim_worker_kill (sim_worker_t *self, int64_t down_ms)
{
    if (!self->up)
        return;
    world_trace (self->world, "%s dies, back in %lld ms", self->node, (long long) down_ms);
    self->up = false;
    self->life++;
    self->kill_step = KILL_NOT;
    world_after (self->world, down_ms, s_start, self, NULL, NULL);
}

//  Returns true where the worker died at this step.
static bool
s_dies_at (sim_worker_t *self, kill_step_t step)
{
    if (self->kill_step != step)
        return false;
    sim_worker_kill (self, self->down_ms);
    return true;
}

static void
s_publish (sim_worker_t *self, const issued_t *frame)
{
    if (world_now_ms (self->world) < self->reachable_ms)
        return;
    packet_t *packet = packet_new (PACKET_FRAME, self->index);
    packet->frames[0] = frame;
    packet->count = 1;
    network_up (self->network, packet);
}

static void
s_issue (sim_worker_t *self, const tick_t *tick)
{
    const issued_t *frame = archive_issue (self->archive, self->index, self->node, self->epoch,
                                           ++self->seq, tick->start_wall_s, tick->span_s);
    if (s_dies_at (self, KILL_BEFORE_SPOOL))
        return;
    if (!self->spool_full) {
        memory_store_append (self->spool, frame);
        memory_store_expire (self->spool, self->retention);
    }
    if (s_dies_at (self, KILL_BEFORE_PUBLISH))
        return;
    s_publish (self, frame);
    s_dies_at (self, KILL_AFTER_PUBLISH);
}

static void
s_begin_epoch (sim_worker_t *self, const clock_reading_t *now)
{
    uint64_t last = memory_store_last_epoch (self->spool);
    if (self->epoch > last)
        last = self->epoch;
    self->epoch = epoch_make (now->wall_ns, last, (uint16_t) world_random (self->world, 65536));
    self->seq = 0;
    world_trace (self->world, "%s begins epoch %llu", self->node, (unsigned long long) self->epoch);
}

static void
s_step (sim_worker_t *self)
{
    clock_reading_t now = s_clock (self);
    tick_t tick;
    switch (ticker_step (&self->ticker, &now, &tick)) {
    case TICK_EARLY:
    case TICK_STEPPED:
        return;
    case TICK_BEGIN:
        s_begin_epoch (self, &now);
        break;
    case TICK_FRAME:
        s_issue (self, &tick);
        break;
    }
    ticker_accept (&self->ticker, &now);
}

static int64_t
s_stopped_for_ms (const sim_worker_t *self)
{
    return self->stopped_until_ms - world_now_ms (self->world);
}

static bool
s_is_alive (const sim_worker_t *self, const void *life)
{
    return self->up && (uintptr_t) life == self->life;
}

static void
s_tick (void *context, void *life)
{
    sim_worker_t *self = context;
    if (!s_is_alive (self, life))
        return;
    int64_t wait_ms = s_stopped_for_ms (self);
    if (wait_ms <= 0) {
        s_step (self);
        wait_ms = (ticker_due_wall_ns (&self->ticker) - s_clock (self).wall_ns) / 1000000 + 1;
        wait_ms = wait_ms < 1 ? 1 : wait_ms > 1000 ? 1000 : wait_ms;
    }
    if (s_is_alive (self, life))
        world_after (self->world, wait_ms, s_tick, self, life, NULL);
}

static void
s_announce (void *context, void *life)
{
    sim_worker_t *self = context;
    if (!s_is_alive (self, life))
        return;
    if (s_stopped_for_ms (self) <= 0)
        network_up (self->network, packet_new (PACKET_ANNOUNCE, self->index));
    world_after (self->world, 1000, s_announce, self, life, NULL);
}

void
sim_worker_start (sim_worker_t *self)
{
    clock_reading_t now = s_clock (self);
    void *life = (void *) (uintptr_t) ++self->life;
    self->up = true;
    self->epoch = 0;
    self->reachable_ms =
        world_now_ms (self->world) + 100 + (int64_t) world_random (self->world, 900);
    ticker_init (&self->ticker, &now);
    memory_store_restarted (self->spool);
    world_after (self->world, 1, s_tick, self, life, NULL);
    world_after (self->world, 5, s_announce, self, life, NULL);
}

//  --- what it is asked -----------------------------------------------------------------------

static void
s_answer_manifest (sim_worker_t *self, const packet_t *question)
{
    packet_t *answer = packet_new (PACKET_MANIFEST, self->index);
    answer->id = question->id;
    memory_store_manifest (self->spool, &answer->manifest);
    network_up (self->network, answer);
}

static void
s_add_frames (sim_worker_t *self, packet_t *answer, const seq_range_t *range)
{
    size_t most = self->brief ? 1 : PACKET_FRAMES;
    uint64_t seq = range->first_seq;
    for (; seq <= range->last_seq && answer->count < most; seq++) {
        const issued_t *frame = memory_store_find (self->spool, range->epoch, seq);
        if (frame)
            answer->frames[answer->count++] = frame;
    }
    answer->through_seq = seq - 1;
}

static void
s_answer_replay (sim_worker_t *self, const packet_t *question)
{
    packet_t *answer = packet_new (PACKET_REPLAY, self->index);
    seq_range_t range = question->range;
    answer->id = question->id;
    answer->through_seq = range.last_seq;
    if (self->elsewhere)
        range.first_seq = range.first_seq > 3 ? range.first_seq - 3 : 1;
    if (!self->empty)
        s_add_frames (self, answer, &range);
    network_up (self->network, answer);
}

void
sim_worker_receive (void *context, void *arg)
{
    sim_worker_t *self = context;
    packet_t *packet = arg;
    if (self->up && s_stopped_for_ms (self) > 0) {
        world_after (self->world, s_stopped_for_ms (self), sim_worker_receive, self, packet, free);
        return;
    }
    if (self->up && !self->silent && !packet->garbled) {
        if (packet->kind == PACKET_ASK_MANIFEST)
            s_answer_manifest (self, packet);
        else
            s_answer_replay (self, packet);
    }
    packet_destroy (&packet);
}
