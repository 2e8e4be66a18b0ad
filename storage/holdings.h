//  SPDX-License-Identifier: GPL-2.0-or-later
//  holdings - what is held of every node, and found by its name. Pure: no disk.
//
//  The store has two: the true one, which mirrors the database, and during an append a draft
//  with the touched epochs only, which becomes true once the database has taken the batch.
//  Not safe for shared writing.
#ifndef STORAGE_HOLDINGS_H
#define STORAGE_HOLDINGS_H

#include <stddef.h>
#include "storage/holding.h"
#include "storage/node_index.h"

typedef struct {
    holding_t **nodes; //  Owned, as are the holdings; in the order in which they were added
    size_t count;
    size_t made; //  Holdings; those from count on are empty, kept for the next nodes
    size_t capacity;
    node_index_t *index; //  The same by name
} holdings_t;

holdings_t *holdings_new (void);
void holdings_destroy (holdings_t **self_p);

//  Hold no node, but keep the memory of all that there were.
void holdings_clear (holdings_t *self);

//  A node's holding, borrowed; NULL where it is unknown.
holding_t *holdings_find (const holdings_t *self, const char *node);
//  The same, but an unknown node, whose name must be valid, is added.
holding_t *holdings_add (holdings_t *self, const char *node);
//  Have the processor fetch what is held of nodes that are looked up soon, at most NODE_INDEX_MANY:
//  where there are many each lies elsewhere, and the waits are one this way.
void holdings_fetch (const holdings_t *self, const char *const *nodes, size_t count);

//  Add a node that is not looked up here.
holding_t *holdings_append (holdings_t *self, const char *node);

//  Take over the newer state of a node, which is left with what was replaced, and is known then.
//  Returns what is known of it.
holding_t *holdings_absorb (holdings_t *self, holding_t *drafted);

#endif
