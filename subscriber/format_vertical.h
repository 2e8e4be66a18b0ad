//  SPDX-License-Identifier: GPL-2.0-or-later
//  format_vertical - tables as one line a column, see format.h.
#ifndef SUBSCRIBER_FORMAT_VERTICAL_H
#define SUBSCRIBER_FORMAT_VERTICAL_H

#include <stdio.h>
#include "schema/table.h"
#include "subscriber/screen.h"

void format_vertical (const table_t *table, const screen_t *screen, FILE *out);

#endif
