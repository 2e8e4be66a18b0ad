//  SPDX-License-Identifier: GPL-2.0-or-later
//  grammar - the select language; query/GRAMMAR.md is its manual. The actions hold no logic: they
//  hand places in the text to parse.c.
%require "3.8"
%define api.prefix {grammar_}
%define api.token.prefix {TOKEN_}
%define api.pure full
%define api.location.type {span_t}
%define api.value.type {value_t}
%define parse.error custom
%define parse.lac full
%param {parse_t *parse}

%code requires {
#include "query/parse.h"

typedef union {
    instant_t instant;
    int64_t seconds;
    bool descending;
} value_t;
}

%code {
#include "query/syntax_error.h"

//  An action failed and has said why.
#define TRY(call)                                                                                  \
    do {                                                                                           \
        if ((call) == -1)                                                                          \
            YYABORT;                                                                               \
    } while (0)

#define YYLLOC_DEFAULT(Current, Rhs, N)                                                            \
    ((Current) = (N) ? (span_t){YYRHSLOC (Rhs, 1).start, YYRHSLOC (Rhs, N).end}                    \
                     : (span_t){YYRHSLOC (Rhs, 0).end, YYRHSLOC (Rhs, 0).end})

static int grammar_lex (value_t *value, span_t *location, parse_t *parse);
static void grammar_error (const span_t *location, parse_t *parse, const char *text);
}

%token END 0    "the end of the statement"
%token SELECT   "select"
%token FROM     "from"
%token AS       "as"
%token WHERE    "where"
%token OVER     "over"
%token SINCE    "since"
%token UNTIL    "until"
%token EVERY    "every"
%token BY       "by"
%token ORDER    "order"
%token LIMIT    "limit"
%token ASC      "asc"
%token DESC     "desc"
%token SHOW     "show"
%token EXPLAIN  "explain"
%token WORD     "a word"
%token NUMBER   "a number"
%token DURATION "a duration"
%token STRING   "a quoted text"
%token COMMA    ","
%token EQUALS   "="
%token SEMICOLON ";"

%type <instant> instant
%type <seconds> length
%type <descending> direction

%%

text:
  statement semicolons
;

semicolons:
  %empty
| semicolons SEMICOLON
;

statement:
  select
| EXPLAIN select            { parse->statement->explain = true; }
| SHOW WORD                 { TRY (parse_show (parse, @2)); }
;

select:
  SELECT expressions FROM nodes clauses
;

expressions:
  expression
| expressions COMMA expression
;

expression:
  WORD                      { TRY (parse_expression (parse, @1, NULL)); }
| WORD AS name              { TRY (parse_expression (parse, @1, &@3)); }
;

name:
  WORD
| STRING
;

nodes:
  node                      { TRY (parse_node (parse, @1)); }
| nodes COMMA node          { TRY (parse_node (parse, @3)); }
;

node:
  WORD
| NUMBER
| DURATION
| STRING
;

clauses:
  %empty
| clauses clause
;

clause:
  WHERE WORD EQUALS value   { TRY (parse_clause (parse, CLAUSE_WHERE, @1));
                              TRY (parse_condition (parse, @2)); }
| OVER length               { TRY (parse_clause (parse, CLAUSE_OVER, @1));
                              parse->statement->has_over = true;
                              parse->statement->over_s = $2; }
| SINCE instant             { TRY (parse_clause (parse, CLAUSE_SINCE, @1));
                              parse->statement->has_since = true;
                              parse->statement->since_wall_s = $2.seconds;
                              parse->statement->since_is_ago = $2.is_ago; }
| UNTIL instant             { TRY (parse_clause (parse, CLAUSE_UNTIL, @1));
                              parse->statement->has_until = true;
                              parse->statement->until_wall_s = $2.seconds;
                              parse->statement->until_is_ago = $2.is_ago; }
| EVERY length              { TRY (parse_clause (parse, CLAUSE_EVERY, @1));
                              parse->statement->every_s = $2; }
| BY WORD                   { TRY (parse_clause (parse, CLAUSE_BY, @1));
                              TRY (parse_grouping (parse, @2)); }
| ORDER BY name direction   { TRY (parse_clause (parse, CLAUSE_ORDER, @1));
                              TRY (parse_order (parse, @3, $4)); }
| LIMIT NUMBER              { TRY (parse_clause (parse, CLAUSE_LIMIT, @1));
                              TRY (parse_limit (parse, @2)); }
;

value:
  WORD
| NUMBER
| DURATION
| STRING
;

length:
  NUMBER                    { TRY (parse_duration (parse, @1, &$$)); }
| DURATION                  { TRY (parse_duration (parse, @1, &$$)); }
;

instant:
  DURATION                  { $$.is_ago = true; TRY (parse_duration (parse, @1, &$$.seconds)); }
| NUMBER                    { $$.is_ago = false; TRY (parse_unix_time (parse, @1, &$$.seconds)); }
| STRING                    { $$.is_ago = false; TRY (parse_wall_time (parse, @1, &$$.seconds)); }
;

direction:
  %empty                    { $$ = false; }
| ASC                       { $$ = false; }
| DESC                      { $$ = true; }
;

%%

static int
grammar_lex (value_t *value, span_t *location, parse_t *parse)
{
    (void) value;
    return parse_next_token (parse, location);
}

//  Only memory can fail here: what is wrong with the text is reported below.
static void
grammar_error (const span_t *location, parse_t *parse, const char *text)
{
    parse_fail (parse, ERROR_SYNTAX, *location, "the statement cannot be read: %s", text);
}

static int
yyreport_syntax_error (const yypcontext_t *context, parse_t *parse)
{
    yysymbol_kind_t expected[YYNTOKENS];
    int count = yypcontext_expected_tokens (context, expected, YYNTOKENS);
    syntax_error_t error;
    syntax_error_init (&error, parse, *yypcontext_location (context));
    for (int i = 0; i < count; i++)
        syntax_error_expect (&error, yysymbol_name (expected[i]));
    syntax_error_finish (&error);
    return 0;
}
