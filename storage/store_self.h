//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_self - what a store is made of, for the files that implement store.h.
//
//      store.c             open and close, figures, errors
//      store_quarantine.c  a folder put aside
//      store_draft.c       one change in the making; used by
//      store_append.c      frames in, by way of
//      store_judge.c       what becomes of each of them
//      inbox_draft.c       frames of open minutes, as they come, in; dead ones out
//      inbox.c             frames of open minutes, read
//      unwritten.c         ranges that only the inbox tells of
//      store_expire.c      frames out of it for ever
//      store_expire_rows.c rollups out of it for ever
//      store_losses.c      frames on record as lost
//      rollup.c            what frames add up to, kept beside them
//      minute.c            frames of a closed minute, rewritten as a chunk by way of a sheet
//      store_scan.c        what of a node is read at one moment; used by
//      store_cursor.c      frames out, one by one
//      store_window.c      frames out, added up, by way of window.h and, several, a crew
//      store_audit.c       rollups computed once more
//      store_nodes.c       what is held of whom
//      store_gaps.c        which seconds are present, lost or unknown
//      store_conflicts.c   frames that were refused
//
//  The holdings mirror the database. Only a thread that holds writing changes them, and it holds
//  the mutex while it does; it may read them without, all others must hold it. The mutex is never
//  held across a call of the database.
//
//  Several hands deal with a large append at a time, each with other groups of nodes. While they
//  work the holdings only are read, but for drafted, which is of who has the node's group in hand;
//  they change when all hands are done, by the thread that holds writing. What is due and what is
//  drafted is disjoint by group, and all else that hands change is atomic or has the mutex.
#ifndef STORAGE_STORE_SELF_H
#define STORAGE_STORE_SELF_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include "storage/crew.h"
#include "storage/database.h"
#include "storage/folder.h"
#include "storage/hand.h"
#include "storage/holdings.h"
#include "storage/open_minute.h"
#include "storage/store.h"
#include "storage/store_key.h"

//  What of a group's ranges is not written (storage/unwritten.h).
typedef struct {
    holding_t *nodes; //  Borrowed: those with such ranges, a list
    uint64_t from;    //  The number of the first record of the inbox that may tell of any
    uint64_t bytes;   //  Of such records, about
} unwritten_t;

struct store_t {
    char *path;
    database_t *database;
    uint64_t id;          //  See store_id
    folder_place_t place; //  Of the folder when it was opened
    size_t memory_bytes;
    atomic_uint_least64_t buffers_bytes; //  What RocksDB may write at any moment
    atomic_uint_least64_t pending_bytes; //  Of batches that are being written
    atomic_uint_least64_t reserve_bytes; //  Free disk space below which nothing is appended
    atomic_uint_least64_t refused_bytes; //  What was to be written when that was last so; 0 again
                                         //  once an append is written
    atomic_bool damaged;     //  A read met a frame that the books list and the database lacks
    pthread_mutex_t writing; //  Held through a write: one at a time; taken before mutex
    hand_t *hands[STORE_HANDS_MAX]; //  Of the thread that holds writing, and of those that help it
    unsigned hand_count;            //  How many large appends have
    crew_t *appenders;              //  Who helps it; NULL until it is needed, as are their hands
    uint64_t inbox_number;     //  Likewise: the number of the next records of the inbox, and which
    bool is_due[STORE_GROUPS]; //  of its groups have minutes that are over
    unwritten_t unwritten[STORE_GROUPS]; //  and what of each group is in the inbox only
    due_queue_t *expiry; //  Likewise: nodes that hold frames, the one with the oldest first
    open_minutes_t *open_minutes;
    pthread_mutex_t mutex; //  Guards all below
    crew_t *crew;          //  That reads windows; NULL until it is needed
    holdings_t *holdings;
    uint64_t duplicates;
    uint64_t expired;
    uint64_t unreadable;
    char error[DATABASE_ERROR_MAX]; //  Why the last call that failed did
};

//  Keep a sentence for store_error. Returns -1.
int store_fail (store_t *self, const char *error);
//  The same for a store whose bytes are not those that were written; what says how.
int store_fail_damaged (store_t *self, const char *what);

//  Fit buffers and reserve to the nodes that there are. The thread that holds writing.
void store_fit (store_t *self);

//  What a node holds has changed: see to its place in expiry. The thread that holds writing.
void store_order_expiry (store_t *self, holding_t *holding);

//  0 where the disk has room for a write of so many bytes, else -1 and a sentence for store_error.
int store_check_space (store_t *self, uint64_t bytes);

//  Where the frame stands that a cursor last returned.
typedef enum { STORE_BY_ITSELF, STORE_IN_CHUNK, STORE_IN_INBOX } store_place_t;

store_place_t store_cursor_was_in (const store_cursor_t *cursor);

//  The same for deleting, which may go on where nothing is appended any longer.
int store_check_space_to_delete (store_t *self, uint64_t bytes);

//  A copy of what is known of one node, at one moment.
typedef struct {
    int64_t first_wall_s; //  INT64_MAX where it never had a frame
    uint64_t expired_epoch, expired_seq;
    store_range_t *runs; //  Owned, as are the losses
    size_t run_count;
    losses_t losses;
} store_books_t;

//  Of an unknown node: empty. Release with store_books_clear.
void store_copy_books (store_t *self, const char *node, store_books_t *books);
void store_books_clear (store_books_t *books);

#endif
