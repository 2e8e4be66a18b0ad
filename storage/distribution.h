//  SPDX-License-Identifier: GPL-2.0-or-later
//  distribution - the fixed set of distributions that columns of counts are coded with, and which
//  of them fits a column. Computed once, with the basic operations of IEEE 754 only.
//  Safe from any thread.
#ifndef STORAGE_DISTRIBUTION_H
#define STORAGE_DISTRIBUTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISTRIBUTIONS     112
#define DISTRIBUTION_ZERO 0 //  All counts are 0: nothing is coded

#define SCALE_BITS 11 //  Frequencies add up to 2^11
#define SCALE      (1u << SCALE_BITS)
#define SYMBOLS    256
#define ESCAPE     255 //  The symbol of all that have none

//  Which slots are a symbol's: the first one, and how many; 0: it is too rare.
typedef struct {
    uint16_t first, count;
} symbol_slots_t;

//  What a symbol is encoded with, which has slots.
typedef struct {
    uint32_t slots;      //  The first one, and how many, which are the higher 16 bits
    uint32_t reciprocal; //  See distribution_divide
} symbol_code_t;

typedef struct {
    uint8_t symbol[SCALE]; //  Of each slot
    symbol_slots_t span[SYMBOLS];
    symbol_code_t codes[SYMBOLS];
    uint8_t lowest, highest; //  Of symbols in a row, about the most frequent, that have slots
} distribution_t;

//  number must be below DISTRIBUTIONS.
const distribution_t *distribution_get (unsigned number);

//  One by which any symbol changes no state: all slots are every symbol's. It tells no symbols.
const distribution_t *distribution_certain (void);

//  state / how many slots the symbol has, which must not be 0, or one less, for states below that
//  << (32 - SCALE_BITS): the reciprocal is 2^32 / the slots less than one, so that the product is
//  too small by less than a state is to 2^32.
static inline uint32_t
distribution_divide (const distribution_t *self, unsigned symbol, uint32_t state)
{
    return (uint32_t) ((uint64_t) state * self->codes[symbol].reciprocal >> 32);
}

//  Whether its symbols are differences from a mean; otherwise they are the counts.
bool distribution_is_normal (unsigned number);

//  How one bucket's counts are coded.
typedef struct {
    unsigned number;   //  Of the distribution
    unsigned low_bits; //  Split off each count, of a normal one
    uint64_t mean;     //  Of the rest, likewise
} choice_t;

//  For each of width columns side by side, of which the first one has count numbers at values, each
//  stride after the one before.
void distribution_choose (const uint64_t *values, size_t stride, unsigned count, choice_t *choices,
                          unsigned width);

//  A digest of their symbols' slots, for the test that they are the same everywhere.
uint64_t distribution_digest (void);

#endif
