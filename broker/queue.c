//  SPDX-License-Identifier: GPL-2.0-or-later
//  queue - see queue.h. A ring under a mutex; an eventfd says whether it holds anything.
#include "broker/queue.h"
#include <assert.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct {
    void *item;
    size_t bytes;
} slot_t;

struct queue_t {
    pthread_mutex_t lock; //  Guards all but fd and the limits
    slot_t *slots;        //  Ring of max_items
    size_t max_items;
    size_t max_bytes;
    size_t first; //  Oldest item's slot
    size_t count; //  Queued
    size_t bytes; //  Their weight
    size_t refused;
    bool closed;
    int fd; //  eventfd: readable when count > 0 or closed
};

queue_t *
queue_new (size_t max_items, size_t max_bytes)
{
    queue_t *self = calloc (1, sizeof *self);
    assert (self);
    self->slots = calloc (max_items, sizeof *self->slots);
    self->fd = eventfd (0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert (self->slots && self->fd >= 0);
    self->max_items = max_items;
    self->max_bytes = max_bytes;
    pthread_mutex_init (&self->lock, NULL);
    return self;
}

void
queue_destroy (queue_t **self_p)
{
    queue_t *self = *self_p;
    if (!self)
        return;
    void *item;
    while (queue_pop (self, &item, 1) == 1)
        free (item);
    pthread_mutex_destroy (&self->lock);
    close (self->fd);
    free (self->slots);
    free (self);
    *self_p = NULL;
}

static void
s_make_readable (queue_t *self)
{
    ssize_t rc = write (self->fd, &(uint64_t){1}, sizeof (uint64_t));
    assert (rc == sizeof (uint64_t)); //  Raised only while it is 0: it cannot overflow
}

static void
s_make_unreadable (queue_t *self)
{
    uint64_t raised;
    ssize_t rc = read (self->fd, &raised, sizeof raised);
    assert (rc == sizeof raised);
}

static void
s_append (queue_t *self, void *item, size_t bytes)
{
    self->slots[(self->first + self->count) % self->max_items] = (slot_t){item, bytes};
    self->bytes += bytes;
    if (self->count++ == 0)
        s_make_readable (self);
}

int
queue_push (queue_t *self, void *item, size_t bytes)
{
    pthread_mutex_lock (&self->lock);
    bool fits =
        !self->closed && self->count < self->max_items && self->bytes + bytes <= self->max_bytes;
    if (fits)
        s_append (self, item, bytes);
    else
        self->refused++;
    pthread_mutex_unlock (&self->lock);
    return fits ? 0 : -1;
}

static void *
s_take_first (queue_t *self)
{
    slot_t slot = self->slots[self->first];
    self->first = (self->first + 1) % self->max_items;
    self->bytes -= slot.bytes;
    if (--self->count == 0 && !self->closed)
        s_make_unreadable (self);
    return slot.item;
}

size_t
queue_pop (queue_t *self, void **items, size_t max)
{
    size_t taken = 0;
    pthread_mutex_lock (&self->lock);
    while (taken < max && self->count > 0)
        items[taken++] = s_take_first (self);
    pthread_mutex_unlock (&self->lock);
    return taken;
}

void
queue_close (queue_t *self)
{
    pthread_mutex_lock (&self->lock);
    if (!self->closed && self->count == 0)
        s_make_readable (self);
    self->closed = true;
    pthread_mutex_unlock (&self->lock);
}

bool
queue_is_closed (queue_t *self)
{
    pthread_mutex_lock (&self->lock);
    bool closed = self->closed;
    pthread_mutex_unlock (&self->lock);
    return closed;
}

int
queue_fd (const queue_t *self)
{
    return self->fd;
}

void
queue_stats (queue_t *self, queue_stats_t *stats)
{
    pthread_mutex_lock (&self->lock);
    *stats = (queue_stats_t){.items = self->count, .bytes = self->bytes, .refused = self->refused};
    pthread_mutex_unlock (&self->lock);
}
