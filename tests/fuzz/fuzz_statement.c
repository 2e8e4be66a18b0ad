//  SPDX-License-Identifier: GPL-2.0-or-later
//  Any bytes, read as a statement: either it is one, and prints as text that reads the same again,
//  or there is an error with a place inside the text. And as the beginning of one: what completion
//  offers there can be read there. Built with clang -fsanitize=fuzzer.
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "query/completion.h"
#include "query/statement.h"

#define NOW_NS 1800000000700000000LL

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
s_check_error (const query_error_t *error, const char *text, size_t size)
{
    assert (error->text[0]);
    assert (error->position >= -1 && error->position <= (int32_t) size);
    FILE *file = fopen ("/dev/null", "w");
    assert (file);
    query_error_print (error, text, size, file);
    fclose (file);
}

static void
s_check_statement (const statement_t *statement)
{
    query_error_t error;
    int64_t since, until;
    if (statement_window (statement, NOW_NS, &since, &until, &error) == -1)
        since = 1000, until = 2000;
    char *text = statement_print (statement, NULL, 0, since, until);
    statement_t *again = statement_parse (text, strlen (text), &error);
    //  Quotes may lengthen a statement that was as long as one may be.
    if (!again)
        assert (strlen (text) > STATEMENT_MAX_BYTES);
    else {
        char *second = statement_print (again, NULL, 0, since, until);
        assert (strcmp (text, second) == 0);
        assert (statement_metrics (statement) == statement_metrics (again));
        free (second);
    }
    statement_destroy (&again);
    free (text);
}

//  With the word in its place the text may have other faults, but the word is none of them.
static void
s_check_word (const char *text, size_t start, const char *word)
{
    query_error_t error;
    size_t size = start + strlen (word);
    char *whole = malloc (size + 1);
    assert (whole);
    memcpy (whole, text, start);
    memcpy (whole + start, word, size - start);
    statement_t *statement = statement_parse (whole, size, &error);
    int32_t position = error.position;
    if (!statement && error.code == ERROR_SYNTAX)
        assert (position < (int32_t) start || position >= (int32_t) size);
    statement_destroy (&statement);
    free (whole);
}

static void
s_check_completion (const char *text, size_t size)
{
    static const char *const nodes[] = {"n1", "n2", "over", "42"};
    completion_t *completion = completion_new (text, size);
    size_t start = completion_start (completion);
    assert (start <= size);
    completion_offer_nodes (completion, nodes, sizeof nodes / sizeof nodes[0]);
    //  The text behind the last ';' is a statement of its own.
    const char *statement = memrchr (text, ';', start);
    statement = statement ? statement + 1 : text;
    for (size_t i = 0; i < completion_count (completion); i++)
        if (completion_is_whole (completion, i))
            s_check_word (statement, (size_t) (text + start - statement),
                          completion_word (completion, i));
    completion_destroy (&completion);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    query_error_t error;
    s_check_completion ((const char *) data, size);
    statement_t *statement = statement_parse ((const char *) data, size, &error);
    if (statement)
        s_check_statement (statement);
    else
        s_check_error (&error, (const char *) data, size);
    statement_destroy (&statement);
    return 0;
}
