//  SPDX-License-Identifier: GPL-2.0-or-later
//  store - the durable history of frames: one RocksDB database. The worker's spool and the
//  broker's history are both a store. Only this folder knows RocksDB.
//
//  Any thread may call anything: writes wait for one another, reads for nothing. Every call copies
//  what it keeps. Upstream: publisher/, broker/recorder. Downstream: query/answer.
#ifndef STORAGE_STORE_H
#define STORAGE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/frame.h"
#include "schema/manifest.h"
#include "schema/partial.h"

typedef struct store_t store_t;

//  --- Opening ---------------------------------------------------------------------------------

typedef struct {
    bool sync; //  fdatasync with every write; otherwise writes survive kill -9, and power loss
               //  only from the next store_sync on
    uint32_t memory_bytes; //  Write buffer and cache together; 0 means 16 MiB
    const char *owner;     //  Node name that a new store is given and any other must have;
                           //  STORE_OF_MANY: a store of many nodes; NULL: whatever it is, and a
                           //  new one is of many
    unsigned hands;        //  Threads that deal with a large append, STORE_HANDS_MAX at most; 0: as
                           //  many as there are processors
    bool refuse_damaged_log; //  A log damaged before its tail is STORE_DAMAGED; otherwise what
                             //  lies behind the damage is dropped (for a store that is refilled)
} store_options_t;

#define STORE_OF_MANY   ""
#define STORE_HANDS_MAX 2

//  Why a store could not be opened.
typedef enum {
    STORE_UNUSABLE, //  The path, the disk, or a database that is not ours: see the error
    STORE_IN_USE,   //  Another process holds it
    STORE_FOREIGN,  //  It belongs to another owner: copied or misplaced
    STORE_SHARED,   //  It is of many nodes, and one node's was asked for
    STORE_DAMAGED   //  Its bytes are not those that were written
} store_fault_t;

//  Open or create the store at path (its parent folders too). Returns NULL and fills error (one
//  line: what, where, the way out) on failure, such as another process holding it.
store_t *store_new (const char *path, const store_options_t *options, char error[512]);
//  The same, and on failure *fault says of what kind it is.
store_t *store_open (const char *path, const store_options_t *options, store_fault_t *fault,
                     char error[512]);
//  Cursors must be gone, and no other thread inside a call.
void store_destroy (store_t **self_p);

//  Move the folder of a store that is open nowhere aside, to path.quarantined-YYYYmmddTHHMMSS
//  (UTC, with -2, -3 ... behind it where that exists), so that a fresh one can be made at path
//  and nothing is thrown away. Returns the new path, the caller's, or NULL and fills error.
char *store_quarantine (const char *path, char error[512]);

//  A random number that a store is given when it is made: tells a fresh one from the one before.
uint64_t store_id (const store_t *self);
//  False once the store's folder was deleted, moved or replaced under it: what is written from
//  then on is lost with the process.
bool store_is_in_place (const store_t *self);
//  True once a read met bytes that are not those that were written.
bool store_is_damaged (const store_t *self);

//  Copy the sentence that says why the last call that failed, on any thread, did; "" before any.
void store_error (store_t *self, char error[512]);

//  --- Writing: any thread, one at a time; the others wait -------------------------------------

//  One frame as it came, with what the store files it under.
typedef struct {
    const char *node;
    uint64_t epoch, seq;
    int64_t start_wall_s;
    uint32_t span_s;
    const void *data; //  The payload, byte for byte
    size_t size;
} store_record_t;

typedef enum {
    STORE_ADDED,
    STORE_DUPLICATE, //  Held already, with the same bytes: nothing changed
    STORE_CONFLICT,  //  Contradicts what is held: (node, epoch, seq) with other bytes, or a start
                     //  before the end of an earlier frame of its epoch. Refused and kept aside
    STORE_EXPIRED    //  Retention has taken this name already: nothing changed
} store_verdict_t;

//  Append frames, those of a node in one atomic batch together with the ranges, node records and
//  rollups they change, or in several where late ones have many MiB of rollups rewritten; a frame
//  on record as lost is taken off it. A minute of a node that is over is rewritten compactly by the
//  way, once a frame behind it comes; where more nodes' minutes end than can be rewritten at once,
//  following appends do the rest. verdicts[i] says what became of records[i]; two records of one
//  batch are judged in order. Node names must be valid. Returns 0, or -1 when not all was written:
//  the disk is full or failed (see store_error). Fewer than 4096 frames, of a few MiB with what
//  late ones have rewritten, are written all or none; of more any nodes' may have been. A disk is
//  full while 64 MiB and its write buffers would not be left; appending works again as soon as they
//  are. The same records may always be appended again.
int store_append (store_t *self, const store_record_t *records, size_t count,
                  store_verdict_t *verdicts);

//  Whether the disk has the room that an append needs: of a small batch, or of the one that was
//  refused last, until one is written. Any thread.
bool store_has_space (const store_t *self);

//  Take one step of retention: delete, oldest first, at most STORE_EXPIRE_STEP frames that start
//  before before_wall_s, or that are too many while the frames held add up to over most_bytes
//  (payload bytes, uncompressed; UINT64_MAX: no limit). A node's frames go in order of epoch and
//  seq, so a younger one stays until those before it may go; over most_bytes the node with the
//  oldest next frame goes first. Frames of a minute go together, once the last of them may, but for
//  those that came late; a minute that is still open is rewritten first, so that rollups tell of
//  all frames that were ever added. Losses and conflicts of names that expire go too. Returns 1
//  when there may be more to do, 0 when not, -1 on failure; *expired is how many frames went. A
//  node whose frames cannot be read keeps them, and no other node's: that is a failure where
//  nothing else went, or there are too many such nodes. Works on a disk that is full for frames.
#define STORE_EXPIRE_STEP 2048
int store_expire (store_t *self, int64_t before_wall_s, uint64_t most_bytes, size_t *expired);

//  Rollups outlive frames: what they hold of expired frames still answers windows.
#define STORE_LEVELS 3

//  A level's name: "minutes", "hours", "days". level is below STORE_LEVELS.
const char *store_level_name (unsigned level);

//  Take one step of a level's retention: delete, oldest first, about STORE_EXPIRE_STEP rollups of
//  hours (of days, of 32 days) that end by before_wall_s, whole ones only, and not the last one of
//  a node as long as no minute behind it was closed. *expired is how many rollups went. Returns as
//  store_expire does.
int store_expire_rollups (store_t *self, unsigned level, int64_t before_wall_s, size_t *expired);

//  Recompute every rollup of a node from what lies under it, as far as that is kept, and compare.
//  Nothing may be written meanwhile. *rows is how many were compared. Returns 0, 1 where one
//  differs and a sentence about the first, or -1 when the store could not be read.
int store_audit_rollups (store_t *self, const char *node, uint64_t *rows, char difference[512]);

//  Give the space of expired frames back to the disk now, which otherwise happens in its own time.
//  May take seconds; reading and writing go on meanwhile.
void store_reclaim (store_t *self);

//  Put frames of a node on record as lost. Those that are held, expired, or on record already
//  stay as they are. Returns 0, or -1 on failure, such as over STORE_LOSSES_MAX ranges on record.
#define STORE_LOSSES_MAX 65536
int store_mark_lost (store_t *self, const char *node, const loss_t *loss);

//  Wait until all that was written before is on the disk. Any one thread. Returns 0 or -1.
int store_sync (store_t *self);

//  --- Reading: any thread ---------------------------------------------------------------------

//  Fill partial (which it initialises) with what the frames of node add up to whose start lies in
//  [since, until); an unknown node has none. Exact, and a handful of reads however long the window
//  is. Where frames, or rollups by the minute or hour, have expired, whole minutes (hours, days)
//  are still counted, and the rest is missing. A frame that cannot be decoded is not present, and
//  counted in store_stats where it is met. Returns 0, or -1 when the store could not be read.
int store_window (store_t *self, const char *node, int64_t since_wall_s, int64_t until_wall_s,
                  metric_set_t metrics, partial_t *partial);

//  A window to be filled, as by store_window; failed tells where that returned -1.
typedef struct {
    const char *node;
    int64_t since_wall_s, until_wall_s;
    metric_set_t metrics;
    partial_t *partial;
    bool failed;
} store_ask_t;

//  Fill several windows at a time, spread over the machine's processors. Returns 0, or -1 when one
//  of them could not be read.
int store_windows (store_t *self, store_ask_t *asks, size_t count);

//  What store_window reads for a window: how many records of each level. Rollups are prefix sums,
//  so that two of a level tell what lies between them; at the edges frames are read.
typedef enum {
    STORE_LEVEL_DAYS,
    STORE_LEVEL_HOURS,
    STORE_LEVEL_MINUTES,
    STORE_LEVEL_SECONDS, //  The frames themselves
    STORE_LEVEL_COUNT_
} store_level_t;

typedef struct {
    uint64_t records[STORE_LEVEL_COUNT_];
} store_plan_t;

//  Returns 0, or -1 when the store could not be read.
int store_window_plan (store_t *self, const char *node, int64_t since_wall_s, int64_t until_wall_s,
                       store_plan_t *plan);

//  Frames of one node, bytes as they were appended. Used by one thread.
typedef struct store_cursor_t store_cursor_t;

//  Those that start in [since, until), in order of start, epoch, seq, as the store was when the
//  cursor was made.
store_cursor_t *store_cursor_new (store_t *self, const char *node, int64_t since_wall_s,
                                  int64_t until_wall_s);
//  Those of a range, in order of seq, that were held when the cursor was made and have not
//  expired since.
store_cursor_t *store_cursor_new_replay (store_t *self, const char *node, const seq_range_t *range);
void store_cursor_destroy (store_cursor_t **self_p);
//  The next frame: returns 1 with data borrowed until the next call, 0 at the end, -1 on failure.
int store_cursor_next (store_cursor_t *self, const void **data, size_t *size);
//  The frame that was last returned: its name, start and span; node and data are borrowed alike.
void store_cursor_record (const store_cursor_t *self, store_record_t *record);

//  What is known of a node.
typedef struct {
    char node[NODE_NAME_MAX + 1];
    int64_t first_wall_s; //  Start of its oldest frame ever appended; once frames expired, where
                          //  the record starts that is kept
    int64_t last_wall_s;  //  Start of its newest frame held
    uint64_t last_epoch;  //  Its greatest epoch, expired ones included
    uint64_t last_seq;    //  Greatest seq in that epoch
    uint64_t epochs;      //  With frames held
    uint64_t frames;      //  Held, all epochs
    uint64_t bytes;       //  Of their payloads
    uint64_t missing;     //  Frames in gaps between or before held ones, lost or not, all epochs
    uint64_t lost;        //  Frames on record as lost
    uint64_t conflicts;   //  Frames ever refused as STORE_CONFLICT
    uint64_t expired_epoch, expired_seq; //  Retention took all up to here; 0, 0: nothing
} store_node_t;

//  All nodes that ever had a frame, in order of name. Caller frees *nodes. Returns 0 or -1.
int store_nodes (store_t *self, store_node_t **nodes, size_t *count);
//  One node. Returns 0, or -1 where it never had a frame.
int store_node (store_t *self, const char *node, store_node_t *record);

//  A run of frames without a gap.
typedef struct {
    uint64_t epoch;
    uint64_t first_seq, last_seq;
    int64_t first_wall_s, last_wall_s; //  Starts of the first and last frame of the run
    int64_t end_wall_s;                //  End of the last one: its start and span
    uint64_t covered_s;                //  Sum of the spans
    uint64_t bytes;                    //  Of the payloads
    uint64_t digest;                   //  As in schema/manifest.h
} store_range_t;

//  The ranges held of a node in order of epoch and seq. Caller frees *ranges. Returns 0 or -1.
int store_ranges (store_t *self, const char *node, store_range_t **ranges, size_t *count);

//  The same as seqs only, for planning what to pull: the names 1 .. expired_seq of the expired
//  epoch count as held, so that they are not asked for again (see manifest_forget for the epochs
//  before it). Caller frees *held. Returns 0.
int store_held (store_t *self, const char *node, seq_range_t **held, size_t *count);

//  One page of what is held of a node: the runs that begin at or behind (from_epoch, from_seq);
//  0, 0 for the first. Of an unknown node: an empty one. Caller clears it. Returns 0.
int store_manifest (store_t *self, const char *node, uint64_t from_epoch, uint64_t from_seq,
                    manifest_t *manifest);

//  What is on record as lost of a node, in order of epoch and seq. Caller frees *losses. Returns 0.
int store_losses (store_t *self, const char *node, loss_t **losses, size_t *count);

//  A frame that was refused as STORE_CONFLICT; its bytes are kept in the database, at most
//  STORE_CONFLICTS_MAX a node: what comes later is counted only.
#define STORE_CONFLICTS_MAX 1000
typedef struct {
    uint64_t epoch, seq;
    uint64_t digest; //  Of the refused bytes
    size_t size;
} store_conflict_t;

//  The refused frames kept of a node, in order of epoch and seq. Caller frees *conflicts.
//  Returns 0 or -1.
int store_conflicts (store_t *self, const char *node, store_conflict_t **conflicts, size_t *count);

//  How the seconds from since_wall_s to until_wall_s add up. Each is one of: present, where a
//  frame held covers it; lost, where only frames on record as lost do; else unknown.
//
//  A lost frame's seconds are not known; it is taken to span one second, following on the frame
//  before it in its epoch (n seqs on: n seconds on); without one, leading to the frame after it;
//  in an epoch of which nothing is held, counted from the first full second after the epoch
//  began. A loss that takes up a whole gap between two frames takes up all its seconds.
typedef struct {
    int64_t since_wall_s; //  The window asked for, but not before the node's first_wall_s
    int64_t until_wall_s;
    uint64_t present_s, lost_s, unknown_s; //  Add up to until - since
} store_seconds_t;

//  Returns 0 (an unknown node: all unknown), or -1 when the store could not be read.
int store_seconds (store_t *self, const char *node, int64_t since_wall_s, int64_t until_wall_s,
                   store_seconds_t *seconds);

//  A stretch of seconds that are not present, or a loss (which may have no second of its own).
typedef struct {
    bool lost;          //  Else unknown
    loss_cause_t cause; //  Of a loss
    seq_range_t range;  //  The frames missing there; all 0 where that is not known
    int64_t from_wall_s, until_wall_s;
    uint64_t seconds; //  How many of them are counted as lost or unknown
    //  What the missing frames held: known where the frame before and the one after are held, or
    //  the range starts at 1 and the one after is held.
    metric_set_t totals;
    uint64_t counts[METRIC_COUNT_]; //  Events, per metric of the set
    uint64_t sums[METRIC_COUNT_];   //  Their sum, modulo 2^64
} store_gap_t;

//  The gaps of a node inside [since, until), clipped to it, in order of from_wall_s; at most
//  STORE_GAPS_MAX, the newest. Their seconds add up to those of store_seconds (unless there were
//  more). Caller frees *gaps. Returns 0 or -1.
#define STORE_GAPS_MAX 1000
int store_gaps (store_t *self, const char *node, int64_t since_wall_s, int64_t until_wall_s,
                store_gap_t **gaps, size_t *count);

//  Size figures, for show stats.
typedef struct {
    uint64_t nodes, frames;
    uint64_t bytes;              //  Of the frames' payloads
    uint64_t disk_bytes;         //  Files of the database
    uint64_t free_disk_bytes;    //  Left on its file system
    uint64_t short_disk_bytes;   //  By how much that is too little to append any frame, or
                                 //  what was refused last; 0: it is enough
    uint64_t lost;               //  Frames on record as lost
    uint64_t conflicts;          //  Frames ever refused
    uint64_t duplicates;         //  Since the store was opened
    uint64_t expired;            //  Frames that retention took, since then
    uint64_t chunks;             //  Closed minutes of frames that were rewritten as one record
    uint64_t rows[STORE_LEVELS]; //  Rollups, by level
    //  On disk, as far as it left memory: the frames, and the rollups of each level.
    uint64_t frame_disk_bytes, row_disk_bytes[STORE_LEVELS];
    uint64_t unreadable; //  Times a window met a frame that does not decode, since then
} store_stats_t;

void store_stats (store_t *self, store_stats_t *stats);

#endif
