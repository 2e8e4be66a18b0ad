//  SPDX-License-Identifier: GPL-2.0-or-later
//  heat - see heat.h.
#include "subscriber/heat.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define LEGEND_CELLS 16
#define LABEL_MAX    31

//  --- across ------------------------------------------------------------------------------------

_Static_assert((1 - BUCKET_MIN_INDEX) % BUCKETS_PER_DOUBLING == 0,
               "slot 1 begins a doubling, and so one second ends one");

heat_axis_t
heat_axis_new (unsigned first_slot, unsigned last_slot, unsigned most_cells)
{
    assert (first_slot <= last_slot && last_slot < BUCKET_SLOTS && most_cells > 0);
    heat_axis_t self = {.first_slot = first_slot ? first_slot : 1};
    self.first_slot -= (self.first_slot - 1) % BUCKETS_PER_DOUBLING;
    last_slot = last_slot ? last_slot : 1;
    unsigned slots = last_slot - self.first_slot + 1;
    self.slots_per_cell = (slots + most_cells - 1) / most_cells;
    self.cells = (slots + self.slots_per_cell - 1) / self.slots_per_cell;
    return self;
}

void
heat_axis_include (const histogram_t *histogram, unsigned *first_slot, unsigned *last_slot)
{
    for (unsigned slot = 1; slot < BUCKET_SLOTS; slot++) {
        if (histogram->buckets[slot] == 0)
            continue;
        *first_slot = slot < *first_slot ? slot : *first_slot;
        *last_slot = slot > *last_slot ? slot : *last_slot;
    }
}

unsigned
heat_axis_cell (const heat_axis_t *self, unsigned slot)
{
    if (slot < self->first_slot)
        return 0;
    unsigned cell = (slot - self->first_slot) / self->slots_per_cell;
    return cell < self->cells ? cell : self->cells - 1;
}

//  "|10us" for 10^power ns.
static size_t
s_label (int power, const screen_t *screen, char text[LABEL_MAX + 1])
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    int unit = power / 3 < 3 ? power / 3 : 3;
    snprintf (text, LABEL_MAX + 1, "%s%.0f%s", screen->utf8 ? "╷" : "|", pow (10, power - 3 * unit),
              units[unit]);
    return strlen (text) - (screen->utf8 ? strlen ("╷") - 1 : 0);
}

void
heat_axis_print (const heat_axis_t *self, const screen_t *screen, FILE *out)
{
    char text[LABEL_MAX + 1];
    unsigned column = 0;
    uint64_t ns = 1;
    for (int power = 0; power < 20; power++, ns *= 10) {
        unsigned slot = bucket_slot (ns), cell = heat_axis_cell (self, slot);
        size_t width = s_label (power, screen, text);
        if (slot < self->first_slot || cell < column || cell + width > self->cells)
            continue;
        fprintf (out, "%*s%s", (int) (cell - column), "", text);
        column = cell + (unsigned) width;
    }
    fprintf (out, "%*s", (int) (self->cells - column), "");
}

//  --- heat --------------------------------------------------------------------------------------

heat_scale_t
heat_scale_new (void)
{
    return (heat_scale_t){.most = 10};
}

bool
heat_scale_widen (heat_scale_t *self, double value)
{
    double before = self->most;
    while (self->most < value)
        self->most *= 10;
    return self->most != before;
}

double
heat_scale_level (const heat_scale_t *self, double value)
{
    if (value <= 0)
        return 0;
    double lowest = 1.0 / LEGEND_CELLS;
    double share = log (value) / log (self->most);
    return share <= 0 ? lowest : fmin (lowest + share * (1 - lowest), 1);
}

//  --- colours -----------------------------------------------------------------------------------

typedef struct {
    double red, green, blue;
} rgb_t;

//  From dark blue by purple and orange to a light yellow: lightness rises all the way, so that it
//  also reads in grey and by the colour-blind. After matplotlib's "inferno".
static rgb_t
s_rgb (double level)
{
    static const rgb_t stops[] = {{31, 12, 72},   {66, 10, 104},  {106, 23, 110}, {147, 38, 103},
                                  {188, 55, 84},  {221, 81, 58},  {243, 120, 25}, {252, 165, 10},
                                  {246, 215, 70}, {252, 255, 164}};
    const size_t last = sizeof stops / sizeof stops[0] - 1;
    double place = level * (double) last;
    size_t below = place < (double) last ? (size_t) place : last - 1;
    double part = place - (double) below;
    const rgb_t *a = &stops[below], *b = &stops[below + 1];
    return (rgb_t){a->red + part * (b->red - a->red), a->green + part * (b->green - a->green),
                   a->blue + part * (b->blue - a->blue)};
}

//  The same way through xterm's 256.
static int
s_xterm_colour (double level)
{
    static const int ramp[] = {17, 18, 54, 90, 126, 162, 197, 203, 208, 214, 220, 227, 230};
    const int last = (int) (sizeof ramp / sizeof ramp[0]) - 1;
    return ramp[(int) lround (level * last)];
}

static char
s_character (double level)
{
    static const char ramp[] = " .:-=+*#%@";
    return ramp[(int) ceil (level * (double) (sizeof ramp - 2))];
}

bool
heat_is_coloured (const screen_t *screen)
{
    return screen->colours >= COLOURS_256;
}

#define STYLE_MAX 31

enum { FRONT = 38, BACK = 48 }; //  SGR; one more is the terminal's own

static void
s_style (int ground, double level, const screen_t *screen, char style[STYLE_MAX + 1])
{
    rgb_t colour = s_rgb (level);
    if (level <= 0)
        snprintf (style, STYLE_MAX + 1, "\033[%dm", ground + 1);
    else if (screen->colours == COLOURS_TRUE)
        snprintf (style, STYLE_MAX + 1, "\033[%d;2;%ld;%ld;%ldm", ground, lround (colour.red),
                  lround (colour.green), lround (colour.blue));
    else
        snprintf (style, STYLE_MAX + 1, "\033[%d;5;%dm", ground, s_xterm_colour (level));
}

//  The coldest colours are too dark for text on black.
#define TEXT_COLDEST 0.35

void
heat_begin_text (double level, const screen_t *screen, FILE *out)
{
    char style[STYLE_MAX + 1];
    s_style (FRONT, level > 0 ? TEXT_COLDEST + level * (1 - TEXT_COLDEST) : 0, screen, style);
    fputs (heat_is_coloured (screen) ? style : "", out);
}

void
heat_end_text (const screen_t *screen, FILE *out)
{
    fputs (heat_is_coloured (screen) ? "\033[39m" : "", out);
}

double
heat_duration_level (double ns)
{
    return ns > 0 ? fmin (fmax (log10 (ns / 1e3) / 6, 0.01), 1) : 0;
}

//  --- rows --------------------------------------------------------------------------------------

double
heat_fill (const heat_axis_t *axis, const histogram_t *histogram, double per,
           double values[HEAT_CELLS_MAX])
{
    double greatest = 0;
    memset (values, 0, axis->cells * sizeof values[0]);
    for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++)
        values[heat_axis_cell (axis, slot)] += (double) histogram->buckets[slot] / per;
    for (unsigned cell = 0; cell < axis->cells; cell++)
        greatest = fmax (greatest, values[cell]);
    return greatest;
}

//  Escape sequences only where the colour changes: a row of them is sent every second.
static void
s_print_coloured (const heat_scale_t *scale, const double *values, size_t count,
                  const screen_t *screen, FILE *out)
{
    char style[STYLE_MAX + 1], current[STYLE_MAX + 1] = "\033[49m";
    for (size_t i = 0; i < count; i++) {
        s_style (BACK, heat_scale_level (scale, values[i]), screen, style);
        if (strcmp (style, current) != 0)
            fputs (style, out);
        memcpy (current, style, sizeof current);
        fputc (' ', out);
    }
    if (strcmp (current, "\033[49m") != 0)
        fputs ("\033[49m", out);
}

void
heat_print (const heat_scale_t *scale, const double *values, size_t count, const screen_t *screen,
            FILE *out)
{
    if (heat_is_coloured (screen))
        s_print_coloured (scale, values, count, screen, out);
    else
        for (size_t i = 0; i < count; i++)
            fputc (s_character (heat_scale_level (scale, values[i])), out);
}

void
heat_print_legend (const heat_scale_t *scale, const char *unit, const screen_t *screen, FILE *out)
{
    double values[LEGEND_CELLS];
    for (int i = 0; i < LEGEND_CELLS; i++)
        values[i] = pow (scale->most, (double) i / (LEGEND_CELLS - 1));
    fputs ("1 ", out);
    heat_print (scale, values, LEGEND_CELLS, screen, out);
    fprintf (out, " %.0f %s", scale->most, unit);
}
