//  SPDX-License-Identifier: GPL-2.0-or-later
//  chance - fast seeded random numbers: uniform, normal and Poisson distributed.
//  Plain values; not safe for shared drawing.
#ifndef TESTS_BENCH_CHANCE_H
#define TESTS_BENCH_CHANCE_H

#include <stdint.h>

typedef struct {
    uint64_t state[4];
} chance_t;

void chance_init (chance_t *self, uint64_t seed);

//  64 random bits. Source: Blackman and Vigna, xoshiro256**.
static inline uint64_t
chance_next (chance_t *self)
{
    uint64_t *s = self->state, result = (s[1] * 5 << 7 | s[1] * 5 >> 57) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = s[3] << 45 | s[3] >> 19;
    return result;
}

//  From 0 up to, but not, 1.
static inline double
chance_uniform (chance_t *self)
{
    return (double) (chance_next (self) >> 11) * 0x1p-53;
}

//  Mean 0, standard deviation 1.
double chance_normal (chance_t *self);

//  A Poisson distribution, tabulated so that a draw is one random number and about one comparison.
typedef struct poisson_t poisson_t;

//  mean is above 0 and at most 1000.
poisson_t *poisson_new (double mean);
void poisson_destroy (poisson_t **self_p);
uint64_t poisson_draw (const poisson_t *self, chance_t *chance);

#endif
