//  SPDX-License-Identifier: GPL-2.0-or-later
//  registry - the board on which the coordinator's threads leave what they know of each node, for
//  show nodes: intake its state, the recorder its verdicts. Every function is safe from any
//  thread.
#ifndef BROKER_REGISTRY_H
#define BROKER_REGISTRY_H

#include <stdbool.h>
#include "query/show.h"

typedef struct registry_t registry_t;

registry_t *registry_new (void);
void registry_destroy (registry_t **self_p);

//  A node's place on the board, until it is taken down.
typedef struct registry_place_t registry_place_t;

//  Put up a node's state in place of the previous one; its duplicates and conflicts are kept. place
//  is what this returned for the node before, or NULL: then it is looked for by name.
registry_place_t *registry_put (registry_t *self, registry_place_t *place, const show_node_t *node);
//  Take a node down; unknown names are ignored.
void registry_remove (registry_t *self, const char *name);

//  The store's verdict on a frame of a node; of unknown names it is dropped.
void registry_count (registry_t *self, const char *name, store_verdict_t verdict);

bool registry_knows (registry_t *self, const char *name);

//  A copy of all nodes in order of name. Returns their number; the caller frees *nodes.
size_t registry_copy (registry_t *self, show_node_t **nodes);

#endif
