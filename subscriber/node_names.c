//  SPDX-License-Identifier: GPL-2.0-or-later
//  node_names - see node_names.h.
#include "subscriber/node_names.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENT "show nodes"
#define FRESH_MS  3000
#define WAIT_MS   300

struct node_names_t {
    const session_t *session;
    asker_t *asker; //  Of our own: its replies come when they come
    uint64_t id;    //  Of the question under way, or 0
    int64_t asked_mono_ms;
    char **names;
    size_t count;
};

node_names_t *
node_names_new (const session_t *session)
{
    node_names_t *self = calloc (1, sizeof *self);
    assert (self);
    self->session = session;
    self->asked_mono_ms = -FRESH_MS;
    return self;
}

static void
s_forget (node_names_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        free (self->names[i]);
    free (self->names);
    self->names = NULL;
    self->count = 0;
}

void
node_names_destroy (node_names_t **self_p)
{
    node_names_t *self = *self_p;
    if (!self)
        return;
    s_forget (self);
    asker_destroy (&self->asker);
    free (self);
    *self_p = NULL;
}

static void
s_add (node_names_t *self, const char *name)
{
    self->names[self->count] = strdup (name);
    assert (self->names[self->count]);
    self->count++;
}

static void
s_make_room (node_names_t *self, size_t count)
{
    s_forget (self);
    self->names = calloc (count + 1, sizeof self->names[0]);
    assert (self->names);
}

//  --- of workers ------------------------------------------------------------------------------

static void
s_take_workers (node_names_t *self, const workers_t *workers)
{
    s_make_room (self, workers_count (workers));
    for (size_t i = 0; i < workers_count (workers); i++)
        s_add (self, workers_node (workers, i));
}

//  --- of a coordinator ------------------------------------------------------------------------

static size_t
s_node_column (const table_t *table)
{
    size_t column = 0;
    while (column < table_columns (table) &&
           strcmp (table_column_name (table, column), "node") != 0)
        column++;
    return column;
}

static void
s_take_table (node_names_t *self, const table_t *table)
{
    size_t column = s_node_column (table);
    if (column == table_columns (table))
        return;
    s_make_room (self, table_rows (table));
    for (size_t row = 0; row < table_rows (table); row++) {
        const cell_t *cell = table_cell (table, row, column);
        if (cell->kind == CELL_TEXT)
            s_add (self, cell->value.text);
    }
}

//  Take the reply to the question under way, where it has come or comes in time.
static void
s_receive (node_names_t *self, int timeout_ms)
{
    reply_t reply;
    if (self->id == 0 || asker_receive (self->asker, self->id, timeout_ms, -1, &reply) == -1)
        return;
    if (reply.kind == REPLY_TABLE)
        s_take_table (self, reply.table);
    if (reply.kind != REPLY_NONE)
        self->id = 0;
    reply_fini (&reply);
}

void
node_names_refresh (node_names_t *self)
{
    if (session_workers (self->session) || zclock_mono () - self->asked_mono_ms < FRESH_MS)
        return;
    if (!self->asker)
        self->asker = asker_new (session_endpoint (self->session));
    assert (self->asker); //  The endpoint was found valid
    s_receive (self, 0);
    self->id = asker_send (self->asker, FORM_ROWS, STATEMENT, strlen (STATEMENT), FRESH_MS);
    self->asked_mono_ms = zclock_mono ();
}

const char *const *
node_names_get (node_names_t *self, size_t *count)
{
    if (session_workers (self->session))
        s_take_workers (self, session_workers (self->session));
    else
        s_receive (self, self->count == 0 ? WAIT_MS : 0);
    node_names_refresh (self);
    *count = self->count;
    return (const char *const *) self->names;
}
