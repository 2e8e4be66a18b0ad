//  SPDX-License-Identifier: GPL-2.0-or-later
//  counts - the buckets of one metric over the frames of a chunk, near to the information in them.
//
//  A bucket's counts vary about a mean. Its column is coded by rANS (J. Duda, arXiv:1311.2540)
//  with one of a fixed set of distributions: negative binomial ones for small means, normal ones
//  for the difference from the mean otherwise. Only the number of the distribution, and the mean
//  of the second kind, stand in the chunk.
//  Safe from any thread.
#ifndef STORAGE_COUNTS_H
#define STORAGE_COUNTS_H

#include "schema/buckets.h"
#include "storage/varint.h"

#define COUNTS_FRAMES_MAX 240
#define COUNTS_STATES     4

//  A number of each frame, such as the counts of one bucket.
typedef uint64_t column_t[COUNTS_FRAMES_MAX];

#define COUNTS_WORD_BYTES   2
#define COUNTS_COLUMN_BYTES (COUNTS_WORD_BYTES * COUNTS_FRAMES_MAX) //  A column's words, at most

//  One metric's counts being read, bucket by bucket. It borrows the bytes, and may not be moved.
typedef struct {
    taker_t models, extras;         //  Which distributions; what does not fit them
    taker_t words;                  //  Of rANS
    uint32_t states[COUNTS_STATES]; //  Frames take turns, so that decoding need not wait
    unsigned frames;
    unsigned slot, end;                    //  Of the next bucket, and behind the last one
    bool is_last;                          //  The words are the copy
    uint8_t last[2 * COUNTS_COLUMN_BYTES]; //  Copy of the last words, with room behind them
} counts_reader_t;

//  Put the counts of the slots from first to end, which slots[first .. end - 1] are, for so many
//  frames, at most COUNTS_FRAMES_MAX; those of all other slots are 0.
void counts_put (bytes_t *bytes, const column_t *slots, unsigned first, unsigned end,
                 unsigned frames);

//  Begin to read what counts_put wrote, all of what is left of the taker.
void counts_begin (counts_reader_t *self, const taker_t *taker, unsigned frames);
//  Read the next bucket's counts into values, one a frame. Returns 1 and which slot it is, 0 at the
//  end, -1 where the bytes are no counts.
int counts_next (counts_reader_t *self, unsigned *slot, uint64_t *values);

#endif
