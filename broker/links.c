//  SPDX-License-Identifier: GPL-2.0-or-later
//  links - see links.h.
#include "broker/links.h"
#include "transport/socket.h"
#include <sys/eventfd.h>

//  The TCP connection, the subscriber's mailbox, and those of both ends of its monitor.
#define FILES_PER_LINK 4

typedef struct {
    link_peer_t peer;
    char *name;          //  The peer's, owned
    zsock_t *subscriber; //  SUB
    zsock_t *monitor;    //  PAIR: libzmq's events about the subscriber's connection
} link_t;

struct links_t {
    link_t *links; //  In no order
    size_t count;
    size_t capacity;
    zmq_pollitem_t *items; //  Scratch for links_wait: the extra ones, then one a link
    size_t item_capacity;
    bool forwarders_held;
    unsigned long monitors; //  Made so far: each needs a name of its own
};

links_t *
links_new (void)
{
    links_t *self = calloc (1, sizeof *self);
    assert (self);
    return self;
}

static void
s_close (link_t *link)
{
    zsock_destroy (&link->monitor);
    zsock_destroy (&link->subscriber);
    free (link->name);
}

void
links_destroy (links_t **self_p)
{
    links_t *self = *self_p;
    if (!self)
        return;
    while (self->count)
        s_close (&self->links[--self->count]);
    free (self->links);
    free (self->items);
    free (self);
    *self_p = NULL;
}

void
links_disconnect (links_t *self, const char *name)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp (self->links[i].name, name) == 0) {
            s_close (&self->links[i]);
            self->links[i] = self->links[--self->count];
            return;
        }
}

static void
s_add (links_t *self, const link_t *link)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? 2 * self->capacity : 16;
        self->links = realloc (self->links, self->capacity * sizeof *self->links);
        assert (self->links);
    }
    self->links[self->count++] = *link;
}

//  Returns 0, or -1 where the process has no file left for it. Sockets are made one after another
//  on this thread; what else opens files meanwhile is few.
static int
s_check_files_left (const char *endpoint, char error[512])
{
    int files[FILES_PER_LINK], count = 0;
    while (count < FILES_PER_LINK && (files[count] = eventfd (0, EFD_CLOEXEC)) >= 0)
        count++;
    bool enough = count == FILES_PER_LINK;
    while (count > 0)
        close (files[--count]);
    if (!enough)
        snprintf (error, 512, "%.300s: no file descriptor is left for a connection (ulimit -n)",
                  endpoint);
    return enough ? 0 : -1;
}

//  Have libzmq tell of lost connections. Before the subscriber connects.
static zsock_t *
s_watch (links_t *self, zsock_t *subscriber)
{
    char name[64], error[512];
    snprintf (name, sizeof name, "inproc://link-%p-%lu", (void *) self, self->monitors++);
    int rc = zmq_socket_monitor (zsock_resolve (subscriber), name, ZMQ_EVENT_DISCONNECTED);
    assert (rc == 0);
    zsock_t *monitor = socket_new (ZMQ_PAIR);
    rc = socket_connect (monitor, name, error);
    assert (rc == 0);
    return monitor;
}

int
links_connect (links_t *self, const link_peer_t *peer, const char *endpoint, char error[512])
{
    links_disconnect (self, peer->name);
    if (s_check_files_left (endpoint, error) == -1)
        return -1;
    link_t link = {.subscriber = socket_new (ZMQ_SUB)};
    //  All topics: a worker that publishes as another node shall be seen, not filtered away.
    zsock_set_subscribe (link.subscriber, "");
    link.monitor = s_watch (self, link.subscriber);
    link.name = strdup (peer->name);
    assert (link.name);
    link.peer = (link_peer_t){.name = link.name, .forwarder = peer->forwarder};
    if (socket_connect (link.subscriber, endpoint, error) == -1) {
        s_close (&link);
        return -1;
    }
    s_add (self, &link);
    return 0;
}

static void
s_fit_items (links_t *self, size_t count)
{
    if (count <= self->item_capacity)
        return;
    self->item_capacity = 2 * count;
    self->items = realloc (self->items, self->item_capacity * sizeof *self->items);
    assert (self->items);
}

void
links_hold_forwarders (links_t *self, bool held)
{
    self->forwarders_held = held;
}

static bool
s_is_held (const links_t *self, const link_t *link)
{
    return self->forwarders_held && link->peer.forwarder;
}

void
links_wait (links_t *self, zmq_pollitem_t *extra, size_t extra_count, long timeout_ms)
{
    s_fit_items (self, extra_count + self->count);
    memcpy (self->items, extra, extra_count * sizeof *extra);
    for (size_t i = 0; i < self->count; i++)
        self->items[extra_count + i] =
            (zmq_pollitem_t){.socket = zsock_resolve (self->links[i].subscriber),
                             .events = s_is_held (self, &self->links[i]) ? 0 : ZMQ_POLLIN};
    if (zmq_poll (self->items, (int) (extra_count + self->count), timeout_ms) == -1)
        return;
    for (size_t i = 0; i < extra_count; i++)
        extra[i].revents = self->items[i].revents;
}

//  Read away what follows the second part, and count it.
static size_t
s_skip_parts (void *socket)
{
    size_t parts = 0;
    zmq_msg_t part;
    zmq_msg_init (&part);
    do {
        if (zmq_msg_recv (&part, socket, ZMQ_DONTWAIT) == -1)
            break;
        parts++;
    } while (zmq_msg_more (&part));
    zmq_msg_close (&part);
    return parts;
}

static void
s_describe (link_message_t *self, size_t parts)
{
    self->view = (intake_message_t){.topic = zmq_msg_data (&self->topic),
                                    .topic_size = zmq_msg_size (&self->topic),
                                    .data = zmq_msg_data (&self->payload),
                                    .size = zmq_msg_size (&self->payload),
                                    .parts = parts};
}

//  Returns false where nothing has arrived.
static bool
s_receive (link_t *link, link_message_t *message)
{
    void *socket = zsock_resolve (link->subscriber);
    if (zmq_msg_recv (&message->topic, socket, ZMQ_DONTWAIT) == -1)
        return false;
    size_t parts = 1;
    if (zmq_msg_more (&message->topic) && zmq_msg_recv (&message->payload, socket, 0) >= 0)
        parts++;
    if (parts == 2 && zmq_msg_more (&message->payload))
        parts += s_skip_parts (socket);
    s_describe (message, parts);
    return true;
}

//  Returns true where the turn ended before the messages did.
static bool
s_take_turn (link_t *link, link_handler_fn *handler, void *context)
{
    link_message_t message;
    zmq_msg_init (&message.topic);
    zmq_msg_init (&message.payload);
    int taken = 0;
    while (taken < LINKS_TURN && s_receive (link, &message)) {
        handler (context, &link->peer, &message);
        taken++;
    }
    zmq_msg_close (&message.topic);
    zmq_msg_close (&message.payload);
    return taken == LINKS_TURN;
}

bool
links_receive (links_t *self, link_handler_fn *handler, void *context)
{
    bool more = false;
    for (size_t i = 0; i < self->count; i++)
        if (!s_is_held (self, &self->links[i]))
            more |= s_take_turn (&self->links[i], handler, context);
    return more;
}

//  An event is two parts: what happened, and where.
static bool
s_receive_event (const link_t *link)
{
    void *socket = zsock_resolve (link->monitor);
    char event[8];
    if (zmq_recv (socket, event, sizeof event, ZMQ_DONTWAIT) == -1)
        return false;
    s_skip_parts (socket);
    return true;
}

void
links_report_cuts (links_t *self, void (*cut) (void *context, const link_peer_t *peer),
                   void *context)
{
    for (size_t i = 0; i < self->count; i++)
        while (s_receive_event (&self->links[i]))
            cut (context, &self->links[i].peer);
}
