//  SPDX-License-Identifier: GPL-2.0-or-later
//  show - see show.h.
#include "query/show.h"
#include <inttypes.h>
#include <stdio.h>

enum {
    NODE_NAME,
    NODE_STATE,
    NODE_SOURCE,
    NODE_SCOPE,
    NODE_LAST_END,
    NODE_LAG,
    NODE_CLOCK,
    NODE_CLOCK_ERROR,
    NODE_FIRST,
    NODE_PRESENT,
    NODE_LOST_S,
    NODE_UNKNOWN,
    NODE_FRAMES,
    NODE_LOST,
    NODE_MISSING,
    NODE_DUPLICATES,
    NODE_CONFLICTS,
    NODE_REFUSED,
    NODE_CUTS,
    NODE_DROPPED,
    NODE_RESETS,
    NODE_CPU,
    NODE_RSS,
    NODE_EPOCH,
    NODE_SEQ,
    NODE_VERSION,
    NODE_PUBLISH,
    NODE_ANSWER
};

enum {
    GAP_NODE,
    GAP_STATE,
    GAP_CAUSE,
    GAP_FROM,
    GAP_UNTIL,
    GAP_SECONDS,
    GAP_FRAMES,
    GAP_EPOCH,
    GAP_FIRST,
    GAP_LAST,
    GAP_HELD //  From here on: for each metric its count, and its sum unless it is a count metric
};
enum { STAT_NODE, STAT_NAME, STAT_VALUE, STAT_MEANING };

typedef struct {
    const char *name;
    unit_t unit;
} column_t;

static table_t *
s_table_new (const column_t *columns, size_t count)
{
    table_t *self = table_new ();
    for (size_t i = 0; i < count; i++)
        table_add_column (self, columns[i].name, columns[i].unit);
    return self;
}

#define TABLE_NEW(columns) s_table_new (columns, sizeof (columns) / sizeof (columns)[0])

//  Counters are 64 bits without a sign, cells have one: what passes it stays at the greatest.
static void
s_set_count (table_t *self, size_t column, uint64_t value)
{
    table_set_integer (self, column, value > INT64_MAX ? INT64_MAX : (int64_t) value);
}

//  As text: it names an epoch, and readers of JSON often keep only 53 bits of a number.
static void
s_set_epoch (table_t *self, size_t column, uint64_t epoch)
{
    char text[24];
    snprintf (text, sizeof text, "%" PRIu64, epoch);
    table_set_text (self, column, text);
}

static void
s_set_known_text (table_t *self, size_t column, const char *text)
{
    if (*text)
        table_set_text (self, column, text);
}

//  In percent of one core. A frame may claim that it lasted no time at all.
static double
s_cpu_percent (const frame_t *frame)
{
    if (frame->duration_mono_ns == 0)
        return 0;
    return 100.0 * (double) frame->cost.cpu_ns / (double) frame->duration_mono_ns;
}

//  Frames may claim any time up to the year 9999, which is more than 64 bits of ns.
static int64_t
s_lag_ns (int64_t now_wall_ns, int64_t end_wall_s)
{
    int64_t end_wall_ns;
    if (__builtin_mul_overflow (end_wall_s, 1000000000, &end_wall_ns))
        return -INT64_MAX;
    return now_wall_ns - end_wall_ns;
}

void
show_node_set_frame (show_node_t *self, const frame_t *frame, int64_t now_wall_ns)
{
    self->has_frame = true;
    self->source = frame->source;
    self->scope = frame->scope;
    self->epoch = frame->epoch;
    self->seq = frame->seq;
    self->end_wall_s = frame->start_wall_s + frame->span_s;
    self->lag_ns = s_lag_ns (now_wall_ns, self->end_wall_s);
    self->clock_synchronised = frame->clock_synchronised;
    self->clock_error_ns = frame->clock_error_ns;
    self->rss_bytes = frame->cost.rss_bytes;
    self->spool_resets = frame->losses.spool_resets;
    self->cpu_percent = s_cpu_percent (frame);
}

table_t *
show_nodes_new (void)
{
    static const column_t columns[] = {
        [NODE_NAME] = {"node", UNIT_NONE},
        [NODE_STATE] = {"state", UNIT_NONE},
        [NODE_SOURCE] = {"source", UNIT_NONE},
        [NODE_SCOPE] = {"scope", UNIT_NONE},
        [NODE_LAST_END] = {"last_frame_end", UNIT_UNIX_SECONDS},
        [NODE_LAG] = {"lag", UNIT_NANOSECONDS},
        [NODE_CLOCK] = {"clock", UNIT_NONE},
        [NODE_CLOCK_ERROR] = {"clock_error", UNIT_NANOSECONDS},
        [NODE_FIRST] = {"first_seen", UNIT_UNIX_SECONDS},
        [NODE_PRESENT] = {"present_s", UNIT_NONE},
        [NODE_LOST_S] = {"lost_s", UNIT_NONE},
        [NODE_UNKNOWN] = {"unknown_s", UNIT_NONE},
        [NODE_FRAMES] = {"frames", UNIT_NONE},
        [NODE_LOST] = {"lost", UNIT_NONE},
        [NODE_MISSING] = {"missing", UNIT_NONE},
        [NODE_DUPLICATES] = {"duplicates", UNIT_NONE},
        [NODE_CONFLICTS] = {"conflicts", UNIT_NONE},
        [NODE_REFUSED] = {"refused", UNIT_NONE},
        [NODE_CUTS] = {"cuts", UNIT_NONE},
        [NODE_DROPPED] = {"dropped", UNIT_NONE},
        [NODE_RESETS] = {"spool_resets", UNIT_NONE},
        [NODE_CPU] = {"cpu_percent", UNIT_NONE},
        [NODE_RSS] = {"rss", UNIT_BYTES},
        [NODE_EPOCH] = {"epoch", UNIT_NONE},
        [NODE_SEQ] = {"seq", UNIT_NONE},
        [NODE_VERSION] = {"version", UNIT_NONE},
        [NODE_PUBLISH] = {"publishes", UNIT_NONE},
        [NODE_ANSWER] = {"answers", UNIT_NONE},
    };
    return TABLE_NEW (columns);
}

static void
s_add_frame_cells (table_t *self, const show_node_t *node)
{
    char scope[SCOPE_TEXT_MAX + 1];
    scope_print (&node->scope, scope);
    table_set_text (self, NODE_SOURCE, frame_source_name (node->source));
    table_set_text (self, NODE_SCOPE, scope);
    table_set_integer (self, NODE_LAST_END, node->end_wall_s);
    table_set_integer (self, NODE_LAG, node->lag_ns);
    table_set_text (self, NODE_CLOCK,
                    node->clock_synchronised ? "synchronised" : "not synchronised");
    s_set_count (self, NODE_CLOCK_ERROR, node->clock_error_ns);
    table_set_real (self, NODE_CPU, node->cpu_percent);
    s_set_count (self, NODE_RSS, node->rss_bytes);
    s_set_count (self, NODE_RESETS, node->spool_resets);
    s_set_epoch (self, NODE_EPOCH, node->epoch);
    s_set_count (self, NODE_SEQ, node->seq);
}

static void
s_add_seconds_cells (table_t *self, const store_seconds_t *seconds)
{
    table_set_integer (self, NODE_FIRST, seconds->since_wall_s);
    s_set_count (self, NODE_PRESENT, seconds->present_s);
    s_set_count (self, NODE_LOST_S, seconds->lost_s);
    s_set_count (self, NODE_UNKNOWN, seconds->unknown_s);
}

static const char *
s_state_name (node_state_t state)
{
    switch (state) {
    case STATE_NEVER_SEEN:
        return "never seen";
    case STATE_LIVE:
        return "live";
    case STATE_SILENT:
        return "silent";
    }
    return "unknown";
}

void
show_nodes_add (table_t *self, const show_node_t *node)
{
    table_add_row (self);
    table_set_text (self, NODE_NAME, node->node);
    table_set_text (self, NODE_STATE, s_state_name (node->state));
    s_set_count (self, NODE_FRAMES, node->frames);
    s_set_count (self, NODE_LOST, node->lost);
    s_set_count (self, NODE_MISSING, node->missing);
    s_set_count (self, NODE_DUPLICATES, node->duplicates);
    s_set_count (self, NODE_CONFLICTS, node->conflicts);
    s_set_count (self, NODE_REFUSED, node->refused);
    s_set_count (self, NODE_CUTS, node->cuts);
    s_set_count (self, NODE_DROPPED, node->dropped);
    s_set_known_text (self, NODE_VERSION, node->version);
    s_set_known_text (self, NODE_PUBLISH, node->publish_endpoint);
    s_set_known_text (self, NODE_ANSWER, node->answer_endpoint);
    if (node->has_frame)
        s_add_frame_cells (self, node);
    if (node->is_stored)
        s_add_seconds_cells (self, &node->seconds);
}

static void
s_add_held_columns (table_t *self)
{
    char name[64];
    for (int id = 0; id < METRIC_COUNT_; id++) {
        const metric_t *metric = metric_get (id);
        snprintf (name, sizeof name, "%s_count", metric->name);
        table_add_column (self, name, UNIT_NONE);
        if (metric->kind == METRIC_COUNT)
            continue;
        snprintf (name, sizeof name, "%s_sum", metric->name);
        table_add_column (self, name, UNIT_NANOSECONDS);
    }
}

table_t *
show_gaps_new (void)
{
    static const column_t columns[] = {
        [GAP_NODE] = {"node", UNIT_NONE},           [GAP_STATE] = {"state", UNIT_NONE},
        [GAP_CAUSE] = {"cause", UNIT_NONE},         [GAP_FROM] = {"from", UNIT_UNIX_SECONDS},
        [GAP_UNTIL] = {"until", UNIT_UNIX_SECONDS}, [GAP_SECONDS] = {"seconds", UNIT_NONE},
        [GAP_FRAMES] = {"frames", UNIT_NONE},       [GAP_EPOCH] = {"epoch", UNIT_NONE},
        [GAP_FIRST] = {"first_seq", UNIT_NONE},     [GAP_LAST] = {"last_seq", UNIT_NONE}};
    table_t *self = TABLE_NEW (columns);
    s_add_held_columns (self);
    return self;
}

static void
s_add_range_cells (table_t *self, const seq_range_t *range)
{
    s_set_epoch (self, GAP_EPOCH, range->epoch);
    s_set_count (self, GAP_FIRST, range->first_seq);
    s_set_count (self, GAP_LAST, range->last_seq);
    s_set_count (self, GAP_FRAMES, range->last_seq - range->first_seq + 1);
}

static void
s_add_held_cells (table_t *self, const store_gap_t *gap)
{
    size_t column = GAP_HELD;
    for (int id = 0; id < METRIC_COUNT_; id++) {
        bool known = gap->totals & METRIC_BIT (id);
        if (known)
            s_set_count (self, column, gap->counts[id]);
        column++;
        if (metric_get (id)->kind == METRIC_COUNT)
            continue;
        if (known)
            table_set_sum (self, column, gap->sums[id]);
        column++;
    }
}

void
show_gaps_add (table_t *self, const char *node, const store_gap_t *gap)
{
    table_add_row (self);
    table_set_text (self, GAP_NODE, node);
    table_set_text (self, GAP_STATE, gap->lost ? "lost" : "unknown");
    if (gap->lost)
        table_set_text (self, GAP_CAUSE, gap->cause == LOSS_EXPIRED ? "expired" : "absent");
    if (gap->until_wall_s != 0) {
        table_set_integer (self, GAP_FROM, gap->from_wall_s);
        table_set_integer (self, GAP_UNTIL, gap->until_wall_s);
    }
    s_set_count (self, GAP_SECONDS, gap->seconds);
    if (gap->range.first_seq != 0)
        s_add_range_cells (self, &gap->range);
    s_add_held_cells (self, gap);
}

table_t *
show_stats_new (void)
{
    static const column_t columns[] = {[STAT_NODE] = {"node", UNIT_NONE},
                                       [STAT_NAME] = {"name", UNIT_NONE},
                                       [STAT_VALUE] = {"value", UNIT_NONE},
                                       [STAT_MEANING] = {"meaning", UNIT_NONE}};
    return TABLE_NEW (columns);
}

void
show_stats_add (table_t *self, const char *node, const char *name, uint64_t value,
                const char *meaning)
{
    table_add_row (self);
    table_set_text (self, STAT_NODE, node);
    table_set_text (self, STAT_NAME, name);
    s_set_count (self, STAT_VALUE, value);
    table_set_text (self, STAT_MEANING, meaning);
}

//  Histograms in a frame that has all metrics.
static uint64_t
s_histograms (void)
{
    uint64_t histograms = 0;
    for (unsigned id = 0; id < METRIC_COUNT_; id++)
        histograms += metric_get (id)->kind == METRIC_HISTOGRAM;
    return histograms;
}

//  Records and bytes of each level: frames, then rollups.
static void
s_add_levels (table_t *self, const char *node, const store_stats_t *stats)
{
    show_stats_add (self, node, "store_seconds_chunks", stats->chunks,
                    "Closed minutes of a node, each rewritten as one record");
    show_stats_add (self, node, "store_seconds_bytes", stats->frame_disk_bytes,
                    "Of the files, for frames; what is still in memory is not counted");
    show_stats_add (self, node, "store_histogram_bytes",
                    stats->frames ? stats->frame_disk_bytes / (stats->frames * s_histograms ()) : 0,
                    "Of these, for a histogram, if every frame had all of them");
    for (unsigned i = 0; i < STORE_LEVELS; i++) {
        char name[64];
        snprintf (name, sizeof name, "store_%s", store_level_name (i));
        show_stats_add (self, node, name, stats->rows[i], "Rollups of that level");
        snprintf (name, sizeof name, "store_%s_bytes", store_level_name (i));
        show_stats_add (self, node, name, stats->row_disk_bytes[i], "Of the files, for them");
    }
}

void
show_stats_add_store (table_t *self, const char *node, const store_stats_t *stats)
{
    show_stats_add (self, node, "store_nodes", stats->nodes, "Nodes with frames in the store");
    show_stats_add (self, node, "store_frames", stats->frames, "Frames in the store");
    show_stats_add (self, node, "store_bytes", stats->bytes, "Their payloads, uncompressed");
    show_stats_add (self, node, "store_disk_bytes", stats->disk_bytes, "Size of the store's files");
    s_add_levels (self, node, stats);
    show_stats_add (self, node, "store_free_disk_bytes", stats->free_disk_bytes,
                    "Space left on its file system");
    show_stats_add (self, node, "store_full", stats->short_disk_bytes > 0,
                    stats->short_disk_bytes > 0
                        ? "1: its disk is full, the store takes no frames; what it has is answered"
                        : "1 while its disk is full and it takes no frames");
    show_stats_add (self, node, "store_duplicates", stats->duplicates,
                    "Frames that came again unchanged, since the start");
    show_stats_add (self, node, "store_conflicts", stats->conflicts,
                    "Frames ever refused because another holds their place");
    show_stats_add (self, node, "store_lost", stats->lost, "Frames on record as lost");
    show_stats_add (self, node, "store_expired", stats->expired,
                    "Frames that retention took, since the start");
    show_stats_add (self, node, "store_unreadable", stats->unreadable,
                    "Times a statement met a frame that cannot be decoded, since the start");
}

//  What a window can still be answered from.
static void
s_add_retention (table_t *self, const char *node, const retention_t *retention)
{
    show_stats_add (self, node, "keep_s", retention->keep_s,
                    "Seconds that frames are kept; 0: for ever");
    show_stats_add (self, node, "keep_bytes", retention->keep_bytes,
                    "Payload bytes at which the oldest frames go; 0: no limit");
    for (unsigned i = 0; i < STORE_LEVELS; i++) {
        char name[64];
        snprintf (name, sizeof name, "keep_%s_s", store_level_name (i));
        show_stats_add (self, node, name, retention->keep_rows_s[i],
                        "Seconds that rollups of that level are kept; 0: for ever");
    }
}

void
show_stats_add_keeper (table_t *self, const char *node, const keeper_stats_t *stats)
{
    s_add_retention (self, node, &stats->retention);
    show_stats_add (self, node, "syncs", stats->syncs, "Times the store's disk was waited for");
    show_stats_add (self, node, "keeper_failures", stats->failures,
                    "Of these and of retention, failed");
}
