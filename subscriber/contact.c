//  SPDX-License-Identifier: GPL-2.0-or-later
//  contact - see contact.h.
#include "subscriber/contact.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "subscriber/monitor.h"

#define SLICE_MS 200 //  How often the connection is looked at while a reply is waited for

struct contact_t {
    char endpoint[ENDPOINT_MAX + 1];
    asker_t *asker;
    monitor_t *monitor;
    bool is_lost; //  And that was said
};

contact_t *
contact_new (const char *endpoint)
{
    contact_t *self = calloc (1, sizeof *self);
    assert (self);
    snprintf (self->endpoint, sizeof self->endpoint, "%s", endpoint);
    self->asker = asker_new (endpoint);
    assert (self->asker);
    self->monitor = monitor_new (asker_socket (self->asker));
    return self;
}

void
contact_destroy (contact_t **self_p)
{
    contact_t *self = *self_p;
    if (!self)
        return;
    monitor_destroy (&self->monitor);
    asker_destroy (&self->asker);
    free (self);
    *self_p = NULL;
}

//  --- the connection --------------------------------------------------------------------------

//  Somebody was there, so that nobody there means lost, even where we had not got through yet.
static void
s_note (contact_t *self, link_state_t state)
{
    bool is_up = state == LINK_UP;
    if (!is_up && !self->is_lost)
        fprintf (stderr, "%s: the connection to the coordinator at %s is lost\n",
                 program_invocation_short_name, self->endpoint);
    if (is_up && self->is_lost)
        fprintf (stderr, "%s: connected to the coordinator at %s again\n",
                 program_invocation_short_name, self->endpoint);
    self->is_lost = !is_up;
}

//  Take what has happened. Returns true where the connection was lost since, even if it is back.
static bool
s_take_events (contact_t *self)
{
    link_event_t event;
    bool was_lost = false;
    while (monitor_next (self->monitor, &event) == 0) {
        s_note (self, event.state);
        was_lost |= self->is_lost;
    }
    return was_lost;
}

int
contact_check (contact_t *self, int timeout_ms, int stop_fd)
{
    int64_t deadline_mono_ms = zclock_mono () + timeout_ms;
    int64_t left_ms = timeout_ms;
    s_take_events (self);
    while (self->is_lost && left_ms > 0) {
        zmq_pollitem_t items[] = {{monitor_handle (self->monitor), 0, ZMQ_POLLIN, 0},
                                  {NULL, stop_fd, ZMQ_POLLIN, 0}};
        if (zmq_poll (items, 2, left_ms) > 0 && items[1].revents)
            return -1;
        s_take_events (self);
        left_ms = deadline_mono_ms - zclock_mono ();
    }
    return !self->is_lost;
}

//  --- asking ----------------------------------------------------------------------------------

//  Wait for the reply to id, or until the connection it must come by is lost.
static int
s_receive (contact_t *self, uint64_t id, int64_t deadline_mono_ms, int stop_fd, reply_t *reply)
{
    do {
        int64_t left_ms = deadline_mono_ms - zclock_mono ();
        int slice_ms = left_ms > SLICE_MS ? SLICE_MS : left_ms > 0 ? (int) left_ms : 0;
        if (asker_receive (self->asker, id, slice_ms, stop_fd, reply) == -1)
            return -1;
    } while (reply->kind == REPLY_NONE && !s_take_events (self) &&
             zclock_mono () < deadline_mono_ms);
    return 0;
}

int
contact_ask (contact_t *self, const char *text, size_t size, int timeout_ms, int stop_fd,
             reply_t *reply)
{
    int64_t deadline_mono_ms = zclock_mono () + timeout_ms;
    int64_t left_ms = timeout_ms;
    memset (reply, 0, sizeof *reply);
    reply->kind = REPLY_NONE;
    while (left_ms > 0 && reply->kind == REPLY_NONE) {
        int is_up = contact_check (self, (int) left_ms, stop_fd);
        if (is_up <= 0)
            return is_up;
        left_ms = deadline_mono_ms - zclock_mono ();
        uint32_t limit_ms = left_ms > 0 ? (uint32_t) left_ms : 1;
        uint64_t id = asker_send (self->asker, FORM_ROWS, text, size, limit_ms);
        if (id == 0 || s_receive (self, id, deadline_mono_ms, stop_fd, reply) == -1)
            return id == 0 ? 0 : -1;
        left_ms = deadline_mono_ms - zclock_mono ();
    }
    return 0;
}
