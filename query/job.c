//  SPDX-License-Identifier: GPL-2.0-or-later
//  job - see job.h.
#include "query/job.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>
#include "query/service.h"

static int64_t
s_clock_ns (clockid_t clock)
{
    struct timespec now;
    clock_gettime (clock, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

job_t *
job_new (const answerer_t *answerer, const peer_t *peer, const message_t *message,
         query_error_t *error)
{
    job_t *self = calloc (1, sizeof *self);
    assert (self);
    self->peer = *peer;
    self->id = message->id;
    self->timeout_ms = message->timeout_ms;
    if (self->timeout_ms == 0 || self->timeout_ms > SERVICE_MAX_TIMEOUT_MS)
        self->timeout_ms = SERVICE_MAX_TIMEOUT_MS;
    self->begun_mono_ns = s_clock_ns (CLOCK_MONOTONIC);
    self->statement = statement_parse (message->statement, message->statement_size, error);
    if (self->statement)
        self->answer = answer_new (answerer, self->statement, message->form,
                                   s_clock_ns (CLOCK_REALTIME), error);
    if (!self->answer)
        job_destroy (&self);
    return self;
}

void
job_destroy (job_t **self_p)
{
    job_t *self = *self_p;
    if (!self)
        return;
    answer_destroy (&self->answer);
    statement_destroy (&self->statement);
    free (self);
    *self_p = NULL;
}

int
job_step (job_t *self, query_error_t *error)
{
    int64_t age_ns = s_clock_ns (CLOCK_MONOTONIC) - self->begun_mono_ns;
    if (age_ns <= self->timeout_ms * 1000000LL)
        return answer_step (self->answer, error);
    query_error_set (error, ERROR_BUSY, -1, "the answer was not ready within %u ms",
                     self->timeout_ms);
    query_error_hint (error, "ask for a shorter window or fewer nodes, or wait longer (--timeout)");
    return -1;
}
