//  SPDX-License-Identifier: GPL-2.0-or-later
//  inbox - the frames of minutes that are not closed, as they came. What one batch brings to one
//  group of nodes is one record: a frame costs the database no key of its own.
//
//  A frame lies in the inbox as long as its node's record says so: it starts behind the closed
//  minutes, and has not expired, as only those do that count nowhere: retention closes a minute
//  before it takes a frame that decodes. So a minute that is closed needs no delete a frame: its
//  frames are dead at once, and a record goes when none of its frames is alive
//  (storage/inbox_draft.h).
#ifndef STORAGE_INBOX_H
#define STORAGE_INBOX_H

#include "storage/database.h"
#include "storage/holding.h"
#include "storage/varint.h"

//  Whether a frame that starts then lies behind the closed minutes; false before there is any
//  frame.
bool inbox_is_open (const rolled_t *rolled, int64_t start_wall_s);
//  Whether it also lies behind the first minute that is not closed, which is over then.
bool inbox_is_next (const rolled_t *rolled, int64_t start_wall_s);
//  Whether a frame of the inbox is alive, by what is known of its node.
bool inbox_is_alive (const holding_t *holding, const store_record_t *frame);

//  Add a frame to a record.
void inbox_put (bytes_t *record, const store_record_t *frame);
//  Take the next frame, whose node and data are borrowed from the record. Returns 1, 0 at the end,
//  -1 where the record is not what was written.
int inbox_take (taker_t *record, store_record_t *frame);

//  Frames of one node, copied.
typedef struct {
    bytes_t bytes;
    store_record_t *frames; //  Owned; in order of start, epoch, seq
    size_t count;
    size_t capacity;
} inbox_frames_t;

void inbox_frames_clear (inbox_frames_t *self);

//  Copy the node's frames that are alive and start in [from, until). *number is that of the first
//  record to look at, 0 for all; afterwards, of the first one that has others, or that is not there
//  yet. Moves the scan, which must be over the whole database. Returns 0, -1 on failure, or
//  INBOX_DAMAGED.
#define INBOX_DAMAGED (-2)
int inbox_read (scan_t *scan, const holding_t *holding, int64_t from_wall_s, int64_t until_wall_s,
                uint64_t *number, inbox_frames_t *frames, char error[DATABASE_ERROR_MAX]);

//  Raise *number to the least one above those of all records. Returns 0, or -1 on failure.
int inbox_next_number (database_t *database, uint64_t *number, char error[DATABASE_ERROR_MAX]);

#endif
