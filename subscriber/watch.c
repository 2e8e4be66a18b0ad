//  SPDX-License-Identifier: GPL-2.0-or-later
//  watch - see watch.h.
#include "subscriber/watch.h"

#include <ctype.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include "program/exit_code.h"
#include "subscriber/unit_text.h"

#define DEFAULT_S 2
#define LEAST_S   0.1
#define MOST_S    86400

static bool
s_is_end (const char *text)
{
    while (isspace ((unsigned char) *text))
        text++;
    return *text == '\0';
}

int
watch_parse (watch_t *self, const char *text)
{
    char *seconds_end = (char *) text, *end;
    *self = (watch_t){.every_s = DEFAULT_S};
    if (*text)
        self->every_s = strtod (text, &seconds_end);
    end = seconds_end;
    if (!s_is_end (end))
        self->times = strtoul (seconds_end, &end, 10);
    bool is_sound = s_is_end (end) && (!*text || seconds_end != text) && self->every_s >= LEAST_S &&
                    self->every_s <= MOST_S;
    if (!is_sound)
        fprintf (stderr,
                 "error: \\watch %s: write how often, in seconds from %g to %d, and, if "
                 "not for ever, how many times: \\watch 2 10\n",
                 text, LEAST_S, MOST_S);
    return is_sound ? 0 : -1;
}

static double
s_now_mono_s (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

//  Wait until then. Returns false when interrupted.
static bool
s_wait (const console_t *console, double until_mono_s)
{
    struct pollfd item = {.fd = console->stop_fd, .events = POLLIN};
    double left_s = until_mono_s - s_now_mono_s ();
    return poll (&item, 1, left_s > 0 ? (int) ceil (left_s * 1000) : 0) == 0;
}

static void
s_print_title (const watch_t *self)
{
    char text[UNIT_TEXT_MAX + 1];
    unit_text_time (time (NULL), text);
    fprintf (stderr, "%s (every %g s)\n", text, self->every_s);
}

int
watch_run (const watch_t *self, console_t *console, const char *text, size_t size)
{
    bool paged = output_is_paged (console->output);
    double next_mono_s = s_now_mono_s ();
    int code = EXIT_DONE;
    unsigned long done = 0;
    output_set_paged (console->output, false);
    do {
        s_print_title (self);
        code = console_ask (console, text, size);
        next_mono_s = fmax (next_mono_s + self->every_s, s_now_mono_s ());
    } while (code == EXIT_DONE && ++done != self->times && !console_is_over (console) &&
             s_wait (console, next_mono_s));
    if (code == EXIT_DONE && console->is_typed && console_is_interrupted (console))
        fputc ('\n', stderr); //  Behind the terminal's "^C"
    output_set_paged (console->output, paged);
    return code;
}
