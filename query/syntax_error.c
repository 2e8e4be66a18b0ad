//  SPDX-License-Identifier: GPL-2.0-or-later
//  syntax_error - what a word may mean depends on the keyword before it; this table says it.
#include "query/syntax_error.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define SHOWN_BYTES 40 //  Of an unexpected token

static const struct {
    const char *keyword; //  The one read last
    const char *operand; //  What its clause wants, in words
} s_operands[] = {
    {"select", "METRIC_FUNCTION such as cpu_avg"},
    {"as", "a column's name"},
    {"from", "a node's name, a pattern such as web*, or *"},
    {"where", "a value"},
    {"over", "a duration such as 60s, 5m, 1h, 1d"},
    {"every", "a duration such as 10s, 1m"},
    {"since", "a duration ago (10m), 'YYYY-MM-DD HH:MM', a unix time"},
    {"until", "a duration ago (10m), 'YYYY-MM-DD HH:MM', a unix time"},
    {"order by", "a column of the answer, METRIC_FUNCTION"},
    {"limit", "a number of rows"},
};

static const char *
s_operand (const char *keyword)
{
    for (size_t i = 0; i < sizeof s_operands / sizeof s_operands[0]; i++)
        if (strcmp (keyword, s_operands[i].keyword) == 0)
            return s_operands[i].operand;
    return "a word";
}

static size_t
s_size (const syntax_error_t *self)
{
    return (size_t) (self->span.end - self->span.start);
}

void
syntax_error_init (syntax_error_t *self, parse_t *parse, span_t span)
{
    *self = (syntax_error_t){.parse = parse, .span = span};
    const char *token = parse->text + span.start;
    int size = (int) s_size (self);
    nearest_init (&self->nearest, token, s_size (self));
    if (size == 0)
        parse_fail (parse, ERROR_SYNTAX, span, "the statement ends too early");
    else if (size > SHOWN_BYTES)
        parse_fail (parse, ERROR_SYNTAX, span, "unexpected %.*s...", SHOWN_BYTES, token);
    else
        parse_fail (parse, ERROR_SYNTAX, span, "unexpected %.*s", size, token);
}

static bool
s_is_operand (const char *symbol)
{
    return strncmp (symbol, "a ", 2) == 0;
}

void
syntax_error_expect (syntax_error_t *self, const char *symbol)
{
    query_error_t *error = self->parse->error;
    if (s_is_operand (symbol)) {
        if (!self->operand)
            query_error_expect (error, s_operand (self->parse->keyword));
        self->operand = true;
    } else {
        if (parse_offers (self->parse, symbol))
            query_error_expect (error, symbol);
        if (isalpha ((unsigned char) symbol[0]))
            nearest_offer (&self->nearest, symbol);
    }
}

static bool
s_wants_time (const char *keyword)
{
    return strcmp (keyword, "over") == 0 || strcmp (keyword, "every") == 0 ||
           strcmp (keyword, "since") == 0 || strcmp (keyword, "until") == 0;
}

//  What begins a statement stands where another one has not ended.
static bool
s_begins_statement (const syntax_error_t *self)
{
    static const char *const keywords[] = {"select", "show", "explain"};
    const char *token = self->parse->text + self->span.start;
    bool begins = false;
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
        begins |= strlen (keywords[i]) == s_size (self) &&
                  strncasecmp (keywords[i], token, s_size (self)) == 0;
    return begins && !self->operand && self->span.start > 0;
}

void
syntax_error_finish (syntax_error_t *self)
{
    query_error_t *error = self->parse->error;
    char first = self->parse->text[self->span.start];
    const char *keyword = self->parse->keyword;
    if (s_size (self) == 0)
        return;
    if (s_begins_statement (self))
        query_error_hint (error, "a ; ends a statement: one is missing before this");
    else if (nearest_name (&self->nearest))
        query_error_hint (error, "did you mean %s?", nearest_name (&self->nearest));
    else if (self->operand && s_wants_time (keyword) && isdigit ((unsigned char) first))
        query_error_hint (error, "durations are whole seconds: 60s, 5m, 1h30m, 1d");
    else if (self->operand && strcmp (keyword, "from") == 0 && isalpha ((unsigned char) first))
        query_error_hint (error, "a node that is named like a keyword needs quotes");
}
