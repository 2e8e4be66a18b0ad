//  SPDX-License-Identifier: GPL-2.0-or-later
//  due_queue - the heap. See due_queue.h.
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include "storage/due_queue.h"

struct due_queue_t {
    due_t **heap;      //  heap[0] is due first
    size_t count;      //
    size_t capacity;   //
    uint64_t arrivals; //  Puts so far
};

void
due_init (due_t *self, void *owner)
{
    *self = (due_t){.owner = owner};
}

int64_t
due_time (const due_t *self)
{
    return self->time;
}

due_queue_t *
due_queue_new (void)
{
    due_queue_t *self = calloc (1, sizeof *self);
    assert (self);
    return self;
}

void
due_queue_destroy (due_queue_t **self_p)
{
    if (!*self_p)
        return;
    free ((*self_p)->heap);
    free (*self_p);
    *self_p = NULL;
}

static bool
s_before (const due_t *a, const due_t *b)
{
    return a->time < b->time || (a->time == b->time && a->arrival < b->arrival);
}

static void
s_place (due_queue_t *self, due_t *due, size_t place)
{
    self->heap[place] = due;
    due->place = place;
}

static void
s_rise (due_queue_t *self, due_t *due, size_t place)
{
    while (place && s_before (due, self->heap[(place - 1) / 2])) {
        s_place (self, self->heap[(place - 1) / 2], place);
        place = (place - 1) / 2;
    }
    s_place (self, due, place);
}

static void
s_sink (due_queue_t *self, due_t *due, size_t place)
{
    for (;;) {
        size_t child = 2 * place + 1;
        if (child + 1 < self->count && s_before (self->heap[child + 1], self->heap[child]))
            child++;
        if (child >= self->count || !s_before (self->heap[child], due))
            break;
        s_place (self, self->heap[child], place);
        place = child;
    }
    s_place (self, due, place);
}

void
due_queue_put (due_queue_t *self, due_t *due, int64_t time)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? 2 * self->capacity : 16;
        self->heap = realloc (self->heap, self->capacity * sizeof *self->heap);
        assert (self->heap);
    }
    due->time = time;
    due->arrival = self->arrivals++;
    s_rise (self, due, self->count++);
}

void
due_queue_remove (due_queue_t *self, due_t *due)
{
    size_t place = due->place;
    assert (place < self->count && self->heap[place] == due);
    due_t *last = self->heap[--self->count];
    if (last == due)
        return;
    if (place && s_before (last, self->heap[(place - 1) / 2]))
        s_rise (self, last, place);
    else
        s_sink (self, last, place);
}

void *
due_queue_first (const due_queue_t *self)
{
    return self->count ? self->heap[0]->owner : NULL;
}

size_t
due_queue_size (const due_queue_t *self)
{
    return self->count;
}

void *
due_queue_at (const due_queue_t *self, size_t index)
{
    assert (index < self->count);
    return self->heap[index]->owner;
}
