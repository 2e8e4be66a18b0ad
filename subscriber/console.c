//  SPDX-License-Identifier: GPL-2.0-or-later
//  console - see console.h.
#include "subscriber/console.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include "program/exit_code.h"
#include "subscriber/commands.h"

console_t
console_new (session_t *session, output_t *output, int stop_fd)
{
    return (console_t){.session = session, .output = output, .stop_fd = stop_fd};
}

void
console_fini (console_t *self)
{
    free (self->last);
    free (self->edited);
    self->last = self->edited = NULL;
}

//  text may be self's own.
static void
s_remember (console_t *self, const char *text, size_t size)
{
    if (text == self->last)
        return;
    free (self->last);
    self->last = malloc (size + 1);
    assert (self->last);
    memcpy (self->last, text, size);
    self->last[size] = '\0';
    self->last_size = size;
}

int
console_ask (console_t *self, const char *text, size_t size)
{
    s_remember (self, text, size);
    int code = session_ask (self->session, text, size);
    if (self->is_timed)
        fprintf (stderr, "Time: %.3f ms\n", (double) session_elapsed_us (self->session) / 1000);
    return code;
}

static int
s_command (console_t *self, splitter_t *splitter)
{
    size_t size;
    const char *text = splitter_text (splitter, &size);
    command_result_t result = {EXIT_DONE, false};
    command_run (self, splitter_command (splitter), text, size, &result);
    if (result.took_statement)
        splitter_next (splitter);
    else
        splitter_resume (splitter);
    return result.code;
}

static int
s_statement (console_t *self, splitter_t *splitter)
{
    size_t size;
    const char *text = splitter_text (splitter, &size);
    int code = console_ask (self, text, size);
    splitter_next (splitter);
    return code;
}

int
console_deal (console_t *self, splitter_t *splitter, splitter_state_t state)
{
    switch (state) {
    case SPLITTER_MORE:
        break;
    case SPLITTER_STATEMENT:
        return s_statement (self, splitter);
    case SPLITTER_COMMAND:
        return s_command (self, splitter);
    case SPLITTER_TOO_LONG:
        fprintf (stderr, "error: the statement is longer than %d bytes, or the command than %d\n",
                 STATEMENT_MAX_BYTES, COMMAND_MAX_BYTES);
        splitter_next (splitter);
        return EXIT_FAILED;
    }
    return EXIT_DONE;
}

bool
console_is_over (const console_t *self)
{
    return self->quits || output_is_over (self->output);
}

bool
console_is_interrupted (const console_t *self)
{
    struct pollfd item = {.fd = self->stop_fd, .events = POLLIN};
    return poll (&item, 1, 0) == 1;
}
