//  SPDX-License-Identifier: GPL-2.0-or-later
//  monitor - see monitor.h.
#include "subscriber/monitor.h"

#include <assert.h>

#define EVENT_BYTES 6 //  uint16 event, uint32 value, as zmq_socket_monitor(3) has it
#define EVENTS                                                                                     \
    (ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CONNECT_RETRIED |          \
     ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |                  \
     ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)

struct monitor_t {
    void *watched; //  Borrowed
    void *events;  //  PAIR
};

monitor_t *
monitor_new (zsock_t *socket)
{
    monitor_t *self = calloc (1, sizeof *self);
    assert (self);
    char address[64];
    self->watched = zsock_resolve (socket);
    snprintf (address, sizeof address, "inproc://monitor-%p", self->watched);
    int rc = zmq_socket_monitor (self->watched, address, EVENTS);
    assert (rc == 0);
    self->events = zmq_socket (zsys_init (), ZMQ_PAIR);
    assert (self->events);
    rc = zmq_connect (self->events, address);
    assert (rc == 0);
    return self;
}

void
monitor_destroy (monitor_t **self_p)
{
    monitor_t *self = *self_p;
    if (!self)
        return;
    zmq_socket_monitor (self->watched, NULL, 0);
    zmq_close (self->events);
    free (self);
    *self_p = NULL;
}

void *
monitor_handle (const monitor_t *self)
{
    return self->events;
}

static link_state_t
s_state (const zmq_msg_t *part)
{
    uint16_t event;
    memcpy (&event, zmq_msg_data ((zmq_msg_t *) part), sizeof event);
    if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
        return LINK_UP;
    return event == ZMQ_EVENT_DISCONNECTED ? LINK_DOWN : LINK_REFUSED;
}

//  An event is two parts from libzmq itself: number and value, then the endpoint.
int
monitor_next (monitor_t *self, link_event_t *event)
{
    zmq_msg_t part;
    zmq_msg_init (&part);
    if (zmq_msg_recv (&part, self->events, ZMQ_DONTWAIT) != EVENT_BYTES)
        return -1;
    event->state = s_state (&part);
    if (zmq_msg_recv (&part, self->events, ZMQ_DONTWAIT) == -1)
        return -1;
    snprintf (event->endpoint, sizeof event->endpoint, "%.*s", (int) zmq_msg_size (&part),
              (const char *) zmq_msg_data (&part));
    zmq_msg_close (&part);
    return 0;
}
