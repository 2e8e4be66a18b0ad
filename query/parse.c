//  SPDX-License-Identifier: GPL-2.0-or-later
//  parse - what the grammar's actions do, and the checks that need the whole statement.
#include "query/parse.h"

#include <assert.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "query/grammar.h"
#include "query/instant.h"

//  The keyword that begins each clause.
static const char *const s_clauses[CLAUSE_COUNT_] = {
    [CLAUSE_WHERE] = "where", [CLAUSE_OVER] = "over",   [CLAUSE_SINCE] = "since",
    [CLAUSE_UNTIL] = "until", [CLAUSE_EVERY] = "every", [CLAUSE_BY] = "by",
    [CLAUSE_ORDER] = "order", [CLAUSE_LIMIT] = "limit",
};

static int
s_size (span_t span)
{
    return span.end - span.start;
}

int
parse_fail (parse_t *self, error_code_t code, span_t span, const char *format, ...)
{
    if (self->failed)
        return -1;
    char text[MESSAGE_TEXT_MAX + 1];
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (text, sizeof text, format, arguments);
    va_end (arguments);
    self->failed = true;
    return query_error_set (self->error, code, span.start, "%s", text);
}

static bool
s_has_clause (const parse_t *self, const char *keyword)
{
    for (int i = 0; i < CLAUSE_COUNT_; i++)
        if (strcmp (s_clauses[i], keyword) == 0)
            return self->clauses[i].end > 0;
    return false;
}

//  Kept for the day when more than whole nodes is recorded.
static bool
s_is_unrecorded (const parse_t *self, const char *symbol)
{
    bool by = strcmp (self->keyword, "by") == 0;
    return strcmp (symbol, "where") == 0 ||
           (by && (strcmp (symbol, "process") == 0 || strcmp (symbol, "cgroup") == 0));
}

bool
parse_offers (const parse_t *self, const char *symbol)
{
    bool over = self->clauses[CLAUSE_OVER].end > 0, since = self->clauses[CLAUSE_SINCE].end > 0;
    if (strcmp (self->keyword, "order") == 0)
        return true; //  Its by begins no clause
    if ((since && strcmp (symbol, "over") == 0) || (over && strcmp (symbol, "since") == 0))
        return false;
    return !s_has_clause (self, symbol) && !s_is_unrecorded (self, symbol);
}

int
parse_copy_name (const parse_t *self, span_t span, char *name, size_t capacity)
{
    const char *text = self->text;
    char quote = text[span.start] == '\'' || text[span.start] == '"' ? text[span.start] : '\0';
    size_t length = 0;
    for (int32_t i = span.start + (quote != 0); i < span.end - (quote != 0); i++) {
        if (length + 1 >= capacity)
            return -1;
        name[length++] = text[i];
        i += quote && text[i] == quote;
    }
    name[length] = '\0';
    return (int) length;
}

//  --- nodes -----------------------------------------------------------------------------------

static bool
s_is_node_pattern (const char *name)
{
    for (; *name; name++)
        if (!isalnum ((unsigned char) *name) && !strchr ("._-*?", *name))
            return false;
    return true;
}

static char *
s_add_node (statement_t *statement, int32_t position)
{
    size_t count = statement->node_count;
    if ((count & (count - 1)) == 0) {
        size_t capacity = count ? 2 * count : 1;
        statement->nodes = realloc (statement->nodes, capacity * sizeof statement->nodes[0]);
        statement->node_positions =
            realloc (statement->node_positions, capacity * sizeof statement->node_positions[0]);
        assert (statement->nodes && statement->node_positions);
    }
    statement->node_positions[count] = position;
    statement->node_count++;
    return statement->nodes[count];
}

int
parse_node (parse_t *self, span_t span)
{
    char name[NODE_NAME_MAX + 1];
    if (parse_copy_name (self, span, name, sizeof name) < 1 || !s_is_node_pattern (name))
        return parse_fail (self, ERROR_SYNTAX, span,
                           "a node's name has 1 to %d characters of A-Z a-z 0-9 . _ -",
                           NODE_NAME_MAX);
    if (self->statement->node_count == STATEMENT_MAX_NODES) {
        parse_fail (self, ERROR_UNSUPPORTED, span, "a select names at most %d nodes",
                    STATEMENT_MAX_NODES);
        query_error_hint (self->error, "patterns match more: web*, *");
        return -1;
    }
    self->globs += node_is_glob (name);
    if (self->globs > STATEMENT_MAX_GLOBS)
        return parse_fail (self, ERROR_UNSUPPORTED, span, "a select has at most %d patterns",
                           STATEMENT_MAX_GLOBS);
    strcpy (s_add_node (self->statement, span.start), name);
    return 0;
}

//  --- clauses ---------------------------------------------------------------------------------

int
parse_clause (parse_t *self, clause_t clause, span_t keyword)
{
    if (self->clauses[clause].end > 0)
        return parse_fail (self, ERROR_SYNTAX, keyword, "%s is given twice", s_clauses[clause]);
    self->clauses[clause] = keyword;
    return 0;
}

int
parse_order (parse_t *self, span_t column, bool descending)
{
    self->order = column;
    self->statement->descending = descending;
    return 0;
}

int
parse_limit (parse_t *self, span_t number)
{
    if (instant_parse_number (self->text + number.start, (size_t) s_size (number),
                              &self->statement->limit) == 0)
        return 0;
    return parse_fail (self, ERROR_SYNTAX, number, "this limit is too large");
}

int
parse_duration (parse_t *self, span_t span, int64_t *seconds)
{
    if (instant_parse_duration (self->text + span.start, (size_t) s_size (span), seconds) == -1)
        return parse_fail (self, ERROR_SYNTAX, span, "this duration is longer than 100 years");
    return 0;
}

int
parse_unix_time (parse_t *self, span_t span, int64_t *seconds)
{
    if (instant_parse_unix (self->text + span.start, (size_t) s_size (span), seconds) == 0)
        return 0;
    return parse_fail (self, ERROR_SYNTAX, span, "this unix time lies beyond the year 9999");
}

int
parse_wall_time (parse_t *self, span_t span, int64_t *seconds)
{
    char text[INSTANT_TEXT_MAX + 1];
    if (parse_copy_name (self, span, text, sizeof text) >= 0 &&
        instant_parse_wall (text, seconds) == 0)
        return 0;
    parse_fail (self, ERROR_SYNTAX, span, "there is no such date and time");
    query_error_expect (self->error, "'YYYY-MM-DD HH:MM[:SS]' in local time (or with Z, in UTC)");
    return -1;
}

//  --- the whole -------------------------------------------------------------------------------

static int
s_check_whole (parse_t *self)
{
    statement_t *statement = self->statement;
    if (statement->has_over && statement->has_since) {
        parse_fail (self, ERROR_SYNTAX, self->clauses[CLAUSE_OVER],
                    "over and since both say where the window begins");
        query_error_hint (self->error, "use one of them; until may go with either");
        return -1;
    }
    if (statement->has_over && statement->over_s == 0)
        return parse_fail (self, ERROR_SYNTAX, self->clauses[CLAUSE_OVER],
                           "over needs at least one second");
    if (self->clauses[CLAUSE_EVERY].end > 0 && statement->every_s == 0)
        return parse_fail (self, ERROR_SYNTAX, self->clauses[CLAUSE_EVERY],
                           "every needs at least one second");
    if (self->unrecorded.end > 0)
        return parse_fail (self, ERROR_UNSUPPORTED, self->unrecorded,
                           "%.*s is not yet recorded: only whole nodes are",
                           s_size (self->unrecorded), self->text + self->unrecorded.start);
    return self->order.end > 0 ? parse_resolve_order (self) : 0;
}

static bool
s_is_blank (const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!isspace ((unsigned char) text[i]) && text[i] != ';')
            return false;
    return true;
}

static int
s_refuse_size (size_t size, query_error_t *error)
{
    if (size > STATEMENT_MAX_BYTES) {
        query_error_set (error, ERROR_UNSUPPORTED, -1, "a statement has at most %d bytes, not %zu",
                         STATEMENT_MAX_BYTES, size);
        query_error_hint (error, "patterns name many nodes at once: web*, *");
        return -1;
    }
    query_error_set (error, ERROR_SYNTAX, -1, "the statement is empty");
    query_error_expect (error, "select");
    query_error_expect (error, "show");
    query_error_expect (error, "explain");
    return -1;
}

void
parse_run (parse_t *self)
{
    self->keyword = self->next_keyword = self->list = "";
    self->statement->limit = -1;
    if (grammar_parse (self) != 0)
        parse_fail (self, ERROR_SYNTAX, (span_t){0, 0}, "the statement cannot be read");
}

char *
parse_copy_text (const char *text, size_t size)
{
    char *copy = malloc (size + 1);
    assert (copy);
    memcpy (copy, text, size);
    copy[size] = '\0';
    return copy;
}

statement_t *
statement_parse (const char *text, size_t size, query_error_t *error)
{
    if (size > STATEMENT_MAX_BYTES || s_is_blank (text, size)) {
        s_refuse_size (size, error);
        return NULL;
    }
    char *copy = parse_copy_text (text, size);
    parse_t parse = {.text = copy, .size = (int32_t) size, .error = error};
    parse.statement = calloc (1, sizeof *parse.statement);
    assert (parse.statement);
    parse_run (&parse);
    if (parse.failed || s_check_whole (&parse) == -1)
        statement_destroy (&parse.statement);
    free (copy);
    return parse.statement;
}
