//  SPDX-License-Identifier: GPL-2.0-or-later
//  editor - see editor.h.
#include "subscriber/editor.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "schema/message.h"
#include "subscriber/child.h"

#define SUFFIX ".kq"

//  A file of ours alone, in path. Returns 0, or -1 with errno.
static int
s_write (char *path, size_t capacity, const char *text, size_t size)
{
    const char *folder = getenv ("TMPDIR");
    snprintf (path, capacity, "%s/kpulse-XXXXXX" SUFFIX, folder && *folder ? folder : "/tmp");
    int fd = mkstemps (path, sizeof SUFFIX - 1);
    if (fd == -1)
        return -1;
    FILE *file = fdopen (fd, "w");
    assert (file);
    fwrite (text, 1, size, file);
    if (size > 0)
        fputc ('\n', file);
    return fclose (file) == 0 ? 0 : -1;
}

//  Returns NULL with errno.
static char *
s_read (const char *path)
{
    FILE *file = fopen (path, "re");
    if (!file)
        return NULL;
    char *text = calloc (1, STATEMENT_MAX_BYTES + 1);
    assert (text);
    fread (text, 1, STATEMENT_MAX_BYTES, file);
    bool is_whole = fgetc (file) == EOF;
    fclose (file);
    if (is_whole)
        return text;
    free (text);
    errno = EFBIG;
    return NULL;
}

static bool
s_is_same (const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

//  Returns 0, or -1 and says why.
static int
s_open (const char *path)
{
    const char *command = getenv ("VISUAL");
    if (!command || !*command)
        command = getenv ("EDITOR");
    if (!command || !*command)
        command = "$(command -v editor || echo vi)";
    char *line = NULL;
    int length = asprintf (&line, "%s \"$1\"", command);
    assert (length >= 0);
    int code = child_run (line, path);
    free (line);
    if (code != 0)
        fprintf (stderr, "error: the editor failed (exit code %d); $EDITOR names another\n", code);
    return code == 0 ? 0 : -1;
}

static char *
s_edit (const char *path)
{
    struct stat before, after;
    if (stat (path, &before) == -1 || s_open (path) == -1)
        return NULL;
    if (stat (path, &after) == 0 && s_is_same (&before, &after)) {
        fputs ("Nothing was changed, nothing is asked.\n", stderr);
        return strdup ("");
    }
    char *text = s_read (path);
    if (!text)
        fprintf (stderr, "error: %s: %s\n", path, strerror (errno));
    return text;
}

char *
editor_run (const char *text, size_t size)
{
    char path[4096];
    if (s_write (path, sizeof path, text, size) == -1) {
        fprintf (stderr, "error: %s: %s\n", path, strerror (errno));
        return NULL;
    }
    char *edited = s_edit (path);
    unlink (path);
    return edited;
}
