//  SPDX-License-Identifier: GPL-2.0-or-later
//  due_queue - things ordered by when they are due: a binary heap whose items know their place,
//  so that any of them can be removed. Not safe for two threads.
#ifndef STORAGE_DUE_QUEUE_H
#define STORAGE_DUE_QUEUE_H

#include <stddef.h>
#include <stdint.h>

//  A member of the thing that waits. Treat as opaque.
typedef struct {
    void *owner;      //  The thing
    int64_t time;     //  When it is due
    uint64_t arrival; //  Order among those due at the same time
    size_t place;     //  Index in the heap
} due_t;

void due_init (due_t *self, void *owner);
//  When it is due, as given to due_queue_put.
int64_t due_time (const due_t *self);

typedef struct due_queue_t due_queue_t;

due_queue_t *due_queue_new (void);
//  The things themselves are the caller's.
void due_queue_destroy (due_queue_t **self_p);
void due_queue_put (due_queue_t *self, due_t *due, int64_t time);
//  Remove; it must be in this queue.
void due_queue_remove (due_queue_t *self, due_t *due);
//  Owner of the one due first, or NULL.
void *due_queue_first (const due_queue_t *self);
size_t due_queue_size (const due_queue_t *self);
//  Owner of any one, by index below the size; their order is not that of time.
void *due_queue_at (const due_queue_t *self, size_t index);

#endif
