//  SPDX-License-Identifier: GPL-2.0-or-later
//  format - the ways to print a table.
//
//      auto       table; where a terminal is too narrow for it: a select vertical, of anything
//                 else the leading columns
//      table      aligned columns, numbers with units, nulls as "-"
//      vertical   a line per column, histograms as bars
//      heat       selects drawn: a line per row, time down, histograms or values across; as auto
//                 what is no select
//      csv        RFC 4180 with LF line ends; a null is empty, an empty text is ""
//      tsv        tab, newline and backslash written \t \n \\; a null is empty
//      json       an array of objects, one a line, keyed by column
//      ndjson     an object a line
//
//  csv, tsv, json and ndjson hold plain numbers: durations in ns, times in unix seconds. Nothing in
//  them is rounded. What cannot be a number is quoted text. Histograms are JSON arrays, see
//  cell_print_buckets.
#ifndef SUBSCRIBER_FORMAT_H
#define SUBSCRIBER_FORMAT_H

#include <stdbool.h>
#include <stdio.h>
#include "schema/table.h"
#include "subscriber/screen.h"

typedef enum {
    FORMAT_AUTO,
    FORMAT_TABLE,
    FORMAT_VERTICAL,
    FORMAT_HEAT,
    FORMAT_CSV,
    FORMAT_TSV,
    FORMAT_JSON,
    FORMAT_NDJSON
} format_t;

//  Find a format by its name. Returns 0, or -1 where there is none.
int format_find (const char *name, format_t *format);

//  Its name.
const char *format_name (format_t format);

//  All names, for messages: "auto, table, ...".
#define FORMAT_NAMES "auto, table, vertical, heat, csv, tsv, json, ndjson"

//  True for those that people read.
bool format_is_for_people (format_t format);

void format_print (format_t format, const table_t *table, const screen_t *screen, FILE *out);

#endif
