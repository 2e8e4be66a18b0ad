//  SPDX-License-Identifier: GPL-2.0-or-later
//  receive - a bare libzmq subscriber: how long after the second's edge each frame arrives. What
//  the broker and bin/subscriber take is measured against it.
//
//  Reads endpoints from standard input, a line each, connects one SUB socket to all of them, and at
//  a signal prints "NODE SECOND LATENCY_NS" for every frame: SECOND is the edge, unix time.
#include <assert.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>
#include "program/exit_code.h"
#include "program/stop.h"
#include "schema/frame.h"

#define NS_PER_S 1000000000LL

typedef struct {
    char node[NODE_NAME_MAX + 1];
    int64_t edge_wall_s;
    int64_t latency_ns;
} arrival_t;

typedef struct {
    void *context, *subscriber;
    arrival_t *arrivals;
    size_t count, capacity;
} receiver_t;

//  Arrival first, all else when it is over.
static void
s_note (receiver_t *self, const struct timespec *arrived, const void *data, size_t size)
{
    static frame_t frame;
    static wire_reader_t *reader;
    const char *reason;
    if (!reader)
        reader = wire_reader_new ();
    if (frame_decode (&frame, reader, data, size, &reason) == -1)
        return;
    if (self->count == self->capacity) {
        self->capacity = 2 * self->capacity + 4096;
        self->arrivals = realloc (self->arrivals, self->capacity * sizeof *self->arrivals);
        assert (self->arrivals);
    }
    arrival_t *arrival = &self->arrivals[self->count++];
    memcpy (arrival->node, frame.node, sizeof arrival->node);
    arrival->edge_wall_s = frame.start_wall_s + frame.span_s;
    arrival->latency_ns = (arrived->tv_sec - arrival->edge_wall_s) * NS_PER_S + arrived->tv_nsec;
}

//  Returns false where nothing has arrived.
static bool
s_receive (receiver_t *self)
{
    uint8_t data[FRAME_MAX_BYTES];
    struct timespec arrived;
    if (zmq_recv (self->subscriber, data, sizeof data, ZMQ_DONTWAIT) == -1)
        return false;
    int size = zmq_recv (self->subscriber, data, sizeof data, 0);
    clock_gettime (CLOCK_REALTIME, &arrived);
    if (size > 0 && (size_t) size <= sizeof data)
        s_note (self, &arrived, data, (size_t) size);
    return true;
}

static void
s_connect (receiver_t *self)
{
    char endpoint[512];
    self->context = zmq_ctx_new ();
    self->subscriber = zmq_socket (self->context, ZMQ_SUB);
    assert (self->subscriber);
    zmq_setsockopt (self->subscriber, ZMQ_LINGER, &(int){0}, sizeof (int));
    zmq_setsockopt (self->subscriber, ZMQ_SUBSCRIBE, "", 0);
    while (fgets (endpoint, sizeof endpoint, stdin)) {
        endpoint[strcspn (endpoint, "\n")] = 0;
        if (zmq_connect (self->subscriber, endpoint) == -1)
            fprintf (stderr, "receive: %s: %s\n", endpoint, zmq_strerror (errno));
    }
}

int
main (void)
{
    receiver_t self = {0};
    int stop_fd = stop_init ();
    s_connect (&self);
    zmq_pollitem_t items[] = {{.socket = self.subscriber, .events = ZMQ_POLLIN},
                              {.fd = stop_fd, .events = ZMQ_POLLIN}};
    while (!stop_requested ()) {
        zmq_poll (items, 2, -1);
        while (s_receive (&self))
            continue;
    }
    for (size_t i = 0; i < self.count; i++)
        printf ("%s %" PRId64 " %" PRId64 "\n", self.arrivals[i].node, self.arrivals[i].edge_wall_s,
                self.arrivals[i].latency_ns);
    zmq_close (self.subscriber);
    zmq_ctx_term (self.context);
    free (self.arrivals);
    return EXIT_DONE;
}
