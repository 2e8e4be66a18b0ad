//  SPDX-License-Identifier: GPL-2.0-or-later
//  prompt - the interactive side of the client. A statement ends with ';', or with its line where
//  it is complete; otherwise the prompt goes on on the next line, and an empty one ends it.
//  Commands begin with a '\'. Tab completes. Ctrl-C drops what was typed, or ends what runs;
//  Ctrl-D, \q, quit and exit leave.
#ifndef SUBSCRIBER_PROMPT_H
#define SUBSCRIBER_PROMPT_H

#include "subscriber/console.h"

//  Read from the terminal and ask until the user leaves or SIGTERM or SIGHUP comes. Returns
//  EXIT_DONE, EXIT_CANNOT_CONNECT where nobody is there to ask at the start, or EXIT_FAILED where
//  standard output cannot be written.
int prompt_run (console_t *console);

#endif
