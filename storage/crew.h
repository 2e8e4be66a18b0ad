//  SPDX-License-Identifier: GPL-2.0-or-later
//  crew - a few threads that share out the items of one piece of work with the thread that brings
//  it. They wait, and cost nothing, while there is none.
#ifndef STORAGE_CREW_H
#define STORAGE_CREW_H

#include <stddef.h>

typedef struct crew_t crew_t;

//  helpers threads of this name, of at most 15 bytes; none is a crew too: the caller does all
//  alone.
crew_t *crew_new (unsigned helpers, const char *name);
//  A crew's helpers on this machine: one for each further processor, at most CREW_HELPERS_MAX.
#define CREW_HELPERS_MAX 3
unsigned crew_helpers (void);
void crew_destroy (crew_t **self_p);

//  Call work for each index below count, each once, in any order and several at a time; returns
//  when all have returned. Any thread; one piece of work at a time, others wait.
void crew_share (crew_t *self, void (*work) (void *context, size_t index), void *context,
                 size_t count);

#endif
