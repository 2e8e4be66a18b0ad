//  SPDX-License-Identifier: GPL-2.0-or-later
//  unwritten - ranges that the database does not have. Frames that lie in the inbox tell of
//  themselves, so that a batch that only brings such need not write the ranges they extend: with
//  many nodes that would be a record for nearly every frame. They are written when frames leave the
//  inbox, and when it would take long to read them out of it.
//
//  At any moment the ranges in the database and the frames alive in the inbox from unwritten_t.from
//  on, inserted in their order, make up the ranges held.
#ifndef STORAGE_UNWRITTEN_H
#define STORAGE_UNWRITTEN_H

#include "storage/store_draft.h"

//  What of one group's inbox is read at most when a store is opened, about: half a GiB of all.
#define UNWRITTEN_BYTES_MAX (128u << 10)

//  The draft brings so many bytes to the inbox of the group in hand: see to it that not too much of
//  it has to be read, and note from where on it must be.
void unwritten_settle (store_draft_t *draft, size_t brought_bytes);

//  A node's holding has changed, and the database with it. The store's mutex is held.
void unwritten_list (store_t *self, holding_t *holding);

//  Take the ranges which are not written from the inbox, when the books are read. Returns 0, 1
//  where the inbox contradicts them, or -1 and why.
int unwritten_read (store_t *self, char error[DATABASE_ERROR_MAX]);

#endif
