//  SPDX-License-Identifier: GPL-2.0-or-later
//  distribution - see distribution.h. First that of zeros, then negative binomial ones, then normal
//  ones.
#include "storage/distribution.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define MEANS     14
#define SPREADS   6
#define BINOMIALS (MEANS * SPREADS)
#define NORMALS   27

#define MEAN_MAX    12.0 //  Of a negative binomial model
#define MEAN_STEPS  4.0  //  Of its square root, a unit
#define NORMAL_LOW  0.125
#define NORMAL_STEP 1.2599210498948732 //  The cube root of 2
#define NORMAL_BITS 4                  //  A deviation of 2^4 and more is split

static const double s_spreads[SPREADS] = {1.0, 1.5, 2.5, 5.0, 12.0, 40.0};
static distribution_t *s_distributions; //  DISTRIBUTIONS of them, made once
static double s_normal_limits[NORMALS]; //  Up to which deviation each normal one is the nearest
static pthread_once_t s_once = PTHREAD_ONCE_INIT;

_Static_assert(DISTRIBUTIONS == 1 + BINOMIALS + NORMALS, "as many as the header says");

//  --- computing them ---------------------------------------------------------------------------

//  exp (x) for -64 < x <= 0, by basic operations.
static double
s_exp (double x)
{
    double term = 1, sum = 1;
    x /= 1024;
    for (int i = 1; i < 12; i++) {
        term = term * x / i;
        sum += term;
    }
    for (int i = 0; i < 10; i++)
        sum *= sum;
    return sum;
}

//  Give each symbol its share of SCALE; what is too rare for one is left to ESCAPE.
static void
s_share_out (const double *weights, unsigned *frequency)
{
    double total = 0;
    unsigned left = SCALE - 1, common = 0;
    for (unsigned i = 0; i < ESCAPE; i++)
        total += weights[i];
    for (unsigned i = 0; i < ESCAPE; i++) {
        unsigned share = (unsigned) (weights[i] / total * (SCALE - 1) + 0.5);
        frequency[i] = share < left ? share : left;
        left -= frequency[i];
        if (frequency[i] > frequency[common])
            common = i;
    }
    frequency[common] += left;
    frequency[ESCAPE] = 1;
}

static void
s_set_frequencies (distribution_t *self, const double *weights)
{
    unsigned frequency[SYMBOLS], slot = 0;
    s_share_out (weights, frequency);
    for (unsigned i = 0; i < SYMBOLS; i++) {
        if (frequency[i] == 0)
            continue;
        self->span[i] = slot | frequency[i] << 16;
        self->reciprocal[i] = ((1ULL << 43) + frequency[i] - 1) / frequency[i];
        memset (&self->symbol[slot], (int) i, frequency[i]);
        slot += frequency[i];
    }
    assert (slot == SCALE);
}

//  Negative binomial with this mean and variance spread * mean; Poisson for a spread of 1.
static void
s_set_binomial (distribution_t *self, double mean, double spread)
{
    double weights[ESCAPE] = {1};
    double size = spread > 1 ? mean / (spread - 1) : 0;
    for (unsigned k = 1; k < ESCAPE; k++)
        weights[k] = spread > 1 ? weights[k - 1] * (k - 1 + size) / k * (1 - 1 / spread)
                                : weights[k - 1] * mean / k;
    s_set_frequencies (self, weights);
}

//  Normal, with a hundredth of it four times as wide, of symbols 0, -1, 1, -2, 2 ...
static void
s_set_normal (distribution_t *self, double deviation)
{
    double weights[ESCAPE];
    for (unsigned symbol = 0; symbol < ESCAPE; symbol++) {
        unsigned steps = (symbol + 1) / 2;
        double distance = steps / deviation;
        double exponent = -distance * distance / 2;
        weights[symbol] = 0.99 * (exponent > -60 ? s_exp (exponent) : 0) +
                          0.01 / 4 * (exponent > -960 ? s_exp (exponent / 16) : 0);
    }
    s_set_frequencies (self, weights);
}

static void
s_make (void)
{
    s_distributions = calloc (DISTRIBUTIONS, sizeof *s_distributions);
    assert (s_distributions);
    for (unsigned i = 0; i < BINOMIALS; i++) {
        unsigned step = i / SPREADS;
        double root = (step + 0.5) / MEAN_STEPS;
        s_set_binomial (&s_distributions[1 + i], root * root, s_spreads[i % SPREADS]);
    }
    double deviation = NORMAL_LOW;
    for (unsigned i = 0; i < NORMALS; i++, deviation *= NORMAL_STEP) {
        s_set_normal (&s_distributions[1 + BINOMIALS + i], deviation);
        s_normal_limits[i] = deviation * 1.1224620483093730; //  The sixth root of 2
    }
}

const distribution_t *
distribution_get (unsigned number)
{
    pthread_once (&s_once, s_make);
    return &s_distributions[number];
}

uint64_t
distribution_digest (void)
{
    pthread_once (&s_once, s_make);
    uint64_t digest = 0;
    for (unsigned i = 0; i < DISTRIBUTIONS; i++)
        digest = XXH64 (s_distributions[i].span, sizeof s_distributions[i].span, digest);
    return digest;
}

bool
distribution_is_normal (unsigned number)
{
    return number > BINOMIALS;
}

//  --- choosing one ----------------------------------------------------------------------------

static unsigned
s_choose_spread (double spread)
{
    unsigned best = 0;
    while (best + 1 < SPREADS && spread > (s_spreads[best] + s_spreads[best + 1]) / 2)
        best++;
    return best;
}

static unsigned
s_choose_normal (double deviation)
{
    unsigned best = 0;
    pthread_once (&s_once, s_make);
    while (best + 1 < NORMALS && deviation > s_normal_limits[best])
        best++;
    return 1 + BINOMIALS + best;
}

//  Numbers below this, of which there are 240 at most, have sums that fit 64 bits, even that of
//  their squares times how many they are.
#define EXACT_MAX (1u << 24)

static void
s_estimate (const uint64_t *values, size_t stride, unsigned count, double *mean, double *variance)
{
    double sum = 0, squares = 0;
    for (unsigned i = 0; i < count; i++)
        sum += (double) values[i * stride];
    *mean = sum / count;
    for (unsigned i = 0; i < count; i++)
        squares += ((double) values[i * stride] - *mean) * ((double) values[i * stride] - *mean);
    *variance = squares / count;
}

static void
s_moments (const uint64_t *values, size_t stride, unsigned count, double *mean, double *variance)
{
    uint64_t all = 0, sum = 0, squares = 0;
    for (unsigned i = 0; i < count; i++) {
        all |= values[i * stride];
        sum += values[i * stride];
        squares += values[i * stride] * values[i * stride];
    }
    if (all >= EXACT_MAX) {
        s_estimate (values, stride, count, mean, variance);
        return;
    }
    *mean = (double) sum / count;
    *variance = (double) (count * squares - sum * sum) / ((double) count * count);
}

choice_t
distribution_choose (const uint64_t *values, size_t stride, unsigned count)
{
    double mean, variance;
    s_moments (values, stride, count, &mean, &variance);
    if (mean == 0)
        return (choice_t){.number = DISTRIBUTION_ZERO};
    if (mean < MEAN_MAX && variance > mean * 0.6) {
        unsigned step = (unsigned) (sqrt (mean) * MEAN_STEPS);
        return (choice_t){.number = 1 + step * SPREADS + s_choose_spread (variance / mean)};
    }
    choice_t choice = {.low_bits = 0};
    double deviation = sqrt (variance);
    for (; deviation >= 2 << NORMAL_BITS && choice.low_bits < 63; deviation /= 2)
        choice.low_bits++;
    choice.number = s_choose_normal (deviation);
    choice.mean = (mean < 0x1p62 ? (uint64_t) llround (mean) : 1ULL << 62) >> choice.low_bits;
    return choice;
}
