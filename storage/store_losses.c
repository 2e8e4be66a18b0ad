//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_losses - frames put on record as lost.
#include <stdio.h>
#include "storage/store_draft.h"

//  Put the part of the loss on record that is neither held nor expired.
static void
s_add (holding_t *drafted, const ranges_t *held, const loss_t *loss)
{
    uint64_t seq = loss->range.first_seq, last = loss->range.last_seq;
    if (holding_has_expired (drafted, loss->range.epoch, last))
        return;
    if (holding_has_expired (drafted, loss->range.epoch, seq))
        seq = drafted->expired_seq + 1;
    for (;;) {
        size_t index = ranges_find (held, seq);
        const store_range_t *run = index < held->count ? &held->runs[index] : NULL;
        if (!run || run->first_seq > seq) {
            loss_t part = {.range = {loss->range.epoch, seq, last}, .cause = loss->cause};
            if (run && run->first_seq <= last)
                part.range.last_seq = run->first_seq - 1;
            losses_add (&drafted->losses, &part);
        }
        if (!run || run->last_seq >= last)
            return;
        seq = run->last_seq + 1;
    }
}

static int
s_write (store_draft_t *self, const holding_t *drafted)
{
    char error[DATABASE_ERROR_MAX];
    if (drafted->losses.count <= STORE_LOSSES_MAX)
        return store_draft_write (self);
    snprintf (error, sizeof error, "node %s has over %d stretches of lost frames: no more are kept",
              drafted->node, STORE_LOSSES_MAX);
    return store_fail (self->store, error);
}

static int
s_mark_lost (store_t *self, const char *node, const loss_t *loss)
{
    store_draft_t draft;
    if (store_check_space (self, 0))
        return -1;
    store_draft_init (&draft, self, self->hands[0]);
    holding_t *drafted = store_draft_node (&draft, node);
    s_add (drafted, store_draft_epoch (drafted, loss->range.epoch), loss);
    int rc = s_write (&draft, drafted);
    if (rc == 0) {
        pthread_mutex_lock (&self->mutex);
        store_draft_publish (&draft);
        pthread_mutex_unlock (&self->mutex);
    }
    store_draft_fini (&draft);
    return rc;
}

int
store_mark_lost (store_t *self, const char *node, const loss_t *loss)
{
    pthread_mutex_lock (&self->writing);
    int rc = s_mark_lost (self, node, loss);
    pthread_mutex_unlock (&self->writing);
    return rc;
}
