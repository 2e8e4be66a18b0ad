//  SPDX-License-Identifier: GPL-2.0-or-later
//  statement - one statement of the select language, parsed. Pure: no clock, no sockets.
//  The grammar is query/GRAMMAR.md.
#ifndef QUERY_STATEMENT_H
#define QUERY_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "query/expression.h"
#include "query/query_error.h"
#include "schema/message.h"
#include "schema/metric.h"

typedef enum {
    STATEMENT_SELECT,
    STATEMENT_SHOW_NODES,
    STATEMENT_SHOW_METRICS,
    STATEMENT_SHOW_GAPS,
    STATEMENT_SHOW_STATS
} statement_kind_t;

#define STATEMENT_MAX_EXPRESSIONS 64
#define STATEMENT_MAX_NODES       4096
#define STATEMENT_MAX_GLOBS       64
#define STATEMENT_DEFAULT_OVER_S  60

typedef enum { BY_NODE, BY_ALL } grouping_t;

typedef struct {
    statement_kind_t kind;
    expression_t expressions[STATEMENT_MAX_EXPRESSIONS];
    size_t expression_count;
    char (*nodes)[NODE_NAME_MAX + 1]; //  Names and globs (*, web*) in the order written
    int32_t *node_positions;          //  Byte in the text at which each was written
    size_t node_count;
    bool has_over, has_since, has_until;
    int64_t over_s;
    int64_t since_wall_s; //  Absolute, or "ago" when since_is_ago
    int64_t until_wall_s;
    bool since_is_ago, until_is_ago; //  since_wall_s / until_wall_s is how many seconds ago
    int64_t every_s;                 //  0: one row for the whole window
    grouping_t by;
    char order_by[COLUMN_NAME_MAX + 1]; //  A column of the answer, or ""
    //  Or an expression that is not selected, whose column is then not shown.
    bool orders_by_other;
    expression_t order_expression;
    bool descending;
    int64_t limit; //  -1: none
    bool explain;
} statement_t;

//  Parse text of size bytes (no terminator needed, any bytes). Returns NULL and fills error.
statement_t *statement_parse (const char *text, size_t size, query_error_t *error);
void statement_destroy (statement_t **self_p);

//  Fix the window [since, until) on whole seconds: default the last 60 s, ending at the newest
//  second that closed at least 500 ms before now. "Ago" counts back from that newest second too,
//  so that since 10m is 600 s. Returns 0, or -1 and fills error (an empty window, say).
int statement_window (const statement_t *self, int64_t now_wall_ns, int64_t *since_wall_s,
                      int64_t *until_wall_s, query_error_t *error);

//  The expressions that are computed: those selected and, last, the one that only orders.
size_t statement_computed (const statement_t *self);
const expression_t *statement_expression (const statement_t *self, size_t index);

//  The metrics that these need.
metric_set_t statement_metrics (const statement_t *self);

//  Print it as text that parses to the same statement, with the window pinned to [since, until)
//  and only the given nodes (nodes NULL: its own). Caller frees. This is how a client asks each
//  worker for its own part of one statement.
char *statement_print (const statement_t *self, const char *const *nodes, size_t node_count,
                       int64_t since_wall_s, int64_t until_wall_s);

//  True where the name matches the pattern: itself, or a glob with * (any characters, also none)
//  and ? (any one).
bool node_matches (const char *pattern, const char *name);
//  True for a pattern with * or ?.
bool node_is_glob (const char *pattern);

#endif
