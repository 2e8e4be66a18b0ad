//  SPDX-License-Identifier: GPL-2.0-or-later
//  reach - see reach.h.
#include "subscriber/reach.h"

#include <assert.h>
#include "subscriber/monitor.h"
#include "transport/socket.h"

typedef struct {
    zsock_t *socket;
    monitor_t *monitor;
    bool decided, reached;
} trial_t;

static void
s_trial_init (trial_t *self, const char *endpoint)
{
    char error[512];
    self->socket = socket_new (ZMQ_DEALER);
    self->monitor = monitor_new (self->socket);
    self->decided = socket_connect (self->socket, endpoint, error) == -1;
}

static void
s_trial_fini (trial_t *self)
{
    monitor_destroy (&self->monitor);
    zsock_destroy (&self->socket);
}

static void
s_trial_update (trial_t *self)
{
    link_event_t event;
    while (!self->decided && monitor_next (self->monitor, &event) == 0) {
        self->decided = true;
        self->reached = event.state == LINK_UP;
    }
}

//  Wait for events of the undecided. Returns how many there still are, or -1 when interrupted.
static int
s_wait (trial_t *trials, size_t count, long timeout_ms, int stop_fd)
{
    zmq_pollitem_t items[REACH_MAX + 1];
    int waiting = 0;
    for (size_t i = 0; i < count; i++) {
        s_trial_update (&trials[i]);
        if (!trials[i].decided)
            items[waiting++] =
                (zmq_pollitem_t){monitor_handle (trials[i].monitor), 0, ZMQ_POLLIN, 0};
    }
    if (waiting == 0)
        return 0;
    items[waiting] = (zmq_pollitem_t){NULL, stop_fd, ZMQ_POLLIN, 0};
    int rc = zmq_poll (items, waiting + (stop_fd != -1), timeout_ms);
    return rc > 0 && stop_fd != -1 && items[waiting].revents ? -1 : waiting;
}

static int
s_decide (trial_t *trials, size_t count, int timeout_ms, int stop_fd)
{
    int64_t deadline_mono_ms = zclock_mono () + timeout_ms;
    int64_t left_ms = timeout_ms;
    while (left_ms > 0) {
        int waiting = s_wait (trials, count, left_ms, stop_fd);
        if (waiting <= 0)
            return waiting;
        left_ms = deadline_mono_ms - zclock_mono ();
    }
    return 0;
}

int
reach (const char *const *endpoints, size_t count, int timeout_ms, int stop_fd, bool *reached)
{
    assert (count <= REACH_MAX);
    trial_t trials[REACH_MAX] = {0};
    int total = 0;
    for (size_t i = 0; i < count; i++)
        s_trial_init (&trials[i], endpoints[i]);
    int rc = s_decide (trials, count, timeout_ms, stop_fd);
    for (size_t i = 0; i < count; i++) {
        reached[i] = trials[i].reached;
        total += reached[i];
        s_trial_fini (&trials[i]);
    }
    return rc == -1 ? -1 : total;
}
