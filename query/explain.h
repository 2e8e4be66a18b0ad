//  SPDX-License-Identifier: GPL-2.0-or-later
//  explain - the table of explain select: from which levels of the store, and from how many records
//  of each, the answer would be made. Columns: node, level (days, hours, minutes, or seconds, the
//  frames themselves), records, steps (of every). A node of which there is nothing has one row,
//  whose level is null.
#ifndef QUERY_EXPLAIN_H
#define QUERY_EXPLAIN_H

#include "schema/table.h"
#include "storage/store.h"

typedef struct explain_t explain_t;

explain_t *explain_new (void);
void explain_destroy (explain_t **self_p);

//  Add what a step of a node is read from; the steps of a node come one after another.
void explain_add (explain_t *self, const char *node, const store_plan_t *plan);

//  Make the table, once. Caller destroys.
table_t *explain_table (explain_t *self);

#endif
