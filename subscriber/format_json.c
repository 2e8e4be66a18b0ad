//  SPDX-License-Identifier: GPL-2.0-or-later
//  format_json - see format_json.h. jansson escapes the strings; the numbers are ours, because its
//  integers end at 63 bits and sums go to 128.
#include "subscriber/format_json.h"

#include <assert.h>
#include <jansson.h>
#include "subscriber/cell_text.h"

//  Names and most texts hold nothing that JSON would have escaped.
static bool
s_is_plain (const char *text)
{
    for (; *text; text++)
        if ((unsigned char) *text < ' ' || *text == '"' || *text == '\\')
            return false;
    return true;
}

static void
s_print_escaped (const char *text, FILE *out)
{
    json_t *string = json_string (text);
    assert (string); //  Texts in tables are valid UTF-8
    json_dumpf (string, out, JSON_ENCODE_ANY);
    json_decref (string);
}

static void
s_print_string (const char *text, FILE *out)
{
    if (!s_is_plain (text)) {
        s_print_escaped (text, out);
        return;
    }
    fputc ('"', out);
    fputs (text, out);
    fputc ('"', out);
}

static void
s_print_value (const cell_t *cell, FILE *out)
{
    if (cell->kind == CELL_TEXT)
        s_print_string (cell->value.text, out);
    else if (cell->kind == CELL_BUCKETS)
        cell_print_buckets (cell->value.histogram, out);
    else if (cell->kind == CELL_NULL)
        fputs ("null", out);
    else
        cell_print_number (cell, out);
}

static void
s_print_row (const table_t *table, size_t row, FILE *out)
{
    for (size_t i = 0; i < table_columns (table); i++) {
        fputc (i ? ',' : '{', out);
        s_print_string (table_column_name (table, i), out);
        fputc (':', out);
        s_print_value (table_cell (table, row, i), out);
    }
    fputc ('}', out);
}

void
format_json (const table_t *table, FILE *out)
{
    for (size_t row = 0; row < table_rows (table); row++) {
        fputs (row ? ",\n" : "[\n", out);
        s_print_row (table, row, out);
    }
    fputs (table_rows (table) ? "\n]\n" : "[]\n", out);
}

void
format_ndjson (const table_t *table, FILE *out)
{
    for (size_t row = 0; row < table_rows (table); row++) {
        s_print_row (table, row, out);
        fputc ('\n', out);
    }
}
