//  SPDX-License-Identifier: GPL-2.0-or-later
//  bars - a row of numbers as a row of bars, one character each: "▁▂▅█", or ".:=#" where the
//  locale has no such characters. Pure but for the FILE that is printed to.
#ifndef SUBSCRIBER_BARS_H
#define SUBSCRIBER_BARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

//  How high the bars are, in steps.
#define BARS_TOP 8

//  A bar that is full for greatest; some are never nothing. A blank for 0 and for NAN, a dot (or a
//  question mark) for what is below 0: unknown.
const char *bars_one (double value, double greatest, bool utf8);

//  Print a bar for each value. The greatest of them is full.
void bars_print (const double *values, size_t count, bool utf8, FILE *out);

#endif
