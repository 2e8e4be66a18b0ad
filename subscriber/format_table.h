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

#endif
