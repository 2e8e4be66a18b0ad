//  SPDX-License-Identifier: GPL-2.0-or-later
//  format_table - tables as aligned columns, see format.h. The only code that touches libsmartcols.
#ifndef SUBSCRIBER_FORMAT_TABLE_H
#define SUBSCRIBER_FORMAT_TABLE_H

#include <stdbool.h>
#include <stdio.h>
#include "schema/table.h"
#include "subscriber/screen.h"

//  True where no line of the table is longer than the screen is wide, once the texts of its last
//  column are wrapped.
bool format_table_fits (const table_t *table, const screen_t *screen);

void format_table (const table_t *table, const screen_t *screen, FILE *out);

//  Of a table that does not fit: the leading columns that do, and below them what the others are.
//  Returns false, and prints nothing, where those would be fewer than two.
bool format_table_leading (const table_t *table, const screen_t *screen, FILE *out);

#endif
