//  SPDX-License-Identifier: GPL-2.0-or-later
//  history - see history.h. readline keeps one history for the whole process, and so do we.
#include "subscriber/history.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <readline/history.h>

static char s_path[PATH_MAX]; //  "" where the history is not kept
static char *s_noted;         //  What is being typed, or NULL
static size_t s_noted_size;

//  Returns 0, or -1 where there is no such place (and no HOME, say) or its name is too long.
static int
s_find_path (void)
{
    const char *state = getenv ("XDG_STATE_HOME"), *home = getenv ("HOME");
    int length = -1;
    if (state && state[0] == '/') //  The specification has relative paths ignored
        length = snprintf (s_path, sizeof s_path, "%s/kpulse/history", state);
    else if (home && *home)
        length = snprintf (s_path, sizeof s_path, "%s/.local/state/kpulse/history", home);
    errno = length == -1 ? ENOENT : ENAMETOOLONG;
    return length >= 0 && length < (int) sizeof s_path ? 0 : -1;
}

//  Make the folders on the way to the file; a failure shows when the file is opened.
static void
s_make_folders (void)
{
    for (char *slash = strchr (s_path + 1, '/'); slash; slash = strchr (slash + 1, '/')) {
        *slash = '\0';
        mkdir (s_path, 0700);
        *slash = '/';
    }
}

static int
s_make_file (void)
{
    int fd = open (s_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd == -1)
        return -1;
    fchmod (fd, 0600);
    close (fd);
    return 0;
}

void
history_open (void)
{
    using_history ();
    stifle_history (HISTORY_LINES);
    if (s_find_path () == -1) {
        s_path[0] = '\0';
        return;
    }
    s_make_folders ();
    if (s_make_file () == -1 || read_history (s_path) != 0) {
        fprintf (stderr, "%s: %s: %s; the history is not kept\n", program_invocation_short_name,
                 s_path, strerror (errno));
        s_path[0] = '\0';
    }
}

static bool
s_is_newest (const char *line)
{
    const HIST_ENTRY *newest =
        history_length ? history_get (history_base + history_length - 1) : NULL;
    return newest && strcmp (newest->line, line) == 0;
}

static void
s_add (const char *line)
{
    if (s_is_newest (line) || line[strspn (line, " \t")] == '\0')
        return;
    add_history (line);
    if (s_path[0])
        append_history (1, s_path);
}

void
history_note (const char *lines)
{
    size_t size = strlen (lines);
    char *noted = realloc (s_noted, s_noted_size + size + 2);
    assert (noted);
    s_noted = noted;
    if (s_noted_size > 0)
        s_noted[s_noted_size++] = '\n';
    memcpy (s_noted + s_noted_size, lines, size + 1);
    s_noted_size += size;
}

void
history_forget (void)
{
    free (s_noted);
    s_noted = NULL;
    s_noted_size = 0;
}

void
history_keep (void)
{
    char *line = s_noted;
    bool has_comment = line && strstr (line, "--");
    for (char *end; line && (end = strchr (line, '\n'));) {
        *end = has_comment ? '\0' : ' ';
        if (has_comment)
            s_add (line);
        line = has_comment ? end + 1 : line;
    }
    if (line)
        s_add (line);
    history_forget ();
}

void
history_close (void)
{
    history_forget ();
    if (s_path[0])
        history_truncate_file (s_path, HISTORY_LINES);
}
