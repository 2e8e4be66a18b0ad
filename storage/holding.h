//  SPDX-License-Identifier: GPL-2.0-or-later
//  holding - what is held of one node: the ranges of each of its epochs, and what of it is
//  lost, expired or refused. Pure: no disk.
//  Not safe for shared writing.
#ifndef STORAGE_HOLDING_H
#define STORAGE_HOLDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/metric.h"
#include "storage/due_queue.h"
#include "storage/level.h"
#include "storage/losses.h"
#include "storage/ranges.h"

//  How far a node's frames are rolled up.
typedef struct {
    int64_t origin_wall_s; //  Start of its oldest frame that ever decoded; INT64_MAX before any
    int64_t closed_wall_s; //  All rollups of periods that end up to here are written; the start of
                           //  a minute
    int64_t late_wall_s; //  The closed minute that has frames outside of its chunk; INT64_MIN: none
    //  How far the frames that start before closed_wall_s reach at most, by metric and for any.
    int64_t reach_wall_s[METRIC_COUNT_ + 1];
    int64_t kept_wall_s[LEVEL_COUNT + 1]; //  What of a level began before is gone; frames come last
    uint64_t disorder; //  Grows when a frame comes or goes that starts from closed_wall_s on and is
                       //  not behind all others, or that starts before and reaches behind
    uint64_t rows[LEVEL_COUNT]; //  How many there are
    uint64_t chunks;            //  Likewise
} rolled_t;

#define KEPT_FRAMES LEVEL_COUNT

typedef struct holding_t holding_t;
struct holding_t {
    char node[NODE_NAME_MAX + 1];
    holding_t *known;   //  Borrowed. Of a draft: what is true so far; NULL: the node is new
    holding_t *drafted; //  Borrowed. Of what is true so far: its draft, as long as there is one
    bool writes_ranges; //  Of a draft: not only the inbox gains frames of the node, or loses them
    bool is_listed;     //  Of what is true so far: among the unwritten (storage/unwritten.h),
    holding_t *next_unwritten; //  and the one behind it there; borrowed
    due_t expiry;              //  Likewise: by when its first frame starts,
    bool may_expire;           //  where it has one
    rolled_t rolled;
    int64_t newest_wall_s; //  Start of the newest frame since it has been open, at least
    int64_t first_wall_s;  //  Where its record starts; INT64_MAX before any frame
    uint64_t expired_epoch, expired_seq; //  Retention took all names up to this one
    uint64_t conflicts;                  //  Frames ever refused as such
    uint64_t conflicts_kept;             //  Of these, kept aside
    losses_t losses;                     //  On record as lost
    ranges_t *epochs;                    //  Owned; in order of epoch
    size_t count;                        //  Of epochs
    size_t capacity;
};

//  Have the processor fetch it, but not its epochs.
void holding_fetch (const holding_t *self);

//  Of a node that has nothing yet.
rolled_t rolled_none (void);

//  node must be a valid name.
holding_t *holding_new (const char *node);
void holding_destroy (holding_t **self_p);
//  Hold nothing, but keep the memory; then, be of another node.
void holding_clear (holding_t *self);
void holding_begin (holding_t *self, const char *node);

//  The ranges of an epoch, borrowed until the next one is added; NULL where it is unknown.
ranges_t *holding_find (const holding_t *self, uint64_t epoch);
//  The same, but an unknown epoch is added, holding nothing.
ranges_t *holding_add (holding_t *self, uint64_t epoch);

//  Whether the name is one that retention took.
bool holding_has_expired (const holding_t *self, uint64_t epoch, uint64_t seq);

//  Whether the database has all ranges as they are.
bool holding_is_written (const holding_t *self);

//  Insert a frame. Returns true, or false where its name is held already (nothing changes).
bool holding_insert (holding_t *self, const store_range_t *frame);

//  Retention takes frames: gone begins the run that is first of all, and the frame behind it in
//  that run, if any, starts at next_wall_s. Losses of names up to there go too. An epoch of which
//  nothing is left stays, empty.
void holding_expire (holding_t *self, const store_range_t *gone, int64_t next_wall_s);

//  Whether the node's record in the database (store_value_node) is the same for both.
bool holding_has_record_of (const holding_t *self, const holding_t *other);
//  Copy all but the epochs; self must be new.
void holding_begin_draft (holding_t *self, const holding_t *other);
//  Take over the newer state of the node in draft, epoch by epoch, by swapping: draft is left
//  with what was replaced, for its owner to free. Epochs that draft has empty are left out.
void holding_absorb (holding_t *self, holding_t *draft);

//  The frames held, all epochs, and the bytes of their payloads.
uint64_t holding_frames (const holding_t *self);
uint64_t holding_bytes (const holding_t *self);
//  The run that is first of all in order of epoch and seq; NULL where nothing is held.
const store_range_t *holding_first_run (const holding_t *self);
//  The summary that readers see.
void holding_summarise (const holding_t *self, store_node_t *record);

#endif
