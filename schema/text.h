//  SPDX-License-Identifier: GPL-2.0-or-later
//  text - which strings may travel and be shown: UTF-8 without control characters other than tab
//  and newline. Every language can decode it, and no terminal obeys it.
#ifndef SCHEMA_TEXT_H
#define SCHEMA_TEXT_H

#include <stdbool.h>
#include <stddef.h>

//  How many bytes the character at the start of text has (1 .. 4), or 0 where there is none that
//  is valid text within length bytes.
size_t text_character (const char *text, size_t length);

//  True where all length bytes are valid text.
bool text_is_valid (const char *text, size_t length);

//  The most bytes, at most max, at which text can be cut without cutting a character.
size_t text_cut (const char *text, size_t max);

#endif
