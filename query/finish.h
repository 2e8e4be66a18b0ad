//  SPDX-License-Identifier: GPL-2.0-or-later
//  finish - from the partials of any number of nodes to the rows of a select's answer. Pure, and
//  the same in client and broker, so that a client can join several workers exactly.
//
//  The table has a column "node", with every "time" (start of the step, unix seconds), one per
//  expression, "frames" and "expected" (seconds present and asked for), and, only where a frame
//  was not measured on a kernel, "source", which then says "synthetic"; only where a node measured
//  different things within a row (a process first, then all), "scope", which says "several"; and
//  only where somebody who was asked did not answer, "status", which says so.
//
//  by all adds everything up and has one row a step, whose node is "all"; its seconds are
//  node-seconds, so that averages and rates stay those of one node.
#ifndef QUERY_FINISH_H
#define QUERY_FINISH_H

#include "query/statement.h"
#include "schema/partial.h"
#include "schema/table.h"

//  What one answer may hold while it is made.
#define FINISH_MAX_BYTES (32u << 20)

typedef struct finish_t finish_t;

//  Begin the answer of a select, which must outlive self.
finish_t *finish_new (const statement_t *statement);
void finish_destroy (finish_t **self_p);

//  Add one node's partial of one step, in the order of the rows; each once. Returns 0, or -1 and
//  fills error: the answer grows too large, or by all would mix scopes.
int finish_add (finish_t *self, const partial_t *partial, query_error_t *error);

//  Make the table, once: rows as they were added, then as order by and limit want them. Caller
//  destroys.
table_t *finish_table (finish_t *self);

//  All of it at once. partials are in any order; rows come in the order the statement names the
//  nodes (what a pattern matches: by name; each node once), then by time. Where a node's step
//  came twice, from two brokers say, the one that covers more counts. Returns NULL and fills
//  error as finish_add.
table_t *finish_select (const statement_t *statement, const partial_t *partials, size_t count,
                        query_error_t *error);

//  The table of show metrics: name, short name, kind, unit, meaning.
table_t *finish_show_metrics (void);

#endif
