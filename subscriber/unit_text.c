//  SPDX-License-Identifier: GPL-2.0-or-later
//  unit_text - see unit_text.h.
#include "subscriber/unit_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#define WHOLE_BELOW 1e15 //  Larger numbers are not written out

typedef struct {
    double size;  //  In the base unit
    double below; //  Values whose magnitude is below this are shown in it
    const char *name;
} scale_t;

//  Each step ends where three digits would round up to 1000 of its unit; seconds go on to five.
static const scale_t s_durations[] = {
    {1, 999.5, "ns"},      {1e3, 999.5e3, "us"},          {1e6, 999.5e6, "ms"},
    {1e9, 99999.5e9, "s"}, {3600e9, 999.5 * 3600e9, "h"}, {86400e9, INFINITY, "d"},
};

static const scale_t s_bytes[] = {
    {1, 999.5, "B"},
    {0x1p10, 999.5 * 0x1p10, "KiB"},
    {0x1p20, 999.5 * 0x1p20, "MiB"},
    {0x1p30, 999.5 * 0x1p30, "GiB"},
    {0x1p40, INFINITY, "TiB"},
};

void
unit_text_number (double value, char text[UNIT_TEXT_MAX + 1])
{
    double size = fabs (value);
    int decimals = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
    if (value == 0)
        snprintf (text, UNIT_TEXT_MAX + 1, "0");
    else if (size < 0.9995 || size >= WHOLE_BELOW)
        snprintf (text, UNIT_TEXT_MAX + 1, "%.3g", value);
    else
        snprintf (text, UNIT_TEXT_MAX + 1, "%.*f", decimals, value);
}

static void
s_print_scaled (double value, const scale_t *scale, char text[UNIT_TEXT_MAX + 1])
{
    while (fabs (value) >= scale->below)
        scale++;
    char number[UNIT_TEXT_MAX + 1];
    if (scale->size == 1 && value == floor (value))
        snprintf (number, sizeof number, "%.0f", value);
    else
        unit_text_number (value / scale->size, number);
    snprintf (text, UNIT_TEXT_MAX + 1, "%.40s %s", number, scale->name);
}

void
unit_text_duration (double ns, char text[UNIT_TEXT_MAX + 1])
{
    s_print_scaled (ns, s_durations, text);
}

void
unit_text_bytes (double bytes, char text[UNIT_TEXT_MAX + 1])
{
    s_print_scaled (bytes, s_bytes, text);
}

static void
s_print_time (int64_t wall_s, const char *format, char text[UNIT_TEXT_MAX + 1])
{
    time_t time = wall_s;
    struct tm local;
    if (!localtime_r (&time, &local) || strftime (text, UNIT_TEXT_MAX + 1, format, &local) == 0)
        snprintf (text, UNIT_TEXT_MAX + 1, "%" PRId64, wall_s);
}

void
unit_text_time (int64_t wall_s, char text[UNIT_TEXT_MAX + 1])
{
    s_print_time (wall_s, "%Y-%m-%d %H:%M:%S", text);
}

void
unit_text_clock (int64_t wall_s, char text[UNIT_TEXT_MAX + 1])
{
    s_print_time (wall_s, "%H:%M:%S", text);
}
