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

//  An action that failed has said why. Who only asks what may stand at the cursor reads on.
#define TRY(call)                                                                                  \
    do {                                                                                           \
        if ((call) == -1 && !parse->completion)                                                    \
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
//  Words that mean something only in one place, and are names elsewhere.
%token NODES    "nodes"
%token METRICS  "metrics"
%token GAPS     "gaps"
%token STATS    "stats"
%token NODE     "node"
%token ALL      "all"
%token PROCESS  "process"
%token PID      "pid"
%token COMM     "comm"
%token CGROUP   "cgroup"
%token WORD     "a word"
%token NUMBER   "a number"
%token DURATION "a duration"
%token STRING   "a quoted text"
%token COMMA    "','"
%token EQUALS   "'='"
%token SEMICOLON "';'"
%token CURSOR   "the cursor" //  Stands nowhere: where it comes, the grammar says what may

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
| SHOW NODES                { parse->statement->kind = STATEMENT_SHOW_NODES; }
| SHOW METRICS              { parse->statement->kind = STATEMENT_SHOW_METRICS; }
| SHOW GAPS                 { parse->statement->kind = STATEMENT_SHOW_GAPS; }
| SHOW STATS                { parse->statement->kind = STATEMENT_SHOW_STATS; }
;

select:
  SELECT expressions FROM nodes clauses
;

expressions:
  expression
| expressions COMMA expression
;

expression:
  word                      { TRY (parse_expression (parse, @1, NULL)); }
| word AS name              { TRY (parse_expression (parse, @1, &@3)); }
;

word:
  WORD
| NODES | METRICS | GAPS | STATS | NODE | ALL | PROCESS | PID | COMM | CGROUP
;

name:
  word
| STRING
;

nodes:
  node                      { TRY (parse_node (parse, @1)); }
| nodes COMMA node          { TRY (parse_node (parse, @3)); }
;

node:
  word
| NUMBER
| DURATION
| STRING
;

clauses:
  %empty
| clauses clause
;

clause:
  WHERE property EQUALS value { TRY (parse_clause (parse, CLAUSE_WHERE, @1));
                              parse->unrecorded = @2; }
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
| BY NODE                   { TRY (parse_clause (parse, CLAUSE_BY, @1)); }
| BY ALL                    { TRY (parse_clause (parse, CLAUSE_BY, @1));
                              parse->statement->by = BY_ALL; }
| BY unrecorded             { TRY (parse_clause (parse, CLAUSE_BY, @1));
                              parse->unrecorded = @2; }
| ORDER BY                  { TRY (parse_clause (parse, CLAUSE_ORDER, @1)); }
  name direction            { TRY (parse_order (parse, @4, $5)); }
| LIMIT NUMBER              { TRY (parse_clause (parse, CLAUSE_LIMIT, @1));
                              TRY (parse_limit (parse, @2)); }
;

property:
  PID | COMM | CGROUP
;

unrecorded:
  PROCESS | CGROUP
;

value:
  word
| NUMBER
| DURATION
| STRING
;

length:
  NUMBER                    { $$ = 0; TRY (parse_duration (parse, @1, &$$)); }
| DURATION                  { $$ = 0; TRY (parse_duration (parse, @1, &$$)); }
;

instant:
  DURATION                  { $$ = (instant_t){.is_ago = true};
                              TRY (parse_duration (parse, @1, &$$.seconds)); }
| NUMBER                    { $$ = (instant_t){0};
                              TRY (parse_unix_time (parse, @1, &$$.seconds)); }
| STRING                    { $$ = (instant_t){0};
                              TRY (parse_wall_time (parse, @1, &$$.seconds)); }
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

static bool
s_is_name (yysymbol_kind_t kind)
{
    return kind >= YYSYMBOL_NODES && kind <= YYSYMBOL_CGROUP;
}

static bool
s_is_end (yysymbol_kind_t kind)
{
    return kind == YYSYMBOL_YYEOF || kind == YYSYMBOL_SEMICOLON;
}

//  The symbols that may stand there; where any word may, those that are words there go unnamed, and
//  where anything else may, the end.
static int
s_expected (const yypcontext_t *context, const char *names[YYNTOKENS])
{
    yysymbol_kind_t kinds[YYNTOKENS];
    int count = yypcontext_expected_tokens (context, kinds, YYNTOKENS), named = 0;
    bool any_word = false;
    for (int i = 0; i < count; i++)
        any_word |= kinds[i] == YYSYMBOL_WORD;
    for (int i = 0; i < count; i++)
        if ((!any_word || !s_is_name (kinds[i])) && (count <= 2 || !s_is_end (kinds[i])))
            names[named++] = yysymbol_name (kinds[i]);
    return named;
}

static int
yyreport_syntax_error (const yypcontext_t *context, parse_t *parse)
{
    const char *names[YYNTOKENS];
    int count = s_expected (context, names);
    bool at_cursor = yypcontext_token (context) == YYSYMBOL_CURSOR;
    if (parse->completion) {
        for (int i = 0; at_cursor && i < count; i++)
            completion_expect (parse->completion, parse, names[i]);
        return 0;
    }
    syntax_error_t error;
    syntax_error_init (&error, parse, *yypcontext_location (context));
    for (int i = 0; i < count; i++)
        syntax_error_expect (&error, names[i]);
    syntax_error_finish (&error);
    return 0;
}
