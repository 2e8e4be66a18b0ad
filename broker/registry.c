//  SPDX-License-Identifier: GPL-2.0-or-later
//  registry - see registry.h.
#include "broker/registry.h"
#include "storage/node_index.h"
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct registry_place_t {
    show_node_t shown;
    size_t index; //  In places
};

struct registry_t {
    pthread_mutex_t lock;      //  Guards what follows
    registry_place_t **places; //  In no order
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
        free (self->places[i]);
    free (self->places);
    free (self);
    *self_p = NULL;
}

static void
s_grow (registry_t *self)
{
    self->capacity = self->capacity ? 2 * self->capacity : 16;
    self->places = realloc (self->places, self->capacity * sizeof *self->places);
    assert (self->places);
}

static registry_place_t *
s_add (registry_t *self, const char *name)
{
    registry_place_t *place = calloc (1, sizeof *place);
    assert (place);
    if (self->count == self->capacity)
        s_grow (self);
    snprintf (place->shown.node, sizeof place->shown.node, "%s", name);
    place->index = self->count;
    self->places[self->count++] = place;
    node_index_add (self->index, place->shown.node, place);
    return place;
}

registry_place_t *
registry_put (registry_t *self, registry_place_t *place, const show_node_t *node)
{
    pthread_mutex_lock (&self->lock);
    if (!place)
        place = node_index_find (self->index, node->node);
    if (!place)
        place = s_add (self, node->node);
    uint64_t duplicates = place->shown.duplicates;
    uint64_t conflicts = place->shown.conflicts;
    place->shown = *node;
    place->shown.duplicates = duplicates;
    place->shown.conflicts = conflicts;
    pthread_mutex_unlock (&self->lock);
    return place;
}

void
registry_remove (registry_t *self, const char *name)
{
    pthread_mutex_lock (&self->lock);
    registry_place_t *place = node_index_find (self->index, name);
    if (place) {
        node_index_remove (self->index, name);
        self->places[place->index] = self->places[--self->count];
        self->places[place->index]->index = place->index;
        free (place);
    }
    pthread_mutex_unlock (&self->lock);
}

void
registry_count (registry_t *self, const char *name, store_verdict_t verdict)
{
    pthread_mutex_lock (&self->lock);
    registry_place_t *place = node_index_find (self->index, name);
    if (place) {
        place->shown.duplicates += verdict == STORE_DUPLICATE;
        place->shown.conflicts += verdict == STORE_CONFLICT;
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
        (*nodes)[i] = self->places[i]->shown;
    pthread_mutex_unlock (&self->lock);
    qsort (*nodes, count, sizeof **nodes, s_compare);
    return count;
}
