//  SPDX-License-Identifier: GPL-2.0-or-later
//  show_store - see show_store.h.
#include "query/show_store.h"
#include <stdlib.h>
#include "storage/losses.h"

#define CLOSED_BEFORE_NS 500000000LL
#define NS_PER_S         1000000000LL

int64_t
show_until_wall_s (int64_t now_wall_ns)
{
    return (now_wall_ns - CLOSED_BEFORE_NS) / NS_PER_S;
}

//  Lost frames with a held one behind them in their epoch: the store counts them as missing, too.
static uint64_t
s_lost_in_gaps (const store_range_t *ranges, size_t range_count, const loss_t *losses,
                size_t loss_count)
{
    uint64_t frames = 0;
    size_t next = 0;
    for (size_t i = 0; i < loss_count; i++) {
        const seq_range_t *lost = &losses[i].range;
        while (next < range_count &&
               (ranges[next].epoch < lost->epoch ||
                (ranges[next].epoch == lost->epoch && ranges[next].first_seq < lost->first_seq)))
            next++;
        if (next < range_count && ranges[next].epoch == lost->epoch)
            frames = losses_sum (frames, lost->last_seq - lost->first_seq + 1);
    }
    return frames;
}

//  Returns 0, or -1 when the store could not be read.
static int
s_count_missing (store_t *store, const store_node_t *stored, uint64_t *missing)
{
    store_range_t *ranges;
    loss_t *losses;
    size_t range_count, loss_count;
    *missing = stored->missing;
    if (stored->missing == 0 || stored->lost == 0)
        return 0;
    if (store_ranges (store, stored->node, &ranges, &range_count) == -1)
        return -1;
    if (store_losses (store, stored->node, &losses, &loss_count) == -1) {
        free (ranges);
        return -1;
    }
    uint64_t lost = s_lost_in_gaps (ranges, range_count, losses, loss_count);
    *missing = stored->missing > lost ? stored->missing - lost : 0;
    free (ranges);
    free (losses);
    return 0;
}

int
show_node_set_store (show_node_t *self, store_t *store, int64_t until_wall_s)
{
    store_node_t stored;
    if (store_node (store, self->node, &stored) == -1)
        return 0;
    self->frames = stored.frames;
    self->lost = stored.lost;
    if (s_count_missing (store, &stored, &self->missing) == -1 ||
        store_seconds (store, self->node, INT64_MIN, until_wall_s, &self->seconds) == -1)
        return -1;
    self->is_stored = true;
    return 0;
}

static bool
s_is_listed (const store_gap_t *gaps, size_t count, const loss_t *loss)
{
    for (size_t i = 0; i < count; i++)
        if (gaps[i].lost && gaps[i].range.epoch == loss->range.epoch &&
            gaps[i].range.first_seq == loss->range.first_seq)
            return true;
    return false;
}

//  Losses that lie before the node's first second, or where no second can be told.
static int
s_add_other_losses (table_t *self, store_t *store, const char *node, const store_gap_t *gaps,
                    size_t gap_count)
{
    loss_t *losses;
    size_t count;
    if (store_losses (store, node, &losses, &count) == -1)
        return -1;
    for (size_t i = count > STORE_GAPS_MAX ? count - STORE_GAPS_MAX : 0; i < count; i++) {
        const store_gap_t gap = {.lost = true, .cause = losses[i].cause, .range = losses[i].range};
        if (!s_is_listed (gaps, gap_count, &losses[i]))
            show_gaps_add (self, node, &gap);
    }
    free (losses);
    return 0;
}

int
show_gaps_add_node (table_t *self, store_t *store, const char *node, int64_t until_wall_s)
{
    store_gap_t *gaps;
    size_t count;
    if (store_gaps (store, node, INT64_MIN, until_wall_s, &gaps, &count) == -1)
        return -1;
    int rc = s_add_other_losses (self, store, node, gaps, count);
    for (size_t i = 0; i < count; i++)
        show_gaps_add (self, node, &gaps[i]);
    free (gaps);
    return rc;
}
