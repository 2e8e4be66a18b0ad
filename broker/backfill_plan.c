//  SPDX-License-Identifier: GPL-2.0-or-later
//  backfill_plan - walks one epoch at a time over three sorted lists of ranges. At each seq the
//  state (held, on record as lost, in the manifest) is constant up to the next edge of any list;
//  each such stretch is had, wanted or lost.
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include "broker/backfill_plan.h"

//  A sorted list of ranges and how far it was walked.
typedef struct {
    const seq_range_t *ranges; //  NULL for the manifest's list
    const manifest_run_t *runs;
    size_t count;
    size_t at;
} s_list_t;

static const seq_range_t *
s_peek (const s_list_t *list)
{
    if (list->at == list->count)
        return NULL;
    return list->ranges ? &list->ranges[list->at] : &list->runs[list->at].range;
}

//  Drop ranges that end before seq of epoch.
static void
s_skip (s_list_t *list, uint64_t epoch, uint64_t seq)
{
    const seq_range_t *range;
    while ((range = s_peek (list)) &&
           (range->epoch < epoch || (range->epoch == epoch && range->last_seq < seq)))
        list->at++;
}

static void
s_leave_epoch (s_list_t *list, uint64_t epoch)
{
    while (s_peek (list) && s_peek (list)->epoch == epoch)
        list->at++;
}

//  Whether the list covers seq of epoch; *end shrinks to the last seq up to which that is so.
static bool
s_covers (s_list_t *list, uint64_t epoch, uint64_t seq, uint64_t *end)
{
    s_skip (list, epoch, seq);
    const seq_range_t *range = s_peek (list);
    if (!range || range->epoch != epoch)
        return false;
    bool covered = range->first_seq <= seq;
    uint64_t edge = covered ? range->last_seq : range->first_seq - 1;
    if (edge < *end)
        *end = edge;
    return covered;
}

//  The last seq that the list has of epoch, or 0. The list's position must not be past epoch.
static uint64_t
s_last_seq (const s_list_t *list, uint64_t epoch)
{
    s_list_t walk = *list;
    uint64_t last = 0;
    const seq_range_t *range;
    while ((range = s_peek (&walk)) && range->epoch <= epoch) {
        if (range->epoch == epoch)
            last = range->last_seq;
        walk.at++;
    }
    return last;
}

//  Room for one more item: the array doubles whenever count is a power of two.
static void *
s_grow (void *array, size_t count, size_t item_size)
{
    if (count & (count - 1))
        return array;
    array = realloc (array, (count ? 2 * count : 1) * item_size);
    assert (array);
    return array;
}

static void
s_want (backfill_plan_t *self, seq_range_t range)
{
    if (self->want_count == BACKFILL_PLAN_MAX)
        return;
    self->wants = s_grow (self->wants, self->want_count, sizeof range);
    self->wants[self->want_count++] = range;
}

static void
s_lose (backfill_plan_t *self, const manifest_t *manifest, seq_range_t range)
{
    if (self->loss_count == BACKFILL_PLAN_MAX)
        return;
    bool expired =
        range.epoch < manifest->expired_epoch ||
        (range.epoch == manifest->expired_epoch && range.last_seq <= manifest->expired_seq);
    loss_t loss = {.range = range, .cause = expired ? LOSS_EXPIRED : LOSS_ABSENT};
    self->losses = s_grow (self->losses, self->loss_count, sizeof loss);
    self->losses[self->loss_count++] = loss;
}

//  Where retention ended inside the epoch: a lost stretch is cut there, since its two halves have
//  different causes.
static void
s_cut_at_retention (const manifest_t *manifest, uint64_t epoch, uint64_t seq, uint64_t *end)
{
    if (epoch == manifest->expired_epoch && seq <= manifest->expired_seq &&
        *end > manifest->expired_seq)
        *end = manifest->expired_seq;
}

static void
s_plan_epoch (backfill_plan_t *self, const manifest_t *manifest, uint64_t epoch, s_list_t *theirs,
              s_list_t *held, s_list_t *lost)
{
    uint64_t last = s_last_seq (theirs, epoch);
    uint64_t last_held = s_last_seq (held, epoch);
    if (last_held > last)
        last = last_held;
    for (uint64_t seq = 1, end; seq && seq <= last; seq = end + 1) {
        end = last;
        bool had = s_covers (held, epoch, seq, &end);
        bool offered = s_covers (theirs, epoch, seq, &end);
        bool known_lost = s_covers (lost, epoch, seq, &end);
        s_cut_at_retention (manifest, epoch, seq, &end);
        if (had)
            continue;
        if (offered)
            s_want (self, (seq_range_t){epoch, seq, end});
        else if (!known_lost)
            s_lose (self, manifest, (seq_range_t){epoch, seq, end});
    }
}

void
backfill_plan_make (backfill_plan_t *self, const manifest_t *manifest, const seq_range_t *held,
                    size_t held_count, const seq_range_t *lost, size_t lost_count)
{
    *self = (backfill_plan_t){0};
    s_list_t ours = {.ranges = held, .count = held_count};
    s_list_t gone = {.ranges = lost, .count = lost_count};
    s_list_t theirs = {.runs = manifest->runs, .count = manifest->count};
    for (;;) {
        const seq_range_t *a = s_peek (&theirs), *b = s_peek (&ours);
        if (!a && !b)
            break;
        uint64_t epoch = !a || (b && b->epoch < a->epoch) ? b->epoch : a->epoch;
        s_plan_epoch (self, manifest, epoch, &theirs, &ours, &gone);
        s_leave_epoch (&theirs, epoch);
        s_leave_epoch (&ours, epoch);
    }
}

void
backfill_plan_fini (backfill_plan_t *self)
{
    free (self->wants);
    free (self->losses);
    *self = (backfill_plan_t){0};
}
