//  SPDX-License-Identifier: GPL-2.0-or-later
//  explain - see explain.h. The steps of a node add up until another node comes.
#include "query/explain.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { EXPLAIN_NODE, EXPLAIN_LEVEL, EXPLAIN_RECORDS, EXPLAIN_STEPS };

struct explain_t {
    table_t *table;
    char node[NODE_NAME_MAX + 1]; //  "" before the first
    store_plan_t plan;            //  Of that node
    int64_t steps;
};

explain_t *
explain_new (void)
{
    explain_t *self = calloc (1, sizeof *self);
    assert (self);
    self->table = table_new ();
    table_add_column (self->table, "node", UNIT_NONE);
    table_add_column (self->table, "level", UNIT_NONE);
    table_add_column (self->table, "records", UNIT_NONE);
    table_add_column (self->table, "steps", UNIT_NONE);
    return self;
}

void
explain_destroy (explain_t **self_p)
{
    explain_t *self = *self_p;
    if (!self)
        return;
    table_destroy (&self->table);
    free (self);
    *self_p = NULL;
}

static void
s_add_row (explain_t *self, const char *level, uint64_t records)
{
    table_add_row (self->table);
    table_set_text (self->table, EXPLAIN_NODE, self->node);
    if (level)
        table_set_text (self->table, EXPLAIN_LEVEL, level);
    table_set_integer (self->table, EXPLAIN_RECORDS, (int64_t) records);
    table_set_integer (self->table, EXPLAIN_STEPS, self->steps);
}

static void
s_end_node (explain_t *self)
{
    static const char *const names[STORE_LEVEL_COUNT_] = {
        [STORE_LEVEL_DAYS] = "days",
        [STORE_LEVEL_HOURS] = "hours",
        [STORE_LEVEL_MINUTES] = "minutes",
        [STORE_LEVEL_SECONDS] = "seconds",
    };
    uint64_t total = 0;
    for (int level = 0; level < STORE_LEVEL_COUNT_; level++) {
        if (self->plan.records[level] > 0)
            s_add_row (self, names[level], self->plan.records[level]);
        total += self->plan.records[level];
    }
    if (total == 0 && self->steps > 0)
        s_add_row (self, NULL, 0);
}

void
explain_add (explain_t *self, const char *node, const store_plan_t *plan)
{
    if (strcmp (self->node, node) != 0) {
        s_end_node (self);
        strcpy (self->node, node);
        self->plan = (store_plan_t){{0}};
        self->steps = 0;
    }
    for (int level = 0; level < STORE_LEVEL_COUNT_; level++)
        self->plan.records[level] += plan->records[level];
    self->steps++;
}

table_t *
explain_table (explain_t *self)
{
    s_end_node (self);
    table_t *table = self->table;
    self->table = NULL;
    return table;
}
