//  SPDX-License-Identifier: GPL-2.0-or-later
//  parse_column - the columns of a select: their expressions, their names, and which one orders.
#include "query/parse.h"

#include <string.h>
#include <strings.h>
#include "query/nearest.h"

static int
s_rename (parse_t *self, expression_t *expression, span_t name)
{
    memset (expression->name, 0, sizeof expression->name);
    int length = parse_copy_name (self, name, expression->name, sizeof expression->name);
    if (length < 1)
        return parse_fail (self, ERROR_SYNTAX, name, "a column's name has 1 to %d characters",
                           COLUMN_NAME_MAX);
    for (int i = 0; i < length; i++)
        if (expression->name[i] < ' ' || expression->name[i] > '~')
            return parse_fail (self, ERROR_SYNTAX, name,
                               "a column's name consists of printable ASCII characters");
    return 0;
}

//  The columns that every select has, whatever it asks for.
static bool
s_is_fixed_column (const char *name)
{
    static const char *const fixed[] = {"node",   "time",  "frames", "expected",
                                        "source", "scope", "status"};
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        if (strcasecmp (fixed[i], name) == 0)
            return true;
    return false;
}

static const expression_t *
s_find_column (const statement_t *statement, const char *name)
{
    for (size_t i = 0; i < statement->expression_count; i++)
        if (strcasecmp (statement->expressions[i].name, name) == 0)
            return &statement->expressions[i];
    return NULL;
}

static int
s_refuse_column (parse_t *self, span_t span, const char *name)
{
    parse_fail (self, ERROR_SYNTAX, span, "there is another column named %s", name);
    query_error_hint (self->error, "give one of them a name of its own: cpu_avg as NAME");
    return -1;
}

int
parse_expression (parse_t *self, span_t span, const span_t *name)
{
    statement_t *statement = self->statement;
    expression_t expression;
    query_error_t error;
    if (statement->expression_count == STATEMENT_MAX_EXPRESSIONS)
        return parse_fail (self, ERROR_UNSUPPORTED, span, "a select has at most %d expressions",
                           STATEMENT_MAX_EXPRESSIONS);
    size_t size = (size_t) (span.end - span.start);
    if (expression_parse (&expression, self->text + span.start, size, &error) == -1) {
        error.position = span.start;
        *self->error = error;
        self->failed = true;
        return -1;
    }
    if (name && s_rename (self, &expression, *name) == -1)
        return -1;
    if (s_is_fixed_column (expression.name) || s_find_column (statement, expression.name))
        return s_refuse_column (self, name ? *name : span, expression.name);
    statement->expressions[statement->expression_count++] = expression;
    return 0;
}

static int
s_refuse_order (parse_t *self, const char *name)
{
    const statement_t *statement = self->statement;
    nearest_t nearest;
    nearest_init (&nearest, name, strlen (name));
    parse_fail (self, ERROR_UNKNOWN, self->order, "the answer has no such column");
    query_error_expect (self->error, "node");
    for (size_t i = 0; i < statement->expression_count; i++) {
        query_error_expect (self->error, statement->expressions[i].name);
        nearest_offer (&nearest, statement->expressions[i].name);
    }
    query_error_expect (self->error, "frames");
    query_error_expect (self->error, "expected");
    if (nearest_name (&nearest))
        query_error_hint (self->error, "did you mean %s?", nearest_name (&nearest));
    else
        query_error_hint (self->error, "any METRIC_FUNCTION will do, too");
    return -1;
}

//  The column that computes the same, under whatever name, or NULL.
static const expression_t *
s_find_same (const statement_t *statement, const expression_t *other)
{
    for (size_t i = 0; i < statement->expression_count; i++)
        if (expression_equals (&statement->expressions[i], other))
            return &statement->expressions[i];
    return NULL;
}

//  A column that this select has whatever comes of it.
static bool
s_is_orderable (const statement_t *statement, const char *name)
{
    if (strcasecmp (name, "source") == 0 || strcasecmp (name, "scope") == 0 ||
        strcasecmp (name, "status") == 0)
        return false;
    return s_is_fixed_column (name) && (statement->every_s || strcasecmp (name, "time") != 0);
}

int
parse_resolve_order (parse_t *self)
{
    statement_t *statement = self->statement;
    char *name = statement->order_by;
    expression_t *other = &statement->order_expression;
    query_error_t unused;
    int length = parse_copy_name (self, self->order, name, sizeof statement->order_by);
    if (length < 1)
        return s_refuse_order (self, "");
    if (s_is_orderable (statement, name))
        return 0;
    const expression_t *column = s_find_column (statement, name);
    if (!column && expression_parse (other, name, (size_t) length, &unused) == -1)
        return s_refuse_order (self, name);
    if (!column)
        column = s_find_same (statement, other);
    statement->orders_by_other = !column;
    memmove (name, column ? column->name : other->name, sizeof column->name);
    return 0;
}
