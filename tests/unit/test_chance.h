//  SPDX-License-Identifier: GPL-2.0-or-later
//  test_chance - numbers by chance that are the same in every run: chance_state begins them.
#ifndef TESTS_UNIT_TEST_CHANCE_H
#define TESTS_UNIT_TEST_CHANCE_H

#include <math.h>
#include <stdint.h>

static uint64_t chance_state;

static inline uint64_t
chance_number (void)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return chance_state;
}

static inline uint64_t
chance_below (uint64_t below)
{
    return chance_number () % below;
}

static inline double
chance_uniform (void)
{
    return ((double) (chance_number () >> 11) + 0.5) / 9007199254740992.0;
}

static inline double
chance_normal (void)
{
    return sqrt (-2 * log (chance_uniform ())) * cos (2 * M_PI * chance_uniform ());
}

#endif
