//  SPDX-License-Identifier: GPL-2.0-or-later
//  watch - a statement asked again and again. A plain value.
#ifndef SUBSCRIBER_WATCH_H
#define SUBSCRIBER_WATCH_H

#include "subscriber/console.h"

typedef struct {
    double every_s;
    unsigned long times; //  0: until it is interrupted
} watch_t;

//  Read "[SECONDS [TIMES]]". Returns 0, or -1 and says what is wrong.
int watch_parse (watch_t *self, const char *text);

//  Ask the statement, wait, and so on, on a schedule that does not drift, until that was done
//  often enough, it fails, nobody reads the answers or stop_fd is readable. Long answers go through
//  no pager meanwhile. Returns the exit code of the last.
int watch_run (const watch_t *self, console_t *console, const char *text, size_t size);

#endif
