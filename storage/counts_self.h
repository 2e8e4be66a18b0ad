//  SPDX-License-Identifier: GPL-2.0-or-later
//  counts_self - what writing and reading counts share, for counts*.c.
//
//  Most counts of most frames are plain: they have a symbol, and no bits are split off. What is
//  known of the slots is laid out so that the symbols of a plain frame are computed in blocks, by
//  the same steps for each slot, which compilers make vector instructions of.
#ifndef STORAGE_COUNTS_SELF_H
#define STORAGE_COUNTS_SELF_H

#include "storage/counts.h"

#define STATE_MIN (1u << 16)

//  No slots, from first to end.
void counts_models_begin (counts_models_t *self, unsigned first, unsigned end);
//  The next slot that is not 0 in all frames; mean and low_bits are 0 but of a normal distribution.
void counts_models_add (counts_models_t *self, unsigned slot, unsigned number, uint64_t mean,
                        unsigned low_bits);

//  The symbols of a frame, one for each slot from first on. Returns false where it is not plain.
bool counts_symbols (const counts_models_t *self, const uint64_t *frame, counts_symbols_t symbols);

#endif
