//  SPDX-License-Identifier: GPL-2.0-or-later
//  buckets - the edges of the buckets. Slot s holds bucket j = s - 240, whose upper edge is
//  10^9 * 2^(j/8) ns: 2^(s mod 8 / 8) from a table, times a power of two, which is exact.

#include <assert.h>
#include <math.h>
#include "schema/buckets.h"

//  2^(i/8), correctly rounded.
static const double s_eighths[BUCKETS_PER_DOUBLING] = {
    1.0,
    1.0905077326652577,
    1.189207115002721,
    1.2968395546510096,
    1.4142135623730951,
    1.5422108254079407,
    1.681792830507429,
    1.8340080864093424,
};

#define NS_PER_S         1e9
#define SLOT_OF_BUCKET_0 (1 - BUCKET_MIN_INDEX)

_Static_assert(SLOT_OF_BUCKET_0 % BUCKETS_PER_DOUBLING == 0, "slot mod 8 is bucket mod 8");

double
bucket_upper_ns (unsigned slot)
{
    assert (slot < BUCKET_SLOTS);
    if (slot == 0)
        return 0;
    int doublings = (int) (slot / BUCKETS_PER_DOUBLING) - SLOT_OF_BUCKET_0 / BUCKETS_PER_DOUBLING;
    return ldexp (NS_PER_S * s_eighths[slot % BUCKETS_PER_DOUBLING], doublings);
}

double
bucket_lower_ns (unsigned slot)
{
    return slot < 2 ? 0 : bucket_upper_ns (slot - 1);
}

//  With b = r a for r = 2^(1/8), 2ab / (a + b) is 2b / (1 + r).
double
bucket_middle_ns (unsigned slot)
{
    return bucket_upper_ns (slot) * 2 / (1 + s_eighths[1]);
}
