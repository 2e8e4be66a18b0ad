//  SPDX-License-Identifier: GPL-2.0-or-later
//  pager - see pager.h.
#include "subscriber/pager.h"

#include <stdlib.h>
#include <string.h>
#include "subscriber/child.h"

//  Ends at once where it fits, shows colours, scrolls sideways, leaves the screen as it was.
//  Minimal systems have no less.
#define DEFAULT_PAGER "command -v less >/dev/null || exit 127; exec less -FRSX"

bool
pager_is_needed (const char *text, size_t size, const screen_t *screen)
{
    size_t lines = 1; //  The prompt's
    if (!screen->is_terminal || screen->rows == 0)
        return false;
    for (const char *end = text + size; (text = memchr (text, '\n', (size_t) (end - text))); text++)
        lines++;
    return lines > screen->rows;
}

int
pager_show (const char *text, size_t size)
{
    FILE *input;
    const char *command = getenv ("PAGER");
    if (command && (!*command || strcmp (command, "cat") == 0))
        return -1;
    pid_t pager = child_start (command ? command : DEFAULT_PAGER, NULL, &input);
    if (pager == -1)
        return -1;
    fwrite (text, 1, size, input);
    return child_wait (pager, input) == CHILD_NOT_FOUND ? -1 : 0;
}
