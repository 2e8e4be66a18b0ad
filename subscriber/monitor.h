//  SPDX-License-Identifier: GPL-2.0-or-later
//  monitor - which of a socket's connections are up. Not safe for two threads.
#ifndef SUBSCRIBER_MONITOR_H
#define SUBSCRIBER_MONITOR_H

#include <czmq.h>
#include "schema/message.h"

typedef enum {
    LINK_UP,     //  A kpulse (or at least ZeroMQ) socket is at the other end
    LINK_DOWN,   //  A connection that was up is lost
    LINK_REFUSED //  Nobody is there, or no ZeroMQ socket; it will be tried again
} link_state_t;

typedef struct {
    link_state_t state;
    char endpoint[ENDPOINT_MAX + 1];
} link_event_t;

typedef struct monitor_t monitor_t;

//  Watch a socket, before it connects. Destroy the monitor before the socket.
monitor_t *monitor_new (zsock_t *socket);
void monitor_destroy (monitor_t **self_p);

//  The libzmq socket to poll for events.
void *monitor_handle (const monitor_t *self);
//  Take the next event that has come. Returns 0, or -1 where there is none.
int monitor_next (monitor_t *self, link_event_t *event);

#endif
