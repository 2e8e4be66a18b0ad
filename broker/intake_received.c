//  SPDX-License-Identifier: GPL-2.0-or-later
//  intake_received - what becomes of each message that arrives. See intake.h.
#include "broker/intake_self.h"
#include <inttypes.h>
#include <string.h>

const char *
intake_decode (intake_t *self, const intake_message_t *message)
{
    char topic[NODE_NAME_MAX + 2];
    const char *reason;
    if (message->parts != 2)
        return "not two parts";
    if (frame_decode_but_buckets (&self->frame, self->reader, message->data, message->size,
                                  &reason) == -1)
        return reason;
    size_t topic_size = frame_topic (self->frame.node, topic);
    if (message->topic_size != topic_size || memcmp (message->topic, topic, topic_size) != 0)
        return "the topic is not that of the frame's node";
    return NULL;
}

static const char *
s_fault (intake_t *self, const intake_node_t *node, const intake_message_t *message)
{
    const char *fault = intake_decode (self, message);
    if (fault)
        return fault;
    return strcmp (self->frame.node, node->shown.node) ? "the frame is another node's" : NULL;
}

static void
s_refuse_message (intake_t *self, intake_node_t *node, const char *fault)
{
    self->stats.refused++;
    if (is_worth_telling (++node->shown.refused))
        intake_notice (self, node, "%s: a message from %s refused: %s (%" PRIu64 " so far)",
                       node->shown.node, node->shown.publish_endpoint, fault, node->shown.refused);
    intake_report (self, node);
}

//  What a frame takes of its node's allowance, in the time that one second's frame takes: one more
//  for each minute it reaches into, for the store has a row of each to write. At most all that a
//  node can have, so that a frame after a long stall comes through.
static int64_t
s_price_ns (const frame_t *frame, unsigned frames_per_second)
{
    int64_t frame_ns = 1000000000LL / frames_per_second;
    int64_t price_ns = frame_ns * (1 + frame->span_s / 60);
    return price_ns < BURST_NS ? price_ns : BURST_NS;
}

//  A bucket of allowance that fills with time: no node may crowd out the others in the queue.
static bool
s_is_within_rate (intake_node_t *node, int64_t price_ns, intake_now_t now)
{
    int64_t passed_ns = now.mono_ns - node->allowance_mono_ns;
    node->allowance_mono_ns = now.mono_ns;
    node->allowance_ns =
        passed_ns > BURST_NS - node->allowance_ns ? BURST_NS : node->allowance_ns + passed_ns;
    if (node->allowance_ns < price_ns)
        return false;
    node->allowance_ns -= price_ns;
    return true;
}

static unsigned
s_rate (const intake_t *self, const intake_node_t *node)
{
    return node->forwarder ? self->forwarded_per_second : INTAKE_FRAMES_PER_SECOND;
}

static void
s_count_flooded (intake_t *self, intake_node_t *node)
{
    uint64_t *told = node->forwarder ? &node->forwarder->flooded : &node->shown.dropped;
    self->stats.flooded++;
    node->shown.dropped += node->forwarder != NULL;
    if (is_worth_telling (++*told))
        intake_notice (self, node,
                       "%s sends more than %u frames a second: the rest is dropped (%" PRIu64
                       " so far%s%s)",
                       node->shown.node, s_rate (self, node), *told,
                       node->forwarder ? " of nodes that come by " : "",
                       node->forwarder ? node->forwarder->endpoint : "");
    node->unreported = true;
}

static void
s_tell_gap (intake_t *self, const intake_node_t *node, pace_t *missing, const seq_range_t *gap,
            intake_now_t now)
{
    uint64_t frames = missing->frames;
    intake_notice (self, node, "%s: %" PRIu64 " frame%s missing (seq %" PRIu64 " to %" PRIu64 ")",
                   node->shown.node, frames, frames == 1 ? "" : "s", gap->first_seq, gap->last_seq);
    pace_note_told (missing, now.mono_ns);
}

void
intake_tell_missing (intake_t *self, const intake_node_t *node, const char *whose, pace_t *missing,
                     intake_now_t now)
{
    if (!pace_is_due (missing, now.mono_ns))
        return;
    intake_notice (self, node, "%s: %" PRIu64 " frame%s missing, in %" PRIu64 " gap%s", whose,
                   missing->frames, missing->frames == 1 ? "" : "s", missing->events,
                   missing->events == 1 ? "" : "s");
    pace_note_told (missing, now.mono_ns);
}

static void
s_missing (intake_t *self, intake_node_t *node, const seq_range_t *gap, intake_now_t now)
{
    uint64_t frames = gap->last_seq - gap->first_seq + 1;
    self->stats.gaps++;
    self->stats.missing = pace_sum (self->stats.missing, frames);
    intake_act (self, (intake_action_t){.kind = INTAKE_GAP, .node = node->shown.node, .gap = *gap});
    pace_t *missing = node->forwarder ? &node->forwarder->missing : &node->missing;
    pace_add (missing, frames);
    if (missing->events == 1 && pace_is_due (missing, now.mono_ns))
        s_tell_gap (self, node, missing, gap, now);
}

static int
s_record (intake_t *self, const intake_message_t *message)
{
    const frame_t *frame = &self->frame;
    const store_record_t record = {.node = frame->node,
                                   .epoch = frame->epoch,
                                   .seq = frame->seq,
                                   .start_wall_s = frame->start_wall_s,
                                   .span_s = frame->span_s,
                                   .data = message->data,
                                   .size = message->size};
    return intake_act (
        self, (intake_action_t){.kind = INTAKE_RECORD, .node = frame->node, .record = &record});
}

//  A frame that found no room in the queue is a gap of one frame in the store.
static void
s_lose (intake_t *self, intake_node_t *node)
{
    const seq_range_t gap = {
        .epoch = self->frame.epoch, .first_seq = self->frame.seq, .last_seq = self->frame.seq};
    self->stats.unqueued++;
    node->shown.dropped++;
    intake_act (self, (intake_action_t){.kind = INTAKE_GAP, .node = node->shown.node, .gap = gap});
}

static void
s_come_alive (intake_t *self, intake_node_t *node)
{
    char scope[SCOPE_TEXT_MAX + 1];
    bool was_live = node->shown.state == STATE_LIVE;
    node->shown.state = STATE_LIVE;
    if (was_live || node->forwarder)
        return; //  A forwarder's nodes are too many for a line each
    scope_print (&self->frame.scope, scope);
    intake_notice (self, node, "%s is live: %s, scope %s, version %s", node->shown.node,
                   self->frame.source == FRAME_FROM_SYNTHETIC
                       ? "SYNTHETIC data (invented)"
                       : frame_source_name (self->frame.source),
                   scope, self->frame.version);
}

static void
s_take_new (intake_t *self, intake_node_t *node, const intake_message_t *message, intake_now_t now)
{
    s_come_alive (self, node);
    node->stored = true;
    node->frame_mono_ns = now.mono_ns;
    self->stats.relayed++;
    intake_act (self, (intake_action_t){.kind = INTAKE_RELAY, .node = node->shown.node});
    if (s_record (self, message) == -1)
        s_lose (self, node);
    show_node_set_frame (&node->shown, &self->frame, now.wall_ns);
    memcpy (node->shown.version, self->frame.version, sizeof node->shown.version);
    intake_report_in_time (self, node, now);
}

static void
s_take (intake_t *self, intake_node_t *node, const intake_message_t *message, intake_now_t now)
{
    seq_range_t gap;
    self->stats.received++;
    self->stats.forwarded += node->forwarder != NULL;
    switch (sequence_add (&node->seen, self->frame.epoch, self->frame.seq, &gap)) {
    case SEQUENCE_NEW_GAP:
        s_missing (self, node, &gap, now);
        s_take_new (self, node, message, now);
        return;
    case SEQUENCE_NEW:
        s_take_new (self, node, message, now);
        return;
    case SEQUENCE_REPEATED: //  The store tells a duplicate from a conflict
        s_record (self, message);
        return;
    }
}

void
intake_take (intake_t *self, intake_node_t *node, const intake_message_t *message, intake_now_t now)
{
    if (s_is_within_rate (node, s_price_ns (&self->frame, s_rate (self, node)), now))
        s_take (self, node, message, now);
    else
        s_count_flooded (self, node);
}

void
intake_received (intake_t *self, const char *name, const intake_message_t *message,
                 intake_now_t now)
{
    intake_node_t *node = intake_find (self, name);
    if (!node)
        return; //  Forgotten while it was under way
    const char *fault = s_fault (self, node, message);
    if (fault)
        s_refuse_message (self, node, fault);
    else
        intake_take (self, node, message, now);
}

void
intake_cut (intake_t *self, const char *name)
{
    intake_node_t *node = intake_find (self, name);
    if (!node)
        return;
    self->stats.cuts++;
    if (is_worth_telling (++node->shown.cuts))
        intake_notice (self, node, "%s: the connection to %s was lost (%" PRIu64 " so far)",
                       node->shown.node, node->shown.publish_endpoint, node->shown.cuts);
    intake_report (self, node);
}
