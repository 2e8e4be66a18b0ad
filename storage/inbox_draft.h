//  SPDX-License-Identifier: GPL-2.0-or-later
//  inbox_draft - the inbox of one group of nodes, as a draft changes it: what the database has of
//  it, read once however many nodes ask, and what the draft brings. One group follows another.
#ifndef STORAGE_INBOX_DRAFT_H
#define STORAGE_INBOX_DRAFT_H

#include "storage/inbox.h"
#include "storage/store_draft.h"

typedef struct {
    const holding_t *drafted; //  Of a frame that was brought: its node
    store_record_t frame;     //  Borrowed
    uint32_t next;            //  Of its node, once the group is read: index + 1; 0 at the end
} inbox_entry_t;

//  A node's frames.
typedef struct {
    uint64_t hash;        //  Of its name
    uint32_t first, last; //  As next; 0 where the place is free
} inbox_node_t;

//  A record as the database has it.
typedef struct {
    uint64_t number;
    size_t entries; //  How many frames there are up to its end
    size_t end;     //  Of its bytes
} inbox_record_t;

struct inbox_draft_t {
    unsigned group;
    size_t first_draft; //  Of its nodes, among those of the draft
    bool is_read;
    bool is_due;  //  It was brought a frame of a next minute
    bytes_t held; //  The database's records, one after another
    bytes_t kept; //  The record that settling puts; memory that is used again
    inbox_record_t *records;
    size_t record_count, record_capacity;
    inbox_entry_t *entries; //  Those held, if they are read, then those brought
    size_t held_count, count, capacity;
    inbox_node_t *nodes; //  A hash table, once the group is read; names may be chosen to crowd it
    size_t node_count, node_capacity;
};

inbox_draft_t *inbox_draft_new (void);
void inbox_draft_destroy (inbox_draft_t **self_p);

//  Settle the group in hand and begin another one. Settling puts what was brought and is alive into
//  one record; of a group that was read, records without a frame alive are deleted, and once most
//  of what is left is dead the rest moves into the new record too.
void inbox_draft_begin (store_draft_t *draft, unsigned group);
void inbox_draft_settle (store_draft_t *draft);

//  Bring a frame of the group in hand, of a drafted node; its bytes must stay until that is
//  settled.
void inbox_draft_add (store_draft_t *draft, const holding_t *drafted, const store_record_t *frame);

//  Read what the database has of the group in hand. Returns 0, or -1 (see store_error).
int inbox_draft_read (store_draft_t *draft);

//  The next frame of a node of the group in hand, which was read, behind one (NULL: the first), in
//  the order in which they came, dead ones too. NULL at the end.
const inbox_entry_t *inbox_draft_next (const store_draft_t *draft, const char *node,
                                       const inbox_entry_t *behind);

//  Whether the database has the frame in the group in hand, byte for byte. Returns 1, 0 or -1.
int inbox_draft_holds (store_draft_t *draft, const store_record_t *record);

#endif
