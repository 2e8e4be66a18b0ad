//  SPDX-License-Identifier: GPL-2.0-or-later
//  hand - what one thread needs to draft a change to a store. Made once and used for many drafts,
//  one after another; drafts of two hands may be made at a time.
#ifndef STORAGE_HAND_H
#define STORAGE_HAND_H

#include "schema/wire.h"
#include "storage/holdings.h"
#include "storage/sheet.h"
#include "storage/varint.h"

typedef struct repair_t repair_t;

typedef struct {
    wire_reader_t *reader;
    sheet_t *sheet;     //  The minute that is rewritten
    holdings_t *drafts; //  Of the nodes that change; nothing between two drafts
    repair_t *repair;   //  Late frames whose rows are not in the draft yet; none between two drafts
    bytes_t value;      //  The chunk or row that is being written
} hand_t;

hand_t *hand_new (void);
void hand_destroy (hand_t **self_p);

#endif
