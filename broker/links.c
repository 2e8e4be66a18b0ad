//  SPDX-License-Identifier: GPL-2.0-or-later
//  links - see links.h.
//
//  Asking thousands of sockets each round whether they have something would cost more than the
//  frames. So the kernel tells: libzmq makes a socket's ZMQ_FD readable when something happened to
//  it, until the socket was read empty. A link is awake from then, or from its start, until a read
//  finds nothing.
#include "broker/links.h"
#include "transport/socket.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>

//  The TCP connection, the subscriber's mailbox, and those of both ends of its monitor.
#define FILES_PER_LINK 4
#define EVENTS_MAX     256 //  Taken from the kernel at a time

typedef struct {
    link_peer_t peer;
    char *name;          //  The peer's, owned
    zsock_t *subscriber; //  SUB
    void *handle;        //  The same, for libzmq
    zsock_t *monitor;    //  PAIR: libzmq's events about the subscriber's connection
    bool awake;          //  It may have something to read
} link_t;

struct links_t {
    link_t **links; //  In no order
    size_t count;
    size_t capacity;
    int epoll; //  Of the subscribers' ZMQ_FDs and the watched files; data is the link, or NULL
    bool forwarders_held;
    unsigned long monitors; //  Made so far: each needs a name of its own
};

links_t *
links_new (void)
{
    links_t *self = calloc (1, sizeof *self);
    assert (self);
    self->epoll = epoll_create1 (EPOLL_CLOEXEC);
    assert (self->epoll >= 0);
    return self;
}

static void
s_destroy_link (link_t **link_p)
{
    link_t *link = *link_p;
    zsock_destroy (&link->monitor);
    zsock_destroy (&link->subscriber);
    free (link->name);
    free (link);
    *link_p = NULL;
}

void
links_destroy (links_t **self_p)
{
    links_t *self = *self_p;
    if (!self)
        return;
    while (self->count)
        s_destroy_link (&self->links[--self->count]);
    free (self->links);
    close (self->epoll);
    free (self);
    *self_p = NULL;
}

void
links_watch (links_t *self, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    int rc = epoll_ctl (self->epoll, EPOLL_CTL_ADD, fd, &event);
    assert (rc == 0);
}

static void
s_ignore (links_t *self, link_t *link)
{
    int rc = epoll_ctl (self->epoll, EPOLL_CTL_DEL, zsock_fd (link->subscriber), NULL);
    assert (rc == 0);
}

void
links_disconnect (links_t *self, const char *name)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp (self->links[i]->name, name) == 0) {
            s_ignore (self, self->links[i]);
            s_destroy_link (&self->links[i]);
            self->links[i] = self->links[--self->count];
            return;
        }
}

static void
s_add (links_t *self, link_t *link)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = link};
    int rc = epoll_ctl (self->epoll, EPOLL_CTL_ADD, zsock_fd (link->subscriber), &event);
    assert (rc == 0);
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? 2 * self->capacity : 16;
        self->links = realloc (self->links, self->capacity * sizeof *self->links);
        assert (self->links);
    }
    self->links[self->count++] = link;
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

static link_t *
s_new_link (links_t *self, const link_peer_t *peer)
{
    link_t *link = calloc (1, sizeof *link);
    assert (link);
    link->name = strdup (peer->name);
    assert (link->name);
    link->peer = (link_peer_t){.name = link->name, .forwarder = peer->forwarder};
    link->subscriber = socket_new (ZMQ_SUB);
    link->handle = zsock_resolve (link->subscriber);
    //  All topics: a worker that publishes as another node shall be seen, not filtered away.
    zsock_set_subscribe (link->subscriber, "");
    link->monitor = s_watch (self, link->subscriber);
    link->awake = true;
    return link;
}

int
links_connect (links_t *self, const link_peer_t *peer, const char *endpoint, char error[512])
{
    links_disconnect (self, peer->name);
    if (s_check_files_left (endpoint, error) == -1)
        return -1;
    link_t *link = s_new_link (self, peer);
    if (socket_connect (link->subscriber, endpoint, error) == -1) {
        s_destroy_link (&link);
        return -1;
    }
    s_add (self, link);
    return 0;
}

void
links_hold_forwarders (links_t *self, bool held)
{
    self->forwarders_held = held;
}

static bool
s_is_due (const links_t *self, const link_t *link)
{
    return link->awake && !(self->forwarders_held && link->peer.forwarder);
}

static bool
s_any_is_due (const links_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (s_is_due (self, self->links[i]))
            return true;
    return false;
}

void
links_wait (links_t *self, int timeout_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait (self->epoll, events, EVENTS_MAX, s_any_is_due (self) ? 0 : timeout_ms);
    for (int i = 0; i < count; i++) {
        link_t *link = events[i].data.ptr;
        if (link)
            link->awake = true;
    }
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
    void *socket = link->handle;
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

static void
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
    link->awake = taken == LINKS_TURN; //  Otherwise a read found nothing
}

bool
links_receive (links_t *self, link_handler_fn *handler, void *context)
{
    for (size_t i = 0; i < self->count; i++)
        if (s_is_due (self, self->links[i]))
            s_take_turn (self->links[i], handler, context);
    return s_any_is_due (self);
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
        while (s_receive_event (self->links[i]))
            cut (context, &self->links[i]->peer);
}
