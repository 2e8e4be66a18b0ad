//  SPDX-License-Identifier: GPL-2.0-or-later
//  completion - see completion.h. The text is read up to the word being typed, and in its place
//  comes a token that the grammar has nowhere: what it then expects is what may stand there.
#include "query/completion.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "query/grammar.h"
#include "query/parse.h"

typedef struct {
    char *text;
    bool is_whole;
} word_t;

struct completion_t {
    char *text; //  The statement that the cursor is in, its last one
    size_t start;
    char *typed;            //  The word being typed, "" where none is
    statement_t *statement; //  As far as it goes
    bool wants_nodes;
    word_t *words;
    size_t count;
};

//  --- the words -------------------------------------------------------------------------------

static void
s_add (completion_t *self, const char *text, bool is_whole)
{
    if ((self->count & (self->count - 1)) == 0) {
        size_t capacity = self->count ? 2 * self->count : 1;
        self->words = realloc (self->words, capacity * sizeof self->words[0]);
        assert (self->words);
    }
    word_t *word = &self->words[self->count++];
    *word = (word_t){strdup (text), is_whole};
    assert (word->text);
}

//  Letters of the language's own words may be large or small.
static bool
s_begins (const char *word, const char *beginning)
{
    return strncasecmp (word, beginning, strlen (beginning)) == 0;
}

static void
s_offer (completion_t *self, const char *word)
{
    if (s_begins (word, self->typed))
        s_add (self, word, true);
}

static void
s_offer_keyword (completion_t *self, const char *keyword)
{
    char capitals[16] = "";
    assert (strlen (keyword) < sizeof capitals);
    for (size_t i = 0; keyword[i]; i++)
        capitals[i] = (char) toupper ((unsigned char) keyword[i]);
    s_offer (self, isupper ((unsigned char) self->typed[0]) ? capitals : keyword);
}

//  A name that would read as something else without quotes. Names have no quotes inside.
static void
s_add_name (completion_t *self, const char *name)
{
    char quoted[COLUMN_NAME_MAX + 3];
    snprintf (quoted, sizeof quoted, "'%.*s'", COLUMN_NAME_MAX, name);
    s_add (self, parse_is_plain_name (name) ? name : quoted, true);
}

//  --- expressions and columns -----------------------------------------------------------------

static bool
s_is_selected (const completion_t *self, const char *name)
{
    for (size_t i = 0; i < self->statement->expression_count; i++)
        if (strcasecmp (self->statement->expressions[i].name, name) == 0)
            return true;
    return false;
}

//  First the metric, then its functions: both at once would be a wall of words.
static void
s_offer_functions (completion_t *self, metric_id_t metric, const char *name)
{
    char word[COLUMN_NAME_MAX + 1];
    const char *function;
    snprintf (word, sizeof word, "%s_", name);
    bool has_metric = s_begins (self->typed, word);
    if (!has_metric && s_begins (word, self->typed))
        s_add (self, word, false);
    for (size_t i = 0; has_metric && (function = expression_function (metric, i)); i++) {
        snprintf (word, sizeof word, "%s_%s", name, function);
        if (!s_is_selected (self, word))
            s_offer (self, word);
    }
}

static void
s_offer_expressions (completion_t *self)
{
    for (int i = 0; i < METRIC_COUNT_; i++) {
        const metric_t *metric = metric_get ((metric_id_t) i);
        s_offer_functions (self, (metric_id_t) i, metric->name);
        if (strcmp (metric->name, metric->short_name) != 0)
            s_offer_functions (self, (metric_id_t) i, metric->short_name);
    }
}

static void
s_offer_columns (completion_t *self)
{
    const statement_t *statement = self->statement;
    for (size_t i = 0; i < statement->expression_count; i++)
        if (s_begins (statement->expressions[i].name, self->typed) &&
            !strchr (statement->expressions[i].name, '\''))
            s_add_name (self, statement->expressions[i].name);
    s_offer (self, "node");
    if (statement->every_s)
        s_offer (self, "time");
    s_offer (self, "frames");
    s_offer (self, "expected");
    s_offer_expressions (self);
}

//  --- what the grammar expects ----------------------------------------------------------------

static void
s_offer_word (completion_t *self, const char *keyword)
{
    if (strcmp (keyword, "select") == 0)
        s_offer_expressions (self);
    else if (strcmp (keyword, "order by") == 0)
        s_offer_columns (self);
    else
        self->wants_nodes = strcmp (keyword, "from") == 0;
}

static void
s_offer_durations (completion_t *self, const char *keyword)
{
    static const char *const steps[] = {"1s", "10s", "1m", "10m", "1h", "1d"};
    static const char *const windows[] = {"1m", "5m", "15m", "1h", "6h", "1d", "7d"};
    if (strcmp (keyword, "from") == 0)
        return; //  A node may be named 10m
    bool every = strcmp (keyword, "every") == 0;
    size_t count = every ? sizeof steps / sizeof steps[0] : sizeof windows / sizeof windows[0];
    for (size_t i = 0; i < count; i++)
        s_offer (self, every ? steps[i] : windows[i]);
}

void
completion_expect (completion_t *self, const parse_t *parse, const char *symbol)
{
    if (strcmp (symbol, "a word") == 0)
        s_offer_word (self, parse->keyword);
    else if (strcmp (symbol, "a duration") == 0)
        s_offer_durations (self, parse->keyword);
    else if (islower ((unsigned char) symbol[0]) && !strchr (symbol, ' ') &&
             parse_offers (parse, symbol))
        s_offer_keyword (self, symbol);
}

//  --- reading ---------------------------------------------------------------------------------

static bool
s_is_in_comment (const char *rest)
{
    const char *line = strrchr (rest, '\n');
    return strstr (line ? line : rest, "--") != NULL;
}

static bool
s_is_word (char first)
{
    return isalnum ((unsigned char) first) || strchr ("_.*?", first);
}

//  Find the last statement of the text and the word being typed. Returns false where nothing can
//  be completed there.
static bool
s_find_word (const char *text, int32_t size, int32_t *statement, int32_t *word)
{
    query_error_t error;
    parse_t parse = {.text = text, .size = size, .error = &error};
    parse.keyword = parse.next_keyword = parse.list = "";
    span_t span, last = {0, 0};
    int token;
    *statement = 0;
    while ((token = parse_next_token (&parse, &span)) != TOKEN_END) {
        if (token == TOKEN_GRAMMAR_error)
            return false;
        if (token == TOKEN_SEMICOLON)
            *statement = span.end;
        last = span;
    }
    bool touches = last.end == size && last.end > 0;
    *word = touches && s_is_word (text[last.start]) ? last.start : size;
    bool is_quoted = touches && strchr ("'\"", text[last.start]);
    return !is_quoted && !s_is_in_comment (text + last.end);
}

static void
s_read (completion_t *self, int32_t statement, int32_t word)
{
    query_error_t error;
    char *text = parse_copy_text (self->text + statement, (size_t) (word - statement));
    parse_t parse = {.text = text, .size = word - statement, .error = &error};
    parse.statement = self->statement;
    parse.completion = self;
    parse_run (&parse);
    free (text);
}

completion_t *
completion_new (const char *text, size_t size)
{
    completion_t *self = calloc (1, sizeof *self);
    assert (self);
    bool is_readable = size <= STATEMENT_MAX_BYTES;
    self->text = parse_copy_text (text, is_readable ? size : 0);
    self->statement = calloc (1, sizeof *self->statement);
    assert (self->statement);
    int32_t statement = 0, word = (int32_t) size;
    is_readable = is_readable && s_find_word (self->text, (int32_t) size, &statement, &word);
    self->start = is_readable ? (size_t) word : size;
    self->typed = is_readable ? self->text + word : self->text + strlen (self->text);
    if (is_readable)
        s_read (self, statement, word);
    return self;
}

void
completion_destroy (completion_t **self_p)
{
    completion_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++)
        free (self->words[i].text);
    free (self->words);
    statement_destroy (&self->statement);
    free (self->text);
    free (self);
    *self_p = NULL;
}

//  --- nodes -----------------------------------------------------------------------------------

static bool
s_is_named (const completion_t *self, const char *name)
{
    for (size_t i = 0; i < self->statement->node_count; i++)
        if (strcmp (self->statement->nodes[i], name) == 0)
            return true;
    return false;
}

//  Letters of names are as they are.
static void
s_offer_node (completion_t *self, const char *name)
{
    if (strncmp (name, self->typed, strlen (self->typed)) == 0 && !s_is_named (self, name))
        s_add_name (self, name);
}

//  Length of a name without the number it ends with.
static size_t
s_stem (const char *name)
{
    size_t length = strlen (name);
    while (length > 0 && isdigit ((unsigned char) name[length - 1]))
        length--;
    return length;
}

static bool
s_share_stem (const char *a, const char *b)
{
    size_t length = s_stem (a);
    return length > 0 && length == s_stem (b) && strncmp (a, b, length) == 0;
}

//  People's order: web2 before web10. What shares a stem stands together.
static int
s_compare (const void *a_p, const void *b_p)
{
    const char *a = *(const char *const *) a_p, *b = *(const char *const *) b_p;
    size_t a_stem = s_stem (a), b_stem = s_stem (b);
    int stems = strncmp (a, b, a_stem < b_stem ? a_stem : b_stem);
    if (stems != 0 || a_stem != b_stem)
        return stems != 0 ? stems : a_stem < b_stem ? -1 : 1;
    if (strlen (a) != strlen (b))
        return strlen (a) < strlen (b) ? -1 : 1;
    return strcmp (a, b);
}

static void
s_offer_patterns (completion_t *self, const char *const *names, size_t count)
{
    char pattern[NODE_NAME_MAX + 2];
    for (size_t i = 1; i < count; i++) {
        bool is_second = s_share_stem (names[i], names[i - 1]) &&
                         (i == 1 || !s_share_stem (names[i - 1], names[i - 2]));
        snprintf (pattern, sizeof pattern, "%.*s*", (int) s_stem (names[i]), names[i]);
        if (is_second)
            s_offer_node (self, pattern);
    }
}

void
completion_offer_nodes (completion_t *self, const char *const *names, size_t count)
{
    if (!self->wants_nodes)
        return;
    const char **sorted = malloc ((count + 1) * sizeof sorted[0]);
    size_t valid = 0;
    assert (sorted);
    for (size_t i = 0; i < count; i++)
        if (node_name_is_valid (names[i]))
            sorted[valid++] = names[i];
    qsort (sorted, valid, sizeof sorted[0], s_compare);
    s_offer_node (self, "*");
    s_offer_patterns (self, sorted, valid);
    for (size_t i = 0; i < valid; i++)
        s_offer_node (self, sorted[i]);
    free (sorted);
}

//  --- results ---------------------------------------------------------------------------------

size_t
completion_start (const completion_t *self)
{
    return self->start;
}

bool
completion_wants_nodes (const completion_t *self)
{
    return self->wants_nodes;
}

size_t
completion_count (const completion_t *self)
{
    return self->count;
}

const char *
completion_word (const completion_t *self, size_t index)
{
    assert (index < self->count);
    return self->words[index].text;
}

bool
completion_is_whole (const completion_t *self, size_t index)
{
    assert (index < self->count);
    return self->words[index].is_whole;
}
