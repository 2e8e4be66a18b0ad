//  SPDX-License-Identifier: GPL-2.0-or-later
//  counts_self - what writing and reading counts share, for counts*.c.
//
//  Most counts of most frames are plain: they have a symbol, and no bits are split off. What is
//  known of the slots is laid out so that the symbols of a plain frame are computed in blocks, by
//  the same steps for each slot, which compilers make vector instructions of.
#ifndef STORAGE_COUNTS_SELF_H
#define STORAGE_COUNTS_SELF_H

#include "storage/counts.h"
#include "storage/vector.h"

#define STATE_MIN (1u << 16)

typedef uint32_t lanes_t __attribute__ ((vector_size (4 * COUNTS_LANES)));
typedef int32_t signs_t __attribute__ ((vector_size (4 * COUNTS_LANES)));
typedef uint64_t wide_t __attribute__ ((vector_size (8 * COUNTS_LANES)));
typedef uint8_t block_t __attribute__ ((vector_size (COUNTS_BLOCK)));

_Static_assert(COUNTS_BLOCK == sizeof (lanes_t), "a block's symbols are as many bytes");

//  No slots, from first to end.
void counts_models_begin (counts_models_t *self, unsigned first, unsigned end);
//  The next slot that is not 0 in all frames; mean and low_bits are 0 but of a normal distribution.
void counts_models_add (counts_models_t *self, unsigned slot, unsigned number, uint64_t mean,
                        unsigned low_bits);

//  Behind the last slot: fills up what is coded at once by slots of which all symbols are certain.
void counts_models_end (counts_models_t *self);

//  The symbols of a frame, one for each slot from first on. Returns false where it is not plain.
bool counts_symbols (const counts_models_t *self, const uint64_t *frame, counts_symbols_t symbols);

#define COUNTS_NOT_TOLD UINT64_MAX

//  What the counts of a frame, which are plain, add up to; COUNTS_NOT_TOLD where any of them is not
//  the one that a reader makes of its symbol.
uint64_t counts_tell (const counts_models_t *self, const uint8_t *symbols, const uint64_t *frame);

//  Before a frame is read, see that as many bytes as its words may take can be read, whether the
//  words end before or not.
void counts_reserve_words (counts_half_t *half);

//  The higher halves of products.
static inline lanes_t
counts_multiply_high (lanes_t a, lanes_t b)
{
    pair_t low = vector_multiply ((pair_t) a, (pair_t) b);
    pair_t high = vector_multiply ((pair_t) a >> 32, (pair_t) b >> 32);
    return (lanes_t) (low >> 32 | (high >> 32 << 32));
}

static inline uint32_t
counts_word (const uint8_t *bytes)
{
    return bytes[0] | (uint32_t) bytes[1] << 8;
}

//  Which lanes have all bits set, of lanes that have all or none: a bit each, the first one lowest.
static inline unsigned
counts_which (lanes_t lanes)
{
#ifdef __SSE2__
    typedef float floats_t __attribute__ ((vector_size (sizeof lanes)));
    return (unsigned) __builtin_ia32_movmskps ((floats_t) lanes);
#else
    return (lanes[0] & 1) | (lanes[1] & 2) | (lanes[2] & 4) | (lanes[3] & 8);
#endif
}

#endif
