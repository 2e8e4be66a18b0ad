//  SPDX-License-Identifier: GPL-2.0-or-later
//  table - rows of cells in memory. The codec is table_wire.c.

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "schema/table.h"
#include "schema/text.h"

typedef struct {
    char name[TABLE_NAME_MAX + 1];
    unit_t unit;
} column_t;

typedef struct {
    cell_t *cells; //  As many as there are columns
    size_t number; //  Place before a sort
} row_t;

struct table_t {
    column_t columns[TABLE_MAX_COLUMNS];
    size_t column_count;
    row_t *rows;
    size_t row_count;
    size_t row_capacity; //  Rows there is room for
};

table_t *
table_new (void)
{
    table_t *self = calloc (1, sizeof *self);
    assert (self);
    return self;
}

static void
s_empty_cell (cell_t *cell)
{
    if (cell->kind == CELL_TEXT)
        free (cell->value.text);
    if (cell->kind == CELL_BUCKETS)
        free (cell->value.histogram);
    cell->kind = CELL_NULL;
}

void
table_truncate (table_t *self, size_t count)
{
    while (self->row_count > count) {
        cell_t *cells = self->rows[--self->row_count].cells;
        for (size_t i = 0; i < self->column_count; i++)
            s_empty_cell (&cells[i]);
        free (cells);
    }
}

void
table_drop_column (table_t *self)
{
    assert (self->column_count > 0);
    self->column_count--;
    for (size_t row = 0; row < self->row_count; row++)
        s_empty_cell (&self->rows[row].cells[self->column_count]);
}

void
table_destroy (table_t **self_p)
{
    table_t *self = *self_p;
    if (self) {
        table_truncate (self, 0);
        free (self->rows);
        free (self);
        *self_p = NULL;
    }
}

void
table_add_column (table_t *self, const char *name, unit_t unit)
{
    assert (self->row_count == 0 && self->column_count < TABLE_MAX_COLUMNS);
    column_t *column = &self->columns[self->column_count++];
    memset (column, 0, sizeof *column);
    memcpy (column->name, name, text_cut (name, TABLE_NAME_MAX));
    column->unit = unit;
}

void
table_add_row (table_t *self)
{
    if (self->row_count == self->row_capacity) {
        self->row_capacity = self->row_capacity ? 2 * self->row_capacity : 16;
        self->rows = realloc (self->rows, self->row_capacity * sizeof (row_t));
        assert (self->rows);
    }
    cell_t *cells = calloc (self->column_count + 1, sizeof (cell_t));
    assert (cells);
    self->rows[self->row_count++] = (row_t){.cells = cells};
}

//  The cell of the last row, emptied, to be set.
static cell_t *
s_cell (table_t *self, size_t column)
{
    assert (self->row_count > 0 && column < self->column_count);
    cell_t *cell = &self->rows[self->row_count - 1].cells[column];
    s_empty_cell (cell);
    return cell;
}

void
table_set_integer (table_t *self, size_t column, int64_t value)
{
    *s_cell (self, column) = (cell_t){.kind = CELL_INTEGER, .value.integer = value};
}

void
table_set_real (table_t *self, size_t column, double value)
{
    cell_t *cell = s_cell (self, column);
    if (isfinite (value))
        *cell = (cell_t){.kind = CELL_REAL, .value.real = value};
}

void
table_set_sum (table_t *self, size_t column, uint128_t value)
{
    *s_cell (self, column) = (cell_t){.kind = CELL_SUM, .value.sum = value};
}

void
table_set_text (table_t *self, size_t column, const char *text)
{
    char *copy = strndup (text, text_cut (text, TABLE_TEXT_MAX));
    assert (copy);
    *s_cell (self, column) = (cell_t){.kind = CELL_TEXT, .value.text = copy};
}

void
table_set_buckets (table_t *self, size_t column, const histogram_t *histogram)
{
    histogram_t *copy = malloc (sizeof *copy);
    assert (copy);
    *copy = *histogram;
    *s_cell (self, column) = (cell_t){.kind = CELL_BUCKETS, .value.histogram = copy};
}

size_t
table_columns (const table_t *self)
{
    return self->column_count;
}

size_t
table_rows (const table_t *self)
{
    return self->row_count;
}

const char *
table_column_name (const table_t *self, size_t column)
{
    assert (column < self->column_count);
    return self->columns[column].name;
}

unit_t
table_column_unit (const table_t *self, size_t column)
{
    assert (column < self->column_count);
    return self->columns[column].unit;
}

const cell_t *
table_cell (const table_t *self, size_t row, size_t column)
{
    assert (row < self->row_count && column < self->column_count);
    return &self->rows[row].cells[column];
}

static bool
s_same_columns (const table_t *self, const table_t *other)
{
    if (self->column_count != other->column_count)
        return false;
    for (size_t i = 0; i < self->column_count; i++)
        if (self->columns[i].unit != other->columns[i].unit ||
            strcmp (self->columns[i].name, other->columns[i].name) != 0)
            return false;
    return true;
}

static void
s_copy_cell (table_t *self, size_t column, const cell_t *cell)
{
    switch (cell->kind) {
    case CELL_TEXT:
        table_set_text (self, column, cell->value.text);
        break;
    case CELL_BUCKETS:
        table_set_buckets (self, column, cell->value.histogram);
        break;
    default:
        *s_cell (self, column) = *cell;
    }
}

int
table_append (table_t *self, const table_t *other)
{
    size_t rows = other->row_count;
    if (!s_same_columns (self, other))
        return -1;
    for (size_t row = 0; row < rows; row++) {
        table_add_row (self);
        for (size_t column = 0; column < self->column_count; column++)
            s_copy_cell (self, column, table_cell (other, row, column));
    }
    return 0;
}

//  --- order
//  ----------------------------------------------------------------------------------------

//  Kinds that are compared with each other have the same class; nulls stand apart.
static int
s_class (const cell_t *cell)
{
    if (cell->kind == CELL_TEXT)
        return 1;
    return cell->kind == CELL_BUCKETS ? 2 : 0;
}

static long double
s_number (const cell_t *cell)
{
    switch (cell->kind) {
    case CELL_INTEGER:
        return (long double) cell->value.integer;
    case CELL_REAL:
        return cell->value.real;
    case CELL_SUM:
        return (long double) cell->value.sum;
    case CELL_BUCKETS:
        return (long double) cell->value.histogram->count;
    default:
        return 0;
    }
}

static int
s_compare_values (const cell_t *one, const cell_t *other)
{
    if (s_class (one) != s_class (other))
        return s_class (one) - s_class (other);
    if (one->kind == CELL_TEXT)
        return strcmp (one->value.text, other->value.text);
    if (one->kind == CELL_SUM && other->kind == CELL_SUM)
        return (one->value.sum > other->value.sum) - (one->value.sum < other->value.sum);
    return (s_number (one) > s_number (other)) - (s_number (one) < s_number (other));
}

typedef struct {
    size_t column;
    bool descending;
} order_t;

static int
s_compare_rows (const void *one_p, const void *other_p, void *order_p)
{
    const row_t *one = one_p, *other = other_p;
    const order_t *order = order_p;
    const cell_t *a = &one->cells[order->column];
    const cell_t *b = &other->cells[order->column];
    int result = (a->kind == CELL_NULL) - (b->kind == CELL_NULL);
    if (result == 0 && a->kind != CELL_NULL)
        result = order->descending ? s_compare_values (b, a) : s_compare_values (a, b);
    return result != 0 ? result : (one->number > other->number) - (one->number < other->number);
}

void
table_sort (table_t *self, size_t column, int descending)
{
    order_t order = {.column = column, .descending = descending};
    assert (column < self->column_count);
    for (size_t i = 0; i < self->row_count; i++)
        self->rows[i].number = i;
    if (self->row_count > 1)
        qsort_r (self->rows, self->row_count, sizeof (row_t), s_compare_rows, &order);
}
