//  SPDX-License-Identifier: GPL-2.0-or-later
//  screen - what the reader at the other end of a stream can show. A plain value.
#ifndef SUBSCRIBER_SCREEN_H
#define SUBSCRIBER_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct {
    bool is_terminal;
    bool colour;    //  A terminal that has colours, and NO_COLOR is not set
    size_t columns; //  Width in characters; 0 where it is unlimited or unknown
} screen_t;

//  Look at a stream. Do it for every answer anew: windows change their size.
screen_t screen_of (FILE *file);

//  Escape sequences, or "" where the screen has no colours.
const char *screen_bold (const screen_t *self);
const char *screen_warning (const screen_t *self);
const char *screen_plain (const screen_t *self);

//  Write out what is buffered for standard output. Returns 0; 1 where nobody reads it any more
//  (quietly: `| head` is no mistake), -1 where it could not be written, and says so on standard
//  error.
int screen_flush (const char *program);

#endif
