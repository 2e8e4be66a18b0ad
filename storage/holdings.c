//  SPDX-License-Identifier: GPL-2.0-or-later
//  holdings - a sorted array of nodes: new ones are rare, look-ups are not.
#include "storage/holdings.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

holdings_t *
holdings_new (void)
{
    holdings_t *self = calloc (1, sizeof *self);
    assert (self);
    return self;
}

void
holdings_destroy (holdings_t **self_p)
{
    holdings_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++)
        holding_destroy (&self->nodes[i]);
    free (self->nodes);
    free (self);
    *self_p = NULL;
}

//  The first node that does not sort before the name; count where there is none.
static size_t
s_find (const holdings_t *self, const char *node)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp (self->nodes[middle]->node, node) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool
s_is (const holdings_t *self, size_t index, const char *node)
{
    return index < self->count && strcmp (self->nodes[index]->node, node) == 0;
}

holding_t *
holdings_find (const holdings_t *self, const char *node)
{
    size_t index = s_find (self, node);
    return s_is (self, index, node) ? self->nodes[index] : NULL;
}

static void
s_reserve (holdings_t *self, size_t count)
{
    if (count <= self->capacity)
        return;
    self->capacity = count + count / 2;
    self->nodes = realloc (self->nodes, self->capacity * sizeof (holding_t *));
    assert (self->nodes);
}

holding_t *
holdings_add (holdings_t *self, const char *node)
{
    size_t index = s_find (self, node);
    if (s_is (self, index, node))
        return self->nodes[index];
    s_reserve (self, self->count + 1);
    holding_t **place = &self->nodes[index];
    memmove (place + 1, place, (self->count - index) * sizeof (holding_t *));
    *place = holding_new (node);
    self->count++;
    return *place;
}

void
holdings_absorb (holdings_t *self, holdings_t *draft)
{
    for (size_t i = 0; i < draft->count; i++)
        holding_absorb (holdings_add (self, draft->nodes[i]->node), draft->nodes[i]);
}
