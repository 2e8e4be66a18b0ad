//  SPDX-License-Identifier: GPL-2.0-or-later
//  sheet - see sheet.h.
#include "subscriber/sheet.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "subscriber/cell_text.h"

struct sheet_t {
    const table_t *table;
    size_t coverage; //  Column "frames" before "expected", or SHEET_NONE
};

static bool
s_is_named (const table_t *table, size_t column, const char *name)
{
    return strcmp (table_column_name (table, column), name) == 0;
}

static size_t
s_find_coverage (const table_t *table)
{
    for (size_t i = 0; i + 1 < table_columns (table); i++)
        if (s_is_named (table, i, "frames") && s_is_named (table, i + 1, "expected"))
            return i;
    return SHEET_NONE;
}

static bool
s_is_short (const table_t *table, size_t row, size_t coverage)
{
    const cell_t *frames = table_cell (table, row, coverage);
    const cell_t *expected = table_cell (table, row, coverage + 1);
    return frames->kind == CELL_INTEGER && expected->kind == CELL_INTEGER &&
           frames->value.integer < expected->value.integer;
}

bool
table_has_coverage (const table_t *table)
{
    return s_find_coverage (table) != SHEET_NONE;
}

size_t
table_short_rows (const table_t *table)
{
    size_t coverage = s_find_coverage (table), count = 0;
    if (coverage == SHEET_NONE)
        return 0;
    for (size_t row = 0; row < table_rows (table); row++)
        count += s_is_short (table, row, coverage);
    return count;
}

size_t
table_empty_rows (const table_t *table)
{
    size_t coverage = s_find_coverage (table), count = 0;
    if (coverage == SHEET_NONE)
        return 0;
    for (size_t row = 0; row < table_rows (table); row++)
        count += s_is_short (table, row, coverage) &&
                 table_cell (table, row, coverage)->value.integer == 0;
    return count;
}

sheet_t *
sheet_new (const table_t *table)
{
    sheet_t *self = calloc (1, sizeof *self);
    assert (self);
    self->table = table;
    self->coverage = s_find_coverage (table);
    return self;
}

void
sheet_destroy (sheet_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

//  The table's column that one of ours shows; ours after coverage stand one further left.
static size_t
s_source (const sheet_t *self, size_t column)
{
    return self->coverage != SHEET_NONE && column > self->coverage ? column + 1 : column;
}

size_t
sheet_columns (const sheet_t *self)
{
    return table_columns (self->table) - (self->coverage != SHEET_NONE);
}

size_t
sheet_rows (const sheet_t *self)
{
    return table_rows (self->table);
}

const char *
sheet_name (const sheet_t *self, size_t column)
{
    if (column == self->coverage)
        return "coverage";
    return table_column_name (self->table, s_source (self, column));
}

unit_t
sheet_unit (const sheet_t *self, size_t column)
{
    return table_column_unit (self->table, s_source (self, column));
}

size_t
sheet_coverage (const sheet_t *self)
{
    return self->coverage;
}

bool
sheet_is_right (const sheet_t *self, size_t column)
{
    size_t source = s_source (self, column);
    for (size_t row = 0; row < table_rows (self->table); row++)
        if (cell_is_number (table_cell (self->table, row, source)))
            return table_column_unit (self->table, source) != UNIT_UNIX_SECONDS;
    return table_column_unit (self->table, source) != UNIT_NONE;
}

static char *
s_coverage_text (const cell_t *frames, const cell_t *expected)
{
    char *text = NULL, *present = cell_text (frames, UNIT_NONE);
    char *whole = cell_text (expected, UNIT_NONE);
    int length = asprintf (&text, "%s/%s", present, whole);
    assert (length >= 0);
    free (present);
    free (whole);
    return text;
}

char *
sheet_text (const sheet_t *self, size_t row, size_t column)
{
    size_t source = s_source (self, column);
    const cell_t *cell = table_cell (self->table, row, source);
    if (column == self->coverage)
        return s_coverage_text (cell, table_cell (self->table, row, source + 1));
    return cell_text (cell, table_column_unit (self->table, source));
}

const cell_t *
sheet_cell (const sheet_t *self, size_t row, size_t column)
{
    return table_cell (self->table, row, s_source (self, column));
}

const histogram_t *
sheet_histogram (const sheet_t *self, size_t row, size_t column)
{
    const cell_t *cell = sheet_cell (self, row, column);
    return cell->kind == CELL_BUCKETS ? cell->value.histogram : NULL;
}

bool
sheet_is_short (const sheet_t *self, size_t row, size_t column)
{
    return column == self->coverage && s_is_short (self->table, row, column);
}
