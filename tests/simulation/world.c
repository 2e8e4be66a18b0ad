//  SPDX-License-Identifier: GPL-2.0-or-later
//  world - see world.h.
#include "tests/simulation/world.h"
#include "storage/due_queue.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define TRACE_LINES 20000

typedef struct {
    due_t due;
    event_fn *fn;
    void *context;
    void *arg;
    void (*drop) (void *arg);
} event_t;

struct world_t {
    int64_t now_ms;
    uint64_t random;
    due_queue_t *events;
    bool tracing;
    char **trace; //  Ring of lines
    uint64_t traced;
};

world_t *
world_new (uint64_t seed, bool tracing)
{
    world_t *self = calloc (1, sizeof *self);
    assert (self);
    self->random = seed * 0x9E3779B97F4A7C15ULL + 0xD1B54A32D192ED03ULL;
    self->events = due_queue_new ();
    self->tracing = tracing;
    if (tracing)
        self->trace = calloc (TRACE_LINES, sizeof *self->trace);
    return self;
}

void
world_destroy (world_t **self_p)
{
    world_t *self = *self_p;
    event_t *event;
    while ((event = due_queue_first (self->events))) {
        due_queue_remove (self->events, &event->due);
        if (event->drop)
            event->drop (event->arg);
        free (event);
    }
    due_queue_destroy (&self->events);
    for (unsigned i = 0; self->trace && i < TRACE_LINES; i++)
        free (self->trace[i]);
    free (self->trace);
    free (self);
    *self_p = NULL;
}

int64_t
world_now_ms (const world_t *self)
{
    return self->now_ms;
}

void
world_after (world_t *self, int64_t delay_ms, event_fn *fn, void *context, void *arg,
             void (*drop) (void *arg))
{
    event_t *event = malloc (sizeof *event);
    assert (event);
    *event = (event_t){.fn = fn, .context = context, .arg = arg, .drop = drop};
    due_init (&event->due, event);
    due_queue_put (self->events, &event->due, self->now_ms + (delay_ms > 0 ? delay_ms : 0));
}

void
world_run (world_t *self, int64_t until_ms)
{
    event_t *event;
    while ((event = due_queue_first (self->events)) && due_time (&event->due) <= until_ms) {
        self->now_ms = due_time (&event->due);
        due_queue_remove (self->events, &event->due);
        event->fn (event->context, event->arg);
        free (event);
    }
    self->now_ms = until_ms;
}

//  splitmix64 (Steele, Lea and Flood, 2014).
uint64_t
world_random (world_t *self, uint64_t below)
{
    uint64_t z = self->random += 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return (z ^ (z >> 31)) % below;
}

bool
world_chance (world_t *self, unsigned percent)
{
    return world_random (self, 100) < percent;
}

void
world_trace (world_t *self, const char *format, ...)
{
    if (!self->tracing)
        return;
    char text[512];
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (text, sizeof text, format, arguments);
    va_end (arguments);
    char **line = &self->trace[self->traced++ % TRACE_LINES];
    free (*line);
    if (asprintf (line, "%8.3f s  %s", (double) self->now_ms / 1000.0, text) == -1)
        *line = NULL;
}

void
world_print_trace (const world_t *self, unsigned lines)
{
    if (lines > TRACE_LINES)
        lines = TRACE_LINES;
    uint64_t first = self->traced > lines ? self->traced - lines : 0;
    for (uint64_t i = first; i < self->traced; i++)
        fprintf (stderr, "%s\n", self->trace[i % TRACE_LINES]);
}
