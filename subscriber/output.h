//  SPDX-License-Identifier: GPL-2.0-or-later
//  output - where answers go, and in which format: standard output, through a pager where that is
//  a terminal and the answer long, or what \o names. Not safe for two threads.
#ifndef SUBSCRIBER_OUTPUT_H
#define SUBSCRIBER_OUTPUT_H

#include <stdbool.h>
#include "subscriber/format.h"

typedef struct output_t output_t;

output_t *output_new (format_t format);
//  Closes what \o opened, and waits for a command to end.
void output_destroy (output_t **self_p);

format_t output_format (const output_t *self);
void output_set_format (output_t *self, format_t format);

//  Long answers go through the pager; off at first, and without effect where standard input or
//  output is no terminal.
void output_set_paged (output_t *self, bool paged);
bool output_is_paged (const output_t *self);

//  Send answers to a file, which is emptied first, to the standard input of a command ("|sort"),
//  or (NULL) to standard output again. Returns 0, or -1 and says why; then nothing changes.
int output_redirect (output_t *self, const char *target);

//  Print an answer. Returns EXIT_DONE, or EXIT_FAILED where it could not be written, and says so.
int output_print (output_t *self, const table_t *table);

//  True where what was printed last went to a person's screen, as people read it.
bool output_is_for_people (const output_t *self);

//  True once nobody reads standard output any more, or it cannot be written.
bool output_is_over (const output_t *self);

#endif
