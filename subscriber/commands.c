//  SPDX-License-Identifier: GPL-2.0-or-later
//  commands - see commands.h.
#include "subscriber/commands.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <readline/tilde.h>
#include "program/exit_code.h"
#include "subscriber/child.h"
#include "subscriber/describe.h"
#include "subscriber/editor.h"
#include "subscriber/help.h"
#include "subscriber/script.h"
#include "subscriber/watch.h"

#define DEPTH_MAX 16 //  Of scripts that run scripts

//  One call of a command.
typedef struct {
    console_t *console;
    char *argument;   //  The rest of the line, without blanks around it; "" where there is none
    const char *text; //  The statement before the command, or else the one asked last
    size_t size;
    command_result_t *result;
} call_t;

static int
s_fail (const char *what, const char *argument)
{
    fprintf (stderr, "error: %s%s\n", what, argument);
    return EXIT_FAILED;
}

//  --- how answers look ------------------------------------------------------------------------

static int
s_set_format (call_t *call, format_t format)
{
    output_set_format (call->console->output, format);
    fprintf (stderr, "Answers are printed as %s.\n", format_name (format));
    return EXIT_DONE;
}

static int
s_format (call_t *call)
{
    format_t format = output_format (call->console->output);
    if (*call->argument && format_find (call->argument, &format) == -1)
        return s_fail ("\\format: there are " FORMAT_NAMES ", but no ", call->argument);
    return s_set_format (call, format);
}

//  on, off, or nothing for the other way. Returns -1 where it is none of them, and says so.
static int
s_switch (const call_t *call, bool is_on)
{
    if (!*call->argument)
        return !is_on;
    if (strcasecmp (call->argument, "on") == 0 || strcasecmp (call->argument, "off") == 0)
        return strcasecmp (call->argument, "on") == 0;
    fprintf (stderr, "error: write on or off, or nothing to change it, but not %s\n",
             call->argument);
    return -1;
}

static int
s_expand (call_t *call)
{
    bool is_on = output_format (call->console->output) == FORMAT_VERTICAL;
    if (strcasecmp (call->argument, "auto") == 0)
        return s_set_format (call, FORMAT_AUTO);
    int wanted = s_switch (call, is_on);
    if (wanted == -1)
        return EXIT_FAILED;
    format_t narrow = *call->argument ? FORMAT_TABLE : FORMAT_AUTO;
    return s_set_format (call, wanted ? FORMAT_VERTICAL : narrow);
}

static int
s_time (call_t *call)
{
    int wanted = s_switch (call, call->console->is_timed);
    if (wanted == -1)
        return EXIT_FAILED;
    call->console->is_timed = wanted;
    fprintf (stderr, "Timing is %s.\n", wanted ? "on" : "off");
    return EXIT_DONE;
}

//  --- files and other programs ----------------------------------------------------------------

static int
s_redirect (call_t *call)
{
    char *target = tilde_expand (call->argument);
    int rc = output_redirect (call->console->output, *target ? target : NULL);
    free (target);
    return rc == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int
s_include_file (console_t *console, const char *name)
{
    int fd = open (name, O_RDONLY | O_CLOEXEC);
    if (fd == -1) {
        fprintf (stderr, "error: %s: %s\n", name, strerror (errno));
        return EXIT_FAILED;
    }
    console->depth++;
    int code = script_run_file (console, fd, name);
    console->depth--;
    console->quits = false; //  A \q in there ended no more than that
    close (fd);
    return code;
}

static int
s_include (call_t *call)
{
    if (!*call->argument)
        return s_fail ("\\i needs a file's name", "");
    if (call->console->depth == DEPTH_MAX)
        return s_fail ("too many files that run files; at ", call->argument);
    char *name = tilde_expand (call->argument);
    int code = s_include_file (call->console, name);
    free (name);
    return code;
}

static int
s_edit (call_t *call)
{
    if (!call->console->is_typed)
        return s_fail ("\\e needs a person at a terminal", "");
    free (call->console->edited);
    call->console->edited = editor_run (call->text, call->size);
    call->result->took_statement = call->console->edited != NULL;
    return call->console->edited ? EXIT_DONE : EXIT_FAILED;
}

static int
s_shell (call_t *call)
{
    const char *shell = getenv ("SHELL");
    fflush (stdout);
    int code = child_run (*call->argument ? call->argument : shell ? shell : "sh", NULL);
    return code == 0 ? EXIT_DONE : EXIT_FAILED;
}

//  --- asking ----------------------------------------------------------------------------------

static int
s_watch (call_t *call)
{
    watch_t watch;
    if (watch_parse (&watch, call->argument) == -1)
        return EXIT_FAILED;
    if (call->size == 0)
        return s_fail ("there is no statement to watch: ask one first, or write it before \\watch",
                       "");
    call->result->took_statement = true;
    return watch_run (&watch, call->console, call->text, call->size);
}

static int
s_describe (call_t *call)
{
    return describe (call->console, call->argument);
}

static int
s_connection (call_t *call)
{
    session_print_connection (call->console->session, stderr);
    return EXIT_DONE;
}

//  --- help, and the end -----------------------------------------------------------------------

static int s_list (call_t *call);

static int
s_language (call_t *call)
{
    (void) call;
    help_language (stderr);
    return EXIT_DONE;
}

static int
s_quit (call_t *call)
{
    call->console->quits = true;
    return EXIT_DONE;
}

static const struct {
    const char *name, *arguments, *meaning;
    argument_t argument;
    int (*run) (call_t *call);
} s_commands[] = {
    {"\\d", "[METRIC|nodes]", "metrics and nodes; a metric's columns; nodes", ARGUMENT_METRIC,
     s_describe},
    {"\\watch", "[SECONDS [TIMES]]", "ask again and again, every 2 s; Ctrl-C ends it",
     ARGUMENT_NONE, s_watch},
    {"\\timing", "[on|off]", "say how long answers took", ARGUMENT_SWITCH, s_time},
    {"\\x", "[on|off|auto]", "a line a column; auto: where a select is too wide", ARGUMENT_SWITCH,
     s_expand},
    {"\\format", "[FORMAT]", FORMAT_NAMES, ARGUMENT_FORMAT, s_format},
    {"\\o", "[FILE | |COMMAND]", "send answers to a file or command; alone: here", ARGUMENT_FILE,
     s_redirect},
    {"\\i", "FILE", "carry out the statements and commands of a file", ARGUMENT_FILE, s_include},
    {"\\e", "", "write the statement in $EDITOR", ARGUMENT_NONE, s_edit},
    {"\\!", "[COMMAND]", "a command of the shell", ARGUMENT_NONE, s_shell},
    {"\\conninfo", "", "whom we ask", ARGUMENT_NONE, s_connection},
    {"\\h", "", "how to ask", ARGUMENT_NONE, s_language},
    {"\\?", "", "this list", ARGUMENT_NONE, s_list},
    {"\\q", "", "leave", ARGUMENT_NONE, s_quit},
};

#define COUNT (sizeof s_commands / sizeof s_commands[0])

static int
s_list (call_t *call)
{
    (void) call;
    for (size_t i = 0; i < COUNT; i++)
        fprintf (stderr, "%-9s %-17s %s\n", s_commands[i].name, s_commands[i].arguments,
                 s_commands[i].meaning);
    help_keys (stderr);
    return EXIT_DONE;
}

const char *
command_name (size_t index)
{
    return index < COUNT ? s_commands[index].name : NULL;
}

argument_t
command_argument (size_t index)
{
    assert (index < COUNT);
    return s_commands[index].argument;
}

//  --- running them ----------------------------------------------------------------------------

//  What follows a name, without blanks and ';' around it. Caller frees.
static char *
s_argument (const char *rest)
{
    rest += strspn (rest, " \t\r");
    size_t size = strlen (rest);
    while (size > 0 && strchr (" \t\r;", rest[size - 1]))
        size--;
    char *argument = strndup (rest, size);
    assert (argument);
    return argument;
}

void
command_run (console_t *console, const char *line, const char *text, size_t size,
             command_result_t *result)
{
    size_t length = strcspn (line, " \t\r;");
    size_t i = 0;
    *result = (command_result_t){EXIT_FAILED, false};
    while (i < COUNT && (strlen (s_commands[i].name) != length ||
                         strncmp (s_commands[i].name, line, length) != 0))
        i++;
    if (i == COUNT) {
        fprintf (stderr, "error: there is no command %.*s; \\? lists what there is\n", (int) length,
                 line);
        return;
    }
    call_t call = {console, s_argument (line + length), text, size, result};
    if (size == 0 && console->last) {
        call.text = console->last;
        call.size = console->last_size;
    }
    result->code = s_commands[i].run (&call);
    free (call.argument);
}
