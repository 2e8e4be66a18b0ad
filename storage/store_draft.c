//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_draft - drafted holdings against the true ones: what differs is written.
#include "storage/store_draft.h"

#include <string.h>
#include "storage/inbox_draft.h"
#include "storage/repair.h"
#include "storage/store_key.h"
#include "storage/unwritten.h"

void
store_draft_init (store_draft_t *self, store_t *store, hand_t *hand)
{
    *self = (store_draft_t){.store = store,
                            .hand = hand,
                            .holdings = hand->drafts,
                            .batch = batch_new (store->database),
                            .inbox = inbox_draft_new ()};
}

void
store_draft_fini (store_draft_t *self)
{
    for (size_t i = 0; i < self->holdings->count; i++)
        if (self->holdings->nodes[i]->known)
            self->holdings->nodes[i]->known->drafted = NULL;
    holdings_clear (self->holdings);
    repair_clear (self->hand->repair);
    batch_destroy (&self->batch);
    inbox_draft_destroy (&self->inbox);
}

static holding_t *
s_draft_known (store_draft_t *self, holding_t *known)
{
    if (known->drafted)
        return known->drafted;
    holding_t *drafted = holdings_append (self->holdings, known->node);
    holding_begin_draft (drafted, known);
    drafted->known = known;
    known->drafted = drafted;
    return drafted;
}

holding_t *
store_draft_node (store_draft_t *self, const char *node)
{
    if (self->latest && strcmp (self->latest->node, node) == 0)
        return self->latest;
    holding_t *known = holdings_find (self->store->holdings, node);
    self->latest = known ? s_draft_known (self, known) : holdings_add (self->holdings, node);
    return self->latest;
}

const holding_t *
store_draft_find (const store_draft_t *self, const char *node)
{
    const holding_t *known = holdings_find (self->store->holdings, node);
    if (!known)
        return holdings_find (self->holdings, node);
    return known->drafted ? known->drafted : known;
}

ranges_t *
store_draft_epoch (holding_t *drafted, uint64_t epoch)
{
    ranges_t *ranges = holding_find (drafted, epoch);
    if (ranges)
        return ranges;
    const ranges_t *held = drafted->known ? holding_find (drafted->known, epoch) : NULL;
    ranges = holding_add (drafted, epoch);
    if (held)
        ranges_copy (ranges, held);
    return ranges;
}

void
store_draft_write_ranges (holding_t *drafted)
{
    const holding_t *known = drafted->known;
    drafted->writes_ranges = true;
    for (size_t i = 0; known && i < known->count; i++)
        if (known->epochs[i].written < known->epochs[i].count)
            store_draft_epoch (drafted, known->epochs[i].epoch);
}

static void
s_put (store_draft_t *self, store_bytes_t key, store_bytes_t value)
{
    batch_put_unseen (self->batch, key.data, key.size, value.data, value.size);
}

static void
s_delete (store_draft_t *self, store_bytes_t key)
{
    batch_delete_unseen (self->batch, key.data, key.size);
}

static void
s_put_range (store_draft_t *self, const char *node, const store_range_t *range)
{
    s_put (self, store_key_range (node, range->epoch, range->first_seq), store_value_range (range));
}

static void
s_delete_range (store_draft_t *self, const char *node, const store_range_t *range)
{
    s_delete (self, store_key_range (node, range->epoch, range->first_seq));
}

//  Bring an epoch's range records from their state held to the drafted one: a walk through both,
//  in order of first_seq, which is their key.
static void
s_put_ranges (store_draft_t *self, const char *node, const ranges_t *held, const ranges_t *drafted)
{
    size_t was = 0, is = 0;
    while (was < held->count && is < drafted->count) {
        const store_range_t *old = &held->runs[was], *new = &drafted->runs[is];
        if (old->first_seq < new->first_seq)
            s_delete_range (self, node, old);
        else if (old->first_seq > new->first_seq || was >= held->written ||
                 memcmp (old, new, sizeof *new) != 0)
            s_put_range (self, node, new);
        was += old->first_seq <= new->first_seq;
        is += new->first_seq <= old->first_seq;
    }
    for (; was < held->count; was++)
        s_delete_range (self, node, &held->runs[was]);
    for (; is < drafted->count; is++)
        s_put_range (self, node, &drafted->runs[is]);
}

//  Write an epoch's ranges, or leave to the inbox to tell what they gain. That can be told from it
//  only where they do gain, and no record of a run is to go.
static void
s_settle_ranges (store_draft_t *self, const holding_t *node, const holding_t *known,
                 ranges_t *drafted)
{
    static const ranges_t nothing;
    if (self->defers && !node->writes_ranges && !drafted->is_rekeyed)
        return;
    const ranges_t *held = holding_find (known, drafted->epoch);
    s_put_ranges (self, node->node, held ? held : &nothing, drafted);
    drafted->written = drafted->count;
    drafted->is_rekeyed = false;
}

//  Below 0, 0 or above it as one loss's key sorts before the other's, with it or after it.
static int
s_compare (const loss_t *one, const loss_t *other)
{
    const seq_range_t *a = &one->range, *b = &other->range;
    if (a->epoch != b->epoch)
        return a->epoch < b->epoch ? -1 : 1;
    return (a->first_seq > b->first_seq) - (a->first_seq < b->first_seq);
}

static bool
s_is_changed (const loss_t *old, const loss_t *new)
{
    return old->range.last_seq != new->range.last_seq || old->cause != new->cause;
}

static void
s_put_loss (store_draft_t *self, const char *node, const loss_t *loss)
{
    s_put (self, store_key_loss (node, loss->range.epoch, loss->range.first_seq),
           store_value_loss (loss));
}

static void
s_delete_loss (store_draft_t *self, const char *node, const loss_t *loss)
{
    s_delete (self, store_key_loss (node, loss->range.epoch, loss->range.first_seq));
}

//  The same walk through a node's losses.
static void
s_put_losses (store_draft_t *self, const char *node, const losses_t *held, const losses_t *drafted)
{
    size_t was = 0, is = 0;
    while (was < held->count && is < drafted->count) {
        const loss_t *old = &held->items[was], *new = &drafted->items[is];
        int order = s_compare (old, new);
        if (order < 0)
            s_delete_loss (self, node, old);
        else if (order > 0 || s_is_changed (old, new))
            s_put_loss (self, node, new);
        was += order <= 0;
        is += order >= 0;
    }
    for (; was < held->count; was++)
        s_delete_loss (self, node, &held->items[was]);
    for (; is < drafted->count; is++)
        s_put_loss (self, node, &drafted->items[is]);
}

static void
s_put_record (store_draft_t *self, const holding_t *known, const holding_t *drafted)
{
    if (!holding_has_record_of (drafted, known))
        s_put (self, store_key_node (drafted->node), store_value_node (drafted));
}

static void
s_put_node (store_draft_t *self, holding_t *drafted)
{
    static const holding_t nobody = {.first_wall_s = INT64_MAX};
    const holding_t *known = drafted->known;
    if (!known) {
        known = &nobody;
        s_put (self, store_key_node (drafted->node), store_value_node (drafted));
    } else
        s_put_record (self, known, drafted);
    s_put_losses (self, drafted->node, &known->losses, &drafted->losses);
    for (size_t i = 0; i < drafted->count; i++)
        s_settle_ranges (self, drafted, known, &drafted->epochs[i]);
}

//  Frames that are rewritten make a batch larger than what it was asked to take in.
static int
s_check_space (const store_draft_t *self, uint64_t bytes)
{
    return self->deletes ? store_check_space_to_delete (self->store, bytes)
                         : store_check_space (self->store, bytes);
}

//  The disk must have room for this batch and for those that are being written.
static int
s_write (store_draft_t *self)
{
    char error[DATABASE_ERROR_MAX];
    store_t *store = self->store;
    uint64_t bytes = batch_bytes (self->batch);
    uint64_t others_bytes = atomic_fetch_add (&store->pending_bytes, bytes);
    int rc = s_check_space (self, others_bytes + bytes);
    if (rc == 0 && database_write (store->database, self->batch, error))
        rc = store_fail (store, error);
    atomic_fetch_sub (&store->pending_bytes, bytes);
    return rc;
}

int
store_draft_write (store_draft_t *self)
{
    if (repair_settle (self))
        return -1;
    inbox_draft_settle (self);
    for (size_t i = 0; i < self->holdings->count; i++)
        s_put_node (self, self->holdings->nodes[i]);
    return batch_is_empty (self->batch) ? 0 : s_write (self);
}

void
store_draft_publish (store_draft_t *self)
{
    for (size_t i = 0; i < self->holdings->count; i++) {
        holding_t *known = holdings_absorb (self->store->holdings, self->holdings->nodes[i]);
        unwritten_list (self->store, known);
        store_order_expiry (self->store, known);
    }
    self->store->inbox_number++;
}
