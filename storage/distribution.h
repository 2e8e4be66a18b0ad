//  SPDX-License-Identifier: GPL-2.0-or-later
//  distribution - the fixed set of distributions that columns of counts are coded with, and which
//  of them fits a column. Computed once, with the basic operations of IEEE 754 only.
//  Safe from any thread.
#ifndef STORAGE_DISTRIBUTION_H
#define STORAGE_DISTRIBUTION_H

#include <stdbool.h>
#include <stdint.h>

#define DISTRIBUTIONS     112
#define DISTRIBUTION_ZERO 0 //  All counts are 0: nothing is coded

#define SCALE_BITS 11 //  Frequencies add up to 2^11
#define SCALE      (1u << SCALE_BITS)
#define SYMBOLS    256
#define ESCAPE     255 //  The symbol of all that have none

typedef struct {
    uint16_t frequency[SYMBOLS]; //  0: too rare to have one
    uint16_t start[SYMBOLS];
    uint32_t slots[SCALE]; //  Symbol, its frequency << 8, and how far above its start << 20
} distribution_t;

//  number must be below DISTRIBUTIONS.
const distribution_t *distribution_get (unsigned number);

//  Whether its symbols are differences from a mean; otherwise they are the counts.
bool distribution_is_normal (unsigned number);

//  How one bucket's counts are coded.
typedef struct {
    unsigned number;   //  Of the distribution
    unsigned low_bits; //  Split off each count, of a normal one
    uint64_t mean;     //  Of the rest, likewise
} choice_t;

choice_t distribution_choose (const uint64_t *values, unsigned count);

//  A digest of all of them, for the test that they are the same everywhere.
uint64_t distribution_digest (void);

#endif
