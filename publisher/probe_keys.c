//  SPDX-License-Identifier: GPL-2.0-or-later
//  probe_keys - a growing array. Where it is full it is sorted and equal keys are joined; only
//  where that frees less than half of it, it grows. See the header.

#include "publisher/probe_keys.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#define FIRST_CAPACITY 4096

struct probe_keys_t {
    keyed_count_t *items;
    size_t size;
    size_t capacity;
    size_t next; //  First item not taken yet
    bool sorted; //  Items are sorted and joined
};

probe_keys_t *
probe_keys_new (void)
{
    probe_keys_t *self = calloc (1, sizeof *self);
    assert (self);
    self->capacity = FIRST_CAPACITY;
    self->items = malloc (self->capacity * sizeof *self->items);
    assert (self->items);
    return self;
}

void
probe_keys_destroy (probe_keys_t **self_p)
{
    probe_keys_t *self = *self_p;
    if (!self)
        return;
    free (self->items);
    free (self);
    *self_p = NULL;
}

static int
s_compare (const void *left, const void *right)
{
    const keyed_count_t *a = left;
    const keyed_count_t *b = right;
    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

//  Sort, and join the items of one key into the first of them.
static void
s_sort (probe_keys_t *self)
{
    qsort (self->items, self->size, sizeof *self->items, s_compare);
    size_t kept = 0;
    for (size_t i = 0; i < self->size; i++) {
        if (kept && s_compare (&self->items[kept - 1], &self->items[i]) == 0) {
            self->items[kept - 1].count += self->items[i].count;
            self->items[kept - 1].sum_ns += self->items[i].sum_ns;
        } else
            self->items[kept++] = self->items[i];
    }
    self->size = kept;
    self->sorted = true;
}

static void
s_make_room (probe_keys_t *self)
{
    s_sort (self);
    if (self->size < self->capacity / 2)
        return;
    self->capacity *= 2;
    self->items = realloc (self->items, self->capacity * sizeof *self->items);
    assert (self->items);
}

void
probe_keys_add (void *argument, const keyed_count_t *count)
{
    probe_keys_t *self = argument;
    assert (self->next == 0); //  Nothing is added while an interval is being taken
    if (self->size == self->capacity)
        s_make_room (self);
    self->items[self->size++] = *count;
    self->sorted = false;
}

size_t
probe_keys_next (probe_keys_t *self, const keyed_count_t **rows)
{
    if (!self->sorted)
        s_sort (self);
    size_t first = self->next;
    while (self->next < self->size && self->items[self->next].id == self->items[first].id)
        self->next++;
    if (self->next > first)
        *rows = &self->items[first];
    return self->next - first;
}

void
probe_keys_clear (probe_keys_t *self)
{
    self->size = 0;
    self->next = 0;
    self->sorted = true;
}
