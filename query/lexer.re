//  SPDX-License-Identifier: GPL-2.0-or-later
//  lexer - the words of the select language. Any byte may come: what is no word ends the parse with
//  an error at its place. The text ends with a NUL of our own, past which nothing is read.
#include "query/parse.h"

#include <string.h>
#include "query/grammar.h"

static int
s_keyword (parse_t *self, const char *keyword, int token)
{
    bool order_by = token == TOKEN_BY && strcmp (self->keyword, "order") == 0;
    self->next_keyword = order_by ? "order by" : keyword;
    if (token == TOKEN_SELECT || token == TOKEN_FROM)
        self->list = keyword;
    return token;
}

static int
s_comma (parse_t *self)
{
    self->next_keyword = self->list;
    return TOKEN_COMMA;
}

//  A NUL inside the text is a byte like any other.
static int
s_end (parse_t *self, span_t *span)
{
    if (span->start < self->size) {
        parse_fail (self, ERROR_SYNTAX, *span, "unexpected byte 0x00");
        return TOKEN_GRAMMAR_error;
    }
    *span = (span_t){self->end, self->end};
    return self->completion ? TOKEN_CURSOR : TOKEN_END;
}

static int
s_open_quote (parse_t *self, span_t span)
{
    parse_fail (self, ERROR_SYNTAX, span, "this quote is never closed");
    return TOKEN_GRAMMAR_error;
}

static int
s_stray_byte (parse_t *self, span_t span)
{
    unsigned char byte = (unsigned char) self->text[span.start];
    if (byte > 0x20 && byte < 0x7F)
        parse_fail (self, ERROR_SYNTAX, span, "unexpected character %c", byte);
    else
        parse_fail (self, ERROR_SYNTAX, span, "unexpected byte 0x%02X", byte);
    if (byte == '(')
        query_error_hint (self->error, "functions are written METRIC_FUNCTION: cpu_avg");
    return TOKEN_GRAMMAR_error;
}

//  One token of the text at *cursor, which moves behind it.
static int
s_scan (parse_t *self, const char **cursor, span_t *span)
{
    const char *YYMARKER;
    const char *start;
#define DONE(token)                                                                                \
    do {                                                                                           \
        span->end = (int32_t) (*cursor - self->text);                                              \
        return (token);                                                                            \
    } while (0)

again:
    start = *cursor;
    span->start = (int32_t) (start - self->text);
    span->end = span->start + 1;
    /*!re2c
        re2c:define:YYCTYPE = "unsigned char";
        re2c:define:YYCURSOR = "(*cursor)";
        re2c:yyfill:enable = 0;

        blank    = [ \t\r\n\v\f] | "\xC2\xA0" | "\xEF\xBB\xBF";
        comment  = "--" [^\x00\n]*;
        word     = [A-Za-z0-9_.*?] [A-Za-z0-9_.*?-]*;
        number   = [0-9]+;
        duration = ([0-9]+ [smhdwSMHDW])+;
        string   = "'" ([^\x00'] | "''")* "'" | "\"" ([^\x00"] | "\"\"")* "\"";

        blank+    { goto again; }
        comment   { goto again; }
        'select'  { DONE (s_keyword (self, "select", TOKEN_SELECT)); }
        'from'    { DONE (s_keyword (self, "from", TOKEN_FROM)); }
        'as'      { DONE (s_keyword (self, "as", TOKEN_AS)); }
        'where'   { DONE (s_keyword (self, "where", TOKEN_WHERE)); }
        'over'    { DONE (s_keyword (self, "over", TOKEN_OVER)); }
        'since'   { DONE (s_keyword (self, "since", TOKEN_SINCE)); }
        'until'   { DONE (s_keyword (self, "until", TOKEN_UNTIL)); }
        'every'   { DONE (s_keyword (self, "every", TOKEN_EVERY)); }
        'by'      { DONE (s_keyword (self, "by", TOKEN_BY)); }
        'order'   { DONE (s_keyword (self, "order", TOKEN_ORDER)); }
        'limit'   { DONE (s_keyword (self, "limit", TOKEN_LIMIT)); }
        'asc'     { DONE (TOKEN_ASC); }
        'desc'    { DONE (TOKEN_DESC); }
        'show'    { DONE (s_keyword (self, "show", TOKEN_SHOW)); }
        'explain' { DONE (s_keyword (self, "explain", TOKEN_EXPLAIN)); }
        'nodes'   { DONE (TOKEN_NODES); }
        'metrics' { DONE (TOKEN_METRICS); }
        'gaps'    { DONE (TOKEN_GAPS); }
        'stats'   { DONE (TOKEN_STATS); }
        'node'    { DONE (TOKEN_NODE); }
        'all'     { DONE (TOKEN_ALL); }
        'process' { DONE (TOKEN_PROCESS); }
        'pid'     { DONE (TOKEN_PID); }
        'comm'    { DONE (TOKEN_COMM); }
        'cgroup'  { DONE (TOKEN_CGROUP); }
        number    { DONE (TOKEN_NUMBER); }
        duration  { DONE (TOKEN_DURATION); }
        word      { DONE (TOKEN_WORD); }
        string    { DONE (TOKEN_STRING); }
        ","       { DONE (s_comma (self)); }
        "="       { DONE (TOKEN_EQUALS); }
        ";"       { DONE (TOKEN_SEMICOLON); }
        ['"]      { return s_open_quote (self, *span); }
        "\x00"    { return s_end (self, span); }
        *         { return s_stray_byte (self, *span); }
    */
#undef DONE
}

int
parse_next_token (parse_t *self, span_t *span)
{
    const char *cursor = self->text + self->cursor;
    self->keyword = self->next_keyword;
    int token = s_scan (self, &cursor, span);
    self->cursor = (int32_t) (cursor - self->text);
    self->end = span->end;
    return token;
}

bool
parse_is_plain_name (const char *text)
{
    size_t size = strlen (text);
    query_error_t error;
    parse_t parse = {.text = text, .size = (int32_t) size, .next_keyword = "", .error = &error};
    span_t span;
    int token = parse_next_token (&parse, &span);
    bool is_word = token == TOKEN_WORD || (token >= TOKEN_NODES && token <= TOKEN_CGROUP);
    return is_word && span.start == 0 && (size_t) span.end == size;
}
