//  SPDX-License-Identifier: GPL-2.0-or-later
//  relay - see relay.h.
#include "broker/relay.h"
#include "transport/socket.h"

#define SUBSCRIPTIONS_AT_ONCE 1000 //  Before frames are looked at again

struct relay_t {
    zsock_t *socket; //  XPUB
    void *handle;    //  The same, for libzmq
    unsigned topics; //  That readers want
};

relay_t *
relay_new (void)
{
    relay_t *self = calloc (1, sizeof *self);
    assert (self);
    self->socket = socket_new (ZMQ_XPUB);
    self->handle = zsock_resolve (self->socket);
    return self;
}

void
relay_destroy (relay_t **self_p)
{
    relay_t *self = *self_p;
    if (!self)
        return;
    zsock_destroy (&self->socket);
    free (self);
    *self_p = NULL;
}

int
relay_bind (relay_t *self, const char *endpoint, bool insecure, char error[512])
{
    return socket_bind (self->socket, endpoint, insecure, error);
}

int
relay_fd (const relay_t *self)
{
    return zsock_fd (self->socket);
}

//  What readers subscribe to is libzmq's business, which tells the first subscription to a topic
//  and the end of the last one: that there is any is all we need.
static void
s_count_subscription (relay_t *self, zmq_msg_t *message)
{
    const uint8_t *data = zmq_msg_data (message);
    if (zmq_msg_size (message) == 0 || data[0] > 1)
        return; //  A reader's own invention
    if (data[0] == 1)
        self->topics++;
    else if (self->topics > 0)
        self->topics--;
}

void
relay_take_subscriptions (relay_t *self)
{
    zmq_msg_t message;
    zmq_msg_init (&message);
    for (int i = 0; i < SUBSCRIPTIONS_AT_ONCE; i++) {
        if (zmq_msg_recv (&message, self->handle, ZMQ_DONTWAIT) == -1)
            break;
        s_count_subscription (self, &message);
    }
    zmq_msg_close (&message);
}

void
relay_send (relay_t *self, link_message_t *message)
{
    zmq_msg_t topic, payload;
    if (self->topics == 0)
        return;
    zmq_msg_init (&topic);
    zmq_msg_init (&payload);
    zmq_msg_copy (&topic, &message->topic);
    zmq_msg_copy (&payload, &message->payload);
    if (zmq_msg_send (&topic, self->handle, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0)
        zmq_msg_send (&payload, self->handle, ZMQ_DONTWAIT);
    zmq_msg_close (&topic);
    zmq_msg_close (&payload);
}
