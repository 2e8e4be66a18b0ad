//  SPDX-License-Identifier: GPL-2.0-or-later
//  selection - see selection.h.
#include "query/selection.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "query/instant.h"
#include "query/nearest.h"

//  At most so many steps are read together, over the machine's processors: at the end of each lot
//  all but one processor wait for the last step.
#define READ_AHEAD 128

//  A node to read.
typedef struct {
    char name[NODE_NAME_MAX + 1];
} target_t;

struct selection_t {
    const answerer_t *answerer;   //  Borrowed
    const statement_t *statement; //  Borrowed
    metric_set_t metrics;
    int64_t since_wall_s, until_wall_s;
    store_node_t *known; //  All nodes of the store, in order of name
    bool *taken;         //  Which of them are targets
    size_t known_count;
    target_t *targets;
    size_t target_count;
    size_t target;                //  The one to read next
    int64_t step_wall_s;          //  Start of its step to read next
    size_t read_ahead;            //  How many steps are read together
    store_ask_t asks[READ_AHEAD]; //  Those that were
    partial_t *partials;          //  Owned: theirs
    size_t asked, handed_out;     //  How many of them
    store_plan_t plan;            //  Of the step, where only that is asked for
};

//  --- which nodes -----------------------------------------------------------------------------

static void
s_add_target (selection_t *self, const char *name)
{
    size_t count = self->target_count;
    if ((count & (count - 1)) == 0) {
        self->targets = realloc (self->targets, (count ? 2 * count : 1) * sizeof (target_t));
        assert (self->targets);
    }
    target_t *target = &self->targets[self->target_count++];
    strcpy (target->name, name);
}

static void
s_take_known (selection_t *self, size_t index)
{
    if (self->taken[index])
        return;
    self->taken[index] = true;
    s_add_target (self, self->known[index].node);
}

static size_t
s_take_matches (selection_t *self, const char *pattern)
{
    size_t matches = 0;
    for (size_t i = 0; i < self->known_count; i++)
        if (node_matches (pattern, self->known[i].node)) {
            s_take_known (self, i);
            matches++;
        }
    return matches;
}

static int
s_compare_node (const void *name, const void *known)
{
    return strcmp (name, ((const store_node_t *) known)->node);
}

static bool
s_is_target (const selection_t *self, const char *name)
{
    for (size_t i = 0; i < self->target_count; i++)
        if (strcmp (self->targets[i].name, name) == 0)
            return true;
    return false;
}

//  Returns whether the node exists.
static bool
s_take_named (selection_t *self, const char *name)
{
    const answerer_t *answerer = self->answerer;
    const store_node_t *known =
        bsearch (name, self->known, self->known_count, sizeof self->known[0], s_compare_node);
    if (known) {
        s_take_known (self, (size_t) (known - self->known));
        return true;
    }
    if (!answerer->knows || !answerer->knows (answerer->context, name))
        return false;
    if (!s_is_target (self, name))
        s_add_target (self, name);
    return true;
}

//  At most this many are listed in an error.
#define LISTED_NODES 8

static int
s_refuse_node (const selection_t *self, size_t index, query_error_t *error)
{
    const char *name = self->statement->nodes[index];
    nearest_t nearest;
    nearest_init (&nearest, name, strlen (name));
    query_error_set (error, ERROR_UNKNOWN, self->statement->node_positions[index],
                     node_is_glob (name) ? "no node matches %s" : "unknown node %s", name);
    for (size_t i = 0; i < self->known_count; i++) {
        nearest_offer (&nearest, self->known[i].node);
        if (i < LISTED_NODES)
            query_error_expect (error, self->known[i].node);
    }
    if (self->known_count > LISTED_NODES)
        query_error_expect (error, "...");
    if (self->known_count == 0)
        query_error_hint (error, "no frame has come from any node yet: is a publisher running?");
    else if (nearest_name (&nearest))
        query_error_hint (error, "did you mean %s?", nearest_name (&nearest));
    else
        query_error_hint (error, "show nodes lists them");
    return -1;
}

static int
s_resolve (selection_t *self, query_error_t *error)
{
    const statement_t *statement = self->statement;
    for (size_t i = 0; i < statement->node_count; i++) {
        const char *name = statement->nodes[i];
        bool found =
            node_is_glob (name) ? s_take_matches (self, name) > 0 : s_take_named (self, name);
        if (!found)
            return s_refuse_node (self, i, error);
    }
    return 0;
}

//  --- how much --------------------------------------------------------------------------------

static int64_t
s_lesser (int64_t a, int64_t b)
{
    return a < b ? a : b;
}

//  The shortest step that surely fits: wherever they begin, a window has one more of them than it
//  is long.
static void
s_hint_size (const selection_t *self, query_error_t *error)
{
    int64_t since_wall_s = self->since_wall_s, length_s = self->until_wall_s - since_wall_s;
    int64_t fitting = SELECTION_MAX_STEPS / (int64_t) self->target_count - 1;
    if (instant_is_early (since_wall_s))
        query_error_hint (error, INSTANT_EARLY_SINCE, since_wall_s, since_wall_s);
    else if (fitting < 1)
        query_error_hint (error, "ask for fewer nodes");
    else
        query_error_hint (error,
                          "every %" PRId64 "s is short enough; or ask for fewer nodes, or a "
                          "shorter window",
                          (length_s + fitting - 1) / fitting);
}

static void
s_refuse_size (const selection_t *self, int64_t steps, query_error_t *error)
{
    int64_t every_s = self->statement->every_s;
    if (every_s == 0) {
        query_error_set (error, ERROR_UNSUPPORTED, -1,
                         "this select is of %zu nodes; %d are the most", self->target_count,
                         SELECTION_MAX_STEPS);
        query_error_hint (error, "ask for fewer nodes");
        return;
    }
    query_error_set (error, ERROR_UNSUPPORTED, -1,
                     "this select would have %" PRId64 " steps of %" PRId64
                     " s for %s%zu node%s; %d rows are the most",
                     steps, every_s, self->target_count == 1 ? "" : "each of ", self->target_count,
                     self->target_count == 1 ? "" : "s", SELECTION_MAX_STEPS);
    s_hint_size (self, error);
}

//  Steps of one node: of the first one's number and the last one's, see s_step_end.
static int64_t
s_count_steps (const selection_t *self)
{
    int64_t every_s = self->statement->every_s;
    return every_s ? (self->until_wall_s - 1) / every_s - self->since_wall_s / every_s + 1 : 1;
}

static int
s_check_size (const selection_t *self, query_error_t *error)
{
    int64_t steps = s_count_steps (self);
    if (steps * (int64_t) self->target_count <= SELECTION_MAX_STEPS)
        return 0;
    s_refuse_size (self, steps, error);
    return -1;
}

static void
s_make_room (selection_t *self)
{
    int64_t steps = s_count_steps (self) * (int64_t) self->target_count;
    self->read_ahead = (size_t) s_lesser (steps, READ_AHEAD);
    self->partials = malloc (self->read_ahead * sizeof *self->partials);
    assert (self->partials);
}

//  --- life ------------------------------------------------------------------------------------

static int
s_prepare (selection_t *self, int64_t now_wall_ns, query_error_t *error)
{
    if (statement_window (self->statement, now_wall_ns, &self->since_wall_s, &self->until_wall_s,
                          error) == -1)
        return -1;
    if (store_nodes (self->answerer->store, &self->known, &self->known_count) == -1)
        return query_error_set (error, ERROR_INTERNAL, -1, "the store's nodes could not be read");
    self->taken = calloc (self->known_count + 1, sizeof self->taken[0]);
    assert (self->taken);
    self->step_wall_s = self->since_wall_s;
    if (s_resolve (self, error) == -1 || s_check_size (self, error) == -1)
        return -1;
    s_make_room (self);
    return 0;
}

selection_t *
selection_new (const answerer_t *answerer, const statement_t *statement, int64_t now_wall_ns,
               query_error_t *error)
{
    selection_t *self = calloc (1, sizeof *self);
    assert (self);
    self->answerer = answerer;
    self->statement = statement;
    self->metrics = statement_metrics (statement);
    if (s_prepare (self, now_wall_ns, error) == -1)
        selection_destroy (&self);
    return self;
}

void
selection_destroy (selection_t **self_p)
{
    selection_t *self = *self_p;
    if (!self)
        return;
    free (self->known);
    free (self->taken);
    free (self->targets);
    free (self->partials);
    free (self);
    *self_p = NULL;
}

void
selection_window (const selection_t *self, int64_t *since_wall_s, int64_t *until_wall_s)
{
    *since_wall_s = self->since_wall_s;
    *until_wall_s = self->until_wall_s;
}

//  --- reading ---------------------------------------------------------------------------------

//  Steps are aligned to the unix epoch; the window clips the first and the last.
static int64_t
s_step_end (const selection_t *self)
{
    int64_t every_s = self->statement->every_s;
    if (every_s == 0)
        return self->until_wall_s;
    return s_lesser (self->until_wall_s, (self->step_wall_s / every_s + 1) * every_s);
}

static void
s_next_step (selection_t *self, int64_t step_end)
{
    self->step_wall_s = step_end;
    if (step_end == self->until_wall_s) {
        self->step_wall_s = self->since_wall_s;
        self->target++;
    }
}

//  List the steps that come next.
static void
s_list_steps (selection_t *self)
{
    size_t most = self->statement->explain ? 1 : self->read_ahead;
    self->asked = self->handed_out = 0;
    while (self->asked < most && self->target < self->target_count) {
        int64_t step_end = s_step_end (self);
        self->asks[self->asked] = (store_ask_t){.node = self->targets[self->target].name,
                                                .since_wall_s = self->step_wall_s,
                                                .until_wall_s = step_end,
                                                .metrics = self->metrics,
                                                .partial = &self->partials[self->asked]};
        self->asked++;
        s_next_step (self, step_end);
    }
}

static int
s_fail (const store_ask_t *ask, query_error_t *error)
{
    return query_error_set (error, ERROR_INTERNAL, -1, "the frames of %s could not be read",
                            ask->node);
}

//  What an explained select would be read from.
static int
s_plan (selection_t *self, const store_ask_t *ask, query_error_t *error)
{
    partial_init (ask->partial, ask->node, ask->since_wall_s, ask->until_wall_s);
    int rc = store_window_plan (self->answerer->store, ask->node, ask->since_wall_s,
                                ask->until_wall_s, &self->plan);
    return rc == -1 ? s_fail (ask, error) : 0;
}

static int
s_read_steps (selection_t *self, query_error_t *error)
{
    s_list_steps (self);
    if (self->asked > 0 && self->statement->explain)
        return s_plan (self, &self->asks[0], error);
    if (self->asked == 0 || store_windows (self->answerer->store, self->asks, self->asked) == 0)
        return 0;
    const store_ask_t *ask = self->asks;
    while (!ask->failed)
        ask++;
    return s_fail (ask, error);
}

int
selection_step (selection_t *self, const partial_t **partial, query_error_t *error)
{
    *partial = NULL;
    if (self->handed_out == self->asked && s_read_steps (self, error) == -1)
        return -1;
    if (self->handed_out == self->asked)
        return 0;
    *partial = self->asks[self->handed_out++].partial;
    return 1;
}

const store_plan_t *
selection_plan (const selection_t *self)
{
    return &self->plan;
}
