//  SPDX-License-Identifier: GPL-2.0-or-later
//  child - a command of the shell, run beside us: a pager, an editor, whatever takes \o's answers.
//  It gets signals as if the shell itself had started it. Not safe for two threads.
#ifndef SUBSCRIBER_CHILD_H
#define SUBSCRIBER_CHILD_H

#include <stdio.h>
#include <sys/types.h>

#define CHILD_NOT_FOUND 127 //  The shell's exit code where there is no such command

//  Start a command. What is written to *input (unless NULL) is its standard input; else it shares
//  ours. argument, where not NULL, is its "$1". Returns its pid, or -1 with errno.
pid_t child_start (const char *command, const char *argument, FILE **input);

//  Close input, unless NULL, and wait for the end. Returns the exit code, 128 + the signal where
//  one ended it, or -1 with errno.
int child_wait (pid_t child, FILE *input);

//  Start it and wait. Returns as child_wait.
int child_run (const char *command, const char *argument);

#endif
