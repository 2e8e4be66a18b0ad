//  SPDX-License-Identifier: GPL-2.0-or-later
//  prompt - see prompt.h. readline runs by callbacks, so that one loop waits for keys and for
//  signals; its callback has no argument, which is why there is one prompt a process.
#include "subscriber/prompt.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <readline/readline.h>
#include "program/exit_code.h"
#include "program/stop.h"
#include "query/statement.h"
#include "subscriber/history.h"
#include "subscriber/keys.h"
#include "subscriber/tab.h"

#define FIRST_LINE "kpulse> "
#define NEXT_LINES "   ...> "

#define COLUMNS_MIN 16 //  That readline is told of

static struct {
    console_t *console;
    splitter_t *splitter;
    tab_t *tab;
    int interrupt_fd; //  SIGINT
    char *line;       //  Just typed, or NULL
    bool ended;       //  No line will be taken any more
    int exit_code;
} s_prompt;

//  --- what was typed --------------------------------------------------------------------------

static bool
s_take_interrupt (void)
{
    struct signalfd_siginfo signal;
    return read (s_prompt.interrupt_fd, &signal, sizeof signal) == sizeof signal;
}

//  Returns false where the rest of what was typed is void: it was interrupted, or nothing more can
//  be asked.
static bool
s_deal_with (splitter_state_t state)
{
    if (state == SPLITTER_MORE)
        return true;
    int code = console_deal (s_prompt.console, s_prompt.splitter, state);
    bool stops = stop_requested ();
    bool interrupted = s_take_interrupt (); //  It has ended the waiting; the prompt goes on
    if (output_is_over (s_prompt.console->output))
        s_prompt.exit_code = code;
    s_prompt.ended |= console_is_over (s_prompt.console) || (stops && !interrupted);
    if (interrupted)
        splitter_next (s_prompt.splitter);
    return !interrupted && !s_prompt.ended;
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

static bool
s_is_blank (const char *text, size_t size)
{
    return strspn (text, " \t\r") >= size;
}

//  Words that people type to any program, as commands of ours; else NULL.
static const char *
s_word_command (const char *line, size_t size)
{
    static const char *const words[][2] = {{"help", "\\h"}, {"quit", "\\q"}, {"exit", "\\q"}};
    size_t blanks = strspn (line, " \t");
    size_t length = strcspn (line + blanks, " \t\r;\n");
    if (blanks + length > size ||
        strspn (line + blanks + length, " \t\r;") + blanks + length < size)
        return NULL;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strlen (words[i][0]) == length && strncasecmp (words[i][0], line + blanks, length) == 0)
            return words[i][1];
    return NULL;
}

static bool
s_put (const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!s_deal_with (splitter_put (s_prompt.splitter, text[i])))
            return false;
    return true;
}

//  One line without its end. Returns false where the rest is void.
static bool
s_take_line (const char *line, size_t size)
{
    const char *command =
        splitter_has_text (s_prompt.splitter) ? NULL : s_word_command (line, size);
    if (!s_put (command ? command : line, command ? strlen (command) : size) || !s_put ("\n", 1))
        return false;
    bool is_complete =
        splitter_has_text (s_prompt.splitter) && (s_is_blank (line, size) || !s_is_unfinished ());
    return !is_complete || s_deal_with (splitter_end (s_prompt.splitter));
}

//  What is pasted, or comes from an editor, can be several lines.
static void
s_take_lines (const char *text)
{
    bool goes_on = true;
    while (goes_on) {
        size_t size = strcspn (text, "\n");
        goes_on = s_take_line (text, size) && text[size];
        text += size + 1;
    }
}

//  Show what an editor has left, keep it in the history, and take it.
static void
s_take_edited (void)
{
    char *text = s_prompt.console->edited;
    s_prompt.console->edited = NULL;
    if (text && !s_is_blank (text, strlen (text))) {
        size_t size = strlen (text);
        while (size > 0 && text[size - 1] == '\n')
            text[--size] = '\0';
        fprintf (stderr, "%s\n", text);
        history_note (text);
        s_take_lines (text);
    }
    free (text);
}

static void
s_take_typed (const char *typed)
{
    history_note (typed);
    s_take_lines (typed);
    while (s_prompt.console->edited && !s_prompt.ended)
        s_take_edited ();
    if (!splitter_has_text (s_prompt.splitter))
        history_keep ();
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
    size_t size;
    const char *text = splitter_text (s_prompt.splitter, &size);
    bool is_first = !splitter_has_text (s_prompt.splitter);
    tab_set_context (s_prompt.tab, text, is_first ? 0 : size);
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
    history_forget ();
    s_show_prompt ();
}

//  On a terminal of a column or two readline divides by zero, and reads behind its line: it is told
//  of a wider one.
static void
s_widen (void)
{
    int rows, columns;
    rl_get_screen_size (&rows, &columns);
    if (columns < COLUMNS_MIN)
        rl_set_screen_size (rows, COLUMNS_MIN);
}

static void
s_configure_readline (void)
{
    rl_readline_name = "kpulse";
    rl_outstream = isatty (STDOUT_FILENO) ? stdout : stderr;
    rl_change_environment = 0; //  Pagers ask the terminal for its size themselves
    keys_open (s_prompt.console->stop_fd);
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
    s_take_typed (s_prompt.line);
    free (s_prompt.line);
    s_prompt.line = NULL;
    if (!s_prompt.ended)
        s_show_prompt ();
}

//  Ctrl-C requests a stop too, until it is taken: one that comes between two looks must not be
//  taken for another signal, so the request is looked at first.
static void
s_step (void)
{
    keys_wait ();
    s_widen ();
    bool stops = stop_requested ();
    if (s_take_interrupt ())
        s_drop_line ();
    else if (stops)
        s_prompt.ended = true;
    else if (keys_are_there ())
        rl_callback_read_char ();
    if (s_prompt.line)
        s_deal_with_line ();
}

static void
s_open (void)
{
    s_prompt.console->is_typed = true;
    s_prompt.splitter = splitter_new ();
    s_prompt.interrupt_fd = s_new_interrupt_fd ();
    s_prompt.tab = tab_new (s_prompt.console->session);
    s_configure_readline ();
    history_open ();
}

static void
s_close (void)
{
    rl_callback_handler_remove ();
    history_close ();
    close (s_prompt.interrupt_fd);
    tab_destroy (&s_prompt.tab);
    splitter_destroy (&s_prompt.splitter);
}

int
prompt_run (console_t *console)
{
    s_prompt.console = console;
    s_prompt.exit_code = session_connect (console->session);
    if (s_prompt.exit_code != EXIT_DONE)
        return s_prompt.exit_code;
    s_open ();
    fputs ("kpulse " KPULSE_VERSION ". help shows how to ask, Tab completes, Ctrl-D leaves.\n",
           stderr);
    s_show_prompt ();
    while (!s_prompt.ended)
        s_step ();
    s_close ();
    return s_prompt.exit_code;
}
