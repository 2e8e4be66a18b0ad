//  SPDX-License-Identifier: GPL-2.0-or-later
//  intake_forwarded - the links that carry many nodes, and which node may come by which. See
//  intake.h.
#include "broker/intake_self.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

//  --- The links -------------------------------------------------------------------------------

//  Where it does not succeed the tick tries again.
static void
s_connect (intake_t *self, intake_forwarder_t *forwarder, intake_now_t now)
{
    intake_act (self, (intake_action_t){.kind = INTAKE_CONNECT,
                                        .node = forwarder->endpoint,
                                        .forwarder = forwarder,
                                        .endpoint = forwarder->endpoint});
    forwarder->renewed_mono_ns = now.mono_ns;
}

void
intake_add_forwarder (intake_t *self, const char *endpoint, intake_now_t now)
{
    intake_forwarder_t *forwarder = calloc (1, sizeof *forwarder);
    size_t bytes = (self->forwarder_count + 1) * sizeof *self->forwarders;
    self->forwarders = realloc (self->forwarders, bytes);
    assert (forwarder && self->forwarders);
    snprintf (forwarder->endpoint, sizeof forwarder->endpoint, "%s", endpoint);
    self->forwarders[self->forwarder_count++] = forwarder;
    s_connect (self, forwarder, now);
}

void
intake_destroy_forwarders (intake_t *self)
{
    for (size_t i = 0; i < self->forwarder_count; i++)
        free (self->forwarders[i]);
    free (self->forwarders);
}

void
intake_forwarders_held (intake_t *self, intake_now_t now)
{
    self->held_mono_ns = now.mono_ns;
}

//  A fresh connection throws away what waits on the old one: only where nothing can be waiting.
static bool
s_is_silent (const intake_t *self, const intake_forwarder_t *forwarder, intake_now_t now)
{
    return now.mono_ns - forwarder->frame_mono_ns >= INTAKE_RENEW_AFTER_NS &&
           now.mono_ns - forwarder->renewed_mono_ns >= INTAKE_RENEW_AFTER_NS &&
           now.mono_ns - self->held_mono_ns >= INTAKE_RENEW_AFTER_NS;
}

void
intake_tick_forwarders (intake_t *self, intake_now_t now)
{
    for (size_t i = 0; i < self->forwarder_count; i++) {
        intake_forwarder_t *forwarder = self->forwarders[i];
        char whose[ENDPOINT_MAX + 32];
        snprintf (whose, sizeof whose, "nodes that come by %s", forwarder->endpoint);
        intake_tell_missing (self, NULL, whose, &forwarder->missing, now);
        if (s_is_silent (self, forwarder, now))
            s_connect (self, forwarder, now);
    }
}

void
intake_forwarder_cut (intake_t *self, intake_forwarder_t *forwarder)
{
    self->stats.cuts++;
    if (is_worth_telling (++forwarder->cuts))
        intake_notice (self, NULL,
                       "the connection to the forwarder %s was lost (%" PRIu64 " so far)",
                       forwarder->endpoint, forwarder->cuts);
}

//  --- Their nodes -----------------------------------------------------------------------------

//  NULL, or why the node, which may be unknown, must not come by this forwarder.
static const char *
s_objection (const intake_node_t *node, const intake_forwarder_t *forwarder, intake_now_t now)
{
    if (!node || node->forwarder == forwarder)
        return NULL;
    if (node->listed)
        return "the list of workers says where that node is";
    if (!intake_holds_its_place (node, now))
        return NULL;
    return node->forwarder ? "another forwarder brings that node"
                           : "that node has a worker of its own";
}

//  From now on the node comes by this forwarder.
static void
s_adopt (intake_t *self, intake_node_t *node, intake_forwarder_t *forwarder)
{
    if (node->connected)
        intake_act (self, (intake_action_t){.kind = INTAKE_DISCONNECT, .node = node->shown.node});
    self->workers -= node->worker;
    node->worker = node->connected = false;
    node->forwarder = forwarder;
    snprintf (node->shown.publish_endpoint, sizeof node->shown.publish_endpoint, "%s",
              forwarder->endpoint);
    node->shown.answer_endpoint[0] = 0;
    if (is_worth_telling (++forwarder->nodes))
        intake_notice (self, node, "the forwarder %s brings %s (%" PRIu64 " node%s so far)",
                       forwarder->endpoint, node->shown.node, forwarder->nodes,
                       forwarder->nodes == 1 ? "" : "s");
}

//  Forwarders do not take up the places of workers.
static bool
s_has_room (const intake_t *self)
{
    return self->count - self->workers < self->max_nodes - self->max_workers;
}

//  The node that the frame in hand is of, or NULL and in *fault why it is not taken.
static intake_node_t *
s_node (intake_t *self, intake_forwarder_t *forwarder, intake_now_t now, const char **fault)
{
    intake_node_t *node = intake_find (self, self->frame.node);
    *fault = s_objection (node, forwarder, now);
    if (*fault)
        return NULL;
    if (!node && s_has_room (self))
        node = intake_find_or_add (self, self->frame.node);
    if (!node)
        *fault = "too many nodes";
    else if (node->forwarder != forwarder)
        s_adopt (self, node, forwarder);
    return node;
}

static void
s_refuse (intake_t *self, intake_forwarder_t *forwarder, const char *fault)
{
    self->stats.refused++;
    if (is_worth_telling (++forwarder->refused))
        intake_notice (self, NULL,
                       "a message from the forwarder %s refused: %s (%" PRIu64 " so far)",
                       forwarder->endpoint, fault, forwarder->refused);
}

void
intake_forwarded (intake_t *self, intake_forwarder_t *forwarder, const intake_message_t *message,
                  intake_now_t now)
{
    const char *fault = intake_decode (self, message);
    intake_node_t *node = fault ? NULL : s_node (self, forwarder, now, &fault);
    if (!node) {
        s_refuse (self, forwarder, fault);
        return;
    }
    forwarder->frame_mono_ns = now.mono_ns;
    intake_take (self, node, message, now);
}
