//  SPDX-License-Identifier: GPL-2.0-or-later
//  format_vertical - see format_vertical.h.
#include "subscriber/format_vertical.h"

#include <stdlib.h>
#include <string.h>
#include "schema/histogram_text.h"
#include "subscriber/sheet.h"

static int
s_name_width (const sheet_t *sheet)
{
    size_t width = 0;
    for (size_t i = 0; i < sheet_columns (sheet); i++)
        if (strlen (sheet_name (sheet, i)) > width)
            width = strlen (sheet_name (sheet, i));
    return (int) width;
}

static void
s_print_cell (const sheet_t *sheet, size_t row, size_t column, const screen_t *screen, FILE *out)
{
    const histogram_t *histogram = sheet_histogram (sheet, row, column);
    if (histogram && histogram->count > 0) {
        fputc ('\n', out);
        histogram_text_fine (out, histogram, &TEXT_USECS);
        return;
    }
    char *text = sheet_text (sheet, row, column);
    bool is_short = sheet_is_short (sheet, row, column);
    fprintf (out, "%s%s%s\n", is_short ? screen_warning (screen) : "", text,
             is_short ? screen_plain (screen) : "");
    free (text);
}

void
format_vertical (const table_t *table, const screen_t *screen, FILE *out)
{
    sheet_t *sheet = sheet_new (table);
    int width = s_name_width (sheet);
    for (size_t row = 0; row < sheet_rows (sheet); row++) {
        fprintf (out, "%s-[ %zu ]-%s\n", screen_bold (screen), row + 1, screen_plain (screen));
        for (size_t i = 0; i < sheet_columns (sheet); i++) {
            fprintf (out, "%-*s  ", width, sheet_name (sheet, i));
            s_print_cell (sheet, row, i, screen, out);
        }
    }
    sheet_destroy (&sheet);
}
