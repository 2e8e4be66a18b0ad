//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_filter - see live_filter.h.
#include "subscriber/live_filter.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "query/nearest.h"
#include "query/statement.h"

#define SEPARATORS ", \t\n"

typedef struct {
    live_filter_t *filter;
    bool in_nodes; //  "from" was read
    char *error;
} parsing_t;

__attribute__ ((format (printf, 2, 3))) static int
s_refuse (parsing_t *self, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (self->error, LIVE_FILTER_ERROR_MAX + 1, format, arguments);
    va_end (arguments);
    return -1;
}

//  --- metrics ---------------------------------------------------------------------------------

static int
s_refuse_metric (parsing_t *self, const char *word, size_t length)
{
    nearest_t nearest;
    char names[256] = "";
    nearest_init (&nearest, word, length);
    for (int id = 0; id < METRIC_COUNT_; id++) {
        const metric_t *metric = metric_get ((metric_id_t) id);
        size_t used = strlen (names);
        nearest_offer (&nearest, metric->name);
        nearest_offer (&nearest, metric->short_name);
        snprintf (names + used, sizeof names - used, "%s%s", id ? ", " : "", metric->name);
    }
    const char *guess = nearest_name (&nearest);
    return s_refuse (self, "unknown metric '%.*s'%s%s%s; there are %s",
                     length < 80 ? (int) length : 80, word, guess ? " (did you mean " : "",
                     guess ? guess : "", guess ? "?)" : "", names);
}

static int
s_take_metric (parsing_t *self, const char *word, size_t length)
{
    if (length == 1 && *word == '*') {
        self->filter->metrics |= METRIC_ALL;
        return 0;
    }
    int id = metric_find (word, length);
    if (id == -1)
        return s_refuse_metric (self, word, length);
    self->filter->metrics |= METRIC_BIT (id);
    return 0;
}

//  --- nodes -----------------------------------------------------------------------------------

//  A node's name, in which * and ? may stand.
static bool
s_is_pattern (const char *text)
{
    char plain[NODE_NAME_MAX + 1];
    snprintf (plain, sizeof plain, "%s", text);
    for (char *c = plain; *c; c++)
        if (*c == '*' || *c == '?')
            *c = 'x';
    return node_name_is_valid (plain);
}

static int
s_take_node (parsing_t *self, const char *word, size_t length)
{
    live_filter_t *filter = self->filter;
    if (filter->pattern_count == LIVE_FILTER_PATTERNS)
        return s_refuse (self, "more than %d nodes: use patterns such as web*",
                         LIVE_FILTER_PATTERNS);
    char *pattern = filter->patterns[filter->pattern_count];
    snprintf (pattern, NODE_NAME_MAX + 1, "%.*s", (int) length, word);
    if (length > NODE_NAME_MAX || !s_is_pattern (pattern))
        return s_refuse (self,
                         "'%.*s' is not a node: 1 to %d characters of A-Z a-z 0-9 . _ - and * ?",
                         length < 80 ? (int) length : 80, word, NODE_NAME_MAX);
    filter->pattern_count++;
    return 0;
}

//  --- the whole -------------------------------------------------------------------------------

static int
s_take_word (parsing_t *self, const char *word, size_t length)
{
    if (!self->in_nodes && length == 4 && strncasecmp (word, "from", 4) == 0) {
        self->in_nodes = true;
        return 0;
    }
    return self->in_nodes ? s_take_node (self, word, length) : s_take_metric (self, word, length);
}

static int
s_take_argument (parsing_t *self, const char *text)
{
    for (text += strspn (text, SEPARATORS); *text; text += strspn (text, SEPARATORS)) {
        size_t length = strcspn (text, SEPARATORS);
        if (s_take_word (self, text, length) == -1)
            return -1;
        text += length;
    }
    return 0;
}

int
live_filter_parse (live_filter_t *self, const char *const *words, size_t count,
                   char error[LIVE_FILTER_ERROR_MAX + 1])
{
    parsing_t parsing = {.filter = self, .error = error};
    memset (self, 0, sizeof *self);
    for (size_t i = 0; i < count; i++)
        if (s_take_argument (&parsing, words[i]) == -1)
            return -1;
    if (parsing.in_nodes && self->pattern_count == 0)
        return s_refuse (&parsing, "no node after 'from': name some, such as n1,n3 or web*");
    self->names_metrics = self->metrics != 0;
    if (!self->names_metrics)
        self->metrics = METRIC_ALL;
    return 0;
}

bool
live_filter_accepts (const live_filter_t *self, const char *node)
{
    for (size_t i = 0; i < self->pattern_count; i++)
        if (node_matches (self->patterns[i], node))
            return true;
    return self->pattern_count == 0;
}

void
live_filter_topic (const char *pattern, char topic[NODE_NAME_MAX + 2])
{
    if (node_is_glob (pattern))
        snprintf (topic, NODE_NAME_MAX + 2, "%.*s", (int) strcspn (pattern, "*?"), pattern);
    else
        frame_topic (pattern, topic);
}
