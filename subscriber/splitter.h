//  SPDX-License-Identifier: GPL-2.0-or-later
//  splitter - cuts a stream of text into statements at each ';' that is not quoted and not in a
//  comment (-- to the end of the line), and into commands, which begin with a '\' that is neither
//  and end with their line. Holds at most one statement and one command; a longer one is reported,
//  and skipped up to its end. Any bytes may come. Pure.
//
//      splitter_put (splitter, byte)      for every byte; after each:
//      SPLITTER_STATEMENT                 splitter_text is a statement; splitter_next goes on
//      SPLITTER_COMMAND                   splitter_command is one; splitter_text is what there is
//                                         of a statement before it. splitter_resume goes on with
//                                         that statement, splitter_next without
//      SPLITTER_TOO_LONG                  it was too long; splitter_next goes on
//      splitter_end (splitter)            at the end: the rest, in the same way
#ifndef SUBSCRIBER_SPLITTER_H
#define SUBSCRIBER_SPLITTER_H

#include <stdbool.h>
#include <stddef.h>
#include "schema/message.h"

typedef struct splitter_t splitter_t;

typedef enum {
    SPLITTER_MORE,
    SPLITTER_STATEMENT,
    SPLITTER_COMMAND,
    SPLITTER_TOO_LONG
} splitter_state_t;

#define COMMAND_MAX_BYTES 4096

splitter_t *splitter_new (void);
void splitter_destroy (splitter_t **self_p);

splitter_state_t splitter_put (splitter_t *self, char byte);
//  The input has ended: SPLITTER_MORE where nothing but blanks and comments is left.
splitter_state_t splitter_end (splitter_t *self);

//  The statement, without ';' and surrounding blanks; not terminated. Borrowed until the next call.
const char *splitter_text (const splitter_t *self, size_t *size);
//  True where something of a statement has come.
bool splitter_has_text (const splitter_t *self);
//  The command, from its '\' on, terminated; a NUL inside is a blank. Borrowed as splitter_text.
const char *splitter_command (const splitter_t *self);
//  Line of the input, from 1, on which the statement, or the command without one, begins.
size_t splitter_line (const splitter_t *self);

//  Forget the command, and go on with the statement begun before it.
void splitter_resume (splitter_t *self);
//  Forget the statement (or what is there of one) and the command, and go on.
void splitter_next (splitter_t *self);

#endif
