//  SPDX-License-Identifier: GPL-2.0-or-later
//  statement - what a parsed statement says, and how it is printed. parse.c makes it.
#include "query/statement.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "query/instant.h"
#include "query/parse.h"

#define SECOND_NS    1000000000LL
#define SETTLE_NS    500000000LL //  A second is asked for once its frames have had this to come in
#define UTC_TEXT_MAX 31

void
statement_destroy (statement_t **self_p)
{
    statement_t *self = *self_p;
    if (!self)
        return;
    free (self->nodes);
    free (self->node_positions);
    free (self);
    *self_p = NULL;
}

//  Returns text: the zone of who asks is not known here.
static const char *
s_print_utc (int64_t wall_s, char text[UTC_TEXT_MAX + 1])
{
    struct tm fields;
    time_t seconds = (time_t) wall_s;
    if (!gmtime_r (&seconds, &fields) ||
        strftime (text, UTC_TEXT_MAX + 1, "%Y-%m-%d %H:%M:%SZ", &fields) == 0)
        strcpy (text, "?");
    return text;
}

//  A window that lies before its beginning, or before 1970.
static int
s_refuse_window (int64_t since, int64_t until, int64_t newest_s, query_error_t *error)
{
    char from[UTC_TEXT_MAX + 1], to[UTC_TEXT_MAX + 1], newest[UTC_TEXT_MAX + 1];
    if (since < 0)
        query_error_set (error, ERROR_UNSUPPORTED, -1, "the window begins before 1970");
    else
        query_error_set (error, ERROR_SYNTAX, -1,
                         "the window is empty: since %" PRId64 " (%s) is not before until %" PRId64
                         " (%s)",
                         since, s_print_utc (since, from), until, s_print_utc (until, to));
    if (instant_is_early (until))
        query_error_hint (error, INSTANT_EARLY_UNTIL, until, until);
    else if (since >= 0)
        query_error_hint (error, "the newest second that can be asked for is %" PRId64 " (%s)",
                          newest_s - 1, s_print_utc (newest_s - 1, newest));
    return -1;
}

int
statement_window (const statement_t *self, int64_t now_wall_ns, int64_t *since_wall_s,
                  int64_t *until_wall_s, query_error_t *error)
{
    int64_t newest_s = (now_wall_ns - SETTLE_NS) / SECOND_NS;
    int64_t length_s = self->has_over ? self->over_s : STATEMENT_DEFAULT_OVER_S;
    int64_t until = newest_s, since;
    if (self->has_until)
        until = self->until_is_ago ? newest_s - self->until_wall_s : self->until_wall_s;
    if (self->has_since)
        since = self->since_is_ago ? newest_s - self->since_wall_s : self->since_wall_s;
    else
        since = until - length_s;
    *since_wall_s = since;
    *until_wall_s = until;
    if (since < 0 || since >= until)
        return s_refuse_window (since, until, newest_s, error);
    return 0;
}

size_t
statement_computed (const statement_t *self)
{
    return self->expression_count + self->orders_by_other;
}

const expression_t *
statement_expression (const statement_t *self, size_t index)
{
    return index < self->expression_count ? &self->expressions[index] : &self->order_expression;
}

metric_set_t
statement_metrics (const statement_t *self)
{
    metric_set_t metrics = 0;
    for (size_t i = 0; i < statement_computed (self); i++)
        metrics |= METRIC_BIT (statement_expression (self, i)->metric);
    return metrics;
}

static void
s_print_name (FILE *file, const char *name)
{
    if (parse_is_plain_name (name)) {
        fputs (name, file);
        return;
    }
    fputc ('\'', file);
    for (; *name; name++) {
        if (*name == '\'')
            fputc ('\'', file);
        fputc (*name, file);
    }
    fputc ('\'', file);
}

static void
s_print_expressions (const statement_t *self, FILE *file)
{
    char text[COLUMN_NAME_MAX + 1];
    for (size_t i = 0; i < self->expression_count; i++) {
        const expression_t *expression = &self->expressions[i];
        expression_print (expression, text);
        fprintf (file, "%s%s", i ? ", " : "", text);
        if (strcmp (text, expression->name) != 0) {
            fputs (" as ", file);
            s_print_name (file, expression->name);
        }
    }
}

static void
s_print_nodes (const statement_t *self, const char *const *nodes, size_t node_count, FILE *file)
{
    size_t count = nodes ? node_count : self->node_count;
    for (size_t i = 0; i < count; i++) {
        fputs (i ? ", " : " from ", file);
        s_print_name (file, nodes ? nodes[i] : self->nodes[i]);
    }
}

static void
s_print_clauses (const statement_t *self, FILE *file)
{
    if (self->every_s)
        fprintf (file, " every %" PRId64 "s", self->every_s);
    if (self->by == BY_ALL)
        fputs (" by all", file);
    if (self->order_by[0]) {
        fputs (" order by ", file);
        s_print_name (file, self->order_by);
        fputs (self->descending ? " desc" : "", file);
    }
    if (self->limit >= 0)
        fprintf (file, " limit %" PRId64, self->limit);
}

char *
statement_print (const statement_t *self, const char *const *nodes, size_t node_count,
                 int64_t since_wall_s, int64_t until_wall_s)
{
    static const char *const shows[] = {
        [STATEMENT_SHOW_NODES] = "show nodes",
        [STATEMENT_SHOW_METRICS] = "show metrics",
        [STATEMENT_SHOW_GAPS] = "show gaps",
        [STATEMENT_SHOW_STATS] = "show stats",
    };
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream (&text, &size);
    assert (file);
    if (self->kind == STATEMENT_SELECT) {
        fputs (self->explain ? "explain select " : "select ", file);
        s_print_expressions (self, file);
        s_print_nodes (self, nodes, node_count, file);
        fprintf (file, " since %" PRId64 " until %" PRId64, since_wall_s, until_wall_s);
        s_print_clauses (self, file);
    } else
        fputs (shows[self->kind], file);
    fclose (file);
    assert (text);
    return text;
}

bool
node_is_glob (const char *pattern)
{
    return strpbrk (pattern, "*?") != NULL;
}

//  On a mismatch the last * takes one character more, so that the work is at most the product of
//  both lengths.
bool
node_matches (const char *pattern, const char *name)
{
    const char *star = NULL, *resume = NULL;
    while (*name) {
        if (*pattern == '*') {
            star = ++pattern;
            resume = name;
        } else if (*pattern == '?' || *pattern == *name) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star;
            name = ++resume;
        } else
            return false;
    }
    return pattern[strspn (pattern, "*")] == '\0';
}
