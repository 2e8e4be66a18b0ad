//  SPDX-License-Identifier: GPL-2.0-or-later
//  node_index - finds what belongs to a node by the node's name: a hash table of borrowed pointers,
//  for a hundred thousand nodes and a look-up a frame. Not safe for use by two threads.
#ifndef STORAGE_NODE_INDEX_H
#define STORAGE_NODE_INDEX_H

#include <stddef.h>

typedef struct node_index_t node_index_t;

node_index_t *node_index_new (void);
//  The items are the caller's.
void node_index_destroy (node_index_t **self_p);

//  Have no names, but keep the memory.
void node_index_clear (node_index_t *self);

//  The item of a name, or NULL.
void *node_index_find (const node_index_t *self, const char *name);
//  The same for several at once, whose waits for memory then are one: at most NODE_INDEX_MANY.
#define NODE_INDEX_MANY 32
void node_index_find_many (const node_index_t *self, const char *const *names, size_t count,
                           void **items);
//  Add an item under a name that is not in it; the name is borrowed as long as it stays.
void node_index_add (node_index_t *self, const char *name, void *item);
//  Take a name out that is in it.
void node_index_remove (node_index_t *self, const char *name);

//  How many slots the longest search looks at, for tests.
size_t node_index_longest_search (const node_index_t *self);

#endif
