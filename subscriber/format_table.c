//  SPDX-License-Identifier: GPL-2.0-or-later
//  format_table - see format_table.h.
#include "subscriber/format_table.h"

#include <assert.h>
#include <stdlib.h>
#include <libsmartcols.h>
#include "subscriber/sheet.h"

#define SEPARATOR "  "

static void
s_add_columns (struct libscols_table *grid, const sheet_t *sheet, const screen_t *screen)
{
    for (size_t i = 0; i < sheet_columns (sheet); i++) {
        int flags = sheet_is_right (sheet, i) ? SCOLS_FL_RIGHT : 0;
        struct libscols_column *column =
            scols_table_new_column (grid, sheet_name (sheet, i), 0, flags);
        assert (column);
        if (screen->colour)
            scols_cell_set_color (scols_column_get_header (column), "bold");
    }
}

static void
s_add_row (struct libscols_table *grid, const sheet_t *sheet, size_t row, const screen_t *screen)
{
    struct libscols_line *line = scols_table_new_line (grid, NULL);
    assert (line);
    for (size_t i = 0; i < sheet_columns (sheet); i++) {
        scols_line_refer_data (line, i, sheet_text (sheet, row, i));
        if (screen->colour && sheet_is_short (sheet, row, i))
            scols_cell_set_color (scols_line_get_cell (line, i), "yellow");
    }
}

static struct libscols_table *
s_new_grid (const sheet_t *sheet, const screen_t *screen)
{
    struct libscols_table *grid = scols_new_table ();
    assert (grid);
    scols_table_enable_colors (grid, screen->colour);
    scols_table_set_column_separator (grid, SEPARATOR);
    scols_table_set_termforce (grid, SCOLS_TERMFORCE_NEVER); //  Never cuts a cell
    s_add_columns (grid, sheet, screen);
    for (size_t row = 0; row < sheet_rows (sheet); row++)
        s_add_row (grid, sheet, row, screen);
    return grid;
}

static size_t
s_width (const sheet_t *sheet, size_t column)
{
    size_t width = mbstowcs (NULL, sheet_name (sheet, column), 0);
    for (size_t row = 0; row < sheet_rows (sheet); row++) {
        char *text = sheet_text (sheet, row, column);
        size_t characters = mbstowcs (NULL, text, 0);
        if (characters != (size_t) -1 && characters > width)
            width = characters;
        free (text);
    }
    return width;
}

bool
format_table_fits (const table_t *table, const screen_t *screen)
{
    if (screen->columns == 0)
        return true;
    sheet_t *sheet = sheet_new (table);
    size_t width = 0;
    for (size_t i = 0; i < sheet_columns (sheet); i++)
        width += s_width (sheet, i) + (i ? sizeof SEPARATOR - 1 : 0);
    sheet_destroy (&sheet);
    return width <= screen->columns;
}

void
format_table (const table_t *table, const screen_t *screen, FILE *out)
{
    sheet_t *sheet = sheet_new (table);
    struct libscols_table *grid = s_new_grid (sheet, screen);
    scols_table_set_stream (grid, out);
    scols_print_table (grid);
    scols_unref_table (grid);
    sheet_destroy (&sheet);
}
