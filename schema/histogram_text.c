//  SPDX-License-Identifier: GPL-2.0-or-later
//  histogram_text - histograms as rows and bars on a terminal. See the header.

#include <stdbool.h>
#include "schema/histogram_text.h"

#define BAR_WIDTH      40 //  Characters of the longest bar
#define BAR_WIDTH_WIDE 20 //  The same where edges need more than ten digits
#define LAST_NARROW    32 //  Highest row of bcc's whose edges fit ten digits

const text_unit_t TEXT_USECS = {"usecs", 1000, 3};
const text_unit_t TEXT_MSECS = {"msecs", 1000000, 6};

//  The longest bar belongs to the highest count; all others are cut to whole characters.
static void
s_print_bar (FILE *out, uint64_t count, uint64_t highest, int width)
{
    int stars = (int) ((uint128_t) count * (unsigned) width / highest);
    fprintf (out, ": %-8llu |", (unsigned long long) count);
    for (int column = 0; column < width; column++)
        fputc (column < stars ? '*' : ' ', out);
    fputs ("|\n", out);
}

static uint64_t
s_highest (const uint64_t *counts, unsigned first, unsigned last)
{
    uint64_t highest = 0;
    for (unsigned row = first; row <= last; row++)
        if (counts[row] > highest)
            highest = counts[row];
    return highest;
}

//  The highest row that holds events, 0 where none does.
static unsigned
s_last (const uint64_t *counts, unsigned size)
{
    unsigned last = size - 1;
    while (last > 0 && counts[last] == 0)
        last--;
    return last;
}

void
histogram_text_log2 (FILE *out, const uint64_t rows[LOG2_ROWS], const text_unit_t *unit)
{
    unsigned last = s_last (rows, LOG2_ROWS);
    if (last == 0)
        return;
    bool wide = last > LAST_NARROW;
    int digits = wide ? 20 : 10;
    uint64_t highest = s_highest (rows, 1, last);
    fprintf (out, "%*s%-*s : count     distribution\n", wide ? 15 : 5, "", wide ? 29 : 19,
             unit->label);
    for (unsigned row = 1; row <= last; row++) {
        uint64_t low = row == 1 ? 0 : 1ULL << (row - 1);
        uint64_t high = row == 64 ? UINT64_MAX : (1ULL << row) - 1;
        fprintf (out, "%*llu -> %-*llu ", digits, (unsigned long long) low, digits,
                 (unsigned long long) high);
        s_print_bar (out, rows[row], highest, wide ? BAR_WIDTH_WIDE : BAR_WIDTH);
    }
}

static void
s_print_bucket (FILE *out, const uint64_t *buckets, unsigned slot, uint64_t highest,
                const text_unit_t *unit)
{
    double scale = (double) unit->ns;
    fprintf (out, "%14.*f -> %-14.*f ", unit->decimals, bucket_lower_ns (slot) / scale,
             unit->decimals, bucket_upper_ns (slot) / scale);
    s_print_bar (out, buckets[slot], highest, BAR_WIDTH);
}

void
histogram_text_fine (FILE *out, const histogram_t *histogram, const text_unit_t *unit)
{
    const uint64_t *buckets = histogram->buckets;
    unsigned last = s_last (buckets, BUCKET_SLOTS);
    uint64_t highest = s_highest (buckets, 0, last);
    if (highest == 0)
        return;
    fprintf (out, "%9s%-23s : count     distribution\n", "", unit->label);
    if (buckets[0])
        s_print_bucket (out, buckets, 0, highest, unit);
    unsigned first = 1;
    while (first < last && buckets[first] == 0)
        first++;
    for (unsigned slot = first; slot <= last; slot++)
        s_print_bucket (out, buckets, slot, highest, unit);
}

//  --- a row a doubling --------------------------------------------------------------------------

//  Row 0 is that of zero; slot 1 begins a doubling.
#define DOUBLING_ROWS (1 + BUCKET_SLOTS / BUCKETS_PER_DOUBLING + 1)

_Static_assert((1 - BUCKET_MIN_INDEX) % BUCKETS_PER_DOUBLING == 0,
               "one second lies between two rows");

static unsigned
s_first_slot (unsigned row)
{
    return row ? 1 + (row - 1) * BUCKETS_PER_DOUBLING : 0;
}

static void
s_add_rows (const histogram_t *histogram, uint64_t rows[DOUBLING_ROWS])
{
    rows[0] = histogram->buckets[0];
    for (unsigned slot = 1; slot < BUCKET_SLOTS; slot++)
        rows[1 + (slot - 1) / BUCKETS_PER_DOUBLING] += histogram->buckets[slot];
}

static void
s_print_edge (FILE *out, double ns, int width)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    char text[32];
    int unit = 0;
    for (; unit < 3 && ns >= 999.95; unit++)
        ns /= 1000;
    snprintf (text, sizeof text, "%.4g %s", ns, units[unit]);
    fprintf (out, "%*s", width, ns > 0 ? text : "0");
}

static void
s_print_doubling (FILE *out, const uint64_t *rows, unsigned row, uint64_t highest)
{
    unsigned last = row ? s_first_slot (row + 1) - 1 : 0;
    s_print_edge (out, bucket_lower_ns (s_first_slot (row)), 11);
    fputs (" -> ", out);
    s_print_edge (out, bucket_upper_ns (last < BUCKET_SLOTS ? last : BUCKET_SLOTS - 1), -11);
    fputc (' ', out);
    s_print_bar (out, rows[row], highest, BAR_WIDTH);
}

void
histogram_text_doublings (FILE *out, const histogram_t *histogram)
{
    uint64_t rows[DOUBLING_ROWS] = {0};
    unsigned first = 1;
    s_add_rows (histogram, rows);
    unsigned last = s_last (rows, DOUBLING_ROWS);
    uint64_t highest = s_highest (rows, 0, last);
    if (highest == 0)
        return;
    fprintf (out, "%9s%-17s : count     distribution\n", "", "duration");
    if (rows[0])
        s_print_doubling (out, rows, 0, highest);
    while (first < last && rows[first] == 0)
        first++;
    for (unsigned row = first; row <= last; row++)
        s_print_doubling (out, rows, row, highest);
}
