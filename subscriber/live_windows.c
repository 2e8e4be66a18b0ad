//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_windows - see live_windows.h.
#include "subscriber/live_windows.h"

#include <assert.h>
#include <czmq.h>

struct live_windows_t {
    zhashx_t *nodes; //  Name -> live_window_t
    int64_t over_s;
    metric_set_t metrics;
    partial_t alone; //  The newest frame, where it is shown alone
    size_t bytes;    //  Of all windows
};

static void
s_destroy (void **item_p)
{
    live_window_destroy ((live_window_t **) item_p);
}

live_windows_t *
live_windows_new (int64_t over_s, metric_set_t metrics)
{
    live_windows_t *self = calloc (1, sizeof *self);
    assert (self);
    self->nodes = zhashx_new ();
    assert (self->nodes);
    zhashx_set_destructor (self->nodes, s_destroy);
    self->over_s = over_s;
    self->metrics = metrics;
    return self;
}

void
live_windows_destroy (live_windows_t **self_p)
{
    live_windows_t *self = *self_p;
    if (!self)
        return;
    zhashx_destroy (&self->nodes);
    free (self);
    *self_p = NULL;
}

static const partial_t *
s_alone (live_windows_t *self, const frame_t *frame)
{
    int64_t until_wall_s = frame->start_wall_s + frame->span_s;
    int64_t since_wall_s = self->over_s ? until_wall_s - self->over_s : frame->start_wall_s;
    partial_init (&self->alone, frame->node, since_wall_s, until_wall_s);
    partial_add_frame (&self->alone, frame, self->metrics, frame->span_s);
    return &self->alone;
}

//  NULL where there are too many.
static live_window_t *
s_find (live_windows_t *self, const char *node)
{
    live_window_t *window = zhashx_lookup (self->nodes, node);
    if (window || zhashx_size (self->nodes) == LIVE_WINDOWS_NODES)
        return window;
    window = live_window_new (node, self->over_s, self->metrics);
    zhashx_insert (self->nodes, node, window);
    return window;
}

const partial_t *
live_windows_add (live_windows_t *self, const frame_t *frame)
{
    live_window_t *window = self->over_s ? s_find (self, frame->node) : NULL;
    if (!window)
        return s_alone (self, frame);
    self->bytes -= live_window_bytes (window);
    live_window_add (window, frame);
    while (self->bytes + live_window_bytes (window) > LIVE_WINDOWS_BYTES &&
           live_window_shrink (window))
        ;
    self->bytes += live_window_bytes (window);
    return live_window_held (window);
}

static const partial_t *
s_advance (live_windows_t *self, live_window_t *window, int64_t until_wall_s)
{
    self->bytes -= live_window_bytes (window);
    live_window_advance (window, until_wall_s);
    self->bytes += live_window_bytes (window);
    return live_window_held (window);
}

const partial_t *
live_windows_at (live_windows_t *self, const char *node, int64_t until_wall_s)
{
    live_window_t *window = zhashx_lookup (self->nodes, node);
    return window ? s_advance (self, window, until_wall_s) : NULL;
}

size_t
live_windows_sum (live_windows_t *self, int64_t until_wall_s, partial_t *sum)
{
    partial_init (sum, "", until_wall_s - self->over_s, until_wall_s);
    sum->expected_s = 0;
    for (live_window_t *window = zhashx_first (self->nodes); window;
         window = zhashx_next (self->nodes))
        partial_merge (sum, s_advance (self, window, until_wall_s));
    return zhashx_size (self->nodes);
}
