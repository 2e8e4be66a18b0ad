//  SPDX-License-Identifier: GPL-2.0-or-later
//  announcer - see announcer.h.
#include "publisher/announcer.h"
#include "transport/socket.h"

#define ANNOUNCEMENT_MAX_BYTES 1024

#define RENEW_AFTER 5 //  Announcements that found nobody

struct announcer_t {
    char *coordinator;                    //  Its endpoint
    zsock_t *dealer;                      //  To the coordinator
    unsigned unsent;                      //  Announcements that found nobody, in a row
    uint8_t data[ANNOUNCEMENT_MAX_BYTES]; //  The message, encoded once
    size_t size;
};

//  Queue only for a coordinator that is connected: after an hour without one there shall not be
//  an hour of announcements to deliver.
static int
s_connect (announcer_t *self, char error[512])
{
    zsock_destroy (&self->dealer);
    self->dealer = socket_new (ZMQ_DEALER);
    self->unsent = 0;
    zsock_set_immediate (self->dealer, 1);
    return socket_connect (self->dealer, self->coordinator, error);
}

announcer_t *
announcer_new (const char *coordinator, const message_t *announcement, char error[512])
{
    announcer_t *self = calloc (1, sizeof *self);
    assert (self);
    self->coordinator = strdup (coordinator);
    assert (self->coordinator);
    self->size = message_encode (announcement, self->data, sizeof self->data);
    if (self->size == 0)
        snprintf (error, 512, "the announcement of node '%.63s' does not fit a message",
                  announcement->node);
    if (self->size == 0 || s_connect (self, error) == -1)
        announcer_destroy (&self);
    return self;
}

void
announcer_destroy (announcer_t **self_p)
{
    announcer_t *self = *self_p;
    if (!self)
        return;
    zsock_destroy (&self->dealer);
    free (self->coordinator);
    free (self);
    *self_p = NULL;
}

//  Announcements have no reply; whatever a peer sends is read away so that it cannot pile up.
static void
s_discard_replies (announcer_t *self)
{
    zmq_msg_t part;
    zmq_msg_init (&part);
    for (int i = 0; i < 100; i++)
        if (zmq_msg_recv (&part, zsock_resolve (self->dealer), ZMQ_DONTWAIT) == -1)
            break;
    zmq_msg_close (&part);
}

//  libzmq reconnects by itself, but not to a peer that broke its protocol, such as another program
//  on the coordinator's port: so where nobody is found for long the socket is made afresh.
void
announcer_send (announcer_t *self)
{
    char error[512];
    s_discard_replies (self);
    if (zmq_send (zsock_resolve (self->dealer), self->data, self->size, ZMQ_DONTWAIT) >= 0)
        self->unsent = 0;
    else if (++self->unsent == RENEW_AFTER)
        s_connect (self, error);
}
