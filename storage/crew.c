//  SPDX-License-Identifier: GPL-2.0-or-later
//  crew - see crew.h.
#include "storage/crew.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

struct crew_t {
    pthread_mutex_t sharing; //  Held through a piece of work; taken before mutex
    pthread_mutex_t mutex;   //  Guards all below
    pthread_cond_t begun, done;
    void (*work) (void *context, size_t index);
    void *context;
    size_t count;
    size_t taken;      //  Items that somebody does or has done
    size_t unfinished; //  Items that are not done
    bool stops;
    unsigned helpers;
    pthread_t threads[CREW_HELPERS_MAX];
};

//  Do items as long as there are any; the mutex is held before and afterwards.
static void
s_work (crew_t *self)
{
    while (self->taken < self->count) {
        size_t index = self->taken++;
        pthread_mutex_unlock (&self->mutex);
        self->work (self->context, index);
        pthread_mutex_lock (&self->mutex);
        if (--self->unfinished == 0)
            pthread_cond_signal (&self->done);
    }
}

static void *
s_main (void *argument)
{
    crew_t *self = argument;
    pthread_mutex_lock (&self->mutex);
    while (!self->stops) {
        s_work (self);
        if (!self->stops)
            pthread_cond_wait (&self->begun, &self->mutex);
    }
    pthread_mutex_unlock (&self->mutex);
    return NULL;
}

unsigned
crew_helpers (void)
{
    long processors = sysconf (_SC_NPROCESSORS_ONLN);
    if (processors < 2)
        return 0;
    return processors - 1 < CREW_HELPERS_MAX ? (unsigned) processors - 1 : CREW_HELPERS_MAX;
}

//  Signals are the main thread's.
crew_t *
crew_new (unsigned helpers, const char *name)
{
    sigset_t all, before;
    crew_t *self = calloc (1, sizeof *self);
    assert (self && helpers <= CREW_HELPERS_MAX);
    pthread_mutex_init (&self->sharing, NULL);
    pthread_mutex_init (&self->mutex, NULL);
    pthread_cond_init (&self->begun, NULL);
    pthread_cond_init (&self->done, NULL);
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &before);
    for (; self->helpers < helpers; self->helpers++) {
        if (pthread_create (&self->threads[self->helpers], NULL, s_main, self))
            break;
        pthread_setname_np (self->threads[self->helpers], name);
    }
    pthread_sigmask (SIG_SETMASK, &before, NULL);
    return self;
}

void
crew_destroy (crew_t **self_p)
{
    crew_t *self = *self_p;
    if (!self)
        return;
    pthread_mutex_lock (&self->mutex);
    self->stops = true;
    pthread_cond_broadcast (&self->begun);
    pthread_mutex_unlock (&self->mutex);
    for (unsigned i = 0; i < self->helpers; i++)
        pthread_join (self->threads[i], NULL);
    pthread_cond_destroy (&self->begun);
    pthread_cond_destroy (&self->done);
    pthread_mutex_destroy (&self->mutex);
    pthread_mutex_destroy (&self->sharing);
    free (self);
    *self_p = NULL;
}

//  Who comes late, once all items are taken, is not waited for.
void
crew_share (crew_t *self, void (*work) (void *context, size_t index), void *context, size_t count)
{
    pthread_mutex_lock (&self->sharing);
    pthread_mutex_lock (&self->mutex);
    self->work = work;
    self->context = context;
    self->count = self->unfinished = count;
    self->taken = 0;
    if (count > 1)
        pthread_cond_broadcast (&self->begun);
    s_work (self);
    while (self->unfinished > 0)
        pthread_cond_wait (&self->done, &self->mutex);
    pthread_mutex_unlock (&self->mutex);
    pthread_mutex_unlock (&self->sharing);
}
