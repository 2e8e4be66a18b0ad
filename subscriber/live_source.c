//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_source - see live_source.h.
#include "subscriber/live_source.h"

#include <assert.h>
#include "query/statement.h"
#include "transport/socket.h"

#define PARTS    2     //  Topic, payload
#define SEEN_MAX 20000 //  Of more nodes no note is taken

struct live_source_t {
    const live_filter_t *filter;
    zsock_t *socket; //  SUB
    void *handle;    //  The same, for libzmq
    monitor_t *monitor;
    wire_reader_t *reader;
    bool looks_around;
    zhashx_t *seen; //  Names of nodes
};

static void
s_subscribe (live_source_t *self)
{
    char topic[NODE_NAME_MAX + 2];
    if (self->filter->pattern_count == 0)
        zsock_set_subscribe (self->socket, "");
    for (size_t i = 0; i < self->filter->pattern_count; i++) {
        live_filter_topic (self->filter->patterns[i], topic);
        zsock_set_subscribe (self->socket, topic);
    }
}

live_source_t *
live_source_new (const live_filter_t *filter)
{
    live_source_t *self = calloc (1, sizeof *self);
    assert (self);
    self->filter = filter;
    self->socket = socket_new (ZMQ_SUB);
    self->handle = zsock_resolve (self->socket);
    self->monitor = monitor_new (self->socket);
    self->reader = wire_reader_new ();
    self->seen = zhashx_new ();
    assert (self->seen);
    s_subscribe (self);
    return self;
}

void
live_source_destroy (live_source_t **self_p)
{
    live_source_t *self = *self_p;
    if (!self)
        return;
    monitor_destroy (&self->monitor);
    zsock_destroy (&self->socket);
    wire_reader_destroy (&self->reader);
    zhashx_destroy (&self->seen);
    free (self);
    *self_p = NULL;
}

int
live_source_connect (live_source_t *self, const char *endpoint, char error[512])
{
    return socket_connect (self->socket, endpoint, error);
}

void
live_source_poll_items (const live_source_t *self, zmq_pollitem_t items[LIVE_SOURCE_ITEMS])
{
    items[0] = (zmq_pollitem_t){self->handle, 0, ZMQ_POLLIN, 0};
    items[1] = (zmq_pollitem_t){monitor_handle (self->monitor), 0, ZMQ_POLLIN, 0};
}

//  Receive a whole message; keeps its first parts. Returns how many it had, 0 where none waits.
static size_t
s_receive (live_source_t *self, zmq_msg_t parts[PARTS])
{
    size_t count = 0;
    bool more = true;
    while (more) {
        zmq_msg_t surplus, *part = count < PARTS ? &parts[count] : &surplus;
        if (count >= PARTS)
            zmq_msg_init (&surplus);
        if (zmq_msg_recv (part, self->handle, ZMQ_DONTWAIT) == -1)
            return 0; //  Only the first part can fail so: messages come whole
        more = zmq_msg_more (part);
        if (count++ >= PARTS)
            zmq_msg_close (&surplus);
    }
    return count;
}

static bool
s_is_topic_of (zmq_msg_t *topic, const frame_t *frame)
{
    char expected[NODE_NAME_MAX + 2];
    size_t length = frame_topic (frame->node, expected);
    return zmq_msg_size (topic) == length && memcmp (zmq_msg_data (topic), expected, length) == 0;
}

static int
s_decode (live_source_t *self, zmq_msg_t parts[PARTS], size_t count, frame_t *frame,
          const char **reason)
{
    *reason = "it has not the two parts of a frame";
    if (count != PARTS || frame_decode (frame, self->reader, zmq_msg_data (&parts[1]),
                                        zmq_msg_size (&parts[1]), reason) == -1)
        return -1;
    *reason = "its topic is not its node's";
    return s_is_topic_of (&parts[0], frame) ? 1 : -1;
}

static void
s_note (live_source_t *self, const frame_t *frame)
{
    static char present;
    if (self->looks_around && zhashx_size (self->seen) < SEEN_MAX)
        zhashx_insert (self->seen, frame->node, &present);
}

int
live_source_next (live_source_t *self, frame_t *frame, const char **reason)
{
    zmq_msg_t parts[PARTS];
    int rc;
    for (size_t i = 0; i < PARTS; i++)
        zmq_msg_init (&parts[i]);
    do {
        size_t count = s_receive (self, parts);
        rc = count == 0 ? 0 : s_decode (self, parts, count, frame, reason);
        if (rc == 1)
            s_note (self, frame);
    } while (rc == 1 && !live_filter_accepts (self->filter, frame->node));
    for (size_t i = 0; i < PARTS; i++)
        zmq_msg_close (&parts[i]);
    return rc;
}

//  --- who is there ----------------------------------------------------------------------------

//  Subscriptions are counted: what the filter accepts stays.
void
live_source_look_around (live_source_t *self, bool on)
{
    if (self->looks_around == on)
        return;
    self->looks_around = on;
    if (on)
        zsock_set_subscribe (self->socket, "");
    else
        zsock_set_unsubscribe (self->socket, "");
}

bool
live_source_has_seen (const live_source_t *self, const char *pattern)
{
    bool found = false;
    for (void *item = zhashx_first (self->seen); item && !found; item = zhashx_next (self->seen))
        found = node_matches (pattern, zhashx_cursor (self->seen));
    return found;
}

//  Put a name among the first ones, of which there are count.
static void
s_put_in_order (char (*names)[NODE_NAME_MAX + 1], size_t count, size_t capacity, const char *name)
{
    size_t place = count < capacity ? count : capacity;
    while (place > 0 && strcmp (name, names[place - 1]) < 0) {
        if (place < capacity)
            memcpy (names[place], names[place - 1], sizeof names[0]);
        place--;
    }
    if (place < capacity)
        snprintf (names[place], sizeof names[0], "%s", name);
}

size_t
live_source_seen (const live_source_t *self, char (*names)[NODE_NAME_MAX + 1], size_t capacity)
{
    size_t count = 0;
    for (void *item = zhashx_first (self->seen); item; item = zhashx_next (self->seen))
        s_put_in_order (names, count++, capacity, zhashx_cursor (self->seen));
    return count;
}

int
live_source_event (live_source_t *self, link_event_t *event)
{
    return monitor_next (self->monitor, event);
}
