//  SPDX-License-Identifier: GPL-2.0-or-later
//  tables - see tables.h.
#include "broker/tables.h"
#include "query/show_store.h"
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WHOSE "coordinator" //  What show stats tells of: in a worker's own, its node

struct tables_t {
    store_t *store; //  Borrowed, as are the next four
    keeper_t *keeper;
    registry_t *registry;
    recorder_t *recorder;
    refill_t *refill;
    pthread_mutex_t lock; //  Guards intake
    intake_stats_t intake;
};

tables_t *
tables_new (store_t *store, keeper_t *keeper, registry_t *registry, recorder_t *recorder,
            refill_t *refill)
{
    tables_t *self = calloc (1, sizeof *self);
    assert (self);
    self->store = store;
    self->keeper = keeper;
    self->registry = registry;
    self->recorder = recorder;
    self->refill = refill;
    pthread_mutex_init (&self->lock, NULL);
    return self;
}

void
tables_destroy (tables_t **self_p)
{
    tables_t *self = *self_p;
    if (!self)
        return;
    pthread_mutex_destroy (&self->lock);
    free (self);
    *self_p = NULL;
}

void
tables_set_intake (tables_t *self, const intake_stats_t *stats)
{
    pthread_mutex_lock (&self->lock);
    self->intake = *stats;
    pthread_mutex_unlock (&self->lock);
}

static int64_t
s_until_wall_s (void)
{
    struct timespec now;
    clock_gettime (CLOCK_REALTIME, &now);
    return show_until_wall_s (now.tv_sec * 1000000000LL + now.tv_nsec);
}

//  NULL when the store could not be read.
static table_t *
s_nodes_table (tables_t *self)
{
    show_node_t *nodes;
    int64_t until_wall_s = s_until_wall_s ();
    size_t count = registry_copy (self->registry, &nodes);
    table_t *table = show_nodes_new ();
    for (size_t i = 0; i < count && table; i++)
        if (show_node_set_store (&nodes[i], self->store, until_wall_s) == 0)
            show_nodes_add (table, &nodes[i]);
        else
            table_destroy (&table);
    free (nodes);
    return table;
}

//  NULL when the store could not be read.
static table_t *
s_gaps_table (const tables_t *self)
{
    store_node_t *nodes;
    size_t count;
    if (store_nodes (self->store, &nodes, &count) == -1)
        return NULL;
    int64_t until_wall_s = s_until_wall_s ();
    table_t *table = show_gaps_new ();
    for (size_t i = 0; i < count && table; i++)
        if (show_gaps_add_node (table, self->store, nodes[i].node, until_wall_s) == -1)
            table_destroy (&table);
    free (nodes);
    return table;
}

static void
s_add_intake (table_t *table, const intake_stats_t *stats)
{
    show_stats_add (table, WHOSE, "nodes", stats->nodes, "Nodes known");
    show_stats_add (table, WHOSE, "live_nodes", stats->live_nodes,
                    "Nodes that sent a frame lately");
    show_stats_add (table, WHOSE, "forwarders", stats->forwarders, "Forwarders subscribed to");
    show_stats_add (table, WHOSE, "forwarded", stats->forwarded,
                    "Frames accepted that came by a forwarder");
    show_stats_add (table, WHOSE, "received", stats->received, "Frames accepted, new or repeated");
    show_stats_add (table, WHOSE, "relayed", stats->relayed, "New frames, sent on to live readers");
    show_stats_add (table, WHOSE, "refused", stats->refused,
                    "Messages that were no frame of a node that may come so");
    show_stats_add (table, WHOSE, "flooded", stats->flooded, "Frames dropped: over a node's rate");
    show_stats_add (table, WHOSE, "unqueued", stats->unqueued,
                    "Frames dropped: the queue was full");
    show_stats_add (table, WHOSE, "gaps", stats->gaps, "Gaps noticed in live streams");
    show_stats_add (table, WHOSE, "missing", stats->missing, "Frames in these gaps");
    show_stats_add (table, WHOSE, "cuts", stats->cuts,
                    "Connections to workers and forwarders that were lost");
    show_stats_add (table, WHOSE, "refused_announcements", stats->refused_announcements,
                    "Announcements malformed, contested, not connectable, or too many");
}

static void
s_add_recorder (table_t *table, const recorder_stats_t *stats)
{
    show_stats_add (table, WHOSE, "queued_frames", stats->queued_frames,
                    "Frames to be stored, now");
    show_stats_add (table, WHOSE, "queued_bytes", stats->queued_bytes, "Their memory");
    show_stats_add (table, WHOSE, "written", stats->written, "Frames the store took");
    show_stats_add (table, WHOSE, "batches", stats->batches, "Writes they came in");
    show_stats_add (table, WHOSE, "write_failures", stats->failures, "Writes that failed");
    show_stats_add (table, WHOSE, "store_failing", stats->failing,
                    "1 while the latest write failed: frames wait in memory and are tried again");
}

static void
s_add_refill (table_t *table, const refill_stats_t *stats)
{
    show_stats_add (table, WHOSE, "manifests", stats->manifests, "Manifests of workers compared");
    show_stats_add (table, WHOSE, "refilled", stats->refilled, "Frames pulled again from workers");
    show_stats_add (table, WHOSE, "postponed", stats->postponed,
                    "Frames pulled that found no room in the queue, pulled again later");
    show_stats_add (table, WHOSE, "found_lost", stats->lost,
                    "Frames that workers turned out not to have, since the start");
    show_stats_add (table, WHOSE, "backlog", stats->backlog, "Frames still to be pulled, now");
    show_stats_add (table, WHOSE, "refill_failures", stats->failures,
                    "Requests to workers without a good answer");
}

static table_t *
s_stats_table (tables_t *self)
{
    pthread_mutex_lock (&self->lock);
    intake_stats_t intake = self->intake;
    pthread_mutex_unlock (&self->lock);
    recorder_stats_t recorder;
    recorder_stats (self->recorder, &recorder);
    refill_stats_t refill;
    refill_stats (self->refill, &refill);
    store_stats_t stored;
    store_stats (self->store, &stored);
    keeper_stats_t kept;
    keeper_stats (self->keeper, &kept);
    table_t *table = show_stats_new ();
    s_add_intake (table, &intake);
    s_add_recorder (table, &recorder);
    s_add_refill (table, &refill);
    show_stats_add_store (table, WHOSE, &stored);
    show_stats_add_keeper (table, WHOSE, &kept);
    return table;
}

int
tables_show (tables_t *self, statement_kind_t kind, table_t **table, query_error_t *error)
{
    *table = kind == STATEMENT_SHOW_NODES  ? s_nodes_table (self)
             : kind == STATEMENT_SHOW_GAPS ? s_gaps_table (self)
                                           : s_stats_table (self);
    if (*table)
        return 0;
    return query_error_set (error, ERROR_INTERNAL, -1, "the broker's store could not be read");
}
