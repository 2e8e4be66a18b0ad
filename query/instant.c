//  SPDX-License-Identifier: GPL-2.0-or-later
//  instant - see instant.h.
#include "query/instant.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#define DURATION_MAX_S (100LL * 366 * 86400)
#define UNIX_MAX_S     253402300799LL
#define YEAR_1970_S    (365LL * 86400)

int
instant_parse_number (const char *text, size_t length, int64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < length; i++) {
        if (!isdigit ((unsigned char) text[i]) || *value >= 100000000000000000LL)
            return -1;
        *value = 10 * *value + (text[i] - '0');
    }
    return length > 0 ? 0 : -1;
}

static int64_t
s_unit_s (char letter)
{
    switch (tolower ((unsigned char) letter)) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    case 'w':
        return 7 * 86400;
    }
    return 0;
}

int
instant_parse_duration (const char *text, size_t length, int64_t *seconds)
{
    *seconds = 0;
    size_t i = 0;
    while (i < length) {
        size_t digits = 0;
        while (i + digits < length && isdigit ((unsigned char) text[i + digits]))
            digits++;
        int64_t number, unit = 1;
        if (instant_parse_number (text + i, digits, &number) == -1 || number > DURATION_MAX_S)
            return -1;
        i += digits;
        if (i < length)
            unit = s_unit_s (text[i++]);
        else if (digits < length)
            return -1;
        *seconds += number * unit;
        if (unit == 0 || *seconds > DURATION_MAX_S)
            return -1;
    }
    return length > 0 ? 0 : -1;
}

int
instant_parse_unix (const char *text, size_t length, int64_t *seconds)
{
    if (instant_parse_number (text, length, seconds) == -1)
        return -1;
    return *seconds <= UNIX_MAX_S ? 0 : -1;
}

//  Split text into calendar fields. Returns 0, or -1.
static int
s_split (const char *text, struct tm *fields)
{
    static const char *const formats[] = {"%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"};
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        memset (fields, 0, sizeof *fields);
        const char *end = strptime (text, formats[i], fields);
        if (end && *end == '\0')
            return 0;
    }
    return -1;
}

//  Conversion moves what does not exist, such as the 30th of February, to what does.
static bool
s_is_same (const struct tm *a, const struct tm *b)
{
    return a->tm_year == b->tm_year && a->tm_mon == b->tm_mon && a->tm_mday == b->tm_mday &&
           a->tm_hour == b->tm_hour && a->tm_min == b->tm_min && a->tm_sec == b->tm_sec;
}

int
instant_parse_wall (const char *text, int64_t *seconds)
{
    char copy[INSTANT_TEXT_MAX + 1];
    size_t length = strlen (text);
    if (length == 0 || length > INSTANT_TEXT_MAX)
        return -1;
    memcpy (copy, text, length + 1);
    bool is_utc = toupper ((unsigned char) copy[length - 1]) == 'Z';
    if (is_utc)
        copy[length - 1] = '\0';
    if (length > 10 && toupper ((unsigned char) copy[10]) == 'T')
        copy[10] = ' ';

    struct tm asked;
    if (s_split (copy, &asked) == -1)
        return -1;
    struct tm real = asked;
    real.tm_isdst = -1;
    *seconds = is_utc ? timegm (&real) : mktime (&real);
    return s_is_same (&asked, &real) && *seconds >= 0 && *seconds <= UNIX_MAX_S ? 0 : -1;
}

bool
instant_is_early (int64_t wall_s)
{
    return wall_s > 0 && wall_s < YEAR_1970_S;
}
