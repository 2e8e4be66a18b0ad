//  SPDX-License-Identifier: GPL-2.0-or-later
//  registry - see registry.h.
#include "broker/registry.h"
#include "storage/node_index.h"
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    show_node_t shown;
    size_t place; //  In nodes
} entry_t;

struct registry_t {
    pthread_mutex_t lock; //  Guards what follows
    entry_t **nodes;      //  In no order
    size_t count;
    size_t capacity;
    node_index_t *index; //  The same by name
};

registry_t *
registry_new (void)
{
    registry_t *self = calloc (1, sizeof *self);
    assert (self);
    pthread_mutex_init (&self->lock, NULL);
    self->index = node_index_new ();
    return self;
}

void
registry_destroy (registry_t **self_p)
{
    registry_t *self = *self_p;
    if (!self)
        return;
    pthread_mutex_destroy (&self->lock);
    node_index_destroy (&self->index);
    for (size_t i = 0; i < self->count; i++)
        free (self->nodes[i]);
    free (self->nodes);
    free (self);
    *self_p = NULL;
}

static void
s_grow (registry_t *self)
{
    self->capacity = self->capacity ? 2 * self->capacity : 16;
    self->nodes = realloc (self->nodes, self->capacity * sizeof *self->nodes);
    assert (self->nodes);
}

static entry_t *
s_add (registry_t *self, const char *name)
{
    entry_t *entry = calloc (1, sizeof *entry);
    assert (entry);
    if (self->count == self->capacity)
        s_grow (self);
    snprintf (entry->shown.node, sizeof entry->shown.node, "%s", name);
    entry->place = self->count;
    self->nodes[self->count++] = entry;
    node_index_add (self->index, entry->shown.node, entry);
    return entry;
}

void
registry_put (registry_t *self, const show_node_t *node)
{
    pthread_mutex_lock (&self->lock);
    entry_t *entry = node_index_find (self->index, node->node);
    if (!entry)
        entry = s_add (self, node->node);
    uint64_t duplicates = entry->shown.duplicates;
    uint64_t conflicts = entry->shown.conflicts;
    entry->shown = *node;
    entry->shown.duplicates = duplicates;
    entry->shown.conflicts = conflicts;
    pthread_mutex_unlock (&self->lock);
}

void
registry_remove (registry_t *self, const char *name)
{
    pthread_mutex_lock (&self->lock);
    entry_t *entry = node_index_find (self->index, name);
    if (entry) {
        node_index_remove (self->index, name);
        self->nodes[entry->place] = self->nodes[--self->count];
        self->nodes[entry->place]->place = entry->place;
        free (entry);
    }
    pthread_mutex_unlock (&self->lock);
}

void
registry_count (registry_t *self, const char *name, store_verdict_t verdict)
{
    pthread_mutex_lock (&self->lock);
    entry_t *entry = node_index_find (self->index, name);
    if (entry) {
        entry->shown.duplicates += verdict == STORE_DUPLICATE;
        entry->shown.conflicts += verdict == STORE_CONFLICT;
    }
    pthread_mutex_unlock (&self->lock);
}

bool
registry_knows (registry_t *self, const char *name)
{
    pthread_mutex_lock (&self->lock);
    bool known = node_index_find (self->index, name) != NULL;
    pthread_mutex_unlock (&self->lock);
    return known;
}

static int
s_compare (const void *one, const void *other)
{
    return strcmp (((const show_node_t *) one)->node, ((const show_node_t *) other)->node);
}

size_t
registry_copy (registry_t *self, show_node_t **nodes)
{
    pthread_mutex_lock (&self->lock);
    size_t count = self->count;
    *nodes = malloc ((count + 1) * sizeof **nodes);
    assert (*nodes);
    for (size_t i = 0; i < count; i++)
        (*nodes)[i] = self->nodes[i]->shown;
    pthread_mutex_unlock (&self->lock);
    qsort (*nodes, count, sizeof **nodes, s_compare);
    return count;
}
