//  SPDX-License-Identifier: GPL-2.0-or-later
//  session - asks statements and prints their answers: data on standard output, all else on
//  standard error. Knows whom to ask: a coordinator, the workers it is told, or, where neither is
//  told and no coordinator is there, the workers it finds on this machine (and says so). Where the
//  coordinator goes away and comes back it is connected to again. Not safe for two threads.
#ifndef SUBSCRIBER_SESSION_H
#define SUBSCRIBER_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include "subscriber/output.h"
#include "subscriber/workers.h"

typedef struct {
    const char *endpoint;    //  The coordinator's
    bool endpoint_is_chosen; //  By the user: then no workers are looked for
    int timeout_ms;          //  For one answer
    bool strict;             //  A worker that does not answer, or a row without any frame of its
                             //  window, makes the statement fail
} session_options_t;

typedef struct session_t session_t;

//  options and output must outlive self. workers are the ones to ask instead of a coordinator, and
//  become self's; NULL: none are told. stop_fd, when readable, ends waiting.
session_t *session_new (const session_options_t *options, workers_t **workers, output_t *output,
                        int stop_fd);
void session_destroy (session_t **self_p);

//  Find out whom to ask, and say so where that is not the coordinator. Returns EXIT_DONE, or
//  EXIT_CANNOT_CONNECT and says where nobody was found and what to do.
int session_connect (session_t *self);

//  Ask a statement and print the answer. Returns EXIT_DONE, EXIT_FAILED (the statement is wrong,
//  the answer could not be made or written, or it was interrupted) or EXIT_CANNOT_CONNECT.
int session_ask (session_t *self, const char *text, size_t size);

//  The same without printing the answer, reply's table, which is there where EXIT_DONE is returned.
//  The caller empties reply with reply_fini.
int session_fetch (session_t *self, const char *text, size_t size, reply_t *reply);

//  How long the answer to the last statement took, without printing it.
int64_t session_elapsed_us (const session_t *self);

//  Whom it asks: the workers, borrowed; NULL where that is a coordinator, or not known yet.
const workers_t *session_workers (const session_t *self);
const char *session_endpoint (const session_t *self);
//  The same for people.
void session_print_connection (const session_t *self, FILE *out);

#endif
