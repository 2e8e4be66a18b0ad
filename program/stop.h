//  SPDX-License-Identifier: GPL-2.0-or-later
//  stop - SIGINT, SIGTERM and SIGHUP as a readable file descriptor, for poll loops. Also keeps
//  CZMQ from catching signals itself, drops the ZSYS_* variables that would change its limits,
//  keeps SIGPIPE from ending programs that must say more, and keeps files and sockets away from
//  standard streams that are closed: what is written there fails, as it would.
#ifndef PROGRAM_STOP_H
#define PROGRAM_STOP_H

#include <stdbool.h>

//  Call first in main, before any thread or socket. Returns the descriptor: poll it, do not read
//  it; once readable it stays so, in every thread.
int stop_init (void);
//  True once a signal came. Any thread.
bool stop_requested (void);

//  End the process with EXIT_DONE so many milliseconds after a signal, where it has not ended by
//  itself: a write to a terminal that nobody reads returns for no poll loop. give_back is called
//  just before, on a thread of its own, and must not wait for long. Call once.
void stop_within (long milliseconds, void (*give_back) (void));

#endif
