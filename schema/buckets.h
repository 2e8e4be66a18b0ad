//  SPDX-License-Identifier: GPL-2.0-or-later
//  buckets - the one bucket scheme, compiled by the BPF programs and by user space alike.
//
//  Exponential, 8 buckets a doubling, upper-inclusive, aligned to seconds: bucket j holds the
//  durations v with 2^((j-1)/8) s < v <= 2^(j/8) s. That is a Prometheus native histogram of
//  schema 3, and an OpenTelemetry exponential histogram of scale 3 (whose index is j - 1).
//  Zero has a bucket of its own. Every 64-bit duration in ns has a bucket: nothing is clamped.
//
//      slot 0         v = 0
//      slot 1 + n     bucket j = BUCKET_MIN_INDEX + n
//
//  For v > 0, with k = floor (log2 v) and m = v << (63 - k):
//      j = 8k - 239 + number of edges below m
//  where the edges, those inside one doubling of ns, are floor (10^9 * 2^(i / 8)), i = 1..8,
//  brought to 64 bits. Exact for every integer v; tests prove it with big numbers.
#ifndef SCHEMA_BUCKETS_H
#define SCHEMA_BUCKETS_H

#define BUCKETS_PER_DOUBLING 8
#define BUCKET_MIN_INDEX     (-239)                                    //  Holds 1 ns
#define BUCKET_MAX_INDEX     273                                       //  Holds 2^64 - 1 ns
#define BUCKET_SLOTS         (BUCKET_MAX_INDEX - BUCKET_MIN_INDEX + 2) //  514, with zero's

//  The edges inside each of 16 equal parts of one doubling, less 2^63 (none: above all), and how
//  many edges lie below each part, four bits a part.
#define BUCKET_NO_EDGE 0x7FFFFFFFFFFFFFFFULL
#define BUCKET_EDGES_BY_PART                                                                       \
    {                                                                                              \
        0x01FFA7A9549CA6E3ULL, 0x0DC3B8960164A7D9ULL, BUCKET_NO_EDGE, 0x1A9867054D512391ULL,       \
            BUCKET_NO_EDGE, 0x28965F74BF065071ULL, 0x37D88A12D0DD9EA0ULL, BUCKET_NO_EDGE,          \
            BUCKET_NO_EDGE, 0x487C3E7D03CDBEC3ULL, BUCKET_NO_EDGE, 0x5AA17C2CD19555DBULL,          \
            BUCKET_NO_EDGE, 0x6E6B280000000000ULL, BUCKET_NO_EDGE, BUCKET_NO_EDGE                  \
    }
#define BUCKET_EDGES_BELOW_PART 0x8877665554332210ULL

//  How BPF computes: it has no count-leading-zeros, and turns each comparison into a jump that
//  the CPU may mispredict. So: bits of differences instead of comparisons, and a table in which
//  the four bits below m's leading one select the only edge that can lie between.

//  1 where value is above limit, else 0; both below 2^63. Hides the difference from the compiler,
//  which would make a jump of it.
static inline __attribute__ ((always_inline)) unsigned long long
bucket_above (unsigned long long value, unsigned long long limit)
{
    unsigned long long difference = limit - value;
    __asm__("" : "+r"(difference));
    return difference >> 63;
}

//  floor (log2 v); 0 for v = 0.
static inline __attribute__ ((always_inline)) unsigned
bucket_log2 (unsigned long long v)
{
    unsigned long long k = bucket_above (v >> 32, 0) << 5;
    unsigned long long rest = v >> k; //  Below 2^32 from here on
    unsigned long long step = bucket_above (rest, 0xFFFF) << 4;
    rest >>= step;
    k |= step;
    step = bucket_above (rest, 0xFF) << 3;
    rest >>= step;
    k |= step;
    step = bucket_above (rest, 0xF) << 2;
    rest >>= step;
    k |= step;
    return (unsigned) (k + (0x3333333322221100ULL >> (4 * rest) & 3));
}

//  The slot of a duration in ns, 0 .. BUCKET_SLOTS - 1.
static inline __attribute__ ((always_inline)) unsigned
bucket_slot (unsigned long long value_ns)
{
    static const unsigned long long edges[16] = BUCKET_EDGES_BY_PART;
    if (value_ns == 0)
        return 0;
    unsigned k = bucket_log2 (value_ns);
    unsigned long long m = value_ns << (63 - k);
    unsigned part = (unsigned) (m >> 59) & 15;
    unsigned below = (unsigned) (BUCKET_EDGES_BELOW_PART >> (4 * part)) & 15;
    return 8 * k + 1 + below + (unsigned) bucket_above (m - (1ULL << 63), edges[part]);
}

#ifndef __bpf__

//  The bucket index j of a slot above 0.
static inline int
bucket_index (unsigned slot)
{
    return (int) slot - 1 + BUCKET_MIN_INDEX;
}

//  The upper edge of a slot in ns (inclusive); 0 for slot 0. Source of the formula: Prometheus
//  native histogram specification, schema 3.
double bucket_upper_ns (unsigned slot);

//  The lower edge of a slot in ns (exclusive); 0 for slots 0 and 1.
double bucket_lower_ns (unsigned slot);

//  The value whose relative error to both edges of the slot is equal, 2ab / (a + b) of edges a
//  and b: at most 4.4 % from any value in the slot. 0 for slot 0.
double bucket_middle_ns (unsigned slot);

#endif
#endif
