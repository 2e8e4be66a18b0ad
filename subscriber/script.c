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
    session_t *session;
    splitter_t *splitter;
    const char *name; //  Of the input, or NULL where it needs none
} script_t;

static void
s_say_where (const script_t *self)
{
    if (self->name)
        fprintf (stderr, "client: %s, line %zu: the statement there failed\n", self->name,
                 splitter_line (self->splitter));
}

//  Deal with what the splitter has found.
static int
s_ask (script_t *self, splitter_state_t state)
{
    int code = EXIT_DONE;
    if (state == SPLITTER_MORE)
        return code;
    if (state == SPLITTER_TOO_LONG) {
        fprintf (stderr, "error: the statement is longer than %d bytes\n", STATEMENT_MAX_BYTES);
        code = EXIT_FAILED;
    } else {
        size_t size;
        const char *text = splitter_text (self->splitter, &size);
        code = session_ask (self->session, text, size);
    }
    if (code != EXIT_DONE)
        s_say_where (self);
    splitter_next (self->splitter);
    return code;
}

static int
s_feed (script_t *self, const char *bytes, size_t size)
{
    int code = EXIT_DONE;
    for (size_t i = 0; i < size && code == EXIT_DONE && !session_is_over (self->session); i++)
        code = s_ask (self, splitter_put (self->splitter, bytes[i]));
    return code;
}

static int
s_end (script_t *self)
{
    return session_is_over (self->session) ? EXIT_DONE
                                           : s_ask (self, splitter_end (self->splitter));
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
s_read_all (script_t *self, int fd, int stop_fd)
{
    char bytes[4096];
    while (!session_is_over (self->session)) {
        ssize_t size = s_read (fd, stop_fd, bytes, sizeof bytes);
        if (size == 0)
            break;
        if (size == -1) {
            fprintf (stderr, "client: %s cannot be read: %s\n", self->name, strerror (errno));
            return EXIT_FAILED;
        }
        int code = s_feed (self, bytes, (size_t) size);
        if (code != EXIT_DONE)
            return code;
    }
    return s_end (self);
}

int
script_run_text (session_t *session, const char *text)
{
    script_t self = {.session = session, .splitter = splitter_new ()};
    int code = s_feed (&self, text, strlen (text));
    if (code == EXIT_DONE)
        code = s_end (&self);
    splitter_destroy (&self.splitter);
    return code;
}

int
script_run_file (session_t *session, int fd, const char *name, int stop_fd)
{
    script_t self = {.session = session, .splitter = splitter_new (), .name = name};
    int code = s_read_all (&self, fd, stop_fd);
    splitter_destroy (&self.splitter);
    return code;
}
