//  SPDX-License-Identifier: GPL-2.0-or-later
//  cell_text - see cell_text.h.
#include "subscriber/cell_text.h"

#include <assert.h>
#include <inttypes.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include "subscriber/bars.h"
#include "subscriber/number_text.h"
#include "subscriber/unit_text.h"

#define STRIP_BARS 16

bool
cell_is_number (const cell_t *cell)
{
    return cell->kind == CELL_INTEGER || cell->kind == CELL_REAL || cell->kind == CELL_SUM;
}

//  --- for programs ----------------------------------------------------------------------------

void
cell_print_number (const cell_t *cell, FILE *out)
{
    char text[NUMBER_TEXT_MAX + 1];
    assert (cell_is_number (cell));
    if (cell->kind == CELL_INTEGER)
        fputs (number_text_integer (cell->value.integer, text), out);
    else if (cell->kind == CELL_REAL)
        fputs (number_text_real (cell->value.real, text), out);
    else
        fputs (number_text_sum (cell->value.sum, text), out);
}

void
cell_print_buckets (const histogram_t *histogram, FILE *out)
{
    char lower[NUMBER_TEXT_MAX + 1], upper[NUMBER_TEXT_MAX + 1];
    const char *separator = "";
    fputc ('[', out);
    for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++) {
        if (histogram->buckets[slot] == 0)
            continue;
        fprintf (out, "%s[%s,%s,%" PRIu64 "]", separator,
                 number_text_real (bucket_lower_ns (slot), lower),
                 number_text_real (bucket_upper_ns (slot), upper), histogram->buckets[slot]);
        separator = ",";
    }
    fputc (']', out);
}

//  --- for people ------------------------------------------------------------------------------

double
cell_value (const cell_t *cell)
{
    if (cell->kind == CELL_INTEGER)
        return (double) cell->value.integer;
    return cell->kind == CELL_REAL ? cell->value.real : (double) cell->value.sum;
}

//  Whole numbers are shown in full, reals with three digits.
static void
s_plain (const cell_t *cell, char text[UNIT_TEXT_MAX + 1])
{
    char digits[NUMBER_TEXT_MAX + 1];
    if (cell->kind == CELL_REAL)
        unit_text_number (cell->value.real, text);
    else if (cell->kind == CELL_INTEGER)
        snprintf (text, UNIT_TEXT_MAX + 1, "%" PRId64, cell->value.integer);
    else
        snprintf (text, UNIT_TEXT_MAX + 1, "%s", number_text_sum (cell->value.sum, digits));
}

static char *
s_rate_text (const cell_t *cell)
{
    char number[UNIT_TEXT_MAX + 1];
    char *text = NULL;
    s_plain (cell, number);
    int length = asprintf (&text, "%s /s", number);
    assert (length >= 0);
    return text;
}

static char *
s_number_text (const cell_t *cell, unit_t unit)
{
    char text[UNIT_TEXT_MAX + 1];
    if (unit == UNIT_PER_SECOND)
        return s_rate_text (cell);
    if (unit == UNIT_NANOSECONDS)
        unit_text_duration (cell_value (cell), text);
    else if (unit == UNIT_BYTES)
        unit_text_bytes (cell_value (cell), text);
    else if (unit == UNIT_UNIX_SECONDS && cell->kind == CELL_INTEGER)
        unit_text_time (cell->value.integer, text);
    else
        s_plain (cell, text);
    return strdup (text);
}

static void
s_print_strip (const histogram_t *histogram, unsigned first, unsigned last, FILE *out)
{
    char edge[UNIT_TEXT_MAX + 1];
    double bars[STRIP_BARS] = {0};
    unsigned slots = last - first + 1;
    unsigned count = slots < STRIP_BARS ? slots : STRIP_BARS;
    for (unsigned slot = first; slot <= last; slot++)
        bars[(slot - first) * count / slots] += (double) histogram->buckets[slot];
    unit_text_duration (bucket_lower_ns (first), edge);
    fprintf (out, "%s ", edge);
    bars_print (bars, count, strcmp (nl_langinfo (CODESET), "UTF-8") == 0, out);
    unit_text_duration (bucket_upper_ns (last), edge);
    fprintf (out, " %s", edge);
}

static char *
s_buckets_text (const histogram_t *histogram)
{
    unsigned first = 0, last = BUCKET_SLOTS;
    while (first < BUCKET_SLOTS && histogram->buckets[first] == 0)
        first++;
    if (first == BUCKET_SLOTS)
        return strdup ("-");
    while (histogram->buckets[last - 1] == 0)
        last--;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream (&text, &size);
    assert (out);
    s_print_strip (histogram, first, last - 1, out);
    fclose (out);
    return text;
}

//  One line, whatever the text: tabs and newlines become blanks.
static char *
s_line_text (const char *text)
{
    char *line = strdup (text);
    assert (line);
    for (char *c = line; *c; c++)
        if (*c == '\t' || *c == '\n')
            *c = ' ';
    return line;
}

char *
cell_text (const cell_t *cell, unit_t unit)
{
    char *text;
    if (cell->kind == CELL_TEXT)
        text = s_line_text (cell->value.text);
    else if (cell->kind == CELL_BUCKETS)
        text = s_buckets_text (cell->value.histogram);
    else if (cell->kind == CELL_NULL)
        text = strdup ("-");
    else
        text = s_number_text (cell, unit);
    assert (text);
    return text;
}

char *
cell_text_of (double value, unit_t unit)
{
    return cell_text (&(cell_t){.kind = CELL_REAL, .value.real = value}, unit);
}
