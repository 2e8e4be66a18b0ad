//  SPDX-License-Identifier: GPL-2.0-or-later
//  text - UTF-8 as RFC 3629 has it (shortest form, no surrogates, up to U+10FFFF), less the C0 and
//  C1 control characters.

#include <stdint.h>
#include <string.h>
#include "schema/text.h"

//  The least code point that needs a length, by length.
static const uint32_t s_least[] = {0, 0, 0x80, 0x800, 0x10000};

//  Length by the first byte; 0 where none starts so.
static size_t
s_length (uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first >> 5 == 0x06)
        return 2;
    if (first >> 4 == 0x0e)
        return 3;
    return first >> 3 == 0x1e ? 4 : 0;
}

static bool
s_may_be_shown (uint32_t point)
{
    if (point == '\t' || point == '\n')
        return true;
    return point >= 0x20 && !(point >= 0x7f && point < 0xa0) && point <= 0x10ffff &&
           !(point >= 0xd800 && point < 0xe000);
}

size_t
text_character (const char *text, size_t length)
{
    const uint8_t *bytes = (const uint8_t *) text;
    size_t size = length == 0 ? 0 : s_length (bytes[0]);
    if (size == 0 || size > length)
        return 0;
    uint32_t point = size == 1 ? bytes[0] : bytes[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if (bytes[i] >> 6 != 0x02)
            return 0;
        point = point << 6 | (bytes[i] & 0x3f);
    }
    return point >= s_least[size] && s_may_be_shown (point) ? size : 0;
}

//  A character of ASCII other than a control character, which most are.
static bool
s_is_plain (char c)
{
    return c >= ' ' && c <= '~';
}

bool
text_is_valid (const char *text, size_t length)
{
    while (length > 0) {
        size_t size = s_is_plain (*text) ? 1 : text_character (text, length);
        if (size == 0)
            return false;
        text += size;
        length -= size;
    }
    return true;
}

size_t
text_cut (const char *text, size_t max)
{
    size_t length = strnlen (text, max + 1);
    if (length <= max)
        return length;
    length = max;
    while (length > 0 && ((uint8_t) text[length] >> 6) == 0x02)
        length--;
    return length;
}
