//  SPDX-License-Identifier: GPL-2.0-or-later
//  chunk - the frames of one node that start within one minute, as columns: a seventh of their
//  bytes. Every frame can be had back byte for byte, for equal frames have equal bytes.
#ifndef STORAGE_CHUNK_H
#define STORAGE_CHUNK_H

#include "storage/row.h"
#include "storage/sheet.h"
#include "storage/store.h"

#define CHUNK_FRAMES_MAX SHEET_FRAMES_MAX

//  Write the frames of a sheet, which has some, sorted. Returns 0, or -1 where they cannot be had
//  in a chunk.
int chunk_write (bytes_t *bytes, const sheet_t *sheet);

typedef struct chunk_t chunk_t;

//  Open the chunk in data, which is borrowed. reader is scratch. Returns NULL where it is none.
chunk_t *chunk_open (const void *data, size_t size, int64_t minute_wall_s, wire_reader_t *reader);
void chunk_close (chunk_t **self_p);

unsigned chunk_count (const chunk_t *self);
//  A frame's epoch, seq, start and span; node, data and size are left alone.
void chunk_record (const chunk_t *self, unsigned index, store_record_t *record);
//  What it measured, as row_measured tells of a frame.
metric_set_t chunk_measured (const chunk_t *self, unsigned index);

//  Which frames are meant: a 1, not 0, for each.
typedef uint8_t chunk_choice_t[CHUNK_FRAMES_MAX];

//  How many frames have to be read for these: those from either end of the chunk to the last of
//  them.
unsigned chunk_cost (const chunk_t *self, const chunk_choice_t chosen);

//  Add the events of chosen frames, or take them off; no seconds. Once for a chunk. Returns 0, or
//  -1 where the chunk is damaged.
int chunk_add (chunk_t *self, const chunk_choice_t chosen, metric_set_t metrics, row_t *row);
int chunk_subtract (chunk_t *self, const chunk_choice_t chosen, metric_set_t metrics, row_t *row);

//  The frame itself. Returns 0, or -1 where the chunk is damaged.
int chunk_frame (chunk_t *self, unsigned index, frame_t *frame);

//  Whether the frames are those of a sheet, asked before chunk_frame is called: each number that
//  chunk_frame would give is compared with the sheet's. As equal frames have equal bytes, and only
//  what frame_encode would write decodes, frames that were decoded into the sheet can then be had
//  back byte for byte.
bool chunk_holds (chunk_t *self, const sheet_t *sheet);

#endif
