//  SPDX-License-Identifier: GPL-2.0-or-later
//  links - the subscriptions to workers and forwarders: one SUB socket each, so that whatever
//  arrives is known to come from where that one publishes, and a noisy one delays nobody.
//  Not safe for two threads.
#ifndef BROKER_LINKS_H
#define BROKER_LINKS_H

#include "broker/intake.h"
#include <czmq.h>

typedef struct links_t links_t;

links_t *links_new (void);
void links_destroy (links_t **self_p);

//  Whom a link leads to.
typedef struct {
    const char *name;              //  The node's; of a forwarder: its endpoint
    intake_forwarder_t *forwarder; //  NULL: a node's own worker
} link_peer_t;

//  Subscribe to a peer at endpoint; an earlier subscription to it is closed. Copies the name.
//  Returns 0, or -1 and fills error where the endpoint cannot be connected to.
int links_connect (links_t *self, const link_peer_t *peer, const char *endpoint, char error[512]);
//  Close the subscription to the peer of that name; ignored where there is none.
void links_disconnect (links_t *self, const char *name);

//  A message and its parts as libzmq holds them, to be sent on without copying.
typedef struct {
    zmq_msg_t topic, payload;
    intake_message_t view; //  The same, for intake
} link_message_t;

typedef void (link_handler_fn) (void *context, const link_peer_t *peer, link_message_t *message);

//  Also wake from links_wait when fd, which stays open, is readable.
void links_watch (links_t *self, int fd);

//  Wait until a subscription or a watched file may have something, at most timeout_ms (interrupted
//  waits return early). Not at all while messages are left from the last round.
void links_wait (links_t *self, int timeout_ms);

//  While held, leave what forwarders sent where it is: neither wait for it nor receive it.
void links_hold_forwarders (links_t *self, bool held);

//  Hand what has arrived to the handler, in turns of LINKS_TURN messages a link. The handler must
//  not disconnect the link that the message came by. Returns true where more is waiting.
#define LINKS_TURN 64
bool links_receive (links_t *self, link_handler_fn *handler, void *context);

//  Call cut for every connection that was lost since the last time: its worker ended, the network
//  broke, or it sent what libzmq does not let in (a message over WIRE_MAX_BYTES, say).
void links_report_cuts (links_t *self, void (*cut) (void *context, const link_peer_t *peer),
                        void *context);

#endif
