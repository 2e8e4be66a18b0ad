//  SPDX-License-Identifier: GPL-2.0-or-later
//  describe - see describe.h. The columns' units are those of a select's answer.
#include "subscriber/describe.h"

#include <assert.h>
#include <string.h>
#include "program/exit_code.h"
#include "query/finish.h"
#include "subscriber/cell_text.h"

#define NAME_BYTES (2 * COLUMN_NAME_MAX)
#define SHOW_NODES "show nodes"
#define IS(a, b)   (strcmp (a, b) == 0)

//  --- metrics ---------------------------------------------------------------------------------

static const char *
s_meaning (const char *function, bool is_count)
{
    static const struct {
        const char *function, *meaning;
    } meanings[] = {
        {"avg", "mean of the events that ended in the window"},
        {"sum", "total of the events that ended in the window, exact"},
        {"count", "how many events ended in the window"},
        {"rate", "events per second"},
        {"time", "time accrued inside the window, also by what has not ended"},
        {"min", "lower edge of the lowest bucket with events"},
        {"max", "upper edge of the highest bucket with events"},
        {"hist", "the buckets"},
    };
    if (is_count && IS (function, "avg"))
        return "events per second";
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (IS (function, meanings[i].function))
            return meanings[i].meaning;
    return "nearest rank, within 4.4 % of the truth; any pN can be asked";
}

static const char *
s_unit (unit_t unit)
{
    static const char *const names[] = {
        [UNIT_NONE] = "",
        [UNIT_NANOSECONDS] = "ns",
        [UNIT_TASKS] = "tasks",
        [UNIT_PER_SECOND] = "per second",
        [UNIT_TASKS_MEAN] = "tasks",
        [UNIT_UNIX_SECONDS] = "unix seconds",
        [UNIT_BYTES] = "bytes",
    };
    return names[unit];
}

//  The unit that a select of this column answers in.
static unit_t
s_unit_of (const char *column)
{
    char text[NAME_BYTES + 32];
    query_error_t error;
    int size = snprintf (text, sizeof text, "select %s from n", column);
    statement_t *statement = statement_parse (text, (size_t) size, &error);
    assert (statement);
    finish_t *finish = finish_new (statement);
    table_t *answer = finish_table (finish);
    unit_t unit = table_column_unit (answer, 1); //  Behind the node
    table_destroy (&answer);
    finish_destroy (&finish);
    statement_destroy (&statement);
    return unit;
}

static void
s_add_column (table_t *table, const metric_t *metric, const char *function)
{
    char name[NAME_BYTES];
    snprintf (name, sizeof name, "%s_%s", metric->short_name, function);
    table_add_row (table);
    table_set_text (table, 0, name);
    if (*s_unit (s_unit_of (name)))
        table_set_text (table, 1, s_unit (s_unit_of (name)));
    table_set_text (table, 2, s_meaning (function, metric->kind == METRIC_COUNT));
}

static int
s_describe_metric (console_t *console, metric_id_t id)
{
    const char *function;
    table_t *table = table_new ();
    table_add_column (table, "column", UNIT_NONE);
    table_add_column (table, "unit", UNIT_NONE);
    table_add_column (table, "meaning", UNIT_NONE);
    for (size_t i = 0; (function = expression_function (id, i)); i++)
        s_add_column (table, metric_get (id), function);
    fprintf (stderr, "%s: %s\n", metric_get (id)->name, metric_get (id)->meaning);
    int code = output_print (console->output, table);
    table_destroy (&table);
    return code;
}

//  --- nodes -----------------------------------------------------------------------------------

//  Of show nodes, what fits on a line.
static const char *const s_node_columns[] = {"node", "state",  "source", "last_frame_end",
                                             "lag",  "lost_s", "version"};

static void
s_copy_cell (const cell_t *cell, table_t *table, size_t column)
{
    if (cell->kind == CELL_TEXT)
        table_set_text (table, column, cell->value.text);
    else if (cell->kind == CELL_INTEGER)
        table_set_integer (table, column, cell->value.integer);
    else if (cell_is_number (cell))
        table_set_real (table, column, cell_value (cell));
}

//  A table of the columns that there are of those above. Caller destroys.
static table_t *
s_pick (const table_t *nodes)
{
    size_t sources[sizeof s_node_columns / sizeof s_node_columns[0]], count = 0;
    table_t *table = table_new ();
    for (size_t i = 0; i < sizeof s_node_columns / sizeof s_node_columns[0]; i++)
        for (size_t column = 0; column < table_columns (nodes); column++)
            if (IS (table_column_name (nodes, column), s_node_columns[i])) {
                table_add_column (table, s_node_columns[i], table_column_unit (nodes, column));
                sources[count++] = column;
                break;
            }
    for (size_t row = 0; row < table_rows (nodes); row++) {
        table_add_row (table);
        for (size_t i = 0; i < count; i++)
            s_copy_cell (table_cell (nodes, row, sources[i]), table, i);
    }
    return table;
}

static int
s_describe_nodes (console_t *console)
{
    reply_t reply;
    int code = session_fetch (console->session, SHOW_NODES, strlen (SHOW_NODES), &reply);
    if (code == EXIT_DONE) {
        table_t *nodes = s_pick (reply.table);
        fputs ("Nodes (show nodes tells more)\n", stderr);
        code = output_print (console->output, nodes);
        table_destroy (&nodes);
    }
    reply_fini (&reply);
    return code;
}

static int
s_describe_metrics (console_t *console)
{
    table_t *metrics = finish_show_metrics ();
    fputs ("Metrics (\\d METRIC lists its columns)\n", stderr);
    int code = output_print (console->output, metrics);
    table_destroy (&metrics);
    return code;
}

int
describe (console_t *console, const char *name)
{
    if (IS (name, "nodes"))
        return s_describe_nodes (console);
    if (!*name) {
        int code = s_describe_metrics (console);
        fputc ('\n', stderr);
        return code == EXIT_DONE ? s_describe_nodes (console) : code;
    }
    int id = metric_find (name, strlen (name));
    if (id != -1)
        return s_describe_metric (console, (metric_id_t) id);
    fprintf (stderr, "error: there is no metric %s; \\d lists them\n", name);
    return EXIT_FAILED;
}
