//  SPDX-License-Identifier: GPL-2.0-or-later
//  stop - SIGINT, SIGTERM and SIGHUP as a readable file descriptor, for poll loops. Also keeps
//  CZMQ from catching signals itself, drops the ZSYS_* variables that would change its limits, and
//  keeps SIGPIPE from ending programs that must say more.
#ifndef PROGRAM_STOP_H
#define PROGRAM_STOP_H

#include <stdbool.h>

//  Call first in main, before any thread or socket. Returns the descriptor: poll it, do not read
//  it; once readable it stays so, in every thread.
int stop_init (void);
//  True once a signal came. Any thread.
bool stop_requested (void);

#endif
