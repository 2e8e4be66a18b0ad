//  SPDX-License-Identifier: GPL-2.0-or-later
//  counts - the buckets of one metric over the frames of a chunk, near to the information in them.
//
//  A bucket's counts vary about a mean. They are coded by rANS (J. Duda, arXiv:1311.2540) with one
//  of a fixed set of distributions: negative binomial ones for small means, normal ones for the
//  difference from the mean otherwise. Only the number of the distribution, and the mean of the
//  second kind, stand in the chunk, for each slot.
//  Frames are coded in two halves, one from the first frame on and one from the last frame back, so
//  that a few of either end can be read without the others.
//  Safe from any thread.
#ifndef STORAGE_COUNTS_H
#define STORAGE_COUNTS_H

#include "schema/buckets.h"
#include "storage/distribution.h"
#include "storage/varint.h"

#define COUNTS_FRAMES_MAX 240
#define COUNTS_STATES     4

//  The counts of one frame.
typedef uint64_t counts_t[BUCKET_SLOTS];

#define COUNTS_LANES 4
#define COUNTS_BLOCK (COUNTS_LANES * COUNTS_LANES)
#define COUNTS_WIDTH (BUCKET_SLOTS / COUNTS_BLOCK * COUNTS_BLOCK + COUNTS_BLOCK)

#define COUNTS_WORD_BYTES  2
#define COUNTS_FRAME_BYTES (COUNTS_WORD_BYTES * COUNTS_WIDTH) //  A frame's words, at most, and more

typedef enum { COUNTS_FRONT, COUNTS_BACK, COUNTS_HALVES } counts_side_t;

//  How many frames a half has.
unsigned counts_half (unsigned frames, counts_side_t side);
//  Which frame is the nth that is read of a half.
unsigned counts_place (unsigned frames, counts_side_t side, unsigned nth);

//  The symbols of a frame, from the first slot on that is not 0, in an order of their own.
typedef uint8_t counts_symbols_t[COUNTS_WIDTH];

//  A slot that is not 0 in all frames, but for its distribution.
typedef struct {
    uint64_t mean; //  Of a normal one, as are
    uint8_t low_bits;
    uint8_t is_normal; //  1 or 0
    uint16_t slot;
} counts_slot_t;

//  How the slots are coded.
typedef struct {
    unsigned first, end; //  Slots from the first to behind the last one that are not 0
    unsigned coded;      //  How many of them are not 0 in all frames
    unsigned padded;     //  The same, with what fills up the last COUNTS_STATES
    bool is_wide; //  Low bits are split off any, or a mean is so large that no frame is plain
    const distribution_t *models[COUNTS_WIDTH]; //  Of those that are coded
    counts_slot_t slots[BUCKET_SLOTS];
    uint16_t places[COUNTS_WIDTH];  //  Theirs, from first on
    uint32_t means[COUNTS_WIDTH];   //  Of all slots from first on
    uint32_t folds[COUNTS_WIDTH];   //  All bits for a normal distribution, else 0
    counts_symbols_t lowest, reach; //  Which symbol a plain count has at least, and from it on
} counts_models_t;

//  A half being read, frame by frame.
typedef struct {
    taker_t extras;                       //  What does not fit the distributions
    taker_t words;                        //  Of rANS
    uint32_t states[COUNTS_STATES];       //  Slots take turns, so that decoding need not wait
    unsigned left;                        //  Frames
    bool is_last;                         //  The words are the copy
    uint8_t last[2 * COUNTS_FRAME_BYTES]; //  Copy of the last words, with room behind them
} counts_half_t;

//  One metric's counts being read. It borrows the bytes, and may not be moved.
typedef struct {
    bool fault;
    counts_models_t models;
    counts_half_t halves[COUNTS_HALVES];
    counts_symbols_t symbols; //  Of the frame that was read last; 0 where none is coded
} counts_reader_t;

//  What counts are put with: memory that is used again. Not safe for two threads.
typedef struct counts_writer_t counts_writer_t;

counts_writer_t *counts_writer_new (void);
void counts_writer_destroy (counts_writer_t **self_p);

//  Put the counts of frames, at most COUNTS_FRAMES_MAX. All slots but those from first to end are 0
//  in all of them; where there are none, frames may be NULL.
void counts_put (counts_writer_t *self, bytes_t *bytes, const counts_t *frames, unsigned count,
                 unsigned first, unsigned end);

//  Begin to read what counts_put wrote, all of what is left of the taker.
void counts_begin (counts_reader_t *self, const taker_t *taker, unsigned frames);
//  Read a half's next frame: of the front from the first one on, of the back from the last one on.
//  Writes the slots from first to end of values only. Returns 1, 0 where the half is at its end, -1
//  where the bytes are no counts.
int counts_next (counts_reader_t *self, counts_side_t side, counts_t values);
//  Read all frames, of which none was read, and compare them with counts that they should have, and
//  with what each one's should add up to. frames may be NULL: then all are 0. Returns whether all
//  counts, as counts_next would give them, are those; nothing is to be read after it.
bool counts_are (counts_reader_t *self, const counts_t *frames, const uint64_t *events,
                 unsigned count);

#endif
