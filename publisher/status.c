//  SPDX-License-Identifier: GPL-2.0-or-later
//  status - see status.h.
#include "publisher/status.h"
#include "query/show_store.h"
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SILENT_AFTER_NS (3 * NS_PER_S)

typedef struct {
    uint64_t published;  //  Frames sent
    uint64_t unspooled;  //  Of these, not in the store
    uint64_t unread;     //  Ticks at which the source could not be read
    uint64_t late_ticks; //  Over 100 ms late
    uint64_t discards;   //  Stints not counted: the clock went backwards
    uint64_t missing_storage;
} counters_t;

struct status_t {
    store_t *store;       //  Borrowed
    pthread_mutex_t lock; //  Guards what follows
    show_node_t node;     //  Without what the store knows
    int64_t last_mono_ns; //  When the newest frame was published
    counters_t counters;  //  Since the start
    spool_stats_t kept;   //  As of the newest frame
};

status_t *
status_new (const message_t *identity, store_t *store)
{
    status_t *self = calloc (1, sizeof *self);
    assert (self);
    self->store = store;
    pthread_mutex_init (&self->lock, NULL);
    show_node_t *node = &self->node;
    snprintf (node->node, sizeof node->node, "%s", identity->node);
    snprintf (node->version, sizeof node->version, "%s", identity->version);
    snprintf (node->publish_endpoint, sizeof node->publish_endpoint, "%s",
              identity->publish_endpoint);
    snprintf (node->answer_endpoint, sizeof node->answer_endpoint, "%s", identity->answer_endpoint);
    return self;
}

void
status_destroy (status_t **self_p)
{
    status_t *self = *self_p;
    if (!self)
        return;
    pthread_mutex_destroy (&self->lock);
    free (self);
    *self_p = NULL;
}

void
status_set_store (status_t *self, store_t *store)
{
    self->store = store;
}

void
status_set_frame (status_t *self, const frame_t *frame, const spool_stats_t *kept, bool spooled,
                  const clock_reading_t *now)
{
    pthread_mutex_lock (&self->lock);
    show_node_set_frame (&self->node, frame, now->wall_ns);
    self->last_mono_ns = now->mono_ns;
    self->kept = *kept;
    self->counters.published++;
    self->counters.unspooled += !spooled;
    self->counters.late_ticks += frame->losses.late_ticks;
    self->counters.discards += frame->losses.discards;
    self->counters.missing_storage += frame->losses.missing_storage;
    self->node.dropped = self->counters.unspooled;
    pthread_mutex_unlock (&self->lock);
}

void
status_count_unread (status_t *self)
{
    pthread_mutex_lock (&self->lock);
    self->counters.unread++;
    pthread_mutex_unlock (&self->lock);
}

static node_state_t
s_state (const status_t *self)
{
    if (!self->node.has_frame)
        return STATE_NEVER_SEEN;
    int64_t age_ns = clock_now ().mono_ns - self->last_mono_ns;
    return age_ns < SILENT_AFTER_NS ? STATE_LIVE : STATE_SILENT;
}

//  NULL when the store could not be read.
static table_t *
s_nodes_table (status_t *self)
{
    pthread_mutex_lock (&self->lock);
    show_node_t node = self->node;
    node.state = s_state (self);
    pthread_mutex_unlock (&self->lock);
    int64_t until_wall_s = show_until_wall_s (clock_now ().wall_ns);
    if (show_node_set_store (&node, self->store, until_wall_s) == -1)
        return NULL;
    table_t *table = show_nodes_new ();
    show_nodes_add (table, &node);
    return table;
}

//  NULL when the store could not be read.
static table_t *
s_gaps_table (status_t *self)
{
    int64_t until_wall_s = show_until_wall_s (clock_now ().wall_ns);
    table_t *table = show_gaps_new ();
    if (show_gaps_add_node (table, self->store, self->node.node, until_wall_s) == -1)
        table_destroy (&table);
    return table;
}

static void
s_add_counters (table_t *table, const char *node, const counters_t *counters)
{
    show_stats_add (table, node, "published", counters->published, "Frames sent");
    show_stats_add (table, node, "unspooled", counters->unspooled,
                    "Of these, not kept: the store could not be written");
    show_stats_add (table, node, "unread", counters->unread,
                    "Seconds at whose end the source could not be read");
    show_stats_add (table, node, "late_ticks", counters->late_ticks,
                    "Seconds whose end was noticed over 100 ms late");
    show_stats_add (table, node, "discards", counters->discards,
                    "Stints not counted: the clock went backwards");
    show_stats_add (table, node, "missing_storage", counters->missing_storage,
                    "Stints not counted: the task had no storage yet");
}

static void
s_add_spool (table_t *table, const char *node, const spool_stats_t *kept)
{
    show_stats_add (table, node, "spool_resets", kept->resets,
                    "Times the store was found damaged, foreign or gone, and another was begun");
    show_stats_add (table, node, "displaced", kept->displaced,
                    "Oldest frames that gave way because the disk was full");
    show_stats_add_keeper (table, node, &kept->keeper);
}

static table_t *
s_stats_table (status_t *self)
{
    pthread_mutex_lock (&self->lock);
    counters_t counters = self->counters;
    spool_stats_t kept = self->kept;
    pthread_mutex_unlock (&self->lock);
    store_stats_t stored;
    store_stats (self->store, &stored);
    table_t *table = show_stats_new ();
    s_add_counters (table, self->node.node, &counters);
    s_add_spool (table, self->node.node, &kept);
    show_stats_add_store (table, self->node.node, &stored);
    return table;
}

bool
status_knows (void *context, const char *node)
{
    const status_t *self = context;
    return strcmp (node, self->node.node) == 0;
}

int
status_show (void *context, statement_kind_t kind, table_t **table, query_error_t *error)
{
    status_t *self = context;
    *table = kind == STATEMENT_SHOW_NODES  ? s_nodes_table (self)
             : kind == STATEMENT_SHOW_GAPS ? s_gaps_table (self)
                                           : s_stats_table (self);
    if (*table)
        return 0;
    return query_error_set (error, ERROR_INTERNAL, -1, "the store of node '%s' could not be read",
                            self->node.node);
}
