//  SPDX-License-Identifier: GPL-2.0-or-later
//  finish - see finish.h. By node, each partial becomes a row at once and is forgotten; by all,
//  there is one sum a step, and the rows are made last.
#include "query/finish.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "query/compute.h"

//  What is to be said of a row beside its numbers: each has a column, where some row needs it.
typedef enum { REMARK_SYNTHETIC, REMARK_MIXED, REMARK_UNANSWERED, REMARK_COUNT_ } remark_t;

static const struct {
    const char *column, *text, *text_of_all;
} s_remarks[REMARK_COUNT_] = {
    [REMARK_SYNTHETIC] = {"source", "synthetic", "synthetic"},
    [REMARK_MIXED] = {"scope", "several", "several"},
    [REMARK_UNANSWERED] = {"status", "no answer", "some did not answer"},
};

typedef struct {
    char node[NODE_NAME_MAX + 1];
    int64_t time_wall_s;
    uint64_t present_s, expected_s;
    bool remarks[REMARK_COUNT_];
    cell_t *cells; //  One per expression computed; their histograms are the row's own
} row_t;

struct finish_t {
    const statement_t *statement; //  Borrowed
    row_t *rows;                  //  In the order they were added
    size_t row_count;
    partial_t **steps; //  by all: a sum per step, in order of time
    size_t step_count;
    size_t bytes;                //  Held in rows and steps
    bool remarks[REMARK_COUNT_]; //  Some row has it: the table needs its column
};

finish_t *
finish_new (const statement_t *statement)
{
    finish_t *self = calloc (1, sizeof *self);
    assert (self);
    self->statement = statement;
    return self;
}

static void
s_row_fini (row_t *self, size_t cell_count)
{
    for (size_t i = 0; i < cell_count; i++)
        if (self->cells[i].kind == CELL_BUCKETS)
            free (self->cells[i].value.histogram);
    free (self->cells);
}

void
finish_destroy (finish_t **self_p)
{
    finish_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->row_count; i++)
        s_row_fini (&self->rows[i], statement_computed (self->statement));
    for (size_t i = 0; i < self->step_count; i++)
        free (self->steps[i]);
    free (self->rows);
    free (self->steps);
    free (self);
    *self_p = NULL;
}

//  --- rows ------------------------------------------------------------------------------------

static int
s_take_bytes (finish_t *self, size_t bytes, query_error_t *error)
{
    self->bytes += bytes;
    if (self->bytes <= FINISH_MAX_BYTES)
        return 0;
    query_error_set (error, ERROR_UNSUPPORTED, -1, "the answer is larger than %u MiB",
                     FINISH_MAX_BYTES >> 20);
    query_error_hint (error, "ask for fewer nodes or columns, a shorter window, or longer steps");
    return -1;
}

//  What a row of this statement may hold.
static size_t
s_row_bytes (const statement_t *statement)
{
    size_t count = statement_computed (statement);
    size_t bytes = sizeof (row_t) + count * sizeof (cell_t);
    for (size_t i = 0; i < count; i++)
        if (statement_expression (statement, i)->function == FUNCTION_HIST)
            bytes += sizeof (histogram_t);
    return bytes;
}

//  Room for one more after count items that were grown this way too.
static void *
s_grow (void *items, size_t count, size_t item_size)
{
    if ((count & (count - 1)) != 0)
        return items;
    items = realloc (items, (count ? 2 * count : 1) * item_size);
    assert (items);
    return items;
}

static void
s_remark (finish_t *self, row_t *row, const partial_t *partial)
{
    row->remarks[REMARK_SYNTHETIC] = partial->synthetic;
    row->remarks[REMARK_MIXED] = partial->mixed_scopes;
    row->remarks[REMARK_UNANSWERED] = partial->unanswered;
    for (unsigned i = 0; i < REMARK_COUNT_; i++)
        self->remarks[i] |= row->remarks[i];
}

static void
s_add_row (finish_t *self, const partial_t *partial, const char *node)
{
    const statement_t *statement = self->statement;
    self->rows = s_grow (self->rows, self->row_count, sizeof self->rows[0]);
    row_t *row = &self->rows[self->row_count++];
    memset (row, 0, sizeof *row);
    strcpy (row->node, node);
    row->time_wall_s = partial->since_wall_s;
    row->present_s = partial->present_s;
    row->expected_s = partial->expected_s;
    s_remark (self, row, partial);
    size_t count = statement_computed (statement);
    row->cells = calloc (count, sizeof row->cells[0]);
    assert (row->cells);
    for (size_t i = 0; i < count; i++)
        row->cells[i] = expression_compute (statement_expression (statement, i), partial);
}

//  --- by all ----------------------------------------------------------------------------------

//  Where the step that starts then is, or belongs.
static size_t
s_find_step (const finish_t *self, int64_t since_wall_s)
{
    size_t low = 0, high = self->step_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (self->steps[middle]->since_wall_s < since_wall_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int
s_refuse_mixture (const partial_t *partial, query_error_t *error)
{
    query_error_set (error, ERROR_UNSUPPORTED, -1,
                     "by all would mix what different scopes measured: %s is not limited to the "
                     "same pid or cgroup as the nodes before it",
                     partial->node);
    query_error_hint (error, "show nodes tells each node's scope; ask by node, or name fewer");
    return -1;
}

static int
s_add_to_step (finish_t *self, const partial_t *partial, query_error_t *error)
{
    size_t at = s_find_step (self, partial->since_wall_s);
    if (at < self->step_count && self->steps[at]->since_wall_s == partial->since_wall_s)
        partial_merge (self->steps[at], partial);
    else {
        if (s_take_bytes (self, sizeof *partial, error) == -1)
            return -1;
        self->steps = s_grow (self->steps, self->step_count, sizeof self->steps[0]);
        memmove (self->steps + at + 1, self->steps + at,
                 (self->step_count++ - at) * sizeof self->steps[0]);
        self->steps[at] = malloc (sizeof *partial);
        assert (self->steps[at]);
        *self->steps[at] = *partial;
    }
    return self->steps[at]->mixed_scopes ? s_refuse_mixture (partial, error) : 0;
}

int
finish_add (finish_t *self, const partial_t *partial, query_error_t *error)
{
    if (self->statement->by == BY_ALL)
        return s_add_to_step (self, partial, error);
    if (s_take_bytes (self, s_row_bytes (self->statement), error) == -1)
        return -1;
    s_add_row (self, partial, partial->node);
    return 0;
}

//  --- the table -------------------------------------------------------------------------------

static table_t *
s_new_table (const finish_t *self)
{
    const statement_t *statement = self->statement;
    table_t *table = table_new ();
    table_add_column (table, "node", UNIT_NONE);
    if (statement->every_s)
        table_add_column (table, "time", UNIT_UNIX_SECONDS);
    for (size_t i = 0; i < statement->expression_count; i++)
        table_add_column (table, statement->expressions[i].name,
                          expression_unit (&statement->expressions[i]));
    table_add_column (table, "frames", UNIT_NONE);
    table_add_column (table, "expected", UNIT_NONE);
    for (unsigned i = 0; i < REMARK_COUNT_; i++)
        if (self->remarks[i])
            table_add_column (table, s_remarks[i].column, UNIT_NONE);
    if (statement->orders_by_other)
        table_add_column (table, statement->order_by, UNIT_NONE);
    return table;
}

static void
s_set_cell (table_t *table, size_t column, const cell_t *cell)
{
    if (cell->kind == CELL_REAL)
        table_set_real (table, column, cell->value.real);
    else if (cell->kind == CELL_SUM)
        table_set_sum (table, column, cell->value.sum);
    else if (cell->kind == CELL_BUCKETS)
        table_set_buckets (table, column, cell->value.histogram);
}

static void
s_put_row (const finish_t *self, const row_t *row, table_t *table)
{
    size_t column = 0;
    table_add_row (table);
    table_set_text (table, column++, row->node);
    if (self->statement->every_s)
        table_set_integer (table, column++, row->time_wall_s);
    for (size_t i = 0; i < self->statement->expression_count; i++)
        s_set_cell (table, column++, &row->cells[i]);
    table_set_integer (table, column++, (int64_t) row->present_s);
    table_set_integer (table, column++, (int64_t) row->expected_s);
    bool of_all = self->statement->by == BY_ALL;
    for (unsigned i = 0; i < REMARK_COUNT_; i++) {
        if (row->remarks[i])
            table_set_text (table, column, of_all ? s_remarks[i].text_of_all : s_remarks[i].text);
        column += self->remarks[i];
    }
    if (self->statement->orders_by_other)
        s_set_cell (table, column, &row->cells[self->statement->expression_count]);
}

//  The column of an expression that only orders is the last one, and goes.
static void
s_order (const statement_t *statement, table_t *table)
{
    size_t column = table_columns (table);
    while (statement->order_by[0] && column-- > 0)
        if (strcasecmp (table_column_name (table, column), statement->order_by) == 0) {
            table_sort (table, column, statement->descending);
            break;
        }
    if (statement->orders_by_other)
        table_drop_column (table);
    if (statement->limit >= 0 && (size_t) statement->limit < table_rows (table))
        table_truncate (table, (size_t) statement->limit);
}

table_t *
finish_table (finish_t *self)
{
    for (size_t i = 0; i < self->step_count; i++)
        s_add_row (self, self->steps[i], "all");
    table_t *table = s_new_table (self);
    for (size_t i = 0; i < self->row_count; i++)
        s_put_row (self, &self->rows[i], table);
    s_order (self->statement, table);
    return table;
}

//  --- all at once -----------------------------------------------------------------------------

typedef struct {
    const partial_t *partial;
    size_t place; //  First pattern of the statement that the node matches
} placed_t;

static size_t
s_place (const statement_t *statement, const char *node)
{
    size_t place = 0;
    while (place < statement->node_count && !node_matches (statement->nodes[place], node))
        place++;
    return place;
}

static int
s_compare (const void *a_p, const void *b_p)
{
    const placed_t *a = a_p, *b = b_p;
    int names = strcmp (a->partial->node, b->partial->node);
    if (a->place != b->place)
        return a->place < b->place ? -1 : 1;
    if (names != 0)
        return names;
    if (a->partial->since_wall_s != b->partial->since_wall_s)
        return a->partial->since_wall_s < b->partial->since_wall_s ? -1 : 1;
    return (a->partial->present_s < b->partial->present_s) -
           (a->partial->present_s > b->partial->present_s);
}

static bool
s_is_same_step (const partial_t *a, const partial_t *b)
{
    return a->since_wall_s == b->since_wall_s && strcmp (a->node, b->node) == 0;
}

static int
s_add_all (finish_t *self, const placed_t *placed, size_t count, query_error_t *error)
{
    for (size_t i = 0; i < count; i++) {
        bool again = i > 0 && s_is_same_step (placed[i - 1].partial, placed[i].partial);
        if (!again && finish_add (self, placed[i].partial, error) == -1)
            return -1;
    }
    return 0;
}

table_t *
finish_select (const statement_t *statement, const partial_t *partials, size_t count,
               query_error_t *error)
{
    placed_t *placed = malloc ((count + 1) * sizeof *placed);
    assert (placed);
    for (size_t i = 0; i < count; i++)
        placed[i] = (placed_t){&partials[i], s_place (statement, partials[i].node)};
    qsort (placed, count, sizeof *placed, s_compare);

    finish_t *self = finish_new (statement);
    table_t *table = NULL;
    if (s_add_all (self, placed, count, error) == 0)
        table = finish_table (self);
    finish_destroy (&self);
    free (placed);
    return table;
}

table_t *
finish_show_metrics (void)
{
    table_t *table = table_new ();
    table_add_column (table, "name", UNIT_NONE);
    table_add_column (table, "short_name", UNIT_NONE);
    table_add_column (table, "kind", UNIT_NONE);
    table_add_column (table, "unit", UNIT_NONE);
    table_add_column (table, "meaning", UNIT_NONE);
    for (int i = 0; i < METRIC_COUNT_; i++) {
        const metric_t *metric = metric_get ((metric_id_t) i);
        table_add_row (table);
        table_set_text (table, 0, metric->name);
        table_set_text (table, 1, metric->short_name);
        table_set_text (table, 2, metric->kind == METRIC_HISTOGRAM ? "histogram" : "count");
        table_set_text (table, 3, metric_unit_name (metric->unit));
        table_set_text (table, 4, metric->meaning);
    }
    return table;
}
