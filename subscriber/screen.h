//  SPDX-License-Identifier: GPL-2.0-or-later
//  screen - what the reader at the other end of a stream can show. A plain value.
#ifndef SUBSCRIBER_SCREEN_H
#define SUBSCRIBER_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef enum {
    COLOURS_NONE,  //  Not a terminal, a dumb one, or NO_COLOR is set
    COLOURS_BASIC, //  Bold and the eight of ECMA-48
    COLOURS_256,   //  xterm's 256
    COLOURS_TRUE   //  24 bits: COLORTERM says so
} colours_t;

typedef struct {
    bool is_terminal;
    bool colour;       //  More than COLOURS_NONE
    size_t columns;    //  Width in characters; 0 where it is unlimited or unknown
    size_t rows;       //  Height in lines; 0 as above
    colours_t colours; //  How many
    bool utf8;         //  The locale's characters are UTF-8 (after setlocale)
} screen_t;

//  Look at a stream. Do it for every answer anew: windows change their size. Leaves the terminal
//  that terminfo's callers have set up (readline) as it was.
screen_t screen_of (FILE *file);

//  Escape sequences, or "" where the screen has no colours.
const char *screen_bold (const screen_t *self);
const char *screen_warning (const screen_t *self);
const char *screen_plain (const screen_t *self);

//  Write out what is buffered for standard output. Returns 0; 1 where nobody reads it any more
//  (quietly: `| head` is no mistake), -1 where it could not be written, and says so on standard
//  error.
int screen_flush (void);

#endif
