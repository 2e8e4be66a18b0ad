//  SPDX-License-Identifier: GPL-2.0-or-later
//  recorder - see recorder.h. The queue is a row of bundles: the last one is being filled, the
//  first ones are written next, and where there is one only it is both.
#include "broker/recorder.h"
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RETRY_MS   500
#define SPARES_MAX RECORDER_BATCH_BUNDLES //  Empty bundles kept for the next ones

struct recorder_t {
    recorder_ops_t ops;
    pthread_t thread;
    atomic_ulong written, batches, failures;
    atomic_bool failing;
    pthread_mutex_t lock; //  Guards what follows
    pthread_cond_t due;   //  There is something to write, or it is time to end
    bundle_t *first, *last;
    bundle_t *spares;
    size_t spare_count;
    size_t frames, bytes; //  Queued
    uint64_t submitted, refused;
    bool flushed; //  What is queued is to be written now, though its bundle is not full
    bool closed;
    //  The recorder's thread only: the batch in hand.
    bundle_t *batch; //  A row of bundles; NULL: none
    size_t count;    //  Of its records, which are
    store_record_t records[RECORDER_BATCH_FRAMES];
    store_verdict_t verdicts[RECORDER_BATCH_FRAMES];
};

//  --- The queue: lock held --------------------------------------------------------------------

static void
s_append_bundle (recorder_t *self)
{
    bundle_t *bundle = self->spares;
    if (bundle) {
        self->spares = bundle->next;
        self->spare_count--;
        bundle->next = NULL;
    } else
        bundle = bundle_new ();
    if (self->last)
        self->last->next = bundle;
    else
        self->first = bundle;
    self->last = bundle;
}

static bundle_t *
s_take_bundle (recorder_t *self)
{
    bundle_t *bundle = self->first;
    self->first = bundle->next;
    if (!self->first) {
        self->last = NULL;
        self->flushed = false;
    }
    self->frames -= bundle->count;
    self->bytes -= bundle->bytes;
    return bundle;
}

static void
s_keep_or_free (recorder_t *self, bundle_t *bundle)
{
    if (self->spare_count == SPARES_MAX) {
        bundle_destroy (&bundle);
        return;
    }
    bundle_clear (bundle);
    bundle->next = self->spares;
    self->spares = bundle;
    self->spare_count++;
}

static bool
s_fits (const recorder_t *self, const store_record_t *record)
{
    return !self->closed && self->frames < RECORDER_MAX_FRAMES &&
           self->bytes + bundle_weight (record) <= RECORDER_MAX_BYTES;
}

static void
s_add (recorder_t *self, const store_record_t *record)
{
    if (!self->last || bundle_add (self->last, record) == -1) {
        if (self->first && self->first == self->last)
            pthread_cond_signal (&self->due); //  The first one is full now
        s_append_bundle (self);
        int rc = bundle_add (self->last, record);
        assert (rc == 0);
    }
    self->frames++;
    self->bytes += bundle_weight (record);
}

int
recorder_submit (recorder_t *self, const store_record_t *record)
{
    pthread_mutex_lock (&self->lock);
    bool fits = s_fits (self, record);
    if (fits)
        s_add (self, record);
    self->submitted += fits;
    self->refused += !fits;
    pthread_mutex_unlock (&self->lock);
    return fits ? 0 : -1;
}

uint64_t
recorder_submitted (recorder_t *self)
{
    pthread_mutex_lock (&self->lock);
    uint64_t submitted = self->submitted;
    pthread_mutex_unlock (&self->lock);
    return submitted;
}

uint64_t
recorder_settled (recorder_t *self)
{
    return atomic_load (&self->written);
}

void
recorder_flush (recorder_t *self)
{
    pthread_mutex_lock (&self->lock);
    if (self->first && !self->flushed) {
        self->flushed = true;
        pthread_cond_signal (&self->due);
    }
    pthread_mutex_unlock (&self->lock);
}

//  --- The thread ------------------------------------------------------------------------------

static void
s_set_failing (recorder_t *self, bool failing)
{
    if (atomic_exchange (&self->failing, failing) != failing)
        self->ops.failing (self->ops.context, failing);
}

static void
s_put_batch_away (recorder_t *self)
{
    pthread_mutex_lock (&self->lock);
    while (self->batch) {
        bundle_t *next = self->batch->next;
        s_keep_or_free (self, self->batch);
        self->batch = next;
    }
    pthread_mutex_unlock (&self->lock);
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
    s_put_batch_away (self);
    return 0;
}

static bool
s_is_due (const recorder_t *self)
{
    return self->first && (self->flushed || self->closed || self->first != self->last);
}

//  Lock held. The bundles that may be written now, as many as a batch has.
static bundle_t *
s_take_batch (recorder_t *self)
{
    bundle_t *batch = NULL, **end = &batch;
    for (unsigned i = 0; i < RECORDER_BATCH_BUNDLES && s_is_due (self); i++) {
        *end = s_take_bundle (self);
        end = &(*end)->next;
        *end = NULL;
    }
    return batch;
}

static void
s_list_records (recorder_t *self)
{
    self->count = 0;
    for (const bundle_t *bundle = self->batch; bundle; bundle = bundle->next) {
        memcpy (self->records + self->count, bundle->records,
                bundle->count * sizeof *bundle->records);
        self->count += bundle->count;
    }
}

//  Wait for a batch. Returns false when there will be none any more.
static bool
s_wait_for_batch (recorder_t *self)
{
    pthread_mutex_lock (&self->lock);
    while (!s_is_due (self) && !self->closed)
        pthread_cond_wait (&self->due, &self->lock);
    self->batch = s_take_batch (self);
    pthread_mutex_unlock (&self->lock);
    s_list_records (self);
    return self->batch != NULL;
}

//  With a batch that could not be written, wait for the time to try again. Returns false when it
//  is time to end.
static bool
s_wait_to_retry (recorder_t *self)
{
    struct timespec until;
    clock_gettime (CLOCK_MONOTONIC, &until);
    until.tv_nsec += RETRY_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock (&self->lock);
    int rc = 0;
    while (!self->closed && rc == 0)
        rc = pthread_cond_timedwait (&self->due, &self->lock, &until);
    bool goes_on = !self->closed;
    pthread_mutex_unlock (&self->lock);
    return goes_on;
}

//  Returns false where the recorder ends before the store takes the batch.
static bool
s_write_in_the_end (recorder_t *self)
{
    while (s_write_batch (self) == -1)
        if (!s_wait_to_retry (self))
            return s_write_batch (self) == 0;
    return true;
}

static void *
s_main (void *argument)
{
    recorder_t *self = argument;
    while (s_wait_for_batch (self) && s_write_in_the_end (self))
        ;
    return NULL;
}

//  --- Setting up ------------------------------------------------------------------------------

recorder_t *
recorder_new (const recorder_ops_t *ops)
{
    recorder_t *self = calloc (1, sizeof *self);
    assert (self);
    self->ops = *ops;
    pthread_condattr_t monotonic;
    pthread_condattr_init (&monotonic);
    pthread_condattr_setclock (&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init (&self->due, &monotonic);
    pthread_condattr_destroy (&monotonic);
    pthread_mutex_init (&self->lock, NULL);
    int rc = pthread_create (&self->thread, NULL, s_main, self);
    assert (rc == 0);
    pthread_setname_np (self->thread, "recorder");
    return self;
}

static void
s_destroy_row (bundle_t *bundle)
{
    while (bundle) {
        bundle_t *next = bundle->next;
        bundle_destroy (&bundle);
        bundle = next;
    }
}

void
recorder_destroy (recorder_t **self_p)
{
    recorder_t *self = *self_p;
    if (!self)
        return;
    pthread_mutex_lock (&self->lock);
    self->closed = true;
    pthread_cond_signal (&self->due);
    pthread_mutex_unlock (&self->lock);
    pthread_join (self->thread, NULL);
    s_destroy_row (self->batch);
    s_destroy_row (self->first);
    s_destroy_row (self->spares);
    pthread_cond_destroy (&self->due);
    pthread_mutex_destroy (&self->lock);
    free (self);
    *self_p = NULL;
}

void
recorder_stats (recorder_t *self, recorder_stats_t *stats)
{
    pthread_mutex_lock (&self->lock);
    *stats = (recorder_stats_t){.queued_frames = self->frames,
                                .queued_bytes = self->bytes,
                                .refused = self->refused,
                                .written = atomic_load (&self->written),
                                .batches = atomic_load (&self->batches),
                                .failures = atomic_load (&self->failures),
                                .failing = atomic_load (&self->failing)};
    pthread_mutex_unlock (&self->lock);
}

bool
recorder_has_room (recorder_t *self)
{
    pthread_mutex_lock (&self->lock);
    bool room = self->frames < RECORDER_MAX_FRAMES / 2 && self->bytes < RECORDER_MAX_BYTES / 2;
    pthread_mutex_unlock (&self->lock);
    return room && !atomic_load (&self->failing);
}
