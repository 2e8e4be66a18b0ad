//  SPDX-License-Identifier: GPL-2.0-or-later
//  keys - what is typed at the terminal, on its way to readline. readline's own reading may wait
//  for ever for bytes that poll has just announced: a Ctrl-C makes the kernel throw away what was
//  typed before it. Here nothing waits without watching stop_fd too. Ctrl-Z and
//  Ctrl-\ stop and end us with the terminal as it was. One a process, as readline is.
#ifndef SUBSCRIBER_KEYS_H
#define SUBSCRIBER_KEYS_H

#include <stdbool.h>

//  Make readline read through us. stop_fd is stop_init's. Call once, before readline's handler is
//  installed.
void keys_open (int stop_fd);

//  Wait until something was typed or a signal came; both can be true at once, and neither.
void keys_wait (void);

//  True where readline can take a key without waiting.
bool keys_are_there (void);

//  Forget what was typed and not yet taken.
void keys_drop (void);

#endif
