//  SPDX-License-Identifier: GPL-2.0-or-later
//  node_index - see node_index.h. Open addressing, one slot after another; at most two thirds of
//  the slots are used, so that an empty one ends every search soon. Names come from sockets: lest
//  some be chosen that all want one slot, where a name belongs depends on a number nobody knows.
#include "storage/node_index.h"
#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

#define FIRST_SLOTS 64 //  A power of two, like all later sizes

typedef struct {
    uint64_t hash;
    const char *name; //  NULL: empty
    void *item;
} slot_t;

struct node_index_t {
    slot_t *slots;
    size_t mask; //  Their number less one
    size_t count;
    uint64_t seed; //  Of hashes
};

static slot_t *
s_new_slots (size_t count)
{
    slot_t *slots = calloc (count, sizeof *slots);
    assert (slots);
    return slots;
}

node_index_t *
node_index_new (void)
{
    node_index_t *self = calloc (1, sizeof *self);
    assert (self);
    self->slots = s_new_slots (FIRST_SLOTS);
    self->mask = FIRST_SLOTS - 1;
    ssize_t got = getrandom (&self->seed, sizeof self->seed, 0);
    assert (got == sizeof self->seed);
    return self;
}

void
node_index_destroy (node_index_t **self_p)
{
    node_index_t *self = *self_p;
    if (!self)
        return;
    free (self->slots);
    free (self);
    *self_p = NULL;
}

void
node_index_clear (node_index_t *self)
{
    if (self->count > 0)
        memset (self->slots, 0, (self->mask + 1) * sizeof *self->slots);
    self->count = 0;
}

static uint64_t
s_hash (const node_index_t *self, const char *name)
{
    return XXH64 (name, strlen (name), self->seed);
}

//  Where the name stands, or the empty slot where it would.
static size_t
s_place (const node_index_t *self, const char *name, uint64_t hash)
{
    size_t i = hash & self->mask;
    while (self->slots[i].name &&
           (self->slots[i].hash != hash || strcmp (self->slots[i].name, name) != 0))
        i = (i + 1) & self->mask;
    return i;
}

void *
node_index_find (const node_index_t *self, const char *name)
{
    return self->slots[s_place (self, name, s_hash (self, name))].item;
}

//  What each step looks at was asked for by the one before it, for all names.
void
node_index_find_many (const node_index_t *self, const char *const *names, size_t count,
                      void **items)
{
    uint64_t hashes[NODE_INDEX_MANY];
    assert (count <= NODE_INDEX_MANY);
    for (size_t i = 0; i < count; i++) {
        hashes[i] = s_hash (self, names[i]);
        __builtin_prefetch (&self->slots[hashes[i] & self->mask]);
    }
    for (size_t i = 0; i < count; i++)
        __builtin_prefetch (self->slots[hashes[i] & self->mask].name);
    for (size_t i = 0; i < count; i++)
        items[i] = self->slots[s_place (self, names[i], hashes[i])].item;
}

static void
s_grow (node_index_t *self)
{
    slot_t *old = self->slots;
    size_t old_count = self->mask + 1;
    self->slots = s_new_slots (2 * old_count);
    self->mask = 2 * old_count - 1;
    for (size_t i = 0; i < old_count; i++)
        if (old[i].name)
            self->slots[s_place (self, old[i].name, old[i].hash)] = old[i];
    free (old);
}

void
node_index_add (node_index_t *self, const char *name, void *item)
{
    if (++self->count > (self->mask + 1) / 3 * 2)
        s_grow (self);
    uint64_t hash = s_hash (self, name);
    size_t i = s_place (self, name, hash);
    assert (!self->slots[i].name);
    self->slots[i] = (slot_t){hash, name, item};
}

size_t
node_index_longest_search (const node_index_t *self)
{
    size_t longest = 0, run = 0;
    for (size_t i = 0; i < 2 * (self->mask + 1); i++) {
        run = self->slots[i & self->mask].name ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest + 1;
}

//  Whether the item in slot i may move up to the emptied slot: its search begins there or before.
static bool
s_may_move (const node_index_t *self, size_t i, size_t emptied)
{
    size_t home = self->slots[i].hash & self->mask;
    return ((i - home) & self->mask) >= ((i - emptied) & self->mask);
}

void
node_index_remove (node_index_t *self, const char *name)
{
    size_t emptied = s_place (self, name, s_hash (self, name));
    assert (self->slots[emptied].name);
    for (size_t i = (emptied + 1) & self->mask; self->slots[i].name; i = (i + 1) & self->mask)
        if (s_may_move (self, i, emptied)) {
            self->slots[emptied] = self->slots[i];
            emptied = i;
        }
    self->slots[emptied] = (slot_t){0};
    self->count--;
}
