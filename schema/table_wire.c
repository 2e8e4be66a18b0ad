//  SPDX-License-Identifier: GPL-2.0-or-later
//  table_wire - the codec of tables, drawn in table.h. A sum and a histogram are both arrays; they
//  differ in length, 2 and 3.

#include <assert.h>
#include <string.h>
#include "schema/histogram_wire.h"
#include "schema/table.h"

#define TABLE_VERSION 1
#define SUM_ITEMS     2

static const char *const s_units[] = {
    [UNIT_NONE] = "none",
    [UNIT_NANOSECONDS] = "ns",
    [UNIT_TASKS] = "tasks",
    [UNIT_PER_SECOND] = "per_second",
    [UNIT_TASKS_MEAN] = "tasks_mean",
    [UNIT_UNIX_SECONDS] = "unix_seconds",
    [UNIT_BYTES] = "bytes",
};

#define UNITS (sizeof s_units / sizeof s_units[0])

static int
s_take_unit (wire_reader_t *reader, unit_t *unit)
{
    const char *text;
    size_t length;
    if (wire_take_string (reader, &text, &length))
        return -1;
    for (size_t i = 0; i < UNITS; i++) {
        if (strlen (s_units[i]) == length && memcmp (s_units[i], text, length) == 0) {
            *unit = (unit_t) i;
            return 0;
        }
    }
    return -1;
}

size_t
table_encode_columns (const table_t *self, void *buffer, size_t capacity)
{
    wire_writer_t writer;
    wire_writer_init (&writer, buffer, capacity);
    wire_put_array (&writer, (uint32_t) table_columns (self) + 1);
    wire_put_uint (&writer, TABLE_VERSION);
    for (size_t i = 0; i < table_columns (self); i++) {
        const char *unit = s_units[table_column_unit (self, i)];
        wire_put_array (&writer, 2);
        wire_put_text (&writer, table_column_name (self, i), TABLE_NAME_MAX);
        wire_put_string (&writer, unit, strlen (unit));
    }
    return wire_writer_size (&writer);
}

static int
s_take_column (table_t *self, wire_reader_t *reader)
{
    char name[TABLE_NAME_MAX + 1];
    unit_t unit;
    if (wire_expect_array (reader, 2) || wire_take_text (reader, name, sizeof name) ||
        s_take_unit (reader, &unit))
        return -1;
    table_add_column (self, name, unit);
    return 0;
}

int
table_decode_columns (table_t *self, wire_reader_t *reader, const void *data, size_t size)
{
    uint32_t items;
    uint64_t version;
    assert (table_columns (self) == 0);
    if (wire_read (reader, data, size) || wire_take_array (reader, &items) ||
        items > TABLE_MAX_COLUMNS + 1 || wire_take_uint (reader, &version) ||
        version != TABLE_VERSION)
        return -1;
    for (uint32_t i = 1; i < items; i++)
        if (s_take_column (self, reader))
            return -1;
    return wire_done (reader);
}

static void
s_put_cell (const cell_t *cell, wire_writer_t *writer)
{
    switch (cell->kind) {
    case CELL_NULL:
        wire_put_nil (writer);
        break;
    case CELL_INTEGER:
        wire_put_int (writer, cell->value.integer);
        break;
    case CELL_REAL:
        wire_put_real (writer, cell->value.real);
        break;
    case CELL_TEXT:
        wire_put_text (writer, cell->value.text, TABLE_TEXT_MAX);
        break;
    case CELL_SUM:
        histogram_wire_put_sum (writer, cell->value.sum);
        break;
    case CELL_BUCKETS:
        histogram_wire_put (writer, cell->value.histogram);
        break;
    }
}

size_t
table_encode_row (const table_t *self, size_t row, void *buffer, size_t capacity)
{
    wire_writer_t writer;
    wire_writer_init (&writer, buffer, capacity);
    wire_put_array (&writer, (uint32_t) table_columns (self));
    for (size_t i = 0; i < table_columns (self); i++)
        s_put_cell (table_cell (self, row, i), &writer);
    return wire_writer_size (&writer);
}

static int
s_take_integer (table_t *self, size_t column, wire_reader_t *reader)
{
    int64_t value;
    if (wire_take_int (reader, &value))
        return -1;
    table_set_integer (self, column, value);
    return 0;
}

static int
s_take_real (table_t *self, size_t column, wire_reader_t *reader)
{
    double value;
    if (wire_take_real (reader, &value))
        return -1;
    table_set_real (self, column, value);
    return 0;
}

static int
s_take_text (table_t *self, size_t column, wire_reader_t *reader)
{
    char text[TABLE_TEXT_MAX + 1];
    if (wire_take_text (reader, text, sizeof text))
        return -1;
    table_set_text (self, column, text);
    return 0;
}

static int
s_take_sum (table_t *self, size_t column, wire_reader_t *reader)
{
    uint128_t sum;
    if (histogram_wire_take_sum (reader, &sum))
        return -1;
    table_set_sum (self, column, sum);
    return 0;
}

static int
s_take_buckets (table_t *self, size_t column, wire_reader_t *reader)
{
    histogram_t histogram = {0};
    if (histogram_wire_take (reader, &histogram) ||
        !histogram_agrees (&histogram, METRIC_HISTOGRAM))
        return -1;
    table_set_buckets (self, column, &histogram);
    return 0;
}

static int
s_take_cell (table_t *self, size_t column, wire_reader_t *reader)
{
    switch (wire_next (reader)) {
    case WIRE_NIL:
        return wire_take_nil (reader);
    case WIRE_UINT:
    case WIRE_INT:
        return s_take_integer (self, column, reader);
    case WIRE_REAL:
        return s_take_real (self, column, reader);
    case WIRE_STRING:
        return s_take_text (self, column, reader);
    case WIRE_ARRAY:
        return wire_next_items (reader) == SUM_ITEMS ? s_take_sum (self, column, reader)
                                                     : s_take_buckets (self, column, reader);
    default:
        return -1;
    }
}

int
table_decode_row (table_t *self, wire_reader_t *reader, const void *data, size_t size)
{
    size_t columns = table_columns (self), rows = table_rows (self);
    if (wire_read (reader, data, size) || wire_expect_array (reader, (uint32_t) columns))
        return -1;
    table_add_row (self);
    for (size_t column = 0; column < columns; column++) {
        if (s_take_cell (self, column, reader)) {
            table_truncate (self, rows);
            return -1;
        }
    }
    return wire_done (reader);
}
