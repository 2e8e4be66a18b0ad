//  SPDX-License-Identifier: GPL-2.0-or-later
//  show_store - what a store says in show nodes and show gaps: which seconds it has, and which it
//  lacks. The same in worker and broker.
#ifndef QUERY_SHOW_STORE_H
#define QUERY_SHOW_STORE_H

#include "query/show.h"

//  Where the account of a node's seconds ends now: that of a select, the newest second that closed
//  at least 500 ms ago.
int64_t show_until_wall_s (int64_t now_wall_ns);

//  Fill in the node's seconds and its frames held, lost and missing. A node that the store does not
//  know is left as it is. Returns 0, or -1 when the store could not be read.
int show_node_set_store (show_node_t *self, store_t *store, int64_t until_wall_s);

//  Add the gaps of a node to a table of show gaps, and before them its losses that lie in none: at
//  most STORE_GAPS_MAX of either, the newest. Returns as above.
int show_gaps_add_node (table_t *self, store_t *store, const char *node, int64_t until_wall_s);

#endif
