//  SPDX-License-Identifier: GPL-2.0-or-later
//  intake - see intake.h.
#include "broker/intake_self.h"
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_NS 1000000000LL

//  --- Nodes by name ---------------------------------------------------------------------------

static void
s_make_room (intake_t *self, size_t max_nodes)
{
    self->nodes = realloc (self->nodes, max_nodes * sizeof *self->nodes);
    assert (self->nodes);
    self->max_nodes = max_nodes;
}

intake_t *
intake_new (size_t max_workers, intake_sink_fn *sink, void *context)
{
    intake_t *self = calloc (1, sizeof *self);
    assert (self);
    s_make_room (self, max_workers);
    self->max_workers = max_workers;
    self->forwarded_per_second = INTAKE_FRAMES_PER_SECOND;
    self->sink = sink;
    self->context = context;
    self->index = node_index_new ();
    self->reader = wire_reader_new ();
    return self;
}

void
intake_destroy (intake_t **self_p)
{
    intake_t *self = *self_p;
    if (!self)
        return;
    node_index_destroy (&self->index);
    for (size_t i = 0; i < self->count; i++)
        free (self->nodes[i]);
    intake_destroy_forwarders (self);
    wire_reader_destroy (&self->reader);
    free (self->nodes);
    free (self);
    *self_p = NULL;
}

void
intake_allow_forwarded (intake_t *self, size_t max_nodes, unsigned frames_per_second)
{
    s_make_room (self, self->max_workers + max_nodes);
    self->forwarded_per_second = frames_per_second;
}

intake_node_t *
intake_find (const intake_t *self, const char *name)
{
    return node_index_find (self->index, name);
}

intake_node_t *
intake_find_or_add (intake_t *self, const char *name)
{
    intake_node_t *node = intake_find (self, name);
    if (node || self->count == self->max_nodes)
        return node;
    node = calloc (1, sizeof *node);
    assert (node);
    snprintf (node->shown.node, sizeof node->shown.node, "%s", name);
    node->shown.state = STATE_NEVER_SEEN;
    node->allowance_ns = BURST_NS;
    node->place = self->count;
    self->nodes[self->count++] = node;
    node_index_add (self->index, node->shown.node, node);
    return node;
}

int
intake_make_worker (intake_t *self, intake_node_t *node)
{
    if (!node->worker && self->workers == self->max_workers)
        return -1;
    self->workers += !node->worker;
    node->worker = true;
    node->forwarder = NULL;
    return 0;
}

bool
intake_holds_its_place (const intake_node_t *node, intake_now_t now)
{
    int64_t since_ns = node->frame_mono_ns > node->connected_mono_ns ? node->frame_mono_ns
                                                                     : node->connected_mono_ns;
    return (node->connected || node->forwarder) && now.mono_ns - since_ns < INTAKE_SILENT_AFTER_NS;
}

//  --- Actions ---------------------------------------------------------------------------------

int
intake_act (const intake_t *self, intake_action_t action)
{
    return self->sink (self->context, &action);
}

void
intake_report (const intake_t *self, intake_node_t *node)
{
    node->unreported = false;
    intake_act (self, (intake_action_t){.kind = INTAKE_STATUS,
                                        .node = node->shown.node,
                                        .status = &node->shown,
                                        .kept = &node->kept});
}

void
intake_report_in_time (const intake_t *self, intake_node_t *node, intake_now_t now)
{
    node->unreported = true;
    if (now.mono_ns - node->reported_mono_ns < REPORT_NS)
        return;
    node->reported_mono_ns = now.mono_ns;
    intake_report (self, node);
}

void
intake_notice (const intake_t *self, const intake_node_t *node, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (text, sizeof text, format, arguments);
    va_end (arguments);
    intake_act (self, (intake_action_t){.kind = INTAKE_NOTICE,
                                        .node = node ? node->shown.node : "",
                                        .text = text});
}

bool
is_worth_telling (uint64_t count)
{
    while (count >= 10 && count % 10 == 0)
        count /= 10;
    return count == 1;
}

void
intake_renew (intake_t *self, intake_node_t *node, intake_now_t now)
{
    const intake_action_t connect = {
        .kind = INTAKE_CONNECT, .node = node->shown.node, .endpoint = node->shown.publish_endpoint};
    node->connected = intake_act (self, connect) == 0;
    node->renewed_mono_ns = now.mono_ns;
}

//  --- Time ------------------------------------------------------------------------------------

static void
s_fall_silent (intake_t *self, intake_node_t *node, intake_now_t now)
{
    if (node->shown.state != STATE_LIVE ||
        now.mono_ns - node->frame_mono_ns < INTAKE_SILENT_AFTER_NS)
        return;
    node->shown.state = STATE_SILENT;
    if (!node->forwarder)
        intake_notice (self, node, "%s is silent: no frame for %lld s", node->shown.node,
                       INTAKE_SILENT_AFTER_NS / 1000000000);
    intake_report (self, node);
}

//  A name that somebody announced once, and that never sent a frame, must not take a place for
//  ever.
static bool
s_is_forgettable (const intake_node_t *node, intake_now_t now)
{
    return !node->listed && !node->stored &&
           now.mono_ns - node->announced_mono_ns >= INTAKE_FORGET_AFTER_NS;
}

static void
s_keep_connected (intake_t *self, intake_node_t *node, intake_now_t now)
{
    bool wanted = node->connected || node->listed;
    if (wanted && node->shown.state != STATE_LIVE &&
        now.mono_ns - node->renewed_mono_ns >= INTAKE_RENEW_AFTER_NS)
        intake_renew (self, node, now);
}

static void
s_forget (intake_t *self, intake_node_t *node)
{
    if (node->connected)
        intake_act (self, (intake_action_t){.kind = INTAKE_DISCONNECT, .node = node->shown.node});
    intake_act (self, (intake_action_t){.kind = INTAKE_FORGET, .node = node->shown.node});
    node_index_remove (self->index, node->shown.node);
    self->workers -= node->worker;
    self->nodes[node->place] = self->nodes[--self->count];
    self->nodes[node->place]->place = node->place;
    free (node);
}

void
intake_tick (intake_t *self, intake_now_t now)
{
    for (size_t i = self->count; i-- > 0;) {
        s_fall_silent (self, self->nodes[i], now);
        s_keep_connected (self, self->nodes[i], now);
        intake_tell_missing (self, self->nodes[i], self->nodes[i]->shown.node,
                             &self->nodes[i]->missing, now);
        if (self->nodes[i]->unreported)
            intake_report (self, self->nodes[i]);
        if (s_is_forgettable (self->nodes[i], now))
            s_forget (self, self->nodes[i]);
    }
    intake_tick_forwarders (self, now);
}

void
intake_stats (const intake_t *self, intake_stats_t *stats)
{
    *stats = self->stats;
    stats->nodes = self->count;
    stats->forwarders = self->forwarder_count;
    stats->live_nodes = 0;
    for (size_t i = 0; i < self->count; i++)
        stats->live_nodes += self->nodes[i]->shown.state == STATE_LIVE;
}
