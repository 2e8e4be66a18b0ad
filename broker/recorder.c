//  SPDX-License-Identifier: GPL-2.0-or-later
//  recorder - see recorder.h.
#include "broker/recorder.h"
#include "broker/queue.h"
#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MS 500

//  A frame in the queue: everything in one allocation.
typedef struct {
    store_record_t record; //  node and data point into this item
    char node[NODE_NAME_MAX + 1];
    uint8_t data[];
} item_t;

struct recorder_t {
    recorder_ops_t ops;
    queue_t *queue;
    pthread_t thread;
    atomic_ulong written, batches, failures;
    atomic_bool failing;
    //  The recorder's thread only: the batch in hand.
    item_t *items[RECORDER_BATCH];
    size_t count;
    store_record_t records[RECORDER_BATCH];
    store_verdict_t verdicts[RECORDER_BATCH];
};

int
recorder_submit (recorder_t *self, const store_record_t *record)
{
    size_t bytes = sizeof (item_t) + record->size;
    item_t *item = malloc (bytes);
    assert (item);
    item->record = *record;
    strncpy (item->node, record->node, NODE_NAME_MAX);
    item->node[NODE_NAME_MAX] = 0;
    memcpy (item->data, record->data, record->size);
    item->record.node = item->node;
    item->record.data = item->data;
    int rc = queue_push (self->queue, item, bytes);
    if (rc == -1)
        free (item);
    return rc;
}

static void
s_take_batch (recorder_t *self)
{
    self->count = queue_pop (self->queue, (void **) self->items, RECORDER_BATCH);
    for (size_t i = 0; i < self->count; i++)
        self->records[i] = self->items[i]->record;
}

static void
s_set_failing (recorder_t *self, bool failing)
{
    if (atomic_exchange (&self->failing, failing) != failing)
        self->ops.failing (self->ops.context, failing);
}

static void
s_drop_batch (recorder_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        free (self->items[i]);
    self->count = 0;
}

//  Returns 0, or -1 where the store did not take the batch in hand, which is kept.
static int
s_write_batch (recorder_t *self)
{
    recorder_ops_t *ops = &self->ops;
    int rc = ops->append (ops->context, self->records, self->count, self->verdicts);
    s_set_failing (self, rc == -1);
    if (rc == -1) {
        atomic_fetch_add (&self->failures, 1);
        return -1;
    }
    atomic_fetch_add (&self->written, self->count);
    atomic_fetch_add (&self->batches, 1);
    for (size_t i = 0; i < self->count; i++)
        ops->tell (ops->context, &self->records[i], self->verdicts[i]);
    s_drop_batch (self);
    return 0;
}

//  Wait for frames, or, with a batch that could not be written, for the time to try again.
static void
s_wait (const recorder_t *self)
{
    struct pollfd item = {.fd = queue_fd (self->queue), .events = POLLIN};
    if (self->count)
        poll (NULL, 0, RETRY_MS);
    else
        poll (&item, 1, -1);
}

//  Returns 0, or -1 when there is nothing to do before waiting.
static int
s_step (recorder_t *self)
{
    if (self->count == 0)
        s_take_batch (self);
    if (self->count == 0)
        return -1;
    return s_write_batch (self);
}

static void *
s_main (void *argument)
{
    recorder_t *self = argument;
    for (;;) {
        if (s_step (self) == 0)
            continue;
        if (queue_is_closed (self->queue))
            return NULL;
        s_wait (self);
    }
}

recorder_t *
recorder_new (const recorder_ops_t *ops)
{
    recorder_t *self = calloc (1, sizeof *self);
    assert (self);
    self->ops = *ops;
    self->queue = queue_new (RECORDER_MAX_FRAMES, RECORDER_MAX_BYTES);
    int rc = pthread_create (&self->thread, NULL, s_main, self);
    assert (rc == 0);
    return self;
}

void
recorder_destroy (recorder_t **self_p)
{
    recorder_t *self = *self_p;
    if (!self)
        return;
    queue_close (self->queue);
    pthread_join (self->thread, NULL);
    s_drop_batch (self);
    queue_destroy (&self->queue);
    free (self);
    *self_p = NULL;
}

void
recorder_stats (recorder_t *self, recorder_stats_t *stats)
{
    queue_stats_t queue;
    queue_stats (self->queue, &queue);
    *stats = (recorder_stats_t){.queued_frames = queue.items,
                                .queued_bytes = queue.bytes,
                                .refused = queue.refused,
                                .written = atomic_load (&self->written),
                                .batches = atomic_load (&self->batches),
                                .failures = atomic_load (&self->failures),
                                .failing = atomic_load (&self->failing)};
}

bool
recorder_has_room (recorder_t *self)
{
    queue_stats_t queue;
    queue_stats (self->queue, &queue);
    return !atomic_load (&self->failing) && queue.items < RECORDER_MAX_FRAMES / 2 &&
           queue.bytes < RECORDER_MAX_BYTES / 2;
}
