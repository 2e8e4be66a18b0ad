//  SPDX-License-Identifier: GPL-2.0-or-later
//  parse - what lexer.re, grammar.y and parse.c share while one statement is read. Private to them.
//
//  Tokens carry no values, only their place in the text; the actions of the grammar call the
//  parse_ functions with places. The first error wins and ends the parse; what the grammar knows
//  but kpulse does not record yet is reported when the rest has turned out well-formed.
#ifndef QUERY_PARSE_H
#define QUERY_PARSE_H

#include "query/completion.h"
#include "query/statement.h"

//  Bytes [start, end) of the text.
typedef struct {
    int32_t start, end;
} span_t;

//  A point in time: unix seconds, or seconds before the newest second.
typedef struct {
    int64_t seconds;
    bool is_ago;
} instant_t;

typedef enum {
    CLAUSE_WHERE,
    CLAUSE_OVER,
    CLAUSE_SINCE,
    CLAUSE_UNTIL,
    CLAUSE_EVERY,
    CLAUSE_BY,
    CLAUSE_ORDER,
    CLAUSE_LIMIT,
    CLAUSE_COUNT_
} clause_t;

typedef struct {
    const char *text;              //  The statement, terminated by a NUL of our own
    int32_t size;                  //  Its bytes without that
    int32_t cursor;                //  Where the lexer goes on
    int32_t end;                   //  Where the last token but blanks ended
    const char *keyword;           //  Keyword before the token read last: says what it may mean
    const char *next_keyword;      //  The same for the token to come
    const char *list;              //  Keyword of the list that a comma goes on with
    statement_t *statement;        //  What comes of it
    span_t clauses[CLAUSE_COUNT_]; //  Where each clause was given; end 0: not given
    span_t order;                  //  The column that order by names; end 0: none
    size_t globs;                  //  Node patterns with * or ?
    span_t unrecorded;             //  What asks for more than is recorded; end 0: nothing
    query_error_t *error;
    bool failed;              //  error is filled
    completion_t *completion; //  Who wants to know what may stand at the end; NULL: nobody
} parse_t;

//  Read the whole text (text, size, statement, error and completion are set, all else is 0).
//  Returns with failed set where it is no statement.
void parse_run (parse_t *self);

//  A copy with a NUL behind it. Caller frees.
char *parse_copy_text (const char *text, size_t size);

//  Take the next token: a TOKEN_ of grammar.h, whose place is stored. (lexer.re)
int parse_next_token (parse_t *self, span_t *span);
//  True for text that reads as one word where a name may stand, so that it needs no quotes.
bool parse_is_plain_name (const char *text);

//  True where a symbol that the grammar expects is worth naming: not the beginning of a clause that
//  was given or that the others exclude, nor of one that is not recorded yet.
bool parse_offers (const parse_t *self, const char *symbol);

//  A symbol, under its name in the grammar, may stand at the end of the text. (completion.c)
void completion_expect (completion_t *self, const parse_t *parse, const char *symbol);

//  What the grammar's actions do. They return 0, or -1 with the error filled.
int parse_expression (parse_t *self, span_t expression, const span_t *name);
int parse_node (parse_t *self, span_t node);
int parse_clause (parse_t *self, clause_t clause, span_t keyword);
int parse_duration (parse_t *self, span_t text, int64_t *seconds);
int parse_unix_time (parse_t *self, span_t text, int64_t *seconds);
int parse_wall_time (parse_t *self, span_t text, int64_t *seconds);
int parse_order (parse_t *self, span_t column, bool descending);
int parse_limit (parse_t *self, span_t number);

//  Once all is read: find the column that order by names, by its own name or as the same expression
//  under its other name.
int parse_resolve_order (parse_t *self);

//  Copy a name, without the quotes where it has them (a doubled quote stands for one). Returns its
//  length, or -1 where it is longer than capacity - 1.
int parse_copy_name (const parse_t *self, span_t span, char *name, size_t capacity);

//  Fill the error, at a place. Keeps an earlier one. Returns -1.
int parse_fail (parse_t *self, error_code_t code, span_t span, const char *format, ...)
    __attribute__ ((format (printf, 4, 5)));

#endif
