//  SPDX-License-Identifier: GPL-2.0-or-later
//  script - see script.h.
#include "subscriber/script.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "program/exit_code.h"
#include "subscriber/splitter.h"

typedef struct {
    console_t *console;
    splitter_t *splitter;
    const char *name; //  Of the input, or NULL where it needs none
} script_t;

//  Deal with what the splitter has found.
static int
s_deal (script_t *self, splitter_state_t state)
{
    size_t line = splitter_line (self->splitter);
    int code = console_deal (self->console, self->splitter, state);
    if (code != EXIT_DONE && self->name)
        fprintf (stderr, "%s: %s, line %zu: what stands there failed\n",
                 program_invocation_short_name, self->name, line);
    return code;
}

static int
s_feed (script_t *self, const char *bytes, size_t size)
{
    int code = EXIT_DONE;
    for (size_t i = 0; i < size && code == EXIT_DONE && !console_is_over (self->console); i++)
        code = s_deal (self, splitter_put (self->splitter, bytes[i]));
    return code;
}

//  A command is followed by what stands before it of a statement.
static int
s_end (script_t *self)
{
    int code = EXIT_DONE;
    splitter_state_t state = SPLITTER_MORE;
    do {
        if (console_is_over (self->console))
            break;
        state = splitter_end (self->splitter);
        code = s_deal (self, state);
    } while (state == SPLITTER_COMMAND && code == EXIT_DONE);
    return code;
}

//  Wait for input and read it. Returns its size; 0 at the end; -1 with errno, EINTR when stop_fd
//  became readable.
static ssize_t
s_read (int fd, int stop_fd, char *bytes, size_t capacity)
{
    struct pollfd items[] = {{.fd = fd, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};
    poll (items, 2, -1);
    if (items[1].revents) {
        errno = EINTR;
        return -1;
    }
    return read (fd, bytes, capacity);
}

static int
s_read_failed (const script_t *self)
{
    if (errno == EINTR)
        fprintf (stderr, "%s: interrupted in %s\n", program_invocation_short_name, self->name);
    else
        fprintf (stderr, "%s: %s cannot be read: %s\n", program_invocation_short_name, self->name,
                 strerror (errno));
    return EXIT_FAILED;
}

static int
s_read_all (script_t *self, int fd)
{
    char bytes[4096];
    while (!console_is_over (self->console)) {
        ssize_t size = s_read (fd, self->console->stop_fd, bytes, sizeof bytes);
        if (size == 0)
            break;
        if (size == -1)
            return s_read_failed (self);
        int code = s_feed (self, bytes, (size_t) size);
        if (code != EXIT_DONE)
            return code;
    }
    return s_end (self);
}

int
script_run_text (console_t *console, const char *text)
{
    script_t self = {.console = console, .splitter = splitter_new ()};
    int code = s_feed (&self, text, strlen (text));
    if (code == EXIT_DONE)
        code = s_end (&self);
    splitter_destroy (&self.splitter);
    return code;
}

int
script_run_file (console_t *console, int fd, const char *name)
{
    script_t self = {.console = console, .splitter = splitter_new (), .name = name};
    int code = s_read_all (&self, fd);
    splitter_destroy (&self.splitter);
    return code;
}
