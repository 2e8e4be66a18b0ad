//  SPDX-License-Identifier: GPL-2.0-or-later
//  script - statements and commands that nobody types: of -c, of a file, of a pipe. The first that
//  fails ends them.
#ifndef SUBSCRIBER_SCRIPT_H
#define SUBSCRIBER_SCRIPT_H

#include "subscriber/console.h"

//  Ask every statement of a text. Returns EXIT_DONE, or the exit code of the one that failed.
int script_run_text (console_t *console, const char *text);

//  Ask every statement that comes from a file descriptor, each as soon as its ';' has come. name is
//  for messages. Returns as script_run_text; EXIT_FAILED where it cannot be read, or when
//  interrupted by the console's stop_fd becoming readable.
int script_run_file (console_t *console, int fd, const char *name);

#endif
