//  SPDX-License-Identifier: GPL-2.0-or-later
//  remarks - see remarks.h.
#include "subscriber/remarks.h"

#include <stdbool.h>
#include <string.h>
#include "query/instant.h"
#include "subscriber/sheet.h"

#define LISTED_NAMES 5

void
remark_name (const char *name, size_t index, size_t count, FILE *out)
{
    if (index < LISTED_NAMES)
        fprintf (out, "%s%s", index ? ", " : "", name);
    else if (index == LISTED_NAMES)
        fprintf (out, " and %zu more", count - LISTED_NAMES);
}

static int
s_find_column (const table_t *table, const char *name)
{
    for (size_t i = 0; i < table_columns (table); i++)
        if (strcmp (table_column_name (table, i), name) == 0)
            return (int) i;
    return -1;
}

static bool
s_has_text (const table_t *table, size_t row, size_t column, const char *text)
{
    const cell_t *cell = table_cell (table, row, column);
    return cell->kind == CELL_TEXT && strcmp (cell->value.text, text) == 0;
}

typedef struct {
    const table_t *table;
    size_t node, column;
    const char *wanted;
} search_t;

//  Rows of one node stand together; the node is counted at the first of them that has the text.
static bool
s_is_found (const search_t *self, size_t row)
{
    const cell_t *node = table_cell (self->table, row, self->node);
    if (node->kind != CELL_TEXT || !s_has_text (self->table, row, self->column, self->wanted))
        return false;
    while (row > 0 && s_has_text (self->table, row - 1, self->node, node->value.text))
        if (s_has_text (self->table, --row, self->column, self->wanted))
            return false;
    return true;
}

static void
s_remark_nodes (const search_t *self, const char *title, const char *what, FILE *out)
{
    size_t count = 0, index = 0;
    for (size_t row = 0; row < table_rows (self->table); row++)
        count += s_is_found (self, row);
    if (count == 0)
        return;
    fprintf (out, "%s: ", title);
    for (size_t row = 0; row < table_rows (self->table); row++)
        if (s_is_found (self, row))
            remark_name (table_cell (self->table, row, self->node)->value.text, index++, count,
                         out);
    fprintf (out, ": %s\n", what);
}

void
remark_source (const table_t *table, FILE *out)
{
    static const struct {
        const char *column, *text, *title, *what;
    } remarks[] = {
        {"source", "synthetic", "SYNTHETIC DATA", "invented, nothing was measured"},
        {"source", "replay", "REPLAY", "read from a recording, not measured now"},
        {"scope", "several", "SEVERAL SCOPES",
         "what a process or cgroup and what the whole node did is added up"},
    };
    int node = s_find_column (table, "node");
    for (size_t i = 0; node != -1 && i < sizeof remarks / sizeof remarks[0]; i++) {
        int column = s_find_column (table, remarks[i].column);
        const search_t search = {table, (size_t) node, (size_t) column, remarks[i].text};
        if (column != -1)
            s_remark_nodes (&search, remarks[i].title, remarks[i].what, out);
    }
}

void
remark_rows (const table_t *table, FILE *out)
{
    size_t rows = table_rows (table), lacking = table_short_rows (table);
    fprintf (out, "(%zu row%s", rows, rows == 1 ? "" : "s");
    if (lacking > 0)
        fprintf (out, "; %zu lack%s frames of the window, see coverage", lacking,
                 lacking == 1 ? "s" : "");
    fputs (")\n", out);
}

void
remark_window (int64_t since_wall_s, int64_t until_wall_s, FILE *out)
{
    if (instant_is_early (until_wall_s))
        fprintf (out, "hint: " INSTANT_EARLY_UNTIL "\n", until_wall_s, until_wall_s);
    else if (instant_is_early (since_wall_s))
        fprintf (out, "hint: " INSTANT_EARLY_SINCE "\n", since_wall_s, since_wall_s);
}
