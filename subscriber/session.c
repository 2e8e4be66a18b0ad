//  SPDX-License-Identifier: GPL-2.0-or-later
//  session - see session.h.
#include "subscriber/session.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "program/exit_code.h"
#include "query/local_times.h"
#include "subscriber/contact.h"
#include "subscriber/discovery.h"
#include "subscriber/join.h"
#include "subscriber/reach.h"
#include "subscriber/remarks.h"
#include "subscriber/sheet.h"

#define FIND_MS 1000 //  How long to look for a coordinator, or workers, nobody told us of

struct session_t {
    const session_options_t *options;
    output_t *output;
    int stop_fd;
    contact_t *coordinator;   //  NULL where it has not been reached, or is lost
    bool was_connected;       //  To the coordinator, at some time
    workers_t *workers;       //  To be asked instead, or NULL
    bool workers_are_found;   //  And not told: a coordinator may still come
    bool silent[WORKERS_MAX]; //  Which workers did not answer the last statement
    int64_t elapsed_us;
};

session_t *
session_new (const session_options_t *options, workers_t **workers, output_t *output, int stop_fd)
{
    session_t *self = calloc (1, sizeof *self);
    assert (self);
    self->options = options;
    self->output = output;
    self->stop_fd = stop_fd;
    self->workers = *workers;
    *workers = NULL;
    return self;
}

void
session_destroy (session_t **self_p)
{
    session_t *self = *self_p;
    if (!self)
        return;
    contact_destroy (&self->coordinator);
    workers_destroy (&self->workers);
    free (self);
    *self_p = NULL;
}

int64_t
session_elapsed_us (const session_t *self)
{
    return self->elapsed_us;
}

const workers_t *
session_workers (const session_t *self)
{
    return self->workers;
}

const char *
session_endpoint (const session_t *self)
{
    return self->options->endpoint;
}

void
session_print_connection (const session_t *self, FILE *out)
{
    if (!self->workers)
        fprintf (out, "Statements go to the coordinator at %s.\n", self->options->endpoint);
    for (size_t i = 0; self->workers && i < workers_count (self->workers); i++)
        fprintf (out, "Statements go to worker %s at %s.\n", workers_node (self->workers, i),
                 workers_endpoint (self->workers, i));
}

//  A terminal has just shown "^C".
static int
s_interrupted (void)
{
    fprintf (stderr, "%sclient: interrupted\n", isatty (STDERR_FILENO) ? "\n" : "");
    return EXIT_FAILED;
}

//  --- whom to ask -----------------------------------------------------------------------------

static int
s_cannot_connect (const session_t *self)
{
    fprintf (
        stderr,
        self->options->endpoint_is_chosen
            ? "%s: nobody answers at %s: is a coordinator running there? --endpoint names "
              "another, --workers asks workers themselves\n"
            : "%s: no coordinator at %s and no worker on this machine: start them "
              "('make run'), or name a coordinator with --endpoint or workers with --workers\n",
        program_invocation_short_name, self->options->endpoint);
    return EXIT_CANNOT_CONNECT;
}

static void
s_say_whom (const session_t *self)
{
    size_t count = workers_count (self->workers);
    fprintf (stderr, "%s: no coordinator at %s: asking worker%s ", program_invocation_short_name,
             self->options->endpoint, count == 1 ? "" : "s");
    for (size_t i = 0; i < count; i++)
        remark_name (workers_node (self->workers, i), i, count, stderr);
    fputs (" directly\n", stderr);
}

//  Take the workers of this machine. They are looked for each time: some may have come or gone.
static int
s_find_workers (session_t *self)
{
    workers_t *found = workers_new ();
    int count = discovery_find (found, FIND_MS, self->stop_fd);
    if (count <= 0) {
        workers_destroy (&found);
        return count == -1 ? s_interrupted () : s_cannot_connect (self);
    }
    if (self->workers && workers_equal (self->workers, found)) {
        workers_destroy (&found);
        return EXIT_DONE;
    }
    workers_destroy (&self->workers);
    self->workers = found;
    self->workers_are_found = true;
    s_say_whom (self);
    return EXIT_DONE;
}

static void
s_take_coordinator (session_t *self)
{
    if (self->workers_are_found)
        fprintf (stderr, "%s: now asking the coordinator at %s\n", program_invocation_short_name,
                 self->options->endpoint);
    else if (self->was_connected)
        fprintf (stderr, "%s: connected to the coordinator at %s again\n",
                 program_invocation_short_name, self->options->endpoint);
    workers_destroy (&self->workers);
    self->workers_are_found = false;
    self->coordinator = contact_new (self->options->endpoint);
    self->was_connected = true;
}

//  Returns EXIT_DONE where it is there, EXIT_CANNOT_CONNECT where not, EXIT_FAILED when
//  interrupted.
static int
s_reach_coordinator (session_t *self)
{
    bool present;
    int timeout_ms = self->options->endpoint_is_chosen ? self->options->timeout_ms : FIND_MS;
    if (reach (&self->options->endpoint, 1, timeout_ms, self->stop_fd, &present) == -1)
        return s_interrupted ();
    if (!present)
        return EXIT_CANNOT_CONNECT;
    s_take_coordinator (self);
    return EXIT_DONE;
}

//  The same for one that was there before, and may be starting anew.
static int
s_check_coordinator (session_t *self)
{
    int is_up = contact_check (self->coordinator, self->options->timeout_ms, self->stop_fd);
    if (is_up == -1)
        return s_interrupted ();
    if (is_up == 1)
        return EXIT_DONE;
    contact_destroy (&self->coordinator);
    return EXIT_CANNOT_CONNECT;
}

int
session_connect (session_t *self)
{
    if (self->workers && !self->workers_are_found)
        return EXIT_DONE;
    int code = self->coordinator ? s_check_coordinator (self) : s_reach_coordinator (self);
    if (code != EXIT_CANNOT_CONNECT)
        return code;
    return self->options->endpoint_is_chosen ? s_cannot_connect (self) : s_find_workers (self);
}

//  --- asking ----------------------------------------------------------------------------------

static int
s_no_answer (const session_t *self)
{
    double seconds = self->options->timeout_ms / 1000.0;
    if (!self->workers)
        fprintf (stderr,
                 "%s: no answer from %s within %g s: it may be busy (--timeout waits longer), "
                 "or is no coordinator\n",
                 program_invocation_short_name, self->options->endpoint, seconds);
    else
        fprintf (stderr,
                 "%s: no worker answered within %g s (%s at %s first of all): do they run? "
                 "--workers names others\n",
                 program_invocation_short_name, seconds, workers_node (self->workers, 0),
                 workers_endpoint (self->workers, 0));
    return EXIT_CANNOT_CONNECT;
}

static size_t
s_remark_silent (const session_t *self)
{
    size_t count = 0, index = 0;
    for (size_t i = 0; self->workers && i < workers_count (self->workers); i++)
        count += self->silent[i];
    if (count == 0)
        return 0;
    fprintf (stderr, "%s: no answer from ", program_invocation_short_name);
    for (size_t i = 0; i < workers_count (self->workers); i++)
        if (self->silent[i])
            remark_name (workers_node (self->workers, i), index++, count, stderr);
    fprintf (stderr, ": what %s is missing here\n", count == 1 ? "it holds" : "they hold");
    return count;
}

//  --- the answer ------------------------------------------------------------------------------

//  Strictly, an answer in which somebody is missing has failed.
static int
s_judge (const session_t *self, const table_t *table, size_t silent)
{
    size_t empty = table_empty_rows (table);
    if (!self->options->strict || (silent == 0 && empty == 0))
        return EXIT_DONE;
    if (silent == 0)
        fprintf (stderr, "%s: %zu row%s no frame of the window at all (--strict)\n",
                 program_invocation_short_name, empty, empty == 1 ? " has" : "s have");
    return EXIT_FAILED;
}

static int
s_print_table (session_t *self, const reply_t *reply)
{
    const table_t *table = reply->table;
    int code = output_print (self->output, table);
    if (code != EXIT_DONE || output_is_over (self->output))
        return code;
    if (output_is_for_people (self->output))
        remark_rows (table, stderr);
    remark_source (table, stderr);
    remark_window (reply->since_wall_s, reply->until_wall_s, stderr);
    return s_judge (self, table, s_remark_silent (self));
}

//  What is no table is said.
static int
s_check_reply (session_t *self, const reply_t *reply, const char *text, size_t size)
{
    switch (reply->kind) {
    case REPLY_TABLE:
        return EXIT_DONE;
    case REPLY_ERROR:
        query_error_print (&reply->error, text, size, stderr);
        return EXIT_FAILED;
    case REPLY_PARTIALS:
        fprintf (stderr, "%s: %s answered in another form than asked\n",
                 program_invocation_short_name, self->options->endpoint);
        return EXIT_FAILED;
    case REPLY_NONE:
        break;
    }
    return s_no_answer (self);
}

//  The coordinator may live in another time zone than who asks; workers are asked for unix times.
static int
s_ask_coordinator (session_t *self, const char *text, size_t size, reply_t *reply)
{
    char *resolved = local_times_resolve (text, size);
    int rc = contact_ask (self->coordinator, resolved, size, self->options->timeout_ms,
                          self->stop_fd, reply);
    free (resolved);
    return rc;
}

//  Returns 0, or -1 when interrupted.
static int
s_ask (session_t *self, const char *text, size_t size, reply_t *reply)
{
    int64_t begin_us = zclock_usecs ();
    int rc = self->workers ? join_ask (self->workers, text, size, self->options->timeout_ms,
                                       self->stop_fd, reply, self->silent)
                           : s_ask_coordinator (self, text, size, reply);
    self->elapsed_us = zclock_usecs () - begin_us;
    return rc;
}

int
session_fetch (session_t *self, const char *text, size_t size, reply_t *reply)
{
    memset (reply, 0, sizeof *reply);
    self->elapsed_us = 0;
    int code = session_connect (self);
    if (code != EXIT_DONE)
        return code;
    int rc = s_ask (self, text, size, reply);
    return rc == -1 ? s_interrupted () : s_check_reply (self, reply, text, size);
}

int
session_ask (session_t *self, const char *text, size_t size)
{
    reply_t reply;
    int code = session_fetch (self, text, size, &reply);
    if (code == EXIT_DONE)
        code = s_print_table (self, &reply);
    reply_fini (&reply);
    return code;
}
