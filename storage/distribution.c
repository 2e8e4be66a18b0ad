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
#include "storage/vector.h"

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
static distribution_t *s_distributions; //  DISTRIBUTIONS of them, made once, and the certain one
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

//  Which symbols in a row have slots; ESCAPE is none of them.
static void
s_set_range (distribution_t *self, const unsigned *frequency)
{
    unsigned common = 0;
    for (unsigned i = 1; i < ESCAPE; i++)
        if (frequency[i] > frequency[common])
            common = i;
    self->lowest = self->highest = (uint8_t) common;
    while (self->lowest > 0 && frequency[self->lowest - 1] > 0)
        self->lowest--;
    while (self->highest < ESCAPE - 1 && frequency[self->highest + 1] > 0)
        self->highest++;
}

static symbol_code_t
s_code (unsigned first, unsigned count)
{
    return (symbol_code_t){.slots = first | count << 16,
                           .reciprocal =
                               count > 1 ? (uint32_t) ((1ULL << 32) / count) : UINT32_MAX};
}

static void
s_set_frequencies (distribution_t *self, const double *weights)
{
    unsigned frequency[SYMBOLS], slot = 0;
    s_share_out (weights, frequency);
    s_set_range (self, frequency);
    for (unsigned i = 0; i < SYMBOLS; i++) {
        if (frequency[i] == 0)
            continue;
        self->span[i] = (symbol_slots_t){(uint16_t) slot, (uint16_t) frequency[i]};
        self->codes[i] = s_code (slot, frequency[i]);
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
s_set_certain (distribution_t *self)
{
    for (unsigned i = 0; i < SYMBOLS; i++) {
        self->span[i].count = SCALE;
        self->codes[i] = s_code (0, SCALE);
    }
}

static void
s_make (void)
{
    s_distributions = calloc (DISTRIBUTIONS + 1, sizeof *s_distributions);
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
    s_set_certain (&s_distributions[DISTRIBUTIONS]);
}

const distribution_t *
distribution_get (unsigned number)
{
    pthread_once (&s_once, s_make);
    return &s_distributions[number];
}

const distribution_t *
distribution_certain (void)
{
    return distribution_get (DISTRIBUTIONS);
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

//  Columns whose sums are taken at once; more do not fit the registers.
#define AT_ONCE 4

//  What is summed of columns side by side.
typedef struct {
    uint64_t all; //  Which bits are set in any number of any column
    uint64_t sums[AT_ONCE], squares[AT_ONCE];
} moments_t;

static inline void
s_add_number (moments_t *self, unsigned column, uint64_t value)
{
    self->all |= value;
    self->sums[column] += value;
    self->squares[column] += value * value;
}

//  Of columns side by side, two in a vector. Squares are of the lower 32 bits, which are all where
//  they are wanted.
typedef struct {
    pair_t all, sums, squares;
} pair_moments_t;

static inline void
s_add_pair (pair_moments_t *self, const uint64_t *values)
{
    pair_t pair;
    memcpy (&pair, values, sizeof pair);
    self->all |= pair;
    self->sums += pair;
    self->squares += vector_multiply (pair, pair);
}

static moments_t
s_moments (const pair_moments_t *left, const pair_moments_t *right)
{
    pair_t all = left->all | right->all;
    return (moments_t){
        .all = all[0] | all[1],
        .sums = {left->sums[0], left->sums[1], right->sums[0], right->sums[1]},
        .squares = {left->squares[0], left->squares[1], right->squares[0], right->squares[1]}};
}

static inline moments_t
s_add_columns (const uint64_t *values, size_t stride, unsigned count)
{
    pair_moments_t left = {.all = {0}}, right = {.all = {0}};
    for (unsigned i = 0; i < count; i++, values += stride) {
        s_add_pair (&left, values);
        s_add_pair (&right, values + 2);
    }
    return s_moments (&left, &right);
}

static choice_t
s_choose (double mean, double variance)
{
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

//  For one column, from what was summed, or from its numbers where they are too large.
static choice_t
s_choose_by (const moments_t *moments, unsigned column, const uint64_t *values, size_t stride,
             unsigned count)
{
    double mean, variance;
    if (moments->all >= EXACT_MAX)
        s_estimate (values, stride, count, &mean, &variance);
    else {
        uint64_t sum = moments->sums[column];
        mean = (double) sum / count;
        variance =
            (double) (count * moments->squares[column] - sum * sum) / ((double) count * count);
    }
    return s_choose (mean, variance);
}

void
distribution_choose (const uint64_t *values, size_t stride, unsigned count, choice_t *choices,
                     unsigned width)
{
    unsigned column = 0;
    for (; column + AT_ONCE <= width; column += AT_ONCE) {
        moments_t moments = s_add_columns (values + column, stride, count);
        for (unsigned i = 0; i < AT_ONCE; i++)
            choices[column + i] = s_choose_by (&moments, i, values + column + i, stride, count);
    }
    for (; column < width; column++) {
        moments_t moments = {.all = 0};
        for (unsigned i = 0; i < count; i++)
            s_add_number (&moments, 0, values[column + i * stride]);
        choices[column] = s_choose_by (&moments, 0, values + column, stride, count);
    }
}
