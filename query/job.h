//  SPDX-License-Identifier: GPL-2.0-or-later
//  job - one statement of one asker while the service answers it. Private to the service, and used
//  on its thread.
#ifndef QUERY_JOB_H
#define QUERY_JOB_H

#include "query/answer.h"
#include "query/reply.h"

typedef struct {
    peer_t peer;
    uint64_t id;         //  The asker's
    uint32_t timeout_ms; //  The asker's, at most SERVICE_MAX_TIMEOUT_MS
    int64_t begun_mono_ns;
    statement_t *statement; //  Owned
    answer_t *answer;       //  Owned
} job_t;

//  Begin to answer an ASK; answerer must outlive the job. Returns NULL and fills error where the
//  statement is wrong.
job_t *job_new (const answerer_t *answerer, const peer_t *peer, const message_t *message,
                query_error_t *error);
void job_destroy (job_t **self_p);

//  Do one slice. Returns as answer_step; -1 also when the asker's time is up.
int job_step (job_t *self, query_error_t *error);

#endif
