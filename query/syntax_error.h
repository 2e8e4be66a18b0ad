//  SPDX-License-Identifier: GPL-2.0-or-later
//  syntax_error - from the grammar's view of a mistake (a token, the symbols that could stand
//  there) to one that people understand: expected things in words, and a guess. A plain value,
//  private to the parser.
#ifndef QUERY_SYNTAX_ERROR_H
#define QUERY_SYNTAX_ERROR_H

#include "query/nearest.h"
#include "query/parse.h"

typedef struct {
    parse_t *parse;
    span_t span;       //  The token that cannot stand there
    bool operand;      //  The clause's operand is expected, and named
    nearest_t nearest; //  Among the expected keywords
} syntax_error_t;

//  Begin: the token at span is unexpected.
void syntax_error_init (syntax_error_t *self, parse_t *parse, span_t span);
//  A symbol, under its name in the grammar, could stand there.
void syntax_error_expect (syntax_error_t *self, const char *symbol);
//  All symbols are known: add the hint.
void syntax_error_finish (syntax_error_t *self);

#endif
