//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_tail - see live_tail.h.
#include "subscriber/live_tail.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "program/exit_code.h"
#include "subscriber/format.h"
#include "subscriber/live_notices.h"
#include "subscriber/live_row.h"

#define TICK_MS         250
#define NO_FRAME_NS     5000000000LL //  Connected for so long without a frame is worth a word
#define GOING_ON        (-1)         //  No exit code yet
#define FRAMES_IN_A_ROW 100          //  Before signals are looked at again

typedef struct {
    const live_tail_t *options;
    live_watch_t *watch;
    live_notices_t *notices;
    screen_t screen;
    uint64_t printed;
    int64_t start_mono_ns;
    int64_t last_mono_ns; //  When the last frame came, or the start
    bool none_said;       //  That no frame has come at all
} tail_t;

static int64_t
s_now_mono_ns (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

//  --- frames ----------------------------------------------------------------------------------

//  Until standard output takes a frame's text without waiting, so that a reader who pauses does
//  not keep signals from us. Returns false when a signal came instead.
static bool
s_wait_for_reader (const tail_t *self)
{
    zmq_pollitem_t items[] = {{NULL, STDOUT_FILENO, ZMQ_POLLOUT, 0},
                              {NULL, self->options->stop_fd, ZMQ_POLLIN, 0}};
    while (zmq_poll (items, 2, -1) == -1)
        assert (zmq_errno () == EINTR);
    return items[1].revents == 0;
}

static int
s_print (tail_t *self, const frame_t *frame)
{
    if (!s_wait_for_reader (self))
        return EXIT_DONE;
    if (self->options->ndjson) {
        table_t *table = live_row_table (frame, self->options->filter->metrics);
        format_print (FORMAT_NDJSON, table, &self->screen, stdout);
        table_destroy (&table);
    } else {
        if (self->printed == 0)
            live_row_print_header (&self->screen, stdout);
        live_row_print (frame, self->options->filter->metrics, &self->screen, stdout);
    }
    int rc = screen_flush ("subscriber");
    if (rc != 0)
        return rc == 1 ? EXIT_DONE : EXIT_FAILED;
    return ++self->printed == self->options->count ? EXIT_DONE : GOING_ON;
}

static int
s_take_frame (tail_t *self, const frame_t *frame)
{
    self->last_mono_ns = s_now_mono_ns ();
    live_news_t news = live_watch_frame (self->watch, frame, self->last_mono_ns);
    if (!news.is_new)
        return GOING_ON;
    live_notices_news (self->notices, frame, &news);
    return s_print (self, frame);
}

static int
s_take_messages (tail_t *self)
{
    frame_t frame;
    const char *reason;
    for (int i = 0; i < FRAMES_IN_A_ROW; i++) {
        int rc = live_source_next (self->options->source, &frame, &reason);
        if (rc == 0)
            break;
        if (rc == -1)
            live_notices_unreadable (self->notices, reason);
        else if ((rc = s_take_frame (self, &frame)) != GOING_ON)
            return rc;
    }
    return GOING_ON;
}

//  --- the loop --------------------------------------------------------------------------------

static void
s_say_none (tail_t *self, int64_t now_mono_ns)
{
    bool none = self->last_mono_ns == self->start_mono_ns;
    if (!none || self->none_said || !live_notices_connected (self->notices) ||
        now_mono_ns - self->start_mono_ns < NO_FRAME_NS)
        return;
    fprintf (stderr,
             "-- connected, but no frame%s has come; waiting. Is a worker running "
             "('make runWorker1')? 'show nodes' in the client lists them\n",
             self->options->filter->pattern_count ? " of the nodes named" : "");
    self->none_said = true;
}

static int
s_tick (tail_t *self)
{
    link_event_t event;
    int64_t now_mono_ns = s_now_mono_ns ();
    while (live_source_event (self->options->source, &event) == 0)
        live_notices_link (self->notices, &event);
    live_notices_tick (self->notices, self->watch, now_mono_ns);
    s_say_none (self, now_mono_ns);
    int64_t timeout_ns = self->options->timeout_ns;
    if (timeout_ns == 0 || now_mono_ns - self->last_mono_ns < timeout_ns)
        return GOING_ON;
    fprintf (stderr, "subscriber: no frame for %g s (--timeout)\n", (double) timeout_ns / 1e9);
    return EXIT_CANNOT_CONNECT;
}

static int
s_step (tail_t *self)
{
    zmq_pollitem_t items[LIVE_SOURCE_ITEMS + 1];
    live_source_poll_items (self->options->source, items);
    items[LIVE_SOURCE_ITEMS] = (zmq_pollitem_t){NULL, self->options->stop_fd, ZMQ_POLLIN, 0};
    int rc = zmq_poll (items, LIVE_SOURCE_ITEMS + 1, TICK_MS);
    if (rc > 0 && items[LIVE_SOURCE_ITEMS].revents)
        return EXIT_DONE;
    int code = s_take_messages (self);
    return code == GOING_ON ? s_tick (self) : code;
}

int
live_tail_run (const live_tail_t *options)
{
    tail_t self = {.options = options, .screen = screen_of (stdout)};
    int code = GOING_ON;
    self.watch = live_watch_new ();
    self.notices = live_notices_new ();
    self.start_mono_ns = self.last_mono_ns = s_now_mono_ns ();
    while (code == GOING_ON)
        code = s_step (&self);
    live_notices_end (self.notices);
    live_notices_destroy (&self.notices);
    live_watch_destroy (&self.watch);
    return code;
}
