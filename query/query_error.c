//  SPDX-License-Identifier: GPL-2.0-or-later
//  query_error - errors in statements, shown as people read them. The statement's bytes are not
//  trusted: what would move a terminal's cursor is replaced before it is printed.
#include "query/query_error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#define SHOWN_BEFORE 60 //  Characters of a long line shown before the caret
#define SHOWN_AFTER  30 //  and after it

int
query_error_set (query_error_t *self, error_code_t code, int32_t position, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    self->code = code;
    self->position = position;
    self->expected[0] = self->hint[0] = '\0';
    vsnprintf (self->text, sizeof self->text, format, arguments);
    va_end (arguments);
    return -1;
}

void
query_error_hint (query_error_t *self, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (self->hint, sizeof self->hint, format, arguments);
    va_end (arguments);
}

void
query_error_expect (query_error_t *self, const char *thing)
{
    size_t used = strlen (self->expected);
    snprintf (self->expected + used, sizeof self->expected - used, "%s%s", used ? ", " : "", thing);
}

static bool
s_is_continuation (char byte)
{
    return ((unsigned char) byte & 0xC0) == 0x80;
}

//  Move at most count characters to the left, not before floor.
static size_t
s_back (const char *text, size_t place, size_t floor, size_t count)
{
    while (place > floor && count-- > 0)
        do
            place--;
        while (place > floor && s_is_continuation (text[place]));
    return place;
}

//  Move at most count characters to the right, not past ceiling.
static size_t
s_forth (const char *text, size_t place, size_t ceiling, size_t count)
{
    while (place < ceiling && count-- > 0)
        do
            place++;
        while (place < ceiling && s_is_continuation (text[place]));
    return place;
}

static size_t
s_characters (const char *text, size_t from, size_t to)
{
    size_t count = 0;
    for (size_t i = from; i < to; i++)
        count += !s_is_continuation (text[i]);
    return count;
}

//  Bytes of statements reach terminals: C0 controls and DEL become blanks, C1 controls (C2 80 ..
//  C2 9F in UTF-8) too.
static void
s_print_harmless (const char *text, size_t size, FILE *file)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char) text[i];
        bool c1 = byte == 0xC2 && i + 1 < size && (unsigned char) text[i + 1] < 0xA0;
        fputc (byte < 0x20 || byte == 0x7F || c1 ? ' ' : byte, file);
        i += c1;
    }
}

static void
s_print_place (const char *text, size_t size, size_t place, FILE *file)
{
    size_t start = place, end = place;
    while (start > 0 && text[start - 1] != '\n')
        start--;
    while (end < size && text[end] != '\n')
        end++;
    size_t from = s_back (text, place, start, SHOWN_BEFORE);
    size_t to = s_forth (text, place, end, SHOWN_AFTER);

    fprintf (file, "  %s", from > start ? "..." : "");
    s_print_harmless (text + from, to - from, file);
    size_t indent = s_characters (text, from, place) + (from > start ? 3 : 0);
    fprintf (file, "%s\n  %*s^\n", to < end ? "..." : "", (int) indent, "");
}

void
query_error_print (const query_error_t *self, const char *text, size_t size, FILE *file)
{
    fprintf (file, "error: %s\n", self->text);
    if (self->position >= 0 && (size_t) self->position <= size)
        s_print_place (text, size, (size_t) self->position, file);
    if (self->expected[0])
        fprintf (file, "expected: %s\n", self->expected);
    if (self->hint[0])
        fprintf (file, "hint: %s\n", self->hint);
}
