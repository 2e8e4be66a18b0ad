//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_draft - one change to a store in the making: copies of the holdings it touches, and the
//  batch of what it writes besides their records. The draft tells which records changed, and
//  replaces the true holdings once the database has taken the batch: all or nothing.
//
//  Its user holds the store's writing mutex throughout, or helps who does.
#ifndef STORAGE_STORE_DRAFT_H
#define STORAGE_STORE_DRAFT_H

#include "storage/store_self.h"

typedef struct inbox_draft_t inbox_draft_t;

typedef struct {
    store_t *store;
    hand_t *hand;         //  Borrowed
    holdings_t *holdings; //  The hand's: touched nodes, with touched epochs only; empty epochs are
                          //  to go. New nodes are found there, others by what is known of them
    holding_t *latest;    //  The one of these that was asked for last; frames come node by node
    batch_t *batch;
    inbox_draft_t *inbox; //  Of one group of nodes after another
    bool deletes;         //  It makes room, and so may use more of the disk than what adds to it
    bool defers;          //  Ranges of frames that come to the inbox need not be written yet
} store_draft_t;

//  A hand has one draft at a time.
void store_draft_init (store_draft_t *self, store_t *store, hand_t *hand);
void store_draft_fini (store_draft_t *self);

//  The draft of a node, begun as a copy of all but its epochs; a new node's is empty. Borrowed
//  until the next node is added.
holding_t *store_draft_node (store_draft_t *self, const char *node);
//  What is held of a node, as it is drafted where it is; NULL where it is unknown.
const holding_t *store_draft_find (const store_draft_t *self, const char *node);
//  The draft of one of its epochs, begun as a copy. Borrowed until the next one is added.
ranges_t *store_draft_epoch (holding_t *drafted, uint64_t epoch);

//  Have all ranges of a drafted node written with the draft.
void store_draft_write_ranges (holding_t *drafted);

//  Write the batch and every record that changed. Returns 0, or -1 (see store_error) when nothing
//  was written, as where the disk has no room for all that the batch came to.
int store_draft_write (store_draft_t *self);
//  Replace the true holdings; the store's mutex is held.
void store_draft_publish (store_draft_t *self);

#endif
