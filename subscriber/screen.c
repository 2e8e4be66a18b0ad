//  SPDX-License-Identifier: GPL-2.0-or-later
//  screen - see screen.h.
#include "subscriber/screen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool
s_is_set (const char *variable)
{
    const char *value = getenv (variable);
    return value && *value;
}

screen_t
screen_of (FILE *file)
{
    screen_t self = {.is_terminal = isatty (fileno (file))};
    const char *terminal = getenv ("TERM");
    struct winsize size;
    self.colour =
        self.is_terminal && !s_is_set ("NO_COLOR") && terminal && strcmp (terminal, "dumb") != 0;
    if (self.is_terminal && ioctl (fileno (file), TIOCGWINSZ, &size) == 0)
        self.columns = size.ws_col;
    return self;
}

const char *
screen_bold (const screen_t *self)
{
    return self->colour ? "\033[1m" : "";
}

const char *
screen_warning (const screen_t *self)
{
    return self->colour ? "\033[33m" : "";
}

const char *
screen_plain (const screen_t *self)
{
    return self->colour ? "\033[0m" : "";
}

int
screen_flush (const char *program)
{
    errno = 0;
    if (fflush (stdout) == 0 && !ferror (stdout))
        return 0;
    if (errno == EPIPE)
        return 1;
    fprintf (stderr, "%s: standard output cannot be written: %s\n", program, strerror (errno));
    return -1;
}
