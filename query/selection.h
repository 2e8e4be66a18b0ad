//  SPDX-License-Identifier: GPL-2.0-or-later
//  selection - the nodes and steps of one select, read from a store a few at a time, over the
//  machine's processors: a step of a node is a handful of reads, however long it is.
#ifndef QUERY_SELECTION_H
#define QUERY_SELECTION_H

#include "query/answer.h"
#include "schema/partial.h"

//  Steps of every within the window, all nodes together.
#define SELECTION_MAX_STEPS 100000

typedef struct selection_t selection_t;

//  Fix the window against now and resolve nodes and patterns against the store, in the order the
//  statement names them, each node once. answerer and statement must outlive self. Returns NULL
//  and fills error.
selection_t *selection_new (const answerer_t *answerer, const statement_t *statement,
                            int64_t now_wall_ns, query_error_t *error);
void selection_destroy (selection_t **self_p);

//  The window [since, until).
void selection_window (const selection_t *self, int64_t *since_wall_s, int64_t *until_wall_s);

//  Read the next step of a node; of an explained select only what it would be read from. Returns 1,
//  and in *partial its partial (borrowed until the next call); 0 when all are done; -1 and fills
//  error when the store could not be read.
int selection_step (selection_t *self, const partial_t **partial, query_error_t *error);

//  Of an explained select: what the partial finished last would be made from.
const store_plan_t *selection_plan (const selection_t *self);

#endif
