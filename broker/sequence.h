//  SPDX-License-Identifier: GPL-2.0-or-later
//  sequence - which frames of one node have come by, as runs of seqs in its latest epochs. Tells
//  a new frame from a repeated one and finds the gaps. Pure, and bounded whatever a node sends:
//  the oldest epoch and the oldest gap are forgotten first (the store remembers them).
//  A plain value; {0} has seen nothing. Not safe for use by two threads.
#ifndef BROKER_SEQUENCE_H
#define BROKER_SEQUENCE_H

#include "schema/manifest.h"

#define SEQUENCE_EPOCHS 4
#define SEQUENCE_RUNS   16 //  An epoch's runs; between them are its remembered gaps

typedef struct {
    uint64_t first, last; //  Seqs, both included
} sequence_run_t;

typedef struct {
    uint64_t epoch;
    size_t count;
    sequence_run_t runs[SEQUENCE_RUNS]; //  Ascending, not touching
} sequence_epoch_t;

typedef struct {
    size_t count;
    sequence_epoch_t epochs[SEQUENCE_EPOCHS]; //  Least recently used first
} sequence_t;

typedef enum {
    SEQUENCE_NEW,     //  Not seen before
    SEQUENCE_NEW_GAP, //  Not seen before, and those in gap should have come before it
    SEQUENCE_REPEATED //  Seen before
} sequence_verdict_t;

//  A frame came; seq is 1 or more. Fills gap for SEQUENCE_NEW_GAP.
sequence_verdict_t sequence_add (sequence_t *self, uint64_t epoch, uint64_t seq, seq_range_t *gap);

//  Take note of frames held from earlier, epoch by epoch and in order of seq.
void sequence_load (sequence_t *self, const seq_range_t *range);

#endif
