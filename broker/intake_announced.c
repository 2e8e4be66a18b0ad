//  SPDX-License-Identifier: GPL-2.0-or-later
//  intake_announced - which nodes there are and where: from the store, the list of workers, and
//  announcements. See intake.h.
#include "broker/intake_self.h"
#include "transport/socket.h"
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

//  Where it does not succeed it is tried again: with the next announcement, or tick.
static void
s_connect (intake_t *self, intake_node_t *node, intake_now_t now)
{
    intake_renew (self, node, now);
    node->connected_mono_ns = now.mono_ns;
    intake_report (self, node);
}

static void
s_set_endpoints (intake_node_t *node, const char *publish, const char *answer)
{
    snprintf (node->shown.publish_endpoint, sizeof node->shown.publish_endpoint, "%s", publish);
    snprintf (node->shown.answer_endpoint, sizeof node->shown.answer_endpoint, "%s", answer);
}

//  --- Nodes known from the start --------------------------------------------------------------

//  Names that retention took came by, too.
static void
s_load_stored (sequence_t *seen, const store_node_t *stored, const store_range_t *ranges,
               size_t count)
{
    seq_range_t range = {
        .epoch = stored->expired_epoch, .first_seq = 1, .last_seq = stored->expired_seq};
    bool follows =
        count > 0 && ranges[0].epoch == range.epoch && ranges[0].first_seq - 1 == range.last_seq;
    if (range.last_seq > 0 && !follows)
        sequence_load (seen, &range);
    for (size_t i = 0; i < count; i++) {
        range = (seq_range_t){.epoch = ranges[i].epoch,
                              .first_seq = follows && i == 0 ? 1 : ranges[i].first_seq,
                              .last_seq = ranges[i].last_seq};
        sequence_load (seen, &range);
    }
}

void
intake_add_stored (intake_t *self, const store_node_t *stored, const store_range_t *ranges,
                   size_t count)
{
    intake_node_t *node = intake_find_or_add (self, stored->node);
    if (!node)
        return; //  Beyond max_nodes: answered from the store all the same
    s_load_stored (&node->seen, stored, ranges, count);
    node->stored = true;
    node->shown.state = STATE_SILENT;
    intake_report (self, node);
}

int
intake_add_listed (intake_t *self, const char *name, const char *endpoint, intake_now_t now)
{
    intake_node_t *node = intake_find_or_add (self, name);
    if (!node || intake_make_worker (self, node) == -1)
        return -1;
    node->listed = true;
    s_set_endpoints (node, endpoint, "");
    s_connect (self, node, now);
    return 0;
}

//  --- Announcements ---------------------------------------------------------------------------

//  Split tcp://HOST:PORT; brackets around the host are dropped. Returns false for anything else.
static bool
s_tcp_host (const char *endpoint, char *host, size_t capacity)
{
    const char *start = endpoint + strlen ("tcp://");
    const char *colon = strncmp (endpoint, "tcp://", 6) == 0 ? strrchr (start, ':') : NULL;
    if (!colon || (size_t) (colon - start) >= capacity)
        return false;
    bool bracketed = *start == '[' && colon[-1] == ']';
    int length = (int) (colon - start) - (bracketed ? 2 : 0);
    snprintf (host, capacity, "%.*s", length, start + bracketed);
    return true;
}

bool
announced_endpoint_is_acceptable (const char *endpoint)
{
    char host[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (!endpoint_is_valid (endpoint))
        return false;
    if (strncmp (endpoint, "ipc://", 6) == 0)
        return true;
    return s_tcp_host (endpoint, host, sizeof host) &&
           (inet_pton (AF_INET, host, &address) == 1 || inet_pton (AF_INET6, host, &address) == 1);
}

static bool
s_announcement_is_acceptable (const message_t *message)
{
    return node_name_is_valid (message->node) &&
           announced_endpoint_is_acceptable (message->publish_endpoint) &&
           announced_endpoint_is_acceptable (message->answer_endpoint);
}

static void
s_refuse_contender (intake_t *self, intake_node_t *node, const message_t *message)
{
    self->stats.refused_announcements++;
    node->shown.refused++;
    if (is_worth_telling (++node->contested))
        intake_notice (
            self, node,
            "a second worker, on %s, calls itself %s: refused while the one on %s is live "
            "(%" PRIu64 " times). Give each worker a name of its own",
            message->publish_endpoint, node->shown.node, node->shown.publish_endpoint,
            node->contested);
    intake_report (self, node);
}

static void
s_move (intake_t *self, intake_node_t *node, const message_t *message, intake_now_t now)
{
    if (node->connected) {
        intake_act (self, (intake_action_t){.kind = INTAKE_DISCONNECT, .node = node->shown.node});
        intake_notice (self, node, "%s moved from %s to %s", node->shown.node,
                       node->shown.publish_endpoint, message->publish_endpoint);
    } else
        intake_notice (self, node, "%s announced itself: publishes on %s", node->shown.node,
                       message->publish_endpoint);
    s_set_endpoints (node, message->publish_endpoint, message->answer_endpoint);
    intake_make_worker (self, node);
    s_connect (self, node, now);
}

static void
s_refuse_announcement (intake_t *self, const message_t *message, const char *why)
{
    if (is_worth_telling (++self->stats.refused_announcements))
        intake_notice (self, NULL, "announcement of '%s' on %s refused: %s (%" PRIu64 " so far)",
                       node_name_is_valid (message->node) ? message->node : "?",
                       endpoint_is_valid (message->publish_endpoint) ? message->publish_endpoint
                                                                     : "?",
                       why, self->stats.refused_announcements);
}

static bool
s_is_same_place (const intake_node_t *node, const message_t *message)
{
    return !node->forwarder &&
           strcmp (node->shown.publish_endpoint, message->publish_endpoint) == 0;
}

static void
s_accept_announcement (intake_t *self, intake_node_t *node, const message_t *message,
                       intake_now_t now)
{
    if (!s_is_same_place (node, message) || !node->connected)
        s_move (self, node, message, now);
    s_set_endpoints (node, message->publish_endpoint, message->answer_endpoint);
    snprintf (node->shown.version, sizeof node->shown.version, "%s", message->version);
    node->announced_mono_ns = now.mono_ns;
    intake_report (self, node);
    intake_act (self, (intake_action_t){.kind = INTAKE_ANSWERS,
                                        .node = node->shown.node,
                                        .endpoint = node->shown.answer_endpoint});
}

void
intake_announced (intake_t *self, const message_t *message, intake_now_t now)
{
    if (!s_announcement_is_acceptable (message)) {
        s_refuse_announcement (self, message,
                               "it needs a node name and endpoints with numeric addresses");
        return;
    }
    intake_node_t *node = intake_find_or_add (self, message->node);
    if (!node || (!node->worker && self->workers == self->max_workers)) {
        s_refuse_announcement (self, message, "too many nodes");
        return;
    }
    if (!s_is_same_place (node, message) && node->listed)
        return; //  The list says where it is, for instance through a tunnel
    if (!s_is_same_place (node, message) && intake_holds_its_place (node, now))
        s_refuse_contender (self, node, message);
    else
        s_accept_announcement (self, node, message, now);
}
