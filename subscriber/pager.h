//  SPDX-License-Identifier: GPL-2.0-or-later
//  pager - shows a text that is longer than the terminal a page at a time.
#ifndef SUBSCRIBER_PAGER_H
#define SUBSCRIBER_PAGER_H

#include <stdbool.h>
#include <stddef.h>
#include "subscriber/screen.h"

//  True where the text has more lines than the screen, of known size.
bool pager_is_needed (const char *text, size_t size, const screen_t *screen);

//  Give it to $PAGER ("" and "cat": none), by default `less -FRSX`, and wait until the reader is
//  done. Returns 0, or -1 where there is no pager: then nothing has been shown.
int pager_show (const char *text, size_t size);

#endif
