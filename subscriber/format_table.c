//  SPDX-License-Identifier: GPL-2.0-or-later
//  format_table - see format_table.h.
#include "subscriber/format_table.h"

#include <assert.h>
#include <stdlib.h>
#include <libsmartcols.h>
#include "subscriber/sheet.h"

#define SEPARATOR   "  "
#define WRAPPED_MIN 20 //  Columns that a text to be wrapped is left at least

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

static size_t
s_whole_width (const sheet_t *sheet)
{
    size_t width = 0;
    for (size_t i = 0; i < sheet_columns (sheet); i++)
        width += s_width (sheet, i) + (i ? sizeof SEPARATOR - 1 : 0);
    return width;
}

//  The width to wrap the texts of the last column to, where the table is too wide, but fits then;
//  else 0.
static size_t
s_wrap_width (const sheet_t *sheet, const screen_t *screen)
{
    size_t last = sheet_columns (sheet) - 1, whole = s_whole_width (sheet);
    if (screen->columns == 0 || whole <= screen->columns || sheet_is_right (sheet, last))
        return 0;
    size_t others = whole - s_width (sheet, last);
    return others + WRAPPED_MIN <= screen->columns ? screen->columns - others : 0;
}

//  Break a text's lines at blanks, so that none is wider; a longer word stays whole.
static void
s_wrap (char *text, size_t width)
{
    char *blank = NULL;
    size_t column = 0, blank_column = 0;
    for (char *at = text; *at; at++) {
        if (*at == ' ') {
            blank = at;
            blank_column = column;
        }
        column += ((unsigned char) *at & 0xC0) != 0x80; //  Where a character begins
        if (column > width && blank) {
            *blank = '\n';
            column -= blank_column + 1;
            blank = NULL;
        }
    }
}

static void
s_add_columns (struct libscols_table *grid, const sheet_t *sheet, size_t columns,
               const screen_t *screen)
{
    for (size_t i = 0; i < columns; i++) {
        int flags = sheet_is_right (sheet, i) ? SCOLS_FL_RIGHT : 0;
        struct libscols_column *column =
            scols_table_new_column (grid, sheet_name (sheet, i), 0, flags);
        assert (column);
        if (screen->colour)
            scols_cell_set_color (scols_column_get_header (column), "bold");
    }
}

static void
s_wrap_last (struct libscols_table *grid, const sheet_t *sheet)
{
    struct libscols_column *column = scols_table_get_column (grid, sheet_columns (sheet) - 1);
    scols_column_set_flags (column, SCOLS_FL_WRAP);
    scols_column_set_wrapfunc (column, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
    scols_column_set_safechars (column, "\n");
}

static void
s_add_row (struct libscols_table *grid, const sheet_t *sheet, size_t row, const screen_t *screen,
           size_t wrap_width)
{
    struct libscols_line *line = scols_table_new_line (grid, NULL);
    assert (line);
    for (size_t i = 0; i < scols_table_get_ncols (grid); i++) {
        char *text = sheet_text (sheet, row, i);
        if (wrap_width && i == sheet_columns (sheet) - 1)
            s_wrap (text, wrap_width);
        scols_line_refer_data (line, i, text);
        if (screen->colour && sheet_is_short (sheet, row, i))
            scols_cell_set_color (scols_line_get_cell (line, i), "yellow");
    }
}

static struct libscols_table *
s_new_grid (const sheet_t *sheet, size_t columns, const screen_t *screen)
{
    struct libscols_table *grid = scols_new_table ();
    assert (grid);
    scols_table_enable_colors (grid, screen->colour);
    scols_table_set_column_separator (grid, SEPARATOR);
    scols_table_set_termforce (grid, SCOLS_TERMFORCE_NEVER); //  Never cuts a cell
    s_add_columns (grid, sheet, columns, screen);
    bool is_whole = columns == sheet_columns (sheet);
    size_t wrap_width = is_whole ? s_wrap_width (sheet, screen) : 0;
    if (wrap_width)
        s_wrap_last (grid, sheet);
    for (size_t row = 0; row < sheet_rows (sheet); row++)
        s_add_row (grid, sheet, row, screen, wrap_width);
    return grid;
}

bool
format_table_fits (const table_t *table, const screen_t *screen)
{
    if (screen->columns == 0)
        return true;
    sheet_t *sheet = sheet_new (table);
    bool fits = s_whole_width (sheet) <= screen->columns || s_wrap_width (sheet, screen) > 0;
    sheet_destroy (&sheet);
    return fits;
}

static void
s_print (const sheet_t *sheet, size_t columns, const screen_t *screen, FILE *out)
{
    struct libscols_table *grid = s_new_grid (sheet, columns, screen);
    scols_table_set_stream (grid, out);
    scols_print_table (grid);
    scols_unref_table (grid);
}

void
format_table (const table_t *table, const screen_t *screen, FILE *out)
{
    sheet_t *sheet = sheet_new (table);
    s_print (sheet, sheet_columns (sheet), screen, out);
    sheet_destroy (&sheet);
}

//  --- leading columns -------------------------------------------------------------------------

static size_t
s_count_fitting (const sheet_t *sheet, const screen_t *screen)
{
    size_t columns = 0, width = 0;
    while (columns < sheet_columns (sheet)) {
        width += s_width (sheet, columns) + (columns ? sizeof SEPARATOR - 1 : 0);
        if (width > screen->columns)
            break;
        columns++;
    }
    return columns;
}

static void
s_print_others (const sheet_t *sheet, size_t first, const screen_t *screen, FILE *out)
{
    char *text = NULL;
    size_t size = 0, count = sheet_columns (sheet) - first;
    FILE *memory = open_memstream (&text, &size);
    assert (memory);
    fprintf (memory, "%zu more column%s (\\x or --format vertical shows all):", count,
             count == 1 ? "" : "s");
    for (size_t i = first; i < sheet_columns (sheet); i++)
        fprintf (memory, "%s %s", i > first ? "," : "", sheet_name (sheet, i));
    fclose (memory);
    s_wrap (text, screen->columns);
    fprintf (out, "%s\n", text);
    free (text);
}

bool
format_table_leading (const table_t *table, const screen_t *screen, FILE *out)
{
    sheet_t *sheet = sheet_new (table);
    size_t columns = s_count_fitting (sheet, screen);
    if (columns >= 2) {
        s_print (sheet, columns, screen, out);
        s_print_others (sheet, columns, screen, out);
    }
    sheet_destroy (&sheet);
    return columns >= 2;
}
