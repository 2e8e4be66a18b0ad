//  SPDX-License-Identifier: GPL-2.0-or-later
//  local_times - see local_times.h.
#include "query/local_times.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "query/grammar.h"
#include "query/instant.h"
#include "query/parse.h"

//  A quoted time has at least the 12 bytes that the last second of the year 9999 takes.
static void
s_resolve (const parse_t *parse, span_t span, char *copy)
{
    char time[INSTANT_TEXT_MAX + 1], number[INSTANT_TEXT_MAX + 1];
    int64_t seconds;
    if (parse_copy_name (parse, span, time, sizeof time) == -1 ||
        instant_parse_wall (time, &seconds) == -1)
        return;
    size_t room = (size_t) (span.end - span.start);
    size_t length = (size_t) snprintf (number, sizeof number, "%" PRId64, seconds);
    if (length > room)
        return;
    memset (copy + span.start, ' ', room);
    memcpy (copy + span.start, number, length);
}

char *
local_times_resolve (const char *text, size_t size)
{
    char *copy = parse_copy_text (text, size), *original = parse_copy_text (text, size);
    query_error_t error;
    parse_t parse = {.text = original, .size = (int32_t) size, .next_keyword = "", .error = &error};
    int token, before = TOKEN_END;
    span_t span;
    while ((token = parse_next_token (&parse, &span)) != TOKEN_END && !parse.failed) {
        if (token == TOKEN_STRING && (before == TOKEN_SINCE || before == TOKEN_UNTIL))
            s_resolve (&parse, span, copy);
        before = token;
    }
    free (original);
    return copy;
}
