//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_tail - see live_tail.h.
#include "subscriber/live_tail.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "program/exit_code.h"
#include "subscriber/drawing.h"
#include "subscriber/live_absent.h"
#include "subscriber/live_output.h"
#include "subscriber/terminal.h"

#define TICK_MS         250
#define GOING_ON        (-1) //  No exit code yet
#define FRAMES_IN_A_ROW 100  //  Before signals are looked at again

typedef struct {
    const live_tail_t *options;
    live_stage_t stage;
    live_output_t *output;
    bool is_terminal; //  The output
    void *view;
    uint64_t printed;
    int64_t start_mono_ns;
    int64_t last_mono_ns; //  When the last frame came, or the start
    live_absent_t absent;
    bool past_said; //  What of the past could not be had
} tail_t;

static int64_t
s_now_ns (clockid_t clock)
{
    struct timespec now;
    clock_gettime (clock, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

//  --- standard output -------------------------------------------------------------------------

static int
s_flush (tail_t *self)
{
    output_state_t state = live_output_flush (self->output);
    if (state == OUTPUT_FAILED)
        fprintf (stderr, "%s: standard output cannot be written: %s\n",
                 program_invocation_short_name, strerror (errno));
    if (state == OUTPUT_WRITTEN)
        return GOING_ON;
    return state == OUTPUT_FAILED ? EXIT_FAILED : EXIT_DONE;
}

//  On a terminal each frame is seen before what is said next; for programs a round is written.
static int
s_finish (tail_t *self, uint64_t printed)
{
    int code = self->is_terminal ? s_flush (self) : GOING_ON;
    self->printed += printed;
    if (code != GOING_ON)
        return code;
    return self->options->count > 0 && self->printed >= self->options->count ? EXIT_DONE : GOING_ON;
}

//  --- frames ----------------------------------------------------------------------------------

static int
s_show (tail_t *self, const frame_t *frame)
{
    live_sample_t sample = {.frame = frame, .now_mono_ns = s_now_ns (CLOCK_MONOTONIC)};
    self->last_mono_ns = sample.now_mono_ns;
    sample.news = live_watch_frame (self->stage.watch, frame, sample.now_mono_ns);
    if (!sample.news.is_new)
        return GOING_ON;
    live_notices_news (self->stage.notices, frame, &sample.news);
    return s_finish (self, self->options->view->show (self->view, &sample));
}

static int
s_take_frame (tail_t *self, const frame_t *frame)
{
    live_seam_t *seam = self->options->seam;
    if (seam && live_seam_hold (seam, self->stage.watch, frame, s_now_ns (CLOCK_MONOTONIC)))
        return GOING_ON;
    return s_show (self, frame);
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
            live_notices_unreadable (self->stage.notices, reason);
        else if ((rc = s_take_frame (self, &frame)) != GOING_ON)
            return rc;
    }
    return GOING_ON;
}

//  --- the past --------------------------------------------------------------------------------

static void
s_say_past (tail_t *self)
{
    const char *reason;
    size_t failures = live_seam_failures (self->options->seam, &reason);
    if (failures > 0 && !self->past_said)
        live_notices_say (self->stage.notices, "the past of %zu node%s could not be read: %.200s",
                          failures, failures == 1 ? "" : "s", reason);
    self->past_said = failures > 0;
}

//  Returns GOING_ON, and in *more whether the next frame is there already.
static int
s_take_past (tail_t *self, bool *more)
{
    frame_t frame;
    live_seam_t *seam = self->options->seam;
    int64_t now_mono_ns = s_now_ns (CLOCK_MONOTONIC);
    live_seam_step (seam, self->stage.watch, now_mono_ns);
    for (int i = 0; i < FRAMES_IN_A_ROW; i++) {
        if (live_seam_next (seam, self->stage.watch, &frame, now_mono_ns) == 0) {
            live_seam_step (seam, self->stage.watch, now_mono_ns); //  What was taken has a sequel
            s_say_past (self);
            return GOING_ON;
        }
        int rc = s_show (self, &frame);
        if (rc != GOING_ON)
            return rc;
    }
    *more = true;
    return GOING_ON;
}

//  --- from time to time -----------------------------------------------------------------------

static int
s_look_at_clock (tail_t *self, int64_t now_mono_ns)
{
    const live_tail_t *options = self->options;
    if (options->duration_ns > 0 && now_mono_ns - self->start_mono_ns >= options->duration_ns)
        return EXIT_DONE;
    if (options->timeout_ns == 0 || now_mono_ns - self->last_mono_ns < options->timeout_ns)
        return GOING_ON;
    terminal_leave ();
    fprintf (stderr, "%s: no frame for %g s (--timeout)\n", program_invocation_short_name,
             (double) options->timeout_ns / 1e9);
    return EXIT_CANNOT_CONNECT;
}

static int
s_tick (tail_t *self)
{
    link_event_t event;
    live_moment_t moment = {s_now_ns (CLOCK_MONOTONIC), s_now_ns (CLOCK_REALTIME),
                            terminal_has_changed ()};
    while (live_source_event (self->options->source, &event) == 0)
        live_notices_link (self->stage.notices, &event);
    live_notices_tick (self->stage.notices, self->stage.watch, moment.now_mono_ns);
    live_absent_tick (&self->absent, self->options->source, self->stage.watch, self->stage.notices,
                      moment.now_mono_ns);
    if (self->options->view->tick) {
        int code = s_finish (self, self->options->view->tick (self->view, &moment));
        if (code != GOING_ON)
            return code;
    }
    return s_look_at_clock (self, moment.now_mono_ns);
}

static int
s_take_keys (tail_t *self)
{
    int key;
    if (!self->options->view->key || !terminal_has_keys ())
        return GOING_ON;
    while ((key = terminal_key ()) != KEY_NONE)
        if (key == KEY_GONE || !self->options->view->key (self->view, key))
            return EXIT_DONE;
    return GOING_ON;
}

//  --- the loop --------------------------------------------------------------------------------

enum { ITEM_STOP, ITEM_SOURCE, ITEM_MORE = ITEM_SOURCE + LIVE_SOURCE_ITEMS, ITEMS = ITEM_MORE + 2 };

//  Until something comes, or it is time for a tick. Returns false once the stop came.
static bool
s_wait (tail_t *self, long timeout_ms)
{
    zmq_pollitem_t items[ITEMS];
    int count = ITEM_MORE;
    void *past = self->options->seam ? live_seam_handle (self->options->seam) : NULL;
    items[ITEM_STOP] = (zmq_pollitem_t){NULL, self->options->stop_fd, ZMQ_POLLIN, 0};
    live_source_poll_items (self->options->source, &items[ITEM_SOURCE]);
    if (past)
        items[count++] = (zmq_pollitem_t){past, 0, ZMQ_POLLIN, 0};
    if (self->options->view->key && terminal_has_keys ())
        items[count++] = (zmq_pollitem_t){NULL, STDIN_FILENO, ZMQ_POLLIN, 0};
    int rc = zmq_poll (items, count, timeout_ms);
    return rc <= 0 || !items[ITEM_STOP].revents;
}

static int
s_take_round (tail_t *self, bool *more)
{
    int code = s_wait (self, *more ? 0 : TICK_MS) ? GOING_ON : EXIT_DONE;
    *more = false;
    if (code == GOING_ON)
        code = s_take_keys (self);
    if (code == GOING_ON)
        code = s_take_messages (self);
    if (code == GOING_ON && self->options->seam)
        code = s_take_past (self, more);
    return code == GOING_ON ? s_tick (self) : code;
}

static int
s_step (tail_t *self, bool *more)
{
    int code = s_take_round (self, more), flushed = s_flush (self);
    return flushed == GOING_ON ? code : flushed;
}

static void
s_begin (tail_t *self, const live_tail_t *options)
{
    screen_t screen = screen_of (stdout);
    self->options = options;
    self->stage.metrics = options->metrics;
    self->stage.over_s = options->over_s;
    self->stage.windows = live_windows_new (options->over_s, options->metrics);
    self->stage.watch = live_watch_new ();
    self->stage.notices = live_notices_new ();
    self->output = live_output_new (STDOUT_FILENO, options->stop_fd);
    self->stage.out = live_output_stream (self->output);
    self->is_terminal = screen.is_terminal;
    self->view = options->view->new (&self->stage);
    self->start_mono_ns = self->last_mono_ns = s_now_ns (CLOCK_MONOTONIC);
    self->absent = (live_absent_t){.filter = options->filter, .start_mono_ns = self->start_mono_ns};
    bool in_place = options->view->in_place && drawing_is_in_place (&screen);
    live_notices_keep (self->stage.notices, in_place);
    if (in_place && options->view->is_full)
        terminal_enter ();
}

static void
s_end (tail_t *self)
{
    terminal_leave ();
    live_notices_end (self->stage.notices);
    self->options->view->destroy (&self->view);
    live_notices_destroy (&self->stage.notices);
    live_watch_destroy (&self->stage.watch);
    live_windows_destroy (&self->stage.windows);
    live_output_destroy (&self->output);
}

int
live_tail_run (const live_tail_t *options)
{
    tail_t self = {0};
    int code = GOING_ON;
    bool more = false;
    s_begin (&self, options);
    while (code == GOING_ON)
        code = s_step (&self, &more);
    s_end (&self);
    return code;
}
