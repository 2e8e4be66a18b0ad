//  SPDX-License-Identifier: GPL-2.0-or-later
//  unit_text - numbers as people read them: three digits that matter and a unit. Scripts read the
//  plain numbers of the machine formats instead. Pure.
#ifndef SUBSCRIBER_UNIT_TEXT_H
#define SUBSCRIBER_UNIT_TEXT_H

#include <stdint.h>

#define UNIT_TEXT_MAX 47

//  "812 ns", "12.3 us", "4.50 ms", "38.2 s", "31.0 h", "42.1 d".
void unit_text_duration (double ns, char text[UNIT_TEXT_MAX + 1]);
//  "512 B", "38.2 MiB".
void unit_text_bytes (double bytes, char text[UNIT_TEXT_MAX + 1]);
//  "0.0123", "1.50", "38.2", "1234", "1.2e+18": three digits, but the whole part in full below
//  1e15.
void unit_text_number (double value, char text[UNIT_TEXT_MAX + 1]);
//  A unix time in the local zone, "2026-11-23 08:00:00".
void unit_text_time (int64_t wall_s, char text[UNIT_TEXT_MAX + 1]);
//  The same without the date, "08:00:00".
void unit_text_clock (int64_t wall_s, char text[UNIT_TEXT_MAX + 1]);

#endif
