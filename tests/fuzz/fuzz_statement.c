//  SPDX-License-Identifier: GPL-2.0-or-later
//  Any bytes, read as a statement: either it is one, and prints as text that reads the same again,
//  or there is an error with a place inside the text. Built with clang -fsanitize=fuzzer.
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    query_error_t error;
    statement_t *statement = statement_parse ((const char *) data, size, &error);
    if (statement)
        s_check_statement (statement);
    else
        s_check_error (&error, (const char *) data, size);
    statement_destroy (&statement);
    return 0;
}
