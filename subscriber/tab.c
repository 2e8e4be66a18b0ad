//  SPDX-License-Identifier: GPL-2.0-or-later
//  tab - see tab.h.
#include "subscriber/tab.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <readline/readline.h>
#include "query/completion.h"
#include "subscriber/commands.h"
#include "subscriber/node_names.h"

//  Where readline has a word begin. Not at what names, durations and file names are made of.
#define WORD_BREAKS " \t\n,;=()'\""

#define SHOWN_MAX 200 //  Words to choose from

struct tab_t {
    node_names_t *nodes;
    char *text; //  The statement before the line
    size_t size;
    char **words; //  Offered, ending with NULL; readline takes them one by one
    size_t count, given;
};

static tab_t *s_tab; //  readline's callbacks have no argument

//  --- offers ----------------------------------------------------------------------------------

static void
s_forget (tab_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        free (self->words[i]);
    free (self->words);
    self->words = NULL;
    self->count = self->given = 0;
}

static void
s_offer (tab_t *self, const char *word, const char *typed)
{
    if (strncasecmp (word, typed, strlen (typed)) != 0)
        return;
    self->words = realloc (self->words, (self->count + 1) * sizeof self->words[0]);
    assert (self->words);
    self->words[self->count] = strdup (word);
    assert (self->words[self->count]);
    self->count++;
}

static char *
s_give (const char *typed, int state)
{
    (void) typed;
    s_tab->given = state ? s_tab->given : 0;
    return s_tab->given < s_tab->count ? strdup (s_tab->words[s_tab->given++]) : NULL;
}

//  --- commands --------------------------------------------------------------------------------

static void
s_offer_commands (tab_t *self, const char *typed)
{
    const char *name;
    for (size_t i = 0; (name = command_name (i)); i++)
        s_offer (self, name, typed);
}

static void
s_offer_metrics (tab_t *self, const char *typed)
{
    for (int i = 0; i < METRIC_COUNT_; i++)
        s_offer (self, metric_get ((metric_id_t) i)->name, typed);
    s_offer (self, "nodes", typed);
}

static void
s_offer_argument (tab_t *self, argument_t argument, const char *typed)
{
    if (argument == ARGUMENT_FORMAT)
        for (int i = FORMAT_AUTO; i <= FORMAT_NDJSON; i++)
            s_offer (self, format_name ((format_t) i), typed);
    if (argument == ARGUMENT_METRIC)
        s_offer_metrics (self, typed);
    if (argument == ARGUMENT_SWITCH) {
        s_offer (self, "on", typed);
        s_offer (self, "off", typed);
    }
}

//  What the command at the beginning of text takes.
static argument_t
s_argument (const char *text)
{
    const char *name;
    size_t length = strcspn (text, " \t");
    for (size_t i = 0; (name = command_name (i)); i++)
        if (strlen (name) == length && strncmp (name, text, length) == 0)
            return command_argument (i);
    return ARGUMENT_NONE;
}

//  command is where it begins in the line; start where the word does.
static char **
s_complete_command (tab_t *self, const char *typed, const char *command, int start)
{
    if (command == rl_line_buffer + start)
        s_offer_commands (self, typed);
    else if (s_argument (command) == ARGUMENT_FILE)
        return rl_completion_matches (typed, rl_filename_completion_function);
    else
        s_offer_argument (self, s_argument (command), typed);
    return rl_completion_matches (typed, s_give);
}

//  --- statements ------------------------------------------------------------------------------

static void
s_offer_words (tab_t *self, completion_t *completion, size_t start)
{
    size_t count = 0;
    if (completion_start (completion) != start)
        return;
    if (completion_wants_nodes (completion)) {
        const char *const *names = node_names_get (self->nodes, &count);
        completion_offer_nodes (completion, names, count);
    }
    for (size_t i = 0; i < completion_count (completion); i++)
        s_offer (self, completion_word (completion, i), "");
    if (completion_count (completion) == 1 && !completion_is_whole (completion, 0))
        rl_completion_append_character = '\0';
}

static char **
s_complete_statement (tab_t *self, const char *typed, int start, int end)
{
    char *text = NULL;
    int size = asprintf (&text, "%.*s\n%.*s", (int) self->size, self->text, end, rl_line_buffer);
    assert (size >= 0);
    completion_t *completion = completion_new (text, (size_t) size);
    s_offer_words (self, completion, self->size + 1 + (size_t) start);
    completion_destroy (&completion);
    free (text);
    return rl_completion_matches (typed, s_give);
}

//  --- readline --------------------------------------------------------------------------------

static char **
s_complete (const char *typed, int start, int end)
{
    const char *command = memchr (rl_line_buffer, '\\', (size_t) end);
    s_forget (s_tab);
    rl_attempted_completion_over = 1; //  Never file names instead
    rl_completion_suppress_append = 0;
    return command ? s_complete_command (s_tab, typed, command, start)
                   : s_complete_statement (s_tab, typed, start, end);
}

//  readline cannot ask whether to show that many while it runs by callbacks.
static void
s_show (char **matches, int count, int longest)
{
    if (count <= SHOWN_MAX) {
        rl_display_match_list (matches, count, longest);
        rl_on_new_line ();
    } else {
        fprintf (rl_outstream, "\n%d possibilities: type more of the word\n", count);
        rl_forced_update_display ();
    }
}

tab_t *
tab_new (const session_t *session)
{
    tab_t *self = calloc (1, sizeof *self);
    assert (self && !s_tab);
    self->nodes = node_names_new (session);
    s_tab = self;
    rl_attempted_completion_function = s_complete;
    rl_completion_display_matches_hook = s_show;
    rl_basic_word_break_characters = WORD_BREAKS;
    rl_completer_quote_characters = "";
    rl_sort_completion_matches = 0;                   //  The grammar's order says more
    rl_variable_bind ("show-all-if-ambiguous", "on"); //  ~/.inputrc may say otherwise
    return self;
}

void
tab_destroy (tab_t **self_p)
{
    tab_t *self = *self_p;
    if (!self)
        return;
    s_forget (self);
    node_names_destroy (&self->nodes);
    free (self->text);
    free (self);
    s_tab = NULL;
    *self_p = NULL;
}

void
tab_set_context (tab_t *self, const char *text, size_t size)
{
    free (self->text);
    self->text = strndup (text, size);
    assert (self->text);
    self->size = strlen (self->text);
    node_names_refresh (self->nodes);
}
