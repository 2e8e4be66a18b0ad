//  SPDX-License-Identifier: GPL-2.0-or-later
//  cell_text - one cell of a table, as people read it and as programs do. Pure.
#ifndef SUBSCRIBER_CELL_TEXT_H
#define SUBSCRIBER_CELL_TEXT_H

#include <stdbool.h>
#include <stdio.h>
#include "schema/table.h"

//  A number as cell_text shows it. Caller frees.
char *cell_text_of (double value, unit_t unit);

//  For people: with its unit, "-" for a null, buckets as a strip of bars between the lowest and
//  the highest edge. Caller frees.
char *cell_text (const cell_t *cell, unit_t unit);

//  For programs: the plain number, never rounded (what reads it back has the same double), 128-bit
//  sums in full. The cell must hold a number.
void cell_print_number (const cell_t *cell, FILE *out);
//  Buckets as JSON: [[lower edge, upper edge, events], ...], edges in ns, only those with events.
//  A bucket holds what is above its lower edge and not above its upper; the first may be [0, 0, n].
void cell_print_buckets (const histogram_t *histogram, FILE *out);

//  True for integers, reals and sums.
bool cell_is_number (const cell_t *cell);
//  The nearest double of one of these.
double cell_value (const cell_t *cell);

#endif
