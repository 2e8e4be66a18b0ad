//  SPDX-License-Identifier: GPL-2.0-or-later
//  nearest - edit distance with swapped neighbours (optimal string alignment), letters in any case.
#include "query/nearest.h"

#include <ctype.h>
#include <string.h>

void
nearest_init (nearest_t *self, const char *word, size_t length)
{
    memset (self, 0, sizeof *self);
    if (length > NEAREST_MAX)
        return;
    for (size_t i = 0; i < length; i++)
        self->word[i] = (char) tolower ((unsigned char) word[i]);
    unsigned changes = length < 2 ? 0 : 1 + (unsigned) length / 8;
    self->distance = changes + 1;
}

static unsigned
s_least (unsigned a, unsigned b)
{
    return a < b ? a : b;
}

//  rows[0] is the row being filled, rows[1] the one above it, rows[2] the one above that.
static void
s_fill_row (unsigned rows[3][NEAREST_MAX + 1], const char *a, size_t i, const char *b, size_t width)
{
    rows[0][0] = (unsigned) i;
    for (size_t j = 1; j <= width; j++) {
        unsigned least = rows[1][j - 1] + (a[i - 1] != b[j - 1]);
        least = s_least (least, rows[1][j] + 1);
        least = s_least (least, rows[0][j - 1] + 1);
        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
            least = s_least (least, rows[2][j - 2] + 1);
        rows[0][j] = least;
    }
}

//  Both no longer than NEAREST_MAX.
static unsigned
s_distance (const char *a, const char *b)
{
    unsigned rows[3][NEAREST_MAX + 1] = {{0}};
    size_t height = strlen (a), width = strlen (b);
    for (size_t j = 0; j <= width; j++)
        rows[0][j] = (unsigned) j;
    for (size_t i = 1; i <= height; i++) {
        memmove (rows[1], rows[0], 2 * sizeof rows[0]);
        s_fill_row (rows, a, i, b, width);
    }
    return rows[0][width];
}

void
nearest_offer (nearest_t *self, const char *name)
{
    size_t length = strlen (name);
    if (length == 0 || length > NEAREST_MAX)
        return;
    char lower[NEAREST_MAX + 1] = "";
    for (size_t i = 0; i < length; i++)
        lower[i] = (char) tolower ((unsigned char) name[i]);
    unsigned distance = s_distance (self->word, lower);
    if (distance < self->distance) {
        self->distance = distance;
        memcpy (self->best, name, length + 1);
    }
}

const char *
nearest_name (const nearest_t *self)
{
    return self->best[0] ? self->best : NULL;
}
