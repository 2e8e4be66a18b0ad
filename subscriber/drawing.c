//  SPDX-License-Identifier: GPL-2.0-or-later
//  drawing - see drawing.h. Escape sequences used, all of ECMA-48: CUU (up), CUP (home), EL (clear
//  to the end of the line), ED (clear below), SGR 0.
#include "subscriber/drawing.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool
drawing_is_in_place (const screen_t *screen)
{
    const char *terminal = getenv ("TERM");
    return screen->is_terminal && terminal && strcmp (terminal, "dumb") != 0;
}

//  The length in bytes of the escape sequence (CSI) at text; 0 where there is none.
static size_t
s_escape (const char *text)
{
    if (text[0] != '\033' || text[1] != '[')
        return 0;
    size_t length = 2 + strspn (text + 2, "0123456789;?");
    return text[length] ? length + 1 : length;
}

static bool
s_begins_character (char byte)
{
    return ((unsigned char) byte & 0xC0) != 0x80;
}

//  The bytes of a line, up to its newline, that columns characters take (0: all), with the escape
//  sequences among and behind them.
static size_t
s_fitting (const char *line, size_t columns)
{
    size_t size = 0, width = 0;
    while (line[size] && line[size] != '\n') {
        size_t escape = s_escape (line + size);
        if (!escape && s_begins_character (line[size]) && columns && width++ == columns)
            break;
        size += escape ? escape : 1;
    }
    return size;
}

static void
s_go_back (drawing_t *self, const screen_t *screen, FILE *out)
{
    bool resized = self->columns != screen->columns || self->rows != screen->rows;
    if (self->is_full || (resized && self->lines > 0))
        fputs (resized ? "\033[H\033[J" : "\033[H", out);
    else if (self->lines > 0)
        fprintf (out, "\033[%zuA\r", self->lines);
    self->columns = screen->columns;
    self->rows = screen->rows;
}

static size_t
s_count_lines (const char *text)
{
    size_t lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

static void
s_show_line (drawing_t *self, const char *text, const screen_t *screen, FILE *out)
{
    if (self->is_full && self->lines > 0)
        fputc ('\n', out);
    fwrite (text, 1, s_fitting (text, screen->columns), out);
    fputs (screen->colour ? "\033[0m\033[K" : "\033[K", out);
    if (!self->is_full)
        fputc ('\n', out);
    self->lines++;
}

//  The last line of a full screen has no newline: it would scroll. A full screen is composed to its
//  height; what is cut of another drawing is counted in the last line.
static void
s_show_in_place (drawing_t *self, const char *text, const screen_t *screen, FILE *out)
{
    size_t most = screen->rows ? screen->rows - !self->is_full : SIZE_MAX;
    s_go_back (self, screen, out);
    self->lines = 0;
    size_t left = s_count_lines (text);
    while (*text && self->lines < most) {
        char more[64];
        bool is_cut = !self->is_full && left > 1 && self->lines + 1 == most;
        snprintf (more, sizeof more, "-- %zu lines more than this screen has", left);
        s_show_line (self, is_cut ? more : text, screen, out);
        left--;
        text += strcspn (text, "\n");
        text += *text == '\n';
    }
    fputs ("\033[J", out);
}

void
drawing_show (drawing_t *self, const char *text, const screen_t *screen, FILE *out)
{
    if (drawing_is_in_place (screen))
        s_show_in_place (self, text, screen, out);
    else
        fputs (text, out);
}
