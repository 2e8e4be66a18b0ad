//  SPDX-License-Identifier: GPL-2.0-or-later
//  timeline - a sorted array; stretches mostly come in order, so that they are added at its end.
#include "storage/timeline.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void
timeline_init (timeline_t *self, int64_t since_wall_s, int64_t until_wall_s)
{
    assert (since_wall_s <= until_wall_s);
    *self = (timeline_t){.window = {since_wall_s, until_wall_s}};
}

void
timeline_fini (timeline_t *self)
{
    free (self->items);
    *self = (timeline_t){0};
}

//  The first item that ends at or after the second; count where there is none.
static size_t
s_find (const timeline_t *self, int64_t wall_s)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (self->items[middle].until_wall_s < wall_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint64_t
s_seconds (const stretch_t *stretch)
{
    return (uint64_t) stretch->until_wall_s - (uint64_t) stretch->from_wall_s;
}

//  Put the stretch in the place of count items from index on.
static void
s_replace (timeline_t *self, size_t index, size_t count, const stretch_t *stretch)
{
    if (count == 0 && self->count == self->capacity) {
        self->capacity = 2 * self->capacity + 8;
        self->items = realloc (self->items, self->capacity * sizeof *self->items);
        assert (self->items);
    }
    stretch_t *place = self->items + index;
    memmove (place + 1, place + count, (self->count - index - count) * sizeof *place);
    *place = *stretch;
    self->count = self->count + 1 - count;
}

uint64_t
timeline_add (timeline_t *self, int64_t from_wall_s, int64_t until_wall_s)
{
    stretch_t added = {from_wall_s, until_wall_s};
    if (added.from_wall_s < self->window.from_wall_s)
        added.from_wall_s = self->window.from_wall_s;
    if (added.until_wall_s > self->window.until_wall_s)
        added.until_wall_s = self->window.until_wall_s;
    if (added.from_wall_s >= added.until_wall_s)
        return 0;

    size_t index = s_find (self, added.from_wall_s), end = index;
    uint64_t known_s = 0;
    for (; end < self->count && self->items[end].from_wall_s <= added.until_wall_s; end++) {
        const stretch_t *item = &self->items[end];
        known_s += s_seconds (item);
        if (item->from_wall_s < added.from_wall_s)
            added.from_wall_s = item->from_wall_s;
        if (item->until_wall_s > added.until_wall_s)
            added.until_wall_s = item->until_wall_s;
    }
    s_replace (self, index, end - index, &added);
    return s_seconds (&added) - known_s;
}

bool
timeline_hole (const timeline_t *self, size_t index, stretch_t *hole)
{
    hole->from_wall_s = index ? self->items[index - 1].until_wall_s : self->window.from_wall_s;
    hole->until_wall_s =
        index < self->count ? self->items[index].from_wall_s : self->window.until_wall_s;
    return hole->from_wall_s < hole->until_wall_s;
}
