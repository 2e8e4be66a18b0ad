//  SPDX-License-Identifier: GPL-2.0-or-later
//  screen - see screen.h.
#include "subscriber/screen.h"

#include <curses.h> //  Before term.h, which needs it
#include <errno.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>

#undef columns //  A macro of term.h

static bool
s_is_set (const char *variable)
{
    const char *value = getenv (variable);
    return value && *value;
}

//  By terminfo, for the terminal that TERM names; 0 where it is not known. Looked up once.
static int
s_terminfo_colours (const char *terminal)
{
    static int colours = -1;
    int status;
    if (colours != -1)
        return colours;
    TERMINAL *before = set_curterm (NULL);
    bool known = setupterm (terminal, STDOUT_FILENO, &status) == OK;
    colours = known && tigetnum ("colors") > 0 ? tigetnum ("colors") : 0;
    if (known)
        del_curterm (cur_term);
    set_curterm (before);
    return colours;
}

static colours_t
s_colours (void)
{
    const char *terminal = getenv ("TERM"), *depth = getenv ("COLORTERM");
    if (s_is_set ("NO_COLOR") || !terminal || strcmp (terminal, "dumb") == 0)
        return COLOURS_NONE;
    if (depth && (strcmp (depth, "truecolor") == 0 || strcmp (depth, "24bit") == 0))
        return COLOURS_TRUE;
    return s_terminfo_colours (terminal) >= 256 ? COLOURS_256 : COLOURS_BASIC;
}

screen_t
screen_of (FILE *file)
{
    screen_t self = {.is_terminal = isatty (fileno (file)),
                     .utf8 = strcmp (nl_langinfo (CODESET), "UTF-8") == 0};
    struct winsize size;
    if (!self.is_terminal)
        return self;
    self.colours = s_colours ();
    self.colour = self.colours != COLOURS_NONE;
    if (ioctl (fileno (file), TIOCGWINSZ, &size) == 0) {
        self.columns = size.ws_col;
        self.rows = size.ws_row;
    }
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
screen_flush (void)
{
    errno = 0;
    if (fflush (stdout) == 0 && !ferror (stdout))
        return 0;
    if (errno == EPIPE)
        return 1;
    fprintf (stderr, "%s: standard output cannot be written: %s\n", program_invocation_short_name,
             strerror (errno));
    return -1;
}
