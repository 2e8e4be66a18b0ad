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

//  Each step goes one pointer on, for all nodes.
void
holdings_fetch (const holdings_t *self, const char *const *nodes, size_t count)
{
    void *items[NODE_INDEX_MANY];
    const ranges_t *latest[NODE_INDEX_MANY];
    node_index_find_many (self->index, nodes, count, items);
    for (size_t i = 0; i < count; i++)
        if (items[i])
            holding_fetch (items[i]);
    for (size_t i = 0; i < count; i++) {
        const holding_t *holding = items[i];
        latest[i] = holding && holding->count ? &holding->epochs[holding->count - 1] : NULL;
        if (latest[i])
            __builtin_prefetch (latest[i]);
    }
    for (size_t i = 0; i < count; i++)
        if (latest[i] && latest[i]->count)
            __builtin_prefetch (&latest[i]->runs[latest[i]->count - 1]);
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

holding_t *
holdings_absorb (holdings_t *self, holding_t *drafted)
{
    if (!drafted->known)
        drafted->known = holdings_add (self, drafted->node);
    holding_absorb (drafted->known, drafted);
    return drafted->known;
}
