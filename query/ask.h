//  SPDX-License-Identifier: GPL-2.0-or-later
//  ask - the asking side of service: one DEALER to one endpoint. Not safe for two threads.
#ifndef QUERY_ASK_H
#define QUERY_ASK_H

#include <czmq.h>
#include "query/statement.h"
#include "schema/partial.h"
#include "schema/table.h"

typedef struct asker_t asker_t;

//  Connect to endpoint. Returns NULL where the endpoint is not an address; whether somebody
//  answers there shows with the first question.
asker_t *asker_new (const char *endpoint);
void asker_destroy (asker_t **self_p);

//  Its socket, for who watches its connection; self's.
zsock_t *asker_socket (const asker_t *self);

//  Send a statement. Returns its id, or 0 where it was not sent: longer than STATEMENT_MAX_BYTES,
//  or a thousand statements wait for an endpoint where nobody answers.
uint64_t asker_send (asker_t *self, answer_form_t form, const char *statement, size_t size,
                     uint32_t timeout_ms);

typedef enum {
    REPLY_TABLE,    //  table is set
    REPLY_PARTIALS, //  partials are set
    REPLY_ERROR,    //  error is set
    REPLY_NONE      //  Nobody answered within the time
} reply_kind_t;

typedef struct {
    reply_kind_t kind;
    table_t *table;
    partial_t *partials;
    size_t partial_count;
    int64_t since_wall_s, until_wall_s; //  Window of a select
    query_error_t error;
} reply_t;

//  Wait for the reply to id, at most timeout_ms; replies to other ids are dropped. A malformed
//  reply, or one beyond the limits of query/limits.h, is REPLY_ERROR. Returns 0, or -1 when
//  interrupted by stop_fd becoming readable (-1: none). The caller empties reply with reply_fini.
int asker_receive (asker_t *self, uint64_t id, int timeout_ms, int stop_fd, reply_t *reply);
void reply_fini (reply_t *self);

#endif
