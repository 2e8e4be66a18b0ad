//  SPDX-License-Identifier: GPL-2.0-or-later
//  sheet - a table turned into texts for people: units in every cell, and the columns "frames" and
//  "expected" that stand side by side joined to one, "coverage", 59/60.
#ifndef SUBSCRIBER_SHEET_H
#define SUBSCRIBER_SHEET_H

#include <stdbool.h>
#include <stddef.h>
#include "schema/table.h"

typedef struct sheet_t sheet_t;

#define SHEET_NONE SIZE_MAX //  No column

//  table must outlive self.
sheet_t *sheet_new (const table_t *table);
void sheet_destroy (sheet_t **self_p);

size_t sheet_columns (const sheet_t *self);
size_t sheet_rows (const sheet_t *self);
const char *sheet_name (const sheet_t *self, size_t column);
unit_t sheet_unit (const sheet_t *self, size_t column);
//  The column "coverage", or SHEET_NONE.
size_t sheet_coverage (const sheet_t *self);
//  True for a column that is to be aligned to the right.
bool sheet_is_right (const sheet_t *self, size_t column);
//  Text of one cell. Caller frees.
char *sheet_text (const sheet_t *self, size_t row, size_t column);
//  What stands there; of the coverage the seconds present.
const cell_t *sheet_cell (const sheet_t *self, size_t row, size_t column);
//  The histogram of a cell that holds buckets, else NULL.
const histogram_t *sheet_histogram (const sheet_t *self, size_t row, size_t column);
//  True for the coverage of a row some of whose seconds are missing.
bool sheet_is_short (const sheet_t *self, size_t row, size_t column);

//  True for the answer of a select: its columns were asked for.
bool table_has_coverage (const table_t *table);
//  Rows of a table some of whose seconds are missing; 0 for one without coverage.
size_t table_short_rows (const table_t *table);
//  Those of which every second is.
size_t table_empty_rows (const table_t *table);

#endif
