//  SPDX-License-Identifier: GPL-2.0-or-later
//  table - named columns with units and rows of cells: what an answer is in the end.
#ifndef SCHEMA_TABLE_H
#define SCHEMA_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include "schema/histogram.h"
#include "schema/wire.h"

typedef enum {
    CELL_NULL,
    CELL_INTEGER, //  value.integer
    CELL_REAL,    //  value.real
    CELL_TEXT,    //  value.text, owned by the table
    CELL_SUM,     //  value.sum: an exact total of up to 128 bits
    CELL_BUCKETS  //  value.histogram, owned by the table
} cell_kind_t;

//  How a column's numbers are shown to people. Machine formats print the plain number.
typedef enum {
    UNIT_NONE,
    UNIT_NANOSECONDS,
    UNIT_TASKS,
    UNIT_PER_SECOND,
    UNIT_TASKS_MEAN, //  A mean number of tasks (time per second)
    UNIT_UNIX_SECONDS,
    UNIT_BYTES
} unit_t;

typedef struct {
    cell_kind_t kind;
    union {
        int64_t integer;
        double real;
        char *text;
        uint128_t sum;
        histogram_t *histogram;
    } value;
} cell_t;

#define TABLE_MAX_COLUMNS 128
#define TABLE_NAME_MAX    127  //  Bytes of a column's name; longer ones are cut
#define TABLE_TEXT_MAX    4095 //  Bytes of a text; longer ones are cut

typedef struct table_t table_t;

table_t *table_new (void);
void table_destroy (table_t **self_p);

//  Add a column, before any row, at most TABLE_MAX_COLUMNS. Copies name.
void table_add_column (table_t *self, const char *name, unit_t unit);
//  Add a row of nulls; the setters fill the last row.
void table_add_row (table_t *self);
void table_set_integer (table_t *self, size_t column, int64_t value);
//  A value that is not finite is a null.
void table_set_real (table_t *self, size_t column, double value);
void table_set_sum (table_t *self, size_t column, uint128_t value);
void table_set_text (table_t *self, size_t column, const char *text);
void table_set_buckets (table_t *self, size_t column, const histogram_t *histogram);

size_t table_columns (const table_t *self);
size_t table_rows (const table_t *self);
const char *table_column_name (const table_t *self, size_t column);
unit_t table_column_unit (const table_t *self, size_t column);
//  Borrowed until the table changes.
const cell_t *table_cell (const table_t *self, size_t row, size_t column);

//  Append other's rows; both must have the same columns. Returns 0, or -1 where they differ.
int table_append (table_t *self, const table_t *other);
//  Sort rows by a column: numbers of any kind by value, before texts by their bytes, before
//  buckets by their count. Nulls come last in either direction; equal rows keep their order.
void table_sort (table_t *self, size_t column, int descending);
//  Drop rows after the first count.
void table_truncate (table_t *self, size_t count);
//  Drop the last column.
void table_drop_column (table_t *self);

//  On the wire, canonical msgpack: the columns are one part, each row another.
//
//      columns    [1, [name, unit], ...]        unit: none ns tasks per_second tasks_mean
//                                                     unix_seconds bytes
//      row        [cell, ...]                   nil, integer, real, string,
//                                               [high 64 bits, low 64 bits] of a sum, or
//                                               a histogram as in schema/histogram_wire.h
//
//  The encoders return the size, or 0 if it does not fit; the decoders 0, or -1 when malformed.
size_t table_encode_columns (const table_t *self, void *buffer, size_t capacity);
size_t table_encode_row (const table_t *self, size_t row, void *buffer, size_t capacity);
//  Decode columns into an empty table.
int table_decode_columns (table_t *self, wire_reader_t *reader, const void *data, size_t size);
//  Append one decoded row of as many cells as there are columns.
int table_decode_row (table_t *self, wire_reader_t *reader, const void *data, size_t size);

#endif
