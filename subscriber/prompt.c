//  SPDX-License-Identifier: GPL-2.0-or-later
//  prompt - see prompt.h. readline runs by callbacks, so that one loop waits for keys and for
//  signals; its callback has no argument, which is why there is one prompt a process.
#include "subscriber/prompt.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <readline/readline.h>
#include "program/exit_code.h"
#include "program/stop.h"
#include "query/statement.h"
#include "subscriber/history.h"
#include "subscriber/keys.h"
#include "subscriber/splitter.h"

#define FIRST_LINE "kpulse> "
#define NEXT_LINES "   ...> "

static struct {
    session_t *session;
    splitter_t *splitter;
    int interrupt_fd; //  SIGINT
    char *line;       //  Just typed, or NULL
    bool ended;       //  No line will be taken any more
    int exit_code;
} s_prompt;

//  --- commands --------------------------------------------------------------------------------

static void
s_help (void)
{
    fputs (
        "select EXPR, ... from NODE, ... | * [over 60s] [since 10m] [until ...] [every 10s]\n"
        "       [by node | all] [order by COLUMN [desc]] [limit N]\n"
        "       EXPR is METRIC_FUNCTION: cpu_avg, runqlat_p99, pidpersec_sum, offcpu_hist, ...\n"
        "       metrics     cpudist (cpu), offcpu, runqlat, pidpersec\n"
        "       functions   avg sum count rate time min max p50 p90 p99 p999 hist\n"
        "show nodes | metrics | gaps | stats\n"
        "\n"
        "A statement ends with ';' or where its line makes it complete; an empty line ends it\n"
        "anyhow. help or \\? shows this, quit, exit, \\q or Ctrl-D leaves, Ctrl-C drops what was\n"
        "typed or stops waiting. Times in tables are local, coverage is seconds present/asked.\n",
        stderr);
}

static void
s_quit (void)
{
    s_prompt.ended = true;
}

typedef struct {
    const char *name;
    void (*act) (void);
} command_t;

static const command_t s_commands[] = {
    {"help", s_help}, {"\\?", s_help},  {"\\h", s_help},
    {"quit", s_quit}, {"exit", s_quit}, {"\\q", s_quit},
};

//  A line that is a command, with or without blanks and ';' around it. Returns whether it was one.
static bool
s_run_command (const char *line)
{
    line += strspn (line, " \t");
    size_t length = strcspn (line, " \t;");
    if (line[length + strspn (line + length, " \t;")] != '\0')
        return false;
    for (size_t i = 0; i < sizeof s_commands / sizeof s_commands[0]; i++)
        if (strlen (s_commands[i].name) == length &&
            strncasecmp (s_commands[i].name, line, length) == 0) {
            s_commands[i].act ();
            return true;
        }
    if (line[0] != '\\')
        return false;
    fprintf (stderr, "error: there is no command %.*s; \\? lists what there is\n", (int) length,
             line);
    return true;
}

//  --- statements ------------------------------------------------------------------------------

static bool
s_take_interrupt (void)
{
    struct signalfd_siginfo signal;
    return read (s_prompt.interrupt_fd, &signal, sizeof signal) == sizeof signal;
}

static void
s_ask (void)
{
    size_t size;
    const char *text = splitter_text (s_prompt.splitter, &size);
    int code = session_ask (s_prompt.session, text, size);
    s_take_interrupt (); //  It has ended the waiting; the prompt goes on
    if (session_is_over (s_prompt.session))
        s_prompt.exit_code = code;
    s_prompt.ended |= session_is_over (s_prompt.session) || stop_requested ();
}

static void
s_deal_with (splitter_state_t state)
{
    if (state == SPLITTER_MORE)
        return;
    if (state == SPLITTER_STATEMENT)
        s_ask ();
    else
        fprintf (stderr, "error: the statement is longer than %d bytes\n", STATEMENT_MAX_BYTES);
    splitter_next (s_prompt.splitter);
}

//  True where more could make a statement of it: what is wrong is only that it ends.
static bool
s_is_unfinished (void)
{
    size_t size;
    query_error_t error;
    const char *text = splitter_text (s_prompt.splitter, &size);
    statement_t *statement = statement_parse (text, size, &error);
    bool complete = statement != NULL;
    statement_destroy (&statement);
    return !complete && error.position >= 0 && (size_t) error.position >= size;
}

static void
s_take_text (const char *line)
{
    for (; *line && !s_prompt.ended; line++)
        s_deal_with (splitter_put (s_prompt.splitter, *line));
    splitter_put (s_prompt.splitter, '\n');
}

static bool
s_is_blank (const char *line)
{
    return line[strspn (line, " \t")] == '\0';
}

static void
s_take_line (const char *line)
{
    bool is_first = splitter_end (s_prompt.splitter) == SPLITTER_MORE;
    if (!s_is_blank (line))
        history_add (line);
    if (is_first && s_run_command (line))
        return;
    s_take_text (line);
    splitter_state_t rest = splitter_end (s_prompt.splitter);
    if (s_prompt.ended || (rest == SPLITTER_STATEMENT && !s_is_blank (line) && s_is_unfinished ()))
        return;
    s_deal_with (rest);
    splitter_next (s_prompt.splitter);
}

//  --- the terminal ----------------------------------------------------------------------------

//  readline's callback: it has taken a line (NULL at the end of the input). The terminal is given
//  back while we deal with it.
static void
s_on_line (char *line)
{
    rl_callback_handler_remove ();
    s_prompt.line = line;
    if (line)
        return;
    fputc ('\n', stderr);
    s_prompt.ended = true;
}

static void
s_show_prompt (void)
{
    bool is_first = splitter_end (s_prompt.splitter) == SPLITTER_MORE;
    rl_callback_handler_install (is_first ? FIRST_LINE : NEXT_LINES, s_on_line);
}

//  "^C" stands where the cursor was, as in a shell; giving the terminal back moves it.
static void
s_drop_line (void)
{
    keys_drop ();
    fputs ("^C", rl_outstream);
    rl_callback_sigcleanup ();
    rl_callback_handler_remove ();
    fputc ('\n', rl_outstream);
    fflush (rl_outstream);
    splitter_next (s_prompt.splitter);
    s_show_prompt ();
}

static void
s_configure_readline (void)
{
    rl_readline_name = "kpulse";
    rl_outstream = isatty (STDOUT_FILENO) ? stdout : stderr;
    rl_persistent_signal_handlers = 1; //  Suspending and resizing also between keys
    rl_bind_key ('\t', rl_insert);     //  File names mean nothing here
}

//  A signalfd of our own: SIGINT read from it is not seen by stop's any more.
static int
s_new_interrupt_fd (void)
{
    sigset_t signals;
    sigemptyset (&signals);
    sigaddset (&signals, SIGINT);
    int fd = signalfd (-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    assert (fd >= 0);
    return fd;
}

static void
s_deal_with_line (void)
{
    s_take_line (s_prompt.line);
    free (s_prompt.line);
    s_prompt.line = NULL;
    if (!s_prompt.ended)
        s_show_prompt ();
}

static void
s_step (void)
{
    keys_wait ();
    if (s_take_interrupt ())
        s_drop_line ();
    else if (stop_requested ())
        s_prompt.ended = true;
    else if (keys_are_there ())
        rl_callback_read_char ();
    if (s_prompt.line)
        s_deal_with_line ();
}

static void
s_run (int stop_fd)
{
    s_prompt.splitter = splitter_new ();
    s_prompt.interrupt_fd = s_new_interrupt_fd ();
    s_configure_readline ();
    keys_open (stop_fd);
    history_open ();
    fputs ("kpulse " KPULSE_VERSION ". help shows how to ask, Ctrl-D leaves.\n", stderr);
    s_show_prompt ();
    while (!s_prompt.ended)
        s_step ();
    rl_callback_handler_remove ();
    history_close ();
    close (s_prompt.interrupt_fd);
    splitter_destroy (&s_prompt.splitter);
}

int
prompt_run (session_t *session, int stop_fd)
{
    s_prompt.session = session;
    s_prompt.exit_code = session_connect (session);
    if (s_prompt.exit_code == EXIT_DONE)
        s_run (stop_fd);
    return s_prompt.exit_code;
}
