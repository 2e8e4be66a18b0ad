//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_watch - see live_watch.h.
#include "subscriber/live_watch.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <czmq.h>
#include "query/statement.h"

typedef struct {
    char node[NODE_NAME_MAX + 1];
    uint64_t epoch, seq;  //  Of the newest frame
    int64_t last_mono_ns; //  When it came
    bool silent;          //  And said to be
} watched_t;

struct live_watch_t {
    zhashx_t *nodes; //  Name -> watched_t
    bool full;       //  A node could not be watched
};

static void
s_destroy_watched (void **item_p)
{
    free (*item_p);
    *item_p = NULL;
}

live_watch_t *
live_watch_new (void)
{
    live_watch_t *self = calloc (1, sizeof *self);
    assert (self);
    self->nodes = zhashx_new ();
    assert (self->nodes);
    zhashx_set_destructor (self->nodes, s_destroy_watched);
    return self;
}

void
live_watch_destroy (live_watch_t **self_p)
{
    live_watch_t *self = *self_p;
    if (!self)
        return;
    zhashx_destroy (&self->nodes);
    free (self);
    *self_p = NULL;
}

static void
s_add (live_watch_t *self, const frame_t *frame, int64_t now_mono_ns)
{
    if (zhashx_size (self->nodes) == LIVE_WATCH_NODES) {
        self->full = true;
        return;
    }
    watched_t *watched = calloc (1, sizeof *watched);
    assert (watched);
    snprintf (watched->node, sizeof watched->node, "%s", frame->node);
    watched->epoch = frame->epoch;
    watched->seq = frame->seq;
    watched->last_mono_ns = now_mono_ns;
    zhashx_insert (self->nodes, watched->node, watched);
}

//  Epochs grow, and so do sequence numbers within one.
static bool
s_is_newer (const watched_t *watched, const frame_t *frame)
{
    if (frame->epoch != watched->epoch)
        return frame->epoch > watched->epoch;
    return frame->seq > watched->seq;
}

//  Of an epoch that begins, the first frame is number 1.
static uint64_t
s_missed (const watched_t *watched, const frame_t *frame)
{
    uint64_t last = frame->epoch == watched->epoch ? watched->seq : 0;
    return frame->seq - last - 1;
}

live_news_t
live_watch_frame (live_watch_t *self, const frame_t *frame, int64_t now_mono_ns)
{
    live_news_t news = {.is_new = true};
    watched_t *watched = zhashx_lookup (self->nodes, frame->node);
    if (!watched) {
        s_add (self, frame, now_mono_ns);
        return news;
    }
    news.is_new = s_is_newer (watched, frame);
    if (!news.is_new)
        return news;
    news.restarted = frame->epoch != watched->epoch;
    news.missed = s_missed (watched, frame);
    news.silent_ns = watched->silent ? now_mono_ns - watched->last_mono_ns : 0;
    watched->epoch = frame->epoch;
    watched->seq = frame->seq;
    watched->last_mono_ns = now_mono_ns;
    watched->silent = false;
    return news;
}

uint64_t
live_watch_missing (const live_watch_t *self, const frame_t *frame)
{
    const watched_t *watched = zhashx_lookup (self->nodes, frame->node);
    return watched && s_is_newer (watched, frame) ? s_missed (watched, frame) : 0;
}

bool
live_watch_last (const live_watch_t *self, const char *node, uint64_t *epoch, uint64_t *seq)
{
    const watched_t *watched = zhashx_lookup (self->nodes, node);
    if (!watched)
        return false;
    *epoch = watched->epoch;
    *seq = watched->seq;
    return true;
}

static bool
s_is_silent (const watched_t *watched, int64_t now_mono_ns)
{
    return now_mono_ns - watched->last_mono_ns >= LIVE_WATCH_SILENT_NS;
}

size_t
live_watch_silent (live_watch_t *self, int64_t now_mono_ns, char (*names)[NODE_NAME_MAX + 1],
                   size_t capacity)
{
    size_t count = 0;
    for (watched_t *watched = zhashx_first (self->nodes); watched;
         watched = zhashx_next (self->nodes)) {
        if (watched->silent || !s_is_silent (watched, now_mono_ns))
            continue;
        watched->silent = true;
        if (count++ < capacity)
            snprintf (names[count - 1], sizeof names[0], "%s", watched->node);
    }
    return count;
}

size_t
live_watch_silent_now (const live_watch_t *self, int64_t now_mono_ns,
                       char (*names)[NODE_NAME_MAX + 1], size_t capacity)
{
    size_t count = 0;
    for (watched_t *watched = zhashx_first (self->nodes); watched;
         watched = zhashx_next (self->nodes))
        if (s_is_silent (watched, now_mono_ns) && count++ < capacity)
            snprintf (names[count - 1], sizeof names[0], "%s", watched->node);
    return count;
}

bool
live_watch_has (const live_watch_t *self, const char *pattern)
{
    bool found = false;
    for (void *watched = zhashx_first (self->nodes); watched && !found;
         watched = zhashx_next (self->nodes))
        found = node_matches (pattern, ((const watched_t *) watched)->node);
    return found;
}

size_t
live_watch_nodes (const live_watch_t *self)
{
    return zhashx_size (self->nodes);
}

bool
live_watch_is_full (const live_watch_t *self)
{
    return self->full;
}
