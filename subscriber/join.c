//  SPDX-License-Identifier: GPL-2.0-or-later
//  join - see join.h.
#include "subscriber/join.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <czmq.h>
#include "query/finish.h"
#include "query/nearest.h"
#include "subscriber/reach.h"

#define CONNECT_MS 1000 //  Somebody who has not even connected by then is not waited for longer

typedef struct {
    workers_t *workers;
    statement_t *statement;
    int64_t since_wall_s, until_wall_s; //  Of a select
    int64_t deadline_mono_ms;
    int stop_fd;
    bool asked[WORKERS_MAX];
    bool *silent; //  [WORKERS_MAX]; of the asked
    uint64_t ids[WORKERS_MAX];
    partial_t *partials;
    size_t partial_count;
    table_t *table; //  Of a show
    reply_t *reply;
} join_t;

//  Whether the workers answer in partials; else in tables.
static bool
s_in_partials (const join_t *self)
{
    return self->statement->kind == STATEMENT_SELECT && !self->statement->explain;
}

static int
s_fail (join_t *self, const query_error_t *error)
{
    self->reply->kind = REPLY_ERROR;
    self->reply->error = *error;
    return -1;
}

//  --- whom to ask -----------------------------------------------------------------------------

static bool
s_choose_matches (join_t *self, const char *pattern)
{
    bool any = false;
    for (size_t i = 0; i < workers_count (self->workers); i++)
        if (node_matches (pattern, workers_node (self->workers, i)))
            any = self->asked[i] = true;
    return any;
}

static int
s_refuse_node (join_t *self, size_t index)
{
    query_error_t error;
    nearest_t nearest;
    const char *name = self->statement->nodes[index];
    nearest_init (&nearest, name, strlen (name));
    query_error_set (&error, ERROR_UNKNOWN, self->statement->node_positions[index],
                     node_is_glob (name) ? "no worker matches %s" : "unknown node %s", name);
    for (size_t i = 0; i < workers_count (self->workers); i++) {
        nearest_offer (&nearest, workers_node (self->workers, i));
        query_error_expect (&error, workers_node (self->workers, i));
    }
    if (nearest_name (&nearest))
        query_error_hint (&error, "did you mean %s?", nearest_name (&nearest));
    return s_fail (self, &error);
}

static int
s_choose (join_t *self)
{
    if (self->statement->kind != STATEMENT_SELECT) {
        s_choose_matches (self, "*");
        return 0;
    }
    for (size_t i = 0; i < self->statement->node_count; i++)
        if (!s_choose_matches (self, self->statement->nodes[i]))
            return s_refuse_node (self, i);
    return 0;
}

//  --- asking ----------------------------------------------------------------------------------

static int
s_left_ms (const join_t *self)
{
    int64_t left_ms = self->deadline_mono_ms - zclock_mono ();
    return left_ms > 0 ? (int) left_ms : 0;
}

//  Those at whose endpoint nobody is are silent at once. Half of the time is kept for the answers
//  of the others.
static int
s_find_present (join_t *self)
{
    const char *endpoints[WORKERS_MAX];
    size_t indices[WORKERS_MAX], count = 0;
    bool present[WORKERS_MAX];
    int half_ms = s_left_ms (self) / 2;
    int timeout_ms = half_ms < CONNECT_MS ? half_ms : CONNECT_MS;
    for (size_t i = 0; i < workers_count (self->workers); i++)
        if (self->asked[i]) {
            indices[count] = i;
            endpoints[count++] = workers_endpoint (self->workers, i);
        }
    if (reach (endpoints, count, timeout_ms, self->stop_fd, present) == -1)
        return -1;
    for (size_t i = 0; i < count; i++)
        self->silent[indices[i]] = !present[i];
    return 0;
}

static void
s_send (join_t *self, size_t index)
{
    const char *node = workers_node (self->workers, index);
    char *text =
        statement_print (self->statement, &node, 1, self->since_wall_s, self->until_wall_s);
    self->ids[index] = asker_send (workers_asker (self->workers, index), FORM_PARTIALS, text,
                                   strlen (text), (uint32_t) s_left_ms (self));
    self->silent[index] = self->ids[index] == 0;
    free (text);
}

//  --- the answers -----------------------------------------------------------------------------

//  What a worker says about its own part, said about the whole. Its positions are those of the
//  part and mean nothing here.
static int
s_fail_worker (join_t *self, size_t index, const char *text, const char *hint)
{
    query_error_t error;
    query_error_set (&error, ERROR_INTERNAL, -1, "worker %s (%s): %s",
                     workers_node (self->workers, index), workers_endpoint (self->workers, index),
                     text);
    query_error_hint (&error, "%s", hint);
    return s_fail (self, &error);
}

static bool
s_is_own (const join_t *self, size_t index, const partial_t *partial)
{
    return strcmp (partial->node, workers_node (self->workers, index)) == 0 &&
           partial->since_wall_s >= self->since_wall_s &&
           partial->until_wall_s <= self->until_wall_s;
}

//  For so many partials more. Returns 0, or -1 where reply says that it is too much.
static int
s_make_room (join_t *self, size_t more)
{
    query_error_t error;
    if (more > JOIN_MAX_PARTIALS - self->partial_count) {
        query_error_set (&error, ERROR_UNSUPPORTED, -1,
                         "the answers of all workers are too large together");
        query_error_hint (&error, "ask for fewer nodes, a shorter window or longer steps");
        return s_fail (self, &error);
    }
    size_t count = self->partial_count + more;
    self->partials = realloc (self->partials, (count + 1) * sizeof self->partials[0]);
    assert (self->partials);
    return 0;
}

static int
s_take_partials (join_t *self, size_t index, const reply_t *reply)
{
    for (size_t i = 0; i < reply->partial_count; i++)
        if (!s_is_own (self, index, &reply->partials[i]))
            return s_fail_worker (self, index, "it answered what it was not asked",
                                  "is another node's worker at this endpoint?");
    if (s_make_room (self, reply->partial_count) == -1)
        return -1;
    if (reply->partial_count > 0)
        memcpy (self->partials + self->partial_count, reply->partials,
                reply->partial_count * sizeof self->partials[0]);
    self->partial_count += reply->partial_count;
    return 0;
}

static int
s_take_table (join_t *self, size_t index, reply_t *reply)
{
    if (!self->table) {
        self->table = reply->table;
        reply->table = NULL;
        return 0;
    }
    if (table_append (self->table, reply->table) == 0)
        return 0;
    return s_fail_worker (self, index, "its answer has other columns than the others'",
                          "do all workers run the same version?");
}

static int
s_take (join_t *self, size_t index, reply_t *reply)
{
    bool is_late = reply->kind == REPLY_ERROR && reply->error.code == ERROR_BUSY;
    if (reply->kind == REPLY_ERROR && !is_late)
        return s_fail_worker (self, index, reply->error.text, reply->error.hint);
    if (reply->kind == REPLY_PARTIALS && s_in_partials (self))
        return s_take_partials (self, index, reply);
    if (reply->kind == REPLY_TABLE && !s_in_partials (self))
        return s_take_table (self, index, reply);
    if (reply->kind != REPLY_NONE && !is_late)
        return s_fail_worker (self, index, "it answered in another form than asked", "");
    self->silent[index] = true;
    return 0;
}

//  Returns 0; -1 when interrupted, or when reply says what failed.
static int
s_collect (join_t *self)
{
    for (size_t i = 0; i < workers_count (self->workers); i++)
        if (self->asked[i] && !self->silent[i])
            s_send (self, i);
    for (size_t i = 0; i < workers_count (self->workers); i++) {
        reply_t reply;
        if (!self->asked[i] || self->silent[i])
            continue;
        if (asker_receive (workers_asker (self->workers, i), self->ids[i], s_left_ms (self),
                           self->stop_fd, &reply) == -1)
            return -1;
        int rc = s_take (self, i, &reply);
        reply_fini (&reply);
        if (rc == -1)
            return -1;
    }
    return 0;
}

//  --- the whole -------------------------------------------------------------------------------

//  How many steps the first node that answered has.
static size_t
s_steps (const join_t *self)
{
    size_t steps = 0;
    while (steps < self->partial_count &&
           strcmp (self->partials[steps].node, self->partials[0].node) == 0)
        steps++;
    return steps;
}

//  The silent workers' part: the same steps, empty. Returns 0, or -1 where that is too much.
static int
s_add_absent (join_t *self)
{
    size_t steps = s_steps (self), absent = 0;
    for (size_t i = 0; i < workers_count (self->workers); i++)
        absent += self->silent[i];
    if (s_make_room (self, absent * steps) == -1)
        return -1;
    for (size_t i = 0; i < workers_count (self->workers); i++)
        for (size_t step = 0; self->silent[i] && step < steps; step++) {
            partial_t *partial = &self->partials[self->partial_count++];
            partial_init (partial, workers_node (self->workers, i),
                          self->partials[step].since_wall_s, self->partials[step].until_wall_s);
            partial->unanswered = true;
        }
    return 0;
}

//  In a table the silent workers' rows come last. What such a table tells of a node is a word in
//  its second column: a state, a name, a level.
static void
s_add_absent_rows (join_t *self)
{
    for (size_t i = 0; i < workers_count (self->workers); i++) {
        if (!self->silent[i] || table_columns (self->table) < 2)
            continue;
        table_add_row (self->table);
        table_set_text (self->table, 0, workers_node (self->workers, i));
        table_set_text (self->table, 1, "no answer");
    }
}

static void
s_finish_select (join_t *self)
{
    query_error_t error;
    if (s_add_absent (self) == -1)
        return;
    self->reply->table =
        finish_select (self->statement, self->partials, self->partial_count, &error);
    self->reply->kind = REPLY_TABLE;
    self->reply->since_wall_s = self->since_wall_s;
    self->reply->until_wall_s = self->until_wall_s;
    if (!self->reply->table)
        s_fail (self, &error);
}

static void
s_finish (join_t *self)
{
    if (s_in_partials (self) && self->partial_count > 0)
        s_finish_select (self);
    if (self->table) {
        s_add_absent_rows (self);
        self->reply->kind = REPLY_TABLE;
        self->reply->table = self->table;
        self->table = NULL;
    }
}

//  Returns 0, or -1 where reply says what is wrong with the statement.
static int
s_prepare (join_t *self, const char *text, size_t size)
{
    query_error_t error;
    self->statement = statement_parse (text, size, &error);
    if (!self->statement)
        return s_fail (self, &error);
    if (self->statement->kind == STATEMENT_SELECT &&
        statement_window (self->statement, zclock_time () * 1000000LL, &self->since_wall_s,
                          &self->until_wall_s, &error) == -1)
        return s_fail (self, &error);
    return s_choose (self);
}

//  show metrics needs nobody.
static bool
s_answer_alone (join_t *self)
{
    if (self->statement->kind != STATEMENT_SHOW_METRICS)
        return false;
    self->reply->kind = REPLY_TABLE;
    self->reply->table = finish_show_metrics ();
    return true;
}

static int
s_ask (join_t *self, const char *text, size_t size)
{
    if (s_prepare (self, text, size) == -1 || s_answer_alone (self))
        return 0;
    if (s_find_present (self) == -1)
        return -1;
    if (s_collect (self) == 0)
        s_finish (self);
    else if (self->reply->kind != REPLY_ERROR)
        return -1;
    return 0;
}

int
join_ask (workers_t *workers, const char *text, size_t size, int timeout_ms, int stop_fd,
          reply_t *reply, bool silent[WORKERS_MAX])
{
    join_t self = {.workers = workers, .stop_fd = stop_fd, .silent = silent, .reply = reply};
    self.deadline_mono_ms = zclock_mono () + timeout_ms;
    memset (reply, 0, sizeof *reply);
    memset (silent, 0, WORKERS_MAX * sizeof silent[0]);
    reply->kind = REPLY_NONE;
    int rc = s_ask (&self, text, size);
    statement_destroy (&self.statement);
    table_destroy (&self.table);
    free (self.partials);
    return rc;
}
