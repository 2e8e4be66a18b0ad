//  SPDX-License-Identifier: GPL-2.0-or-later
//  console - carries out what is typed at the prompt or stands in a script: statements are asked,
//  commands (\x, \watch ...) done. A plain value; one for a session, whoever feeds it.
#ifndef SUBSCRIBER_CONSOLE_H
#define SUBSCRIBER_CONSOLE_H

#include "subscriber/session.h"
#include "subscriber/splitter.h"

typedef struct {
    session_t *session; //  Borrowed, as is output
    output_t *output;
    int stop_fd;
    bool is_typed;  //  By people, at a terminal
    bool is_timed;  //  \timing
    bool quits;     //  \q came: the input it stands in ends
    unsigned depth; //  Of \i inside \i
    char *last;     //  The statement asked last, or NULL
    size_t last_size;
    char *edited; //  What \e has left, to be taken as if it were typed, or NULL
} console_t;

//  All members but these are 0 at first.
console_t console_new (session_t *session, output_t *output, int stop_fd);
void console_fini (console_t *self);

//  Ask a statement, and say how long that took where \timing is on. Returns its exit code.
int console_ask (console_t *self, const char *text, size_t size);

//  Deal with what a splitter has found, and have it go on. Returns EXIT_DONE, or the exit code of
//  what failed.
int console_deal (console_t *self, splitter_t *splitter, splitter_state_t state);

//  True where nothing more is to be dealt with: \q came, or nobody reads the answers.
bool console_is_over (const console_t *self);

//  True once stop_fd is readable: somebody interrupts.
bool console_is_interrupted (const console_t *self);

#endif
