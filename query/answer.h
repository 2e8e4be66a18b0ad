//  SPDX-License-Identifier: GPL-2.0-or-later
//  answer - one statement being answered from a store, a bounded slice of work at a time, so that
//  a long one delays nobody. Not safe for two threads.
#ifndef QUERY_ANSWER_H
#define QUERY_ANSWER_H

#include "query/statement.h"
#include "schema/message.h"
#include "schema/table.h"
#include "storage/store.h"

//  Who answers: its store, and what only it knows.
typedef struct {
    store_t *store;
    //  Fill *table (new, caller destroys) for SHOW_NODES, SHOW_GAPS or SHOW_STATS. Called on the
    //  service's thread. Returns 0, or -1 and fills error.
    int (*show) (void *context, statement_kind_t kind, table_t **table, query_error_t *error);
    //  True for a node that is expected though it may have no frame yet (a listed or announced
    //  one): selects give it a row without values instead of an error. NULL: those with frames.
    bool (*knows) (void *context, const char *node);
    void *context;
    //  Adds to show stats what its service counts; set by the service. NULL: nothing.
    void (*add_stats) (void *service, table_t *table);
    void *service;
} answerer_t;

typedef struct answer_t answer_t;

//  Begin to answer a statement at a time; both answerer and statement must outlive self. Fixes the
//  window and the nodes. Returns NULL and fills error: an unknown node, an empty window, more than
//  can be read, or what is not yet available.
answer_t *answer_new (const answerer_t *answerer, const statement_t *statement, answer_form_t form,
                      int64_t now_wall_ns, query_error_t *error);
void answer_destroy (answer_t **self_p);

//  Do one slice: one step of one node, or a few steps that are read together. Returns 1 while there
//  is more to do, 0 when the answer is complete, or -1 and fills error.
int answer_step (answer_t *self, query_error_t *error);

//  The window of a select; 0 and 0 for other statements.
void answer_window (const answer_t *self, int64_t *since_wall_s, int64_t *until_wall_s);

//  The form it has: statements other than select are always answered in rows.
answer_form_t answer_form (const answer_t *self);

//  The parts that follow the header (schema/message.h), once it is complete.
size_t answer_parts (const answer_t *self);
//  One part, borrowed. Stores its size in bytes.
const void *answer_part (const answer_t *self, size_t index, size_t *size);

#endif
