//  SPDX-License-Identifier: GPL-2.0-or-later
//  editor - a text in the editor that the user likes.
#ifndef SUBSCRIBER_EDITOR_H
#define SUBSCRIBER_EDITOR_H

#include <stddef.h>

//  Open $VISUAL, $EDITOR or, without them, "editor" or "vi" on the text and wait. Returns what the
//  user left, terminated, which the caller frees; "" where nothing was changed; NULL where it
//  failed, and says why.
char *editor_run (const char *text, size_t size);

#endif
