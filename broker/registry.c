//  SPDX-License-Identifier: GPL-2.0-or-later
//  registry - see registry.h.
#include "broker/registry.h"
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct registry_t {
    pthread_mutex_t lock; //  Guards what follows
    show_node_t *nodes;   //  In order of name
    size_t count;
    size_t capacity;
};

registry_t *
registry_new (void)
{
    registry_t *self = calloc (1, sizeof *self);
    assert (self);
    pthread_mutex_init (&self->lock, NULL);
    return self;
}

void
registry_destroy (registry_t **self_p)
{
    registry_t *self = *self_p;
    if (!self)
        return;
    pthread_mutex_destroy (&self->lock);
    free (self->nodes);
    free (self);
    *self_p = NULL;
}

//  Where the name stands, or would.
static size_t
s_place (const registry_t *self, const char *name)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp (self->nodes[middle].node, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static show_node_t *
s_find (const registry_t *self, const char *name)
{
    size_t i = s_place (self, name);
    return i < self->count && strcmp (self->nodes[i].node, name) == 0 ? &self->nodes[i] : NULL;
}

static show_node_t *
s_add (registry_t *self, const char *name)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? 2 * self->capacity : 16;
        self->nodes = realloc (self->nodes, self->capacity * sizeof *self->nodes);
        assert (self->nodes);
    }
    size_t i = s_place (self, name);
    memmove (&self->nodes[i + 1], &self->nodes[i], (self->count - i) * sizeof *self->nodes);
    self->count++;
    memset (&self->nodes[i], 0, sizeof self->nodes[i]);
    return &self->nodes[i];
}

void
registry_put (registry_t *self, const show_node_t *node)
{
    pthread_mutex_lock (&self->lock);
    show_node_t *shown = s_find (self, node->node);
    if (!shown)
        shown = s_add (self, node->node);
    uint64_t duplicates = shown->duplicates;
    uint64_t conflicts = shown->conflicts;
    *shown = *node;
    shown->duplicates = duplicates;
    shown->conflicts = conflicts;
    pthread_mutex_unlock (&self->lock);
}

void
registry_remove (registry_t *self, const char *name)
{
    pthread_mutex_lock (&self->lock);
    show_node_t *shown = s_find (self, name);
    if (shown) {
        size_t after = self->count - (size_t) (shown - self->nodes) - 1;
        memmove (shown, shown + 1, after * sizeof *shown);
        self->count--;
    }
    pthread_mutex_unlock (&self->lock);
}

void
registry_count (registry_t *self, const char *name, store_verdict_t verdict)
{
    pthread_mutex_lock (&self->lock);
    show_node_t *shown = s_find (self, name);
    if (shown) {
        shown->duplicates += verdict == STORE_DUPLICATE;
        shown->conflicts += verdict == STORE_CONFLICT;
    }
    pthread_mutex_unlock (&self->lock);
}

bool
registry_knows (registry_t *self, const char *name)
{
    pthread_mutex_lock (&self->lock);
    bool known = s_find (self, name) != NULL;
    pthread_mutex_unlock (&self->lock);
    return known;
}

size_t
registry_copy (registry_t *self, show_node_t **nodes)
{
    pthread_mutex_lock (&self->lock);
    size_t count = self->count;
    *nodes = malloc ((count + 1) * sizeof **nodes);
    assert (*nodes);
    if (count)
        memcpy (*nodes, self->nodes, count * sizeof **nodes);
    pthread_mutex_unlock (&self->lock);
    return count;
}
