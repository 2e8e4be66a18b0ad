//  SPDX-License-Identifier: GPL-2.0-or-later
//  sheet - the frames of one node that start within one minute, laid out as columns: each number of
//  a frame has a column, each frame a place in all of them. Chunks are written from a sheet.
//  Made once and used for many minutes; not safe for two threads.
#ifndef STORAGE_SHEET_H
#define STORAGE_SHEET_H

#include "storage/counts.h"
#include "storage/row.h"

//  More do not fit: four epochs at a time.
#define SHEET_FRAMES_MAX COUNTS_FRAMES_MAX

//  A number of each frame.
typedef uint64_t column_t[SHEET_FRAMES_MAX];

typedef enum { TEMPLATE, START, SPAN, EPOCH, SEQ, SYNCHRONISED, FIELDS } place_t;

//  Numbers of a frame that are columns of their own, as they stand in it: where they do.
#define SHEET_FIELDS 10
extern const size_t sheet_fields[SHEET_FIELDS];

#define SHEET_COLUMNS (FIELDS + SHEET_FIELDS)

typedef struct {
    bool present; //  Any frame measured it; where one did not, its numbers are 0
    column_t measured, accrued_ns, counts, sums, total_counts, total_sums;
    unsigned first, end; //  Slots from the first to behind the last that hold events; 0, 0: none
    counts_t *frames;    //  Owned: each frame's events; NULL where there never were any
} sheet_metric_t;

typedef struct {
    int64_t minute_wall_s;
    unsigned count;
    frame_t *templates; //  Owned: frames without numbers, what rarely changes from one to the next
    unsigned template_count, template_capacity;
    column_t columns[SHEET_COLUMNS]; //  Starts are counted from the minute's
    sheet_metric_t metrics[METRIC_COUNT_];
    counts_writer_t *writer; //  Owned: what its counts are put with
} sheet_t;

sheet_t *sheet_new (void);
void sheet_destroy (sheet_t **self_p);

//  Begin a minute, with no frames.
void sheet_begin (sheet_t *self, int64_t minute_wall_s);
//  Add a frame, which must be one (see frame_fault); there are less than SHEET_FRAMES_MAX. slots
//  tell of its buckets as frame_decode_again does, or are NULL where they are to be looked for.
void sheet_add (sheet_t *self, const frame_t *frame, const frame_slots_t *slots);
//  Put the frames into the order of start, epoch, seq.
void sheet_sort (sheet_t *self);

//  What a frame measured, as row_measured tells of it.
metric_set_t sheet_measured (const sheet_t *self, unsigned place);
//  Whether a frame is of this template.
bool sheet_template_fits (const frame_t *template, const frame_t *frame);
//  Add what all frames add up to; no seconds.
void sheet_add_up (const sheet_t *self, row_t *row);

#endif
