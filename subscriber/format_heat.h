//  SPDX-License-Identifier: GPL-2.0-or-later
//  format_heat - draws the answer of a select: a line for every row, time down; histograms across
//  as heat, values as bars. A picture for every column, with its axis and its legend. Seconds that
//  are missing are said, they look like no events otherwise.
#ifndef SUBSCRIBER_FORMAT_HEAT_H
#define SUBSCRIBER_FORMAT_HEAT_H

#include <stdbool.h>
#include <stdio.h>
#include "schema/table.h"
#include "subscriber/screen.h"

//  True for a table that can be drawn: one of a select.
bool format_heat_draws (const table_t *table);

void format_heat (const table_t *table, const screen_t *screen, FILE *out);

#endif
