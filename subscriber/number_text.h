//  SPDX-License-Identifier: GPL-2.0-or-later
//  number_text - numbers as programs read them: never rounded. Pure.
#ifndef SUBSCRIBER_NUMBER_TEXT_H
#define SUBSCRIBER_NUMBER_TEXT_H

#include "schema/histogram.h"

#define NUMBER_TEXT_MAX 40 //  Bytes of the longest text: 2^128 - 1 has 39 digits

//  Each returns where in text the number begins, which ends with it.
const char *number_text_integer (int64_t value, char text[NUMBER_TEXT_MAX + 1]);
const char *number_text_sum (uint128_t value, char text[NUMBER_TEXT_MAX + 1]);
//  As printf's %.15g writes it, or %.16g or %.17g: the first that reads back as the same double.
//  Must be finite.
const char *number_text_real (double value, char text[NUMBER_TEXT_MAX + 1]);

#endif
