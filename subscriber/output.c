//  SPDX-License-Identifier: GPL-2.0-or-later
//  output - see output.h.
#include "subscriber/output.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "program/exit_code.h"
#include "subscriber/child.h"
#include "subscriber/pager.h"

struct output_t {
    format_t format;
    bool paged;
    FILE *file;  //  stdout, or what \o opened
    pid_t child; //  That reads file, or 0
    bool over;
};

output_t *
output_new (format_t format)
{
    output_t *self = calloc (1, sizeof *self);
    assert (self);
    self->format = format;
    self->file = stdout;
    return self;
}

static void
s_close (output_t *self)
{
    if (self->child)
        child_wait (self->child, self->file);
    else if (self->file != stdout)
        fclose (self->file);
    self->file = stdout;
    self->child = 0;
}

void
output_destroy (output_t **self_p)
{
    output_t *self = *self_p;
    if (!self)
        return;
    s_close (self);
    free (self);
    *self_p = NULL;
}

format_t
output_format (const output_t *self)
{
    return self->format;
}

void
output_set_format (output_t *self, format_t format)
{
    self->format = format;
}

void
output_set_paged (output_t *self, bool paged)
{
    self->paged = paged;
}

bool
output_is_paged (const output_t *self)
{
    return self->paged;
}

bool
output_is_for_people (const output_t *self)
{
    return format_is_for_people (self->format) && self->file == stdout && isatty (STDOUT_FILENO);
}

bool
output_is_over (const output_t *self)
{
    return self->over;
}

int
output_redirect (output_t *self, const char *target)
{
    pid_t child = 0;
    FILE *file = stdout;
    if (target && *target == '|')
        child = child_start (target + 1, NULL, &file);
    else if (target)
        file = fopen (target, "we");
    if (child == -1 || !file) {
        fprintf (stderr, "error: %s: %s\n", target, strerror (errno));
        return -1;
    }
    s_close (self);
    self->file = file;
    self->child = child;
    return 0;
}

//  --- printing --------------------------------------------------------------------------------

//  Standard output, that nobody may read any more, ends everything; a file of \o's does not.
static int
s_flush (output_t *self)
{
    if (self->file == stdout) {
        int rc = screen_flush ();
        self->over = rc != 0;
        return rc == -1 ? EXIT_FAILED : EXIT_DONE;
    }
    if (fflush (self->file) == 0 && !ferror (self->file))
        return EXIT_DONE;
    fprintf (stderr, "error: what \\o names cannot be written: %s\n", strerror (errno));
    clearerr (self->file);
    return EXIT_FAILED;
}

static void
s_print_paged (output_t *self, const table_t *table, const screen_t *screen)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream (&text, &size);
    assert (memory);
    format_print (self->format, table, screen, memory);
    fclose (memory);
    if (!pager_is_needed (text, size, screen) || pager_show (text, size) == -1)
        fwrite (text, 1, size, self->file);
    free (text);
}

int
output_print (output_t *self, const table_t *table)
{
    screen_t screen = screen_of (self->file);
    if (self->paged && screen.is_terminal && isatty (STDIN_FILENO))
        s_print_paged (self, table, &screen);
    else
        format_print (self->format, table, &screen, self->file);
    return s_flush (self);
}
