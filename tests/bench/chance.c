//  SPDX-License-Identifier: GPL-2.0-or-later
//  chance - see chance.h.
#include "tests/bench/chance.h"
#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#define GUIDES      256
#define WIDTH_SIGMA 9 //  The table ends so far above the mean: beyond lies less than 2^-53
#define MEAN_MAX    1000

struct poisson_t {
    uint64_t first[GUIDES]; //  The least outcome whose below[] can be above i / GUIDES
    size_t count;
    double below[]; //  Probability that the outcome is at most i; the last is 1
};

//  Source: Vigna, SplitMix64, which xoshiro's authors advise for seeding.
void
chance_init (chance_t *self, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        uint64_t z = seed += 0x9E3779B97F4A7C15;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
        z = (z ^ z >> 27) * 0x94D049BB133111EB;
        self->state[i] = z ^ z >> 31;
    }
}

//  Source: Box and Muller, A Note on the Generation of Random Normal Deviates (1958).
double
chance_normal (chance_t *self)
{
    double radius = sqrt (-2.0 * log (1.0 - chance_uniform (self)));
    return radius * cos (2.0 * M_PI * chance_uniform (self));
}

poisson_t *
poisson_new (double mean)
{
    assert (mean > 0 && mean <= MEAN_MAX);
    size_t count = (size_t) (mean + WIDTH_SIGMA * sqrt (mean)) + 16;
    poisson_t *self = calloc (1, sizeof *self + count * sizeof self->below[0]);
    assert (self);
    self->count = count;
    double below = 0;
    for (size_t i = 0; i < count; i++)
        self->below[i] = below += exp ((double) i * log (mean) - mean - lgamma ((double) i + 1));
    self->below[count - 1] = 1;
    size_t outcome = 0;
    for (size_t i = 0; i < GUIDES; i++) {
        while (self->below[outcome] <= (double) i / GUIDES)
            outcome++;
        self->first[i] = outcome;
    }
    return self;
}

void
poisson_destroy (poisson_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

uint64_t
poisson_draw (const poisson_t *self, chance_t *chance)
{
    double uniform = chance_uniform (chance);
    uint64_t outcome = self->first[(size_t) (uniform * GUIDES)];
    while (self->below[outcome] <= uniform)
        outcome++;
    return outcome;
}
