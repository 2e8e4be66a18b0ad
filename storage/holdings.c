//  SPDX-License-Identifier: GPL-2.0-or-later
//  holdings - an array of nodes, and where each of them stands in it.
#include "storage/holdings.h"

#include <assert.h>
#include <stdlib.h>

holdings_t *
holdings_new (void)
{
    holdings_t *self = calloc (1, sizeof *self);
    assert (self);
    self->index = node_index_new ();
    return self;
}

void
holdings_destroy (holdings_t **self_p)
{
    holdings_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->made; i++)
        holding_destroy (&self->nodes[i]);
    node_index_destroy (&self->index);
    free (self->nodes);
    free (self);
    *self_p = NULL;
}

void
holdings_clear (holdings_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        holding_clear (self->nodes[i]);
    self->count = 0;
    node_index_clear (self->index);
}

holding_t *
holdings_find (const holdings_t *self, const char *node)
{
    return node_index_find (self->index, node);
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
holdings_append (holdings_t *self, const char *node)
{
    if (self->count == self->made) {
        s_reserve (self, self->made + 1);
        self->nodes[self->made++] = holding_new (node);
    } else
        holding_begin (self->nodes[self->count], node);
    return self->nodes[self->count++];
}

holding_t *
holdings_add (holdings_t *self, const char *node)
{
    holding_t *holding = holdings_find (self, node);
    if (holding)
        return holding;
    holding = holdings_append (self, node);
    node_index_add (self->index, holding->node, holding);
    return holding;
}

void
holdings_absorb (holdings_t *self, holdings_t *draft)
{
    for (size_t i = 0; i < draft->count; i++) {
        holding_t *drafted = draft->nodes[i];
        if (!drafted->known)
            drafted->known = holdings_add (self, drafted->node);
        holding_absorb (drafted->known, drafted);
    }
}
