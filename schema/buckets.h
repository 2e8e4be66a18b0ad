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
//      j = 8k - 239 + number of BUCKET_EDGES below m
//  where BUCKET_EDGES[i] = floor (10^9 * 2^((i + 1) / 8)) brought to 64 bits, i = 0..7 (the
//  edges inside one doubling of ns). Exact for every integer v; tests prove it with big numbers.
#ifndef SCHEMA_BUCKETS_H
#define SCHEMA_BUCKETS_H

#define BUCKETS_PER_DOUBLING 8
#define BUCKET_MIN_INDEX     (-239) //  Holds 1 ns
#define BUCKET_MAX_INDEX     273    //  Holds 2^64 - 1 ns
#define BUCKET_SLOTS         (BUCKET_MAX_INDEX - BUCKET_MIN_INDEX + 2) //  514, with zero's

#define BUCKET_EDGES_INIT                                                                          \
    {                                                                                              \
        0x81FFA7A9549CA6E3ULL, 0x8DC3B8960164A7D9ULL, 0x9A9867054D512391ULL,                       \
            0xA8965F74BF065071ULL, 0xB7D88A12D0DD9EA0ULL, 0xC87C3E7D03CDBEC3ULL,                   \
            0xDAA17C2CD19555DBULL, 0xEE6B280000000000ULL                                           \
    }

//  floor (log2 v) for v > 0, without a helper call and without clz, which BPF does not have.
static inline __attribute__ ((always_inline)) unsigned
bucket_log2 (unsigned long long v)
{
    unsigned k = 0, s;

    s = (v > 0xFFFFFFFFULL) << 5;
    v >>= s;
    k |= s;
    s = (v > 0xFFFFULL) << 4;
    v >>= s;
    k |= s;
    s = (v > 0xFFULL) << 3;
    v >>= s;
    k |= s;
    s = (v > 0xFULL) << 2;
    v >>= s;
    k |= s;
    s = (v > 0x3ULL) << 1;
    v >>= s;
    k |= s;
    return k | (unsigned) (v >> 1);
}

//  The slot of a duration in ns, 0 .. BUCKET_SLOTS - 1.
static inline __attribute__ ((always_inline)) unsigned
bucket_slot (unsigned long long value_ns)
{
    const unsigned long long edges[] = BUCKET_EDGES_INIT;
    if (value_ns == 0)
        return 0;
    unsigned k = bucket_log2 (value_ns);
    unsigned long long m = value_ns << (63 - k);
    //  Binary search of eight edges, unrolled: how many are below m.
    unsigned n = (edges[3] < m) << 2;
    n |= (edges[n | 1] < m) << 1;
    n |= edges[n] < m;
    n += edges[n] < m;
    return 8 * k + 1 + n;
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
double
bucket_upper_ns (unsigned slot);

//  The lower edge of a slot in ns (exclusive); 0 for slots 0 and 1.
double
bucket_lower_ns (unsigned slot);

//  The value whose relative error to both edges of the slot is equal, 2ab / (a + b) of edges a
//  and b: at most 4.4 % from any value in the slot. 0 for slot 0.
double
bucket_middle_ns (unsigned slot);

#endif
#endif
