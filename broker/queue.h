//  SPDX-License-Identifier: GPL-2.0-or-later
//  queue - a bounded queue between threads, whose reader can wait on a file descriptor. What does
//  not fit is refused at once: the writer counts it and goes on.
//  Every function is safe from any thread.
#ifndef BROKER_QUEUE_H
#define BROKER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct queue_t queue_t;

//  A queue of at most max_items, weighing at most max_bytes together.
queue_t *queue_new (size_t max_items, size_t max_bytes);
//  Frees what is still queued.
void queue_destroy (queue_t **self_p);

//  Append an item that came from malloc and weighs bytes. Returns 0 and takes it over, or -1
//  where the queue is full or closed and the item stays the caller's.
int queue_push (queue_t *self, void *item, size_t bytes);

//  Take up to max items, oldest first, without waiting. Returns how many; the caller frees them.
size_t queue_pop (queue_t *self, void **items, size_t max);

//  No more pushes: wakes the reader for good. What is queued can still be taken.
void queue_close (queue_t *self);
bool queue_is_closed (queue_t *self);

//  Readable while there is something to take, and once the queue is closed. Not to be read.
int queue_fd (const queue_t *self);

typedef struct {
    size_t items, bytes; //  Queued now
    size_t refused;      //  Pushes that did not fit, ever
} queue_stats_t;

void queue_stats (queue_t *self, queue_stats_t *stats);

#endif
