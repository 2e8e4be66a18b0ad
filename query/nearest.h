//  SPDX-License-Identifier: GPL-2.0-or-later
//  nearest - the name that somebody who mistyped may have meant. Feed it every name there is, then
//  ask. A plain value; pure.
#ifndef QUERY_NEAREST_H
#define QUERY_NEAREST_H

#include <stddef.h>

#define NEAREST_MAX 63 //  Longer words have no neighbours

typedef struct {
    char word[NEAREST_MAX + 1]; //  What was written, in lower case
    char best[NEAREST_MAX + 1]; //  Nearest name so far
    unsigned distance;          //  A name must be nearer than this to be the best
} nearest_t;

//  Begin for a word of length bytes.
void nearest_init (nearest_t *self, const char *word, size_t length);

//  Consider a name.
void nearest_offer (nearest_t *self, const char *name);

//  The nearest name of those offered, or NULL where none is near: one letter changed, added,
//  dropped or swapped, and another for every eight. Of names equally near the first offered wins.
const char *nearest_name (const nearest_t *self);

#endif
