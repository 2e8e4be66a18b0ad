//  SPDX-License-Identifier: GPL-2.0-or-later
//  format_delimited - see format_delimited.h.
#include "subscriber/format_delimited.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "subscriber/cell_text.h"

typedef struct {
    char separator;
    void (*print_text) (const char *text, FILE *out);
} dialect_t;

//  RFC 4180: quoted where it must be, and where it would look like a null.
static void
s_print_csv_text (const char *text, FILE *out)
{
    if (*text && !strpbrk (text, ",\"\r\n")) {
        fputs (text, out);
        return;
    }
    fputc ('"', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc ('"', out);
        fputc (*text, out);
    }
    fputc ('"', out);
}

static void
s_print_tsv_text (const char *text, FILE *out)
{
    for (; *text; text++)
        if (*text == '\t')
            fputs ("\\t", out);
        else if (*text == '\n')
            fputs ("\\n", out);
        else if (*text == '\\')
            fputs ("\\\\", out);
        else
            fputc (*text, out);
}

static void
s_print_buckets (const histogram_t *histogram, const dialect_t *dialect, FILE *out)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream (&text, &size);
    assert (memory);
    cell_print_buckets (histogram, memory);
    fclose (memory);
    dialect->print_text (text, out);
    free (text);
}

static void
s_print_cell (const cell_t *cell, const dialect_t *dialect, FILE *out)
{
    if (cell->kind == CELL_TEXT)
        dialect->print_text (cell->value.text, out);
    else if (cell->kind == CELL_BUCKETS)
        s_print_buckets (cell->value.histogram, dialect, out);
    else if (cell->kind != CELL_NULL)
        cell_print_number (cell, out);
}

static void
s_print_header (const table_t *table, const dialect_t *dialect, FILE *out)
{
    for (size_t i = 0; i < table_columns (table); i++) {
        if (i > 0)
            fputc (dialect->separator, out);
        dialect->print_text (table_column_name (table, i), out);
    }
    fputc ('\n', out);
}

static void
s_print_rows (const table_t *table, const dialect_t *dialect, FILE *out)
{
    for (size_t row = 0; row < table_rows (table); row++) {
        for (size_t i = 0; i < table_columns (table); i++) {
            if (i > 0)
                fputc (dialect->separator, out);
            s_print_cell (table_cell (table, row, i), dialect, out);
        }
        fputc ('\n', out);
    }
}

static void
s_print (const table_t *table, const dialect_t *dialect, FILE *out)
{
    s_print_header (table, dialect, out);
    s_print_rows (table, dialect, out);
}

static const dialect_t s_csv = {',', s_print_csv_text};
static const dialect_t s_tsv = {'\t', s_print_tsv_text};

void
format_csv (const table_t *table, FILE *out)
{
    s_print (table, &s_csv, out);
}

void
format_csv_rows (const table_t *table, FILE *out)
{
    s_print_rows (table, &s_csv, out);
}

void
format_tsv (const table_t *table, FILE *out)
{
    s_print (table, &s_tsv, out);
}
