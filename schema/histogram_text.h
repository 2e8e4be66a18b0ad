//  SPDX-License-Identifier: GPL-2.0-or-later
//  histogram_text - histograms as rows and bars on a terminal.
//
//  Three row schemes. bcc's rows: powers of two of a whole unit, drawn character for character as
//  bcc's tools draw them, so that eyes and scripts used to those need nothing new. Our own
//  buckets (schema/buckets.h): eight rows a doubling, their edges printed in the unit. And our
//  buckets joined to a row a doubling.
//  Nothing is printed for a histogram without events. Not safe for one FILE by two threads.
#ifndef SCHEMA_HISTOGRAM_TEXT_H
#define SCHEMA_HISTOGRAM_TEXT_H

#include <stdint.h>
#include <stdio.h>
#include "schema/histogram.h"

//  bcc's rows are numbered from 1: row 1 holds 0 and 1, row n > 1 holds 2^(n-1) .. 2^n - 1.
//  rows[0] is never used.
#define LOG2_ROWS 65

//  The unit of a row's edges.
typedef struct {
    const char *label; //  "usecs"
    uint64_t ns;       //  ns in one of it
    int decimals;      //  Digits after the point that show single ns
} text_unit_t;

extern const text_unit_t TEXT_USECS;
extern const text_unit_t TEXT_MSECS;

//  Print bcc's rows, from the first to the highest that holds events.
void histogram_text_log2 (FILE *out, const uint64_t rows[LOG2_ROWS], const text_unit_t *unit);

//  Print our buckets: that of zero where it holds events, and the others from the lowest to the
//  highest that does. A row "a -> b" holds the values v with a < v <= b. Edges are rounded to
//  1 ns, counts are exact.
void histogram_text_fine (FILE *out, const histogram_t *histogram, const text_unit_t *unit);

//  Print our buckets, a row a doubling (1 s, 1/2 s, 1/4 s ...): that of zero where it holds events,
//  and the others from the lowest to the highest that does. A row "a -> b" holds the values v with
//  a < v <= b, each edge with four digits in the unit that suits it. Counts are exact.
void histogram_text_doublings (FILE *out, const histogram_t *histogram);

#endif
