//  SPDX-License-Identifier: GPL-2.0-or-later
//  answer - see answer.h. Partials are encoded as they come; rows are gathered by finish and
//  encoded at the end.
#include "query/answer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "query/explain.h"
#include "query/finish.h"
#include "query/limits.h"
#include "query/selection.h"

typedef struct {
    void *data;
    size_t size;
} part_t;

struct answer_t {
    const answerer_t *answerer;   //  Borrowed
    const statement_t *statement; //  Borrowed
    answer_form_t form;
    selection_t *selection; //  Of a select
    finish_t *finish;       //  Of a select in rows
    explain_t *explain;     //  Of an explained one
    part_t *parts;
    size_t part_count;
    size_t bytes; //  In all parts
};

static int
s_start_select (answer_t *self, int64_t now_wall_ns, query_error_t *error)
{
    self->selection = selection_new (self->answerer, self->statement, now_wall_ns, error);
    if (!self->selection)
        return -1;
    if (self->statement->explain)
        self->explain = explain_new ();
    else if (self->form == FORM_ROWS)
        self->finish = finish_new (self->statement);
    return 0;
}

answer_t *
answer_new (const answerer_t *answerer, const statement_t *statement, answer_form_t form,
            int64_t now_wall_ns, query_error_t *error)
{
    answer_t *self = calloc (1, sizeof *self);
    assert (self);
    self->answerer = answerer;
    self->statement = statement;
    bool is_select = statement->kind == STATEMENT_SELECT && !statement->explain;
    self->form = is_select ? form : FORM_ROWS;
    if (statement->kind == STATEMENT_SELECT && s_start_select (self, now_wall_ns, error) == -1)
        answer_destroy (&self);
    return self;
}

void
answer_destroy (answer_t **self_p)
{
    answer_t *self = *self_p;
    if (!self)
        return;
    selection_destroy (&self->selection);
    finish_destroy (&self->finish);
    explain_destroy (&self->explain);
    for (size_t i = 0; i < self->part_count; i++)
        free (self->parts[i].data);
    free (self->parts);
    free (self);
    *self_p = NULL;
}

//  --- parts -----------------------------------------------------------------------------------

static int
s_refuse_size (query_error_t *error)
{
    query_error_set (error, ERROR_UNSUPPORTED, -1, "the answer is too large to send");
    query_error_hint (error, "ask for fewer nodes or columns, a shorter window, or longer steps");
    return -1;
}

//  Append a part. size is 0 where it did not fit its buffer.
static int
s_add_part (answer_t *self, const void *data, size_t size, query_error_t *error)
{
    size_t count = self->part_count;
    if (size == 0 || self->bytes + size > ANSWER_MAX_BYTES)
        return s_refuse_size (error);
    if ((count & (count - 1)) == 0) {
        self->parts = realloc (self->parts, (count ? 2 * count : 1) * sizeof self->parts[0]);
        assert (self->parts);
    }
    part_t *part = &self->parts[self->part_count++];
    part->data = malloc (size);
    assert (part->data);
    memcpy (part->data, data, size);
    part->size = size;
    self->bytes += size;
    return 0;
}

static int
s_add_partial (answer_t *self, const partial_t *partial, query_error_t *error)
{
    uint8_t buffer[PARTIAL_MAX_BYTES];
    if (self->part_count == ANSWER_MAX_PARTIALS)
        return s_refuse_size (error);
    size_t size =
        partial_encode (partial, statement_metrics (self->statement), buffer, sizeof buffer);
    return s_add_part (self, buffer, size, error);
}

static int
s_add_table (answer_t *self, const table_t *table, query_error_t *error)
{
    uint8_t *buffer = malloc (WIRE_MAX_BYTES);
    assert (buffer);
    size_t size = table_encode_columns (table, buffer, WIRE_MAX_BYTES);
    int rc = s_add_part (self, buffer, size, error);
    for (size_t row = 0; rc == 0 && row < table_rows (table); row++) {
        size = table_encode_row (table, row, buffer, WIRE_MAX_BYTES);
        rc = s_add_part (self, buffer, size, error);
    }
    free (buffer);
    return rc;
}

//  --- steps -----------------------------------------------------------------------------------

static int
s_finish_select (answer_t *self, query_error_t *error)
{
    if (self->form == FORM_PARTIALS)
        return 0;
    table_t *table = self->explain ? explain_table (self->explain) : finish_table (self->finish);
    finish_destroy (&self->finish);
    int rc = s_add_table (self, table, error);
    table_destroy (&table);
    return rc;
}

static int
s_step_select (answer_t *self, query_error_t *error)
{
    const partial_t *partial;
    int rc = selection_step (self->selection, &partial, error);
    if (rc == 0)
        return s_finish_select (self, error);
    if (rc == -1 || !partial)
        return rc;
    if (self->explain) {
        explain_add (self->explain, partial->node, selection_plan (self->selection));
        return 1;
    }
    rc = self->form == FORM_ROWS ? finish_add (self->finish, partial, error)
                                 : s_add_partial (self, partial, error);
    return rc == 0 ? 1 : -1;
}

static int
s_step_show (answer_t *self, query_error_t *error)
{
    const answerer_t *answerer = self->answerer;
    table_t *table = NULL;
    if (self->statement->kind == STATEMENT_SHOW_METRICS)
        table = finish_show_metrics ();
    else if (answerer->show (answerer->context, self->statement->kind, &table, error) == -1)
        return -1;
    if (self->statement->kind == STATEMENT_SHOW_STATS && answerer->add_stats)
        answerer->add_stats (answerer->service, table);
    int rc = s_add_table (self, table, error);
    table_destroy (&table);
    return rc;
}

int
answer_step (answer_t *self, query_error_t *error)
{
    return self->selection ? s_step_select (self, error) : s_step_show (self, error);
}

void
answer_window (const answer_t *self, int64_t *since_wall_s, int64_t *until_wall_s)
{
    *since_wall_s = *until_wall_s = 0;
    if (self->selection)
        selection_window (self->selection, since_wall_s, until_wall_s);
}

answer_form_t
answer_form (const answer_t *self)
{
    return self->form;
}

size_t
answer_parts (const answer_t *self)
{
    return self->part_count;
}

const void *
answer_part (const answer_t *self, size_t index, size_t *size)
{
    assert (index < self->part_count);
    *size = self->parts[index].size;
    return self->parts[index].data;
}
