//  SPDX-License-Identifier: GPL-2.0-or-later
//  busy_nodes - publish the busy frames of many nodes over TCP: each on a PUB socket of its own,
//  announced to a broker every second, as their workers would; or all on one, as a forwarder would.
//  Either live, a frame a node at every second's edge, or as fast as asked, so that the frames'
//  time runs ahead of the clock.
//
//  Prints "NODE ENDPOINT" a node, and "ready" once somebody subscribes to each. Ends on a signal.
//  The nodes have no stores: what is lost on the way is lost. Their answer endpoint takes requests
//  and answers none.
#include <assert.h>
#include <czmq.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "program/exit_code.h"
#include "program/settings.h"
#include "program/stop.h"
#include "schema/message.h"
#include "tests/bench/progress.h"
#include "tests/bench/workload.h"
#include "transport/socket.h"

#define NODES_MAX      4000 //  A process has 20,000 files
#define RATE_MAX       1000000
#define QUEUE_MESSAGES 20000
#define NS_PER_S       1000000000LL
#define STEP_NS        1000000   //  Of sending fast
#define DRAW_NS        500000000 //  Behind the edge
#define ANNOUNCE_BYTES 1024
#define ANY_PORT       "tcp://127.0.0.1:*"

static const setting_t s_settings[] = {
    {"broker", 0, "ENDPOINT", "tcp://127.0.0.1:7002", "Where to announce the nodes"},
    {"forward", 0, "ENDPOINT", NULL, "Publish all nodes there, and announce none"},
    {"nodes", 0, "COUNT", "100", "How many nodes: n001, n002 ..."},
    {"rate", 0, "FRAMES", "0", "So many frames a second, all nodes together; 0: live"},
    {"from", 0, "UNIXTIME", "0", "With a rate: what the first frames cover"},
    {"metrics", 0, "WHICH", "all", "runqlat: one histogram a frame; all: all four metrics"},
    {"seed", 0, "NUMBER", "2", "Other numbers make other frames"},
    {0},
};

static const program_t s_program = {
    .name = "busy_nodes",
    .purpose = "Publish invented frames of many nodes for the benchmarks.",
    .manual = "Examples:\n"
              "  busy_nodes --nodes 100\n"
              "  busy_nodes --forward tcp://127.0.0.1:7100 --rate 10000 --from 1700000000",
    .settings = s_settings,
};

typedef struct {
    workload_t *workload;
    const frame_t *next; //  Its next frame
    zsock_t *publisher;  //  XPUB, which tells who subscribes; borrowed
    uint8_t announcement[ANNOUNCE_BYTES];
    size_t announcement_size;
} node_t;

typedef struct {
    node_t *nodes;
    size_t count;
    zsock_t **publishers; //  One a node, or one for all
    size_t publisher_count;
    zsock_t *dealer; //  To the broker; NULL where nobody is announced
    zsock_t *router; //  Takes what the broker asks the nodes
    int64_t announced_mono_ns;
    uint64_t sent;
} nodes_t;

//  --- Making the nodes ------------------------------------------------------------------------

static zsock_t *
s_bind (int type, const char *endpoint)
{
    char error[512];
    zsock_t *socket = socket_new (type);
    zsock_set_sndhwm (socket, QUEUE_MESSAGES);
    if (socket_bind (socket, endpoint, false, error) == -1) {
        fprintf (stderr, "busy_nodes: %s\n", error);
        exit (EXIT_CANNOT_CONNECT);
    }
    return socket;
}

static void
s_begin_node (nodes_t *self, size_t number)
{
    node_t *node = &self->nodes[number];
    message_t message = {.kind = MESSAGE_ANNOUNCE, .version = KPULSE_VERSION};
    node->publisher = self->publishers[number % self->publisher_count];
    workload_name (number, message.node);
    snprintf (message.answer_endpoint, sizeof message.answer_endpoint, "%s",
              zsock_endpoint (self->router));
    snprintf (message.publish_endpoint, sizeof message.publish_endpoint, "%s",
              zsock_endpoint (node->publisher));
    node->announcement_size =
        message_encode (&message, node->announcement, sizeof node->announcement);
    assert (node->announcement_size > 0);
    printf ("%s %s\n", message.node, message.publish_endpoint);
}

static void
s_begin (nodes_t *self, const settings_t *settings)
{
    char error[512];
    const char *forward = settings_text (settings, "forward");
    self->count = (size_t) settings_number (settings, "nodes", 1, NODES_MAX);
    self->nodes = calloc (self->count, sizeof *self->nodes);
    self->publisher_count = forward ? 1 : self->count;
    self->publishers = calloc (self->publisher_count, sizeof *self->publishers);
    assert (self->nodes && self->publishers);
    for (size_t i = 0; i < self->publisher_count; i++)
        self->publishers[i] = s_bind (ZMQ_XPUB, forward ? forward : ANY_PORT);
    self->router = s_bind (ZMQ_ROUTER, ANY_PORT);
    for (size_t i = 0; i < self->count; i++)
        s_begin_node (self, i);
    if (forward)
        return;
    self->dealer = socket_new (ZMQ_DEALER);
    if (socket_connect (self->dealer, settings_text (settings, "broker"), error) == -1)
        settings_usage (settings, "%s", error);
}

static void
s_end (nodes_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        workload_destroy (&self->nodes[i].workload);
    for (size_t i = 0; i < self->publisher_count; i++)
        zsock_destroy (&self->publishers[i]);
    zsock_destroy (&self->dealer);
    zsock_destroy (&self->router);
    free (self->publishers);
    free (self->nodes);
}

//  --- What goes on beside the frames ----------------------------------------------------------

static void
s_read_away (zsock_t *socket)
{
    char byte;
    while (zmq_recv (zsock_resolve (socket), &byte, 1, ZMQ_DONTWAIT) >= 0)
        continue;
}

//  Announce all nodes if a second has passed, and read what nobody waits for.
static void
s_serve (nodes_t *self)
{
    int64_t now_ns = progress_now_mono_ns ();
    if (!self->dealer || now_ns - self->announced_mono_ns < NS_PER_S)
        return;
    self->announced_mono_ns = now_ns;
    for (size_t i = 0; i < self->count; i++)
        zmq_send (zsock_resolve (self->dealer), self->nodes[i].announcement,
                  self->nodes[i].announcement_size, ZMQ_DONTWAIT);
    s_read_away (self->router);
    s_read_away (self->dealer);
}

static void
s_sleep_until (clockid_t clock, int64_t until_ns)
{
    const struct timespec until = {until_ns / NS_PER_S, until_ns % NS_PER_S};
    clock_nanosleep (clock, TIMER_ABSTIME, &until, NULL);
}

//  Wait until somebody subscribes to every publisher.
static void
s_wait_for_subscribers (nodes_t *self)
{
    for (size_t i = 0; i < self->publisher_count && !stop_requested ();) {
        uint8_t message[64];
        s_serve (self);
        if (zmq_recv (zsock_resolve (self->publishers[i]), message, sizeof message, ZMQ_DONTWAIT) >
            0)
            i++;
        else
            s_sleep_until (CLOCK_MONOTONIC, progress_now_mono_ns () + STEP_NS);
    }
    printf ("ready\n");
    fflush (stdout);
}

//  --- The frames ------------------------------------------------------------------------------

static void
s_begin_frames (nodes_t *self, const settings_t *settings, int64_t first_wall_s)
{
    bool all = strcmp (settings_text (settings, "metrics"), "all") == 0;
    metric_set_t metrics = all ? METRIC_ALL : METRIC_BIT (METRIC_runqlat);
    uint64_t seed = (uint64_t) settings_number (settings, "seed", 0, UINT32_MAX);
    for (size_t i = 0; i < self->count; i++) {
        char name[NODE_NAME_MAX + 1];
        workload_name (i, name);
        self->nodes[i].workload = workload_new (name, seed, first_wall_s, metrics);
        self->nodes[i].next = workload_next (self->nodes[i].workload);
    }
}

static void
s_publish (nodes_t *self, node_t *node)
{
    char topic[NODE_NAME_MAX + 2];
    uint8_t data[4096];
    void *socket = zsock_resolve (node->publisher);
    size_t topic_size = frame_topic (node->next->node, topic);
    size_t size = frame_encode (node->next, data, sizeof data);
    assert (size > 0);
    if (zmq_send (socket, topic, topic_size, ZMQ_SNDMORE) >= 0)
        zmq_send (socket, data, size, 0);
    self->sent++;
}

static void
s_publish_fast (nodes_t *self, int64_t rate)
{
    int64_t begun_ns = progress_now_mono_ns (), now_ns = begun_ns;
    while (!stop_requested ()) {
        double due = (double) (now_ns - begun_ns) / NS_PER_S * (double) rate;
        while ((double) self->sent < due) {
            node_t *node = &self->nodes[self->sent % self->count];
            s_publish (self, node);
            node->next = workload_next (node->workload);
        }
        s_serve (self);
        s_sleep_until (CLOCK_MONOTONIC, now_ns + STEP_NS);
        now_ns = progress_now_mono_ns ();
    }
}

//  The frames are drawn in the middle of the second, when those before have arrived, and encoded
//  and sent behind its edge.
static void
s_publish_live (nodes_t *self, int64_t first_wall_s)
{
    for (int64_t edge_wall_s = first_wall_s + 1; !stop_requested (); edge_wall_s++) {
        s_sleep_until (CLOCK_REALTIME, edge_wall_s * NS_PER_S);
        for (size_t i = 0; i < self->count; i++)
            s_publish (self, &self->nodes[i]);
        s_sleep_until (CLOCK_REALTIME, edge_wall_s * NS_PER_S + DRAW_NS);
        for (size_t i = 0; i < self->count; i++)
            self->nodes[i].next = workload_next (self->nodes[i].workload);
        s_serve (self);
    }
}

int
main (int argc, char **argv)
{
    nodes_t self = {0};
    stop_init ();
    settings_t *settings = settings_new (&s_program, argc, argv);
    int64_t rate = settings_number (settings, "rate", 0, RATE_MAX);
    int64_t first_wall_s = settings_number (settings, "from", 0, UINT32_MAX);
    if (rate > 0 && first_wall_s == 0)
        settings_usage (settings, "--rate needs --from");
    s_begin (&self, settings);
    fflush (stdout);
    s_wait_for_subscribers (&self);
    if (rate == 0)
        first_wall_s = (int64_t) time (NULL) + 1;
    s_begin_frames (&self, settings, first_wall_s);
    if (rate > 0)
        s_publish_fast (&self, rate);
    else
        s_publish_live (&self, first_wall_s);
    s_end (&self);
    settings_destroy (&settings);
    return EXIT_DONE;
}
