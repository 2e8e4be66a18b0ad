//  SPDX-License-Identifier: GPL-2.0-or-later
//  vector - for functions whose inner loops are vectors, written with the compilers' vector
//  extension.
//
//  Vectors are twice as wide on most processors as on those that all programs have to run on: such
//  a function is compiled for both, and the loader takes the one that fits. They do the same.
#ifndef STORAGE_VECTOR_H
#define STORAGE_VECTOR_H

#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#if defined __x86_64__ && defined __linux__ && defined __GNUC__ && !defined __clang__
#define VECTOR_CLONES __attribute__ ((target_clones ("avx2", "default")))
#else
#define VECTOR_CLONES
#endif

typedef uint64_t pair_t __attribute__ ((vector_size (16)));

//  The products of the lower 32 bits of each.
static inline pair_t
vector_multiply (pair_t a, pair_t b)
{
#ifdef __SSE2__
    return (pair_t) _mm_mul_epu32 ((__m128i) a, (__m128i) b);
#else
    return (a & UINT32_MAX) * (b & UINT32_MAX);
#endif
}

#endif
