//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_notices - see live_notices.h.
#include "subscriber/live_notices.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <time.h>
#include "subscriber/remarks.h"
#include "subscriber/unit_text.h"

#define LINKS_MAX    256 //  Endpoints whose state is kept
#define NAMED_SILENT 6
#define SAY_BAD_NS   1000000000LL
#define NOTICE_MAX   1023

//  A connection, by the name that libzmq gives it.
typedef struct {
    char endpoint[ENDPOINT_MAX + 1];
    bool up;
    bool missed; //  It is said that nobody is there, or that it is lost
} live_link_t;

struct live_notices_t {
    live_link_t links[LINKS_MAX];
    size_t link_count;
    uint64_t missed;            //  Frames, in all
    uint64_t unreadable;        //  Messages, in all
    uint64_t unreadable_said;   //  Of them
    const char *reason;         //  Of the newest of them
    int64_t unreadable_mono_ns; //  When they were last said
    bool full_said;
    bool keep;
    char newest[NOTICE_MAX + 1];
};

live_notices_t *
live_notices_new (void)
{
    live_notices_t *self = calloc (1, sizeof *self);
    assert (self);
    return self;
}

void
live_notices_destroy (live_notices_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

void
live_notices_keep (live_notices_t *self, bool keep)
{
    self->keep = keep;
}

const char *
live_notices_newest (const live_notices_t *self)
{
    return self->newest;
}

static void
s_say (live_notices_t *self, int64_t wall_s, const char *text)
{
    char clock[UNIT_TEXT_MAX + 1];
    if (!self->keep) {
        fprintf (stderr, "-- %s\n", text);
        return;
    }
    unit_text_clock (wall_s, clock);
    snprintf (self->newest, sizeof self->newest, "%.8s %.900s", clock, text);
}

void
live_notices_say (live_notices_t *self, const char *format, ...)
{
    char text[NOTICE_MAX + 1];
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (text, sizeof text, format, arguments);
    va_end (arguments);
    s_say (self, time (NULL), text);
}

//  Of a frame: it may be of the past.
static void
s_say_of (live_notices_t *self, const frame_t *frame, const char *format, ...)
{
    char text[NOTICE_MAX + 1];
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (text, sizeof text, format, arguments);
    va_end (arguments);
    s_say (self, frame->start_wall_s, text);
}

//  --- connections -----------------------------------------------------------------------------

//  NULL where there are too many.
static live_link_t *
s_find_link (live_notices_t *self, const char *endpoint)
{
    for (size_t i = 0; i < self->link_count; i++)
        if (streq (self->links[i].endpoint, endpoint))
            return &self->links[i];
    if (self->link_count == LINKS_MAX)
        return NULL;
    live_link_t *link = &self->links[self->link_count++];
    snprintf (link->endpoint, sizeof link->endpoint, "%s", endpoint);
    return link;
}

void
live_notices_link (live_notices_t *self, const link_event_t *event)
{
    live_link_t *link = s_find_link (self, event->endpoint);
    if (!link)
        return;
    if (event->state == LINK_UP && link->missed)
        live_notices_say (self, "connected to %s", link->endpoint);
    else if (event->state == LINK_DOWN && link->up)
        live_notices_say (self, "lost the connection to %s; trying again", link->endpoint);
    else if (event->state == LINK_REFUSED && !link->missed)
        live_notices_say (
            self,
            "nobody publishes at %s yet; waiting. 'make runCoordinator' starts the coordinator, "
            "--live names other endpoints, such as a worker's (tcp://127.0.0.1:7101)",
            link->endpoint);
    link->up = event->state == LINK_UP;
    link->missed = !link->up;
}

bool
live_notices_connected (const live_notices_t *self)
{
    for (size_t i = 0; i < self->link_count; i++)
        if (self->links[i].up)
            return true;
    return false;
}

//  --- frames ----------------------------------------------------------------------------------

void
live_notices_news (live_notices_t *self, const frame_t *frame, const live_news_t *news)
{
    char text[UNIT_TEXT_MAX + 1];
    if (news->restarted)
        s_say_of (self, frame, "%s was restarted", frame->node);
    if (news->silent_ns > 0) {
        unit_text_duration ((double) news->silent_ns, text);
        s_say_of (self, frame, "%s is back after %s", frame->node, text);
    }
    if (news->missed > 0)
        s_say_of (self, frame, "%s: %" PRIu64 " frame%s missed, seq %" PRIu64 " to %" PRIu64,
                  frame->node, news->missed, news->missed == 1 ? "" : "s",
                  frame->seq - news->missed, frame->seq - 1);
    self->missed += news->missed;
}

void
live_notices_unreadable (live_notices_t *self, const char *reason)
{
    self->unreadable++;
    self->reason = reason;
}

//  --- from time to time -----------------------------------------------------------------------

static void
s_say_silent (live_notices_t *self, live_watch_t *watch, int64_t now_mono_ns)
{
    char names[NAMED_SILENT][NODE_NAME_MAX + 1], list[NAMED_SILENT * (NODE_NAME_MAX + 3) + 32];
    size_t count = live_watch_silent (watch, now_mono_ns, names, NAMED_SILENT);
    if (count == 0)
        return;
    FILE *out = fmemopen (list, sizeof list, "w");
    for (size_t i = 0; i < count && i < NAMED_SILENT; i++)
        remark_name (names[i], i, count, out);
    fclose (out);
    live_notices_say (self, "%s: silent, no frame for %d s", list, LIVE_WATCH_SILENT_S);
}

static void
s_say_unreadable (live_notices_t *self, int64_t now_mono_ns)
{
    uint64_t count = self->unreadable - self->unreadable_said;
    if (count == 0 || now_mono_ns - self->unreadable_mono_ns < SAY_BAD_NS)
        return;
    live_notices_say (self, "%" PRIu64 " message%s that %s no frame of kpulse: %s", count,
                      count == 1 ? "" : "s", count == 1 ? "is" : "are", self->reason);
    self->unreadable_said = self->unreadable;
    self->unreadable_mono_ns = now_mono_ns;
}

void
live_notices_tick (live_notices_t *self, live_watch_t *watch, int64_t now_mono_ns)
{
    s_say_silent (self, watch, now_mono_ns);
    s_say_unreadable (self, now_mono_ns);
    if (live_watch_is_full (watch) && !self->full_said) {
        live_notices_say (
            self, "more than %d nodes: of the others, silence and missed frames are not noticed",
            LIVE_WATCH_NODES);
        self->full_said = true;
    }
}

uint64_t
live_notices_missed (const live_notices_t *self)
{
    return self->missed;
}

uint64_t
live_notices_bad (const live_notices_t *self)
{
    return self->unreadable;
}

void
live_notices_end (live_notices_t *self)
{
    self->keep = false;
    if (self->missed > 0)
        live_notices_say (self, "%" PRIu64 " frames missed in all", self->missed);
    if (self->unreadable > 0)
        live_notices_say (self, "%" PRIu64 " messages in all were no frames", self->unreadable);
}
