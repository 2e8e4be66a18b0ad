//  SPDX-License-Identifier: GPL-2.0-or-later
//  bars - see bars.h.
#include "subscriber/bars.h"

#include <math.h>

static size_t
s_height (double value, double greatest)
{
    if (!(value > 0))
        return 0;
    size_t height = (size_t) (value / greatest * BARS_TOP + 0.5);
    return height ? height : 1;
}

const char *
bars_one (double value, double greatest, bool utf8)
{
    static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const ascii[] = {" ", ".", ":", "-", "=", "+", "*", "%", "#"};
    if (value < 0)
        return utf8 ? "·" : "?";
    size_t height = s_height (value, greatest);
    return utf8 ? blocks[height] : ascii[height];
}

void
bars_print (const double *values, size_t count, bool utf8, FILE *out)
{
    double greatest = 0;
    for (size_t i = 0; i < count; i++)
        greatest = fmax (greatest, values[i]);
    for (size_t i = 0; i < count; i++)
        fputs (bars_one (values[i], greatest, utf8), out);
}
