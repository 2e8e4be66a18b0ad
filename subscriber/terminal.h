//  SPDX-License-Identifier: GPL-2.0-or-later
//  terminal - the terminal of a full-screen program: its other screen, without a cursor, and keys
//  one by one. It is given back as it was at the end, and too where the program crashes, is
//  suspended (Ctrl-Z; taken again when it goes on) or just exits. There is one in a process; call
//  from one thread.
#ifndef SUBSCRIBER_TERMINAL_H
#define SUBSCRIBER_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

//  Take the terminal on standard output. Keys are read where standard input is one too.
void terminal_enter (void);
//  Give it back. Does nothing where it is not taken.
void terminal_leave (void);
//  The same from another thread, when the process is about to end while the first one may wait for
//  the terminal: restarts what Ctrl-S stopped, and leaves out what could not be done in 100 ms.
void terminal_abandon (void);
bool terminal_is_taken (void);

//  True once after each change of size and each return from suspension: draw all anew.
bool terminal_has_changed (void);

//  Keys: characters as they are, and these.
enum {
    KEY_NONE = -1, //  None is waiting
    KEY_GONE = -2, //  Standard input has ended
    KEY_ESCAPE = 27,
    KEY_DELETE = 127,
    KEY_UP = 256,
    KEY_DOWN,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_HOME,
    KEY_END,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_OTHER //  One we do not know
};

//  True where keys are read: poll standard input.
bool terminal_has_keys (void);
//  The next key. Never waits.
int terminal_key (void);

//  The key that a terminal's bytes, of which there is at least one, mean. *used is how many of them
//  it was. Pure.
int terminal_decode (const char *bytes, size_t size, size_t *used);

#endif
