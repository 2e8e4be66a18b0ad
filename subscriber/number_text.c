//  SPDX-License-Identifier: GPL-2.0-or-later
//  number_text - see number_text.h. Digits are written from the end of the text to its front.
//
//  A live tail's line has nine reals, and asking printf and strtod three times for each was most of
//  what a line cost. In the range of durations 128 bits hold a double times 10^16 exactly, so that
//  multiplying and shifting finds the same digits; the others are printf's.
#include "subscriber/number_text.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define REAL_DIGITS_MIN 15 //  Every double of so many digits survives being read back
#define REAL_DIGITS_MAX 17 //  and every double at all survives so many
#define MANTISSA_BITS   53
#define EXACT_BELOW     100000000000000 //  10^14: as written out by %.15g, rounded up or not

static const uint64_t s_powers_of_10[REAL_DIGITS_MAX] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
};

//  --- whole numbers ---------------------------------------------------------------------------

static char *
s_prepend (uint64_t value, char *end)
{
    do {
        *--end = (char) ('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return end;
}

static char *
s_end_of (char text[NUMBER_TEXT_MAX + 1])
{
    text[NUMBER_TEXT_MAX] = '\0';
    return text + NUMBER_TEXT_MAX;
}

const char *
number_text_integer (int64_t value, char text[NUMBER_TEXT_MAX + 1])
{
    uint64_t size = value < 0 ? -(uint64_t) value : (uint64_t) value;
    char *first = s_prepend (size, s_end_of (text));
    if (value < 0)
        *--first = '-';
    return first;
}

const char *
number_text_sum (uint128_t value, char text[NUMBER_TEXT_MAX + 1])
{
    char *first = s_end_of (text);
    for (; value > UINT64_MAX; value /= 10)
        *--first = (char) ('0' + (int) (value % 10));
    return s_prepend ((uint64_t) value, first);
}

//  --- reals -----------------------------------------------------------------------------------

//  A real of some decimals: digits / 10^decimals.
typedef struct {
    uint64_t digits;
    int decimals;
} decimal_t;

//  A double from 1 to below 2^53: mantissa / 2^shift.
typedef struct {
    uint64_t mantissa;
    int shift;
} binary_t;

static binary_t
s_binary_of (double value)
{
    int exponent;
    double fraction = frexp (value, &exponent);
    return (binary_t){(uint64_t) ldexp (fraction, MANTISSA_BITS), MANTISSA_BITS - exponent};
}

//  Round to so many decimals, as printf does: halves to the even digit. Returns whether the nearest
//  double to the result is value again. Its neighbours are a unit of the mantissa away, which is
//  10^decimals where everything is multiplied by 10^decimals and 2^shift.
static bool
s_round (binary_t value, int decimals, decimal_t *rounded)
{
    uint64_t unit = s_powers_of_10[decimals];
    uint128_t exact = (uint128_t) value.mantissa * unit, one = (uint128_t) 1 << value.shift;
    uint128_t rest = exact & (one - 1), digits = exact >> value.shift;
    bool up = 2 * rest > one || (2 * rest == one && (digits & 1));
    uint128_t error = up ? one - rest : rest;
    *rounded = (decimal_t){(uint64_t) digits + up, decimals};
    return 2 * error < unit;
}

static const char *
s_decimal_text (decimal_t decimal, char text[NUMBER_TEXT_MAX + 1])
{
    char *first = s_end_of (text);
    for (; decimal.decimals > 0 && decimal.digits % 10 == 0; decimal.decimals--)
        decimal.digits /= 10;
    if (decimal.decimals > 0) {
        for (; decimal.decimals > 0; decimal.decimals--, decimal.digits /= 10)
            *--first = (char) ('0' + decimal.digits % 10);
        *--first = '.';
    }
    return s_prepend (decimal.digits, first);
}

static int
s_count_digits (uint64_t value)
{
    int count = 1;
    while (value >= s_powers_of_10[count])
        count++;
    return count;
}

//  Of a value from 1 to below EXACT_BELOW that is not whole, and so no power of 2, whose lower
//  neighbour would be nearer.
static const char *
s_exact_text (double value, char text[NUMBER_TEXT_MAX + 1])
{
    binary_t binary = s_binary_of (value);
    int decimals = REAL_DIGITS_MIN - s_count_digits ((uint64_t) value);
    decimal_t rounded;
    while (!s_round (binary, decimals, &rounded)) {
        decimals++;
        assert (decimals < REAL_DIGITS_MAX); //  As many digits do read back
    }
    return s_decimal_text (rounded, text);
}

static const char *
s_printed_text (double value, char text[NUMBER_TEXT_MAX + 1])
{
    for (int digits = REAL_DIGITS_MIN; digits <= REAL_DIGITS_MAX; digits++) {
        snprintf (text, NUMBER_TEXT_MAX + 1, "%.*g", digits, value);
        if (strtod (text, NULL) == value)
            break;
    }
    return text;
}

const char *
number_text_real (double value, char text[NUMBER_TEXT_MAX + 1])
{
    if (!(value >= 1 && value < EXACT_BELOW))
        return s_printed_text (value, text);
    if (value == (double) (uint64_t) value)
        return number_text_integer ((int64_t) value, text);
    return s_exact_text (value, text);
}
