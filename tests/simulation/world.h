//  SPDX-License-Identifier: GPL-2.0-or-later
//  world - simulated time: events in order of when they happen, one source of chance, and a trace
//  that is kept only when asked for. Equal seeds give equal runs.
#ifndef SIMULATION_WORLD_H
#define SIMULATION_WORLD_H

#include <stdbool.h>
#include <stdint.h>

typedef struct world_t world_t;

//  What happens at an event: arg is the event's own.
typedef void (event_fn) (void *context, void *arg);

world_t *world_new (uint64_t seed, bool tracing);
void world_destroy (world_t **self_p);

//  Simulated monotonic time since the start.
int64_t world_now_ms (const world_t *self);

//  Call fn in delay_ms from now. drop frees arg where the world ends before that (NULL: no need).
void world_after (world_t *self, int64_t delay_ms, event_fn *fn, void *context, void *arg,
                  void (*drop) (void *arg));

//  Run events until time until_ms.
void world_run (world_t *self, int64_t until_ms);

//  A number in [0, below).
uint64_t world_random (world_t *self, uint64_t below);
//  True with a chance of percent in 100.
bool world_chance (world_t *self, unsigned percent);

//  A line for the trace, with the time before it.
void world_trace (world_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
//  The last lines of the trace, to standard error.
void world_print_trace (const world_t *self, unsigned lines);

#endif
