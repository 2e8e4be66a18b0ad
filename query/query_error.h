//  SPDX-License-Identifier: GPL-2.0-or-later
//  query_error - what is wrong with a statement: the members of an ERROR message, for people.
//  A plain value.
#ifndef QUERY_QUERY_ERROR_H
#define QUERY_QUERY_ERROR_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "schema/message.h"

typedef struct {
    error_code_t code;
    int32_t position;                    //  Byte in the statement's text, or -1
    char text[MESSAGE_TEXT_MAX + 1];     //  What is wrong
    char expected[MESSAGE_TEXT_MAX + 1]; //  What may stand there, or ""
    char hint[MESSAGE_TEXT_MAX + 1];     //  A guess or a way out, or ""
} query_error_t;

//  Say what is wrong and where; empties expected and hint. Texts too long are cut. Returns -1, for
//  the caller to return.
int query_error_set (query_error_t *self, error_code_t code, int32_t position, const char *format,
                     ...) __attribute__ ((format (printf, 4, 5)));

//  Add a guess or a way out.
void query_error_hint (query_error_t *self, const char *format, ...)
    __attribute__ ((format (printf, 2, 3)));

//  Append one more thing that may stand there; things are separated by commas.
void query_error_expect (query_error_t *self, const char *thing);

//  Print it as people read it: the line of the statement, a caret under the place, what was
//  expected, the hint. Long lines are cut around the place; control characters are not printed.
void query_error_print (const query_error_t *self, const char *text, size_t size, FILE *file);

#endif
