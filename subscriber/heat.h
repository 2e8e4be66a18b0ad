//  SPDX-License-Identifier: GPL-2.0-or-later
//  heat - histograms as rows of coloured cells: durations across on a logarithmic scale, events as
//  heat. Pure but for the FILE that is printed to.
//
//  An axis says which buckets a cell shows, a scale how many events are how hot. Whoever draws
//  several rows keeps both, widens them as rows come, and prints axis and legend anew when they
//  change. Without 256 colours the cells are characters: " .:-=+*#%@".
#ifndef SUBSCRIBER_HEAT_H
#define SUBSCRIBER_HEAT_H

#include "schema/histogram.h"
#include "subscriber/screen.h"

#define HEAT_CELLS_MAX BUCKET_SLOTS

//  --- across ------------------------------------------------------------------------------------

typedef struct {
    unsigned first_slot;     //  Of the first cell
    unsigned slots_per_cell; //  From 1
    unsigned cells;          //  At most HEAT_CELLS_MAX
} heat_axis_t;

//  The axis of at most most_cells (from 1) that shows the slots first to last, both included,
//  beginning at a doubling (1 s, 1/2 s, 1/4 s ...).
heat_axis_t heat_axis_new (unsigned first_slot, unsigned last_slot, unsigned most_cells);
//  Widen first to last so that all events of a histogram lie between them, but for those of 0 ns,
//  which the first cell shows.
void heat_axis_include (const histogram_t *histogram, unsigned *first_slot, unsigned *last_slot);

//  The cell of a slot. What lies before or behind the axis counts in the first or the last cell.
unsigned heat_axis_cell (const heat_axis_t *self, unsigned slot);
//  Print a line of exactly as many characters as there are cells: "1us", "10us" ... each
//  beginning in the cell that holds it, behind a tick. No line end.
void heat_axis_print (const heat_axis_t *self, const screen_t *screen, FILE *out);

//  --- heat --------------------------------------------------------------------------------------

typedef struct {
    double most; //  Events (a second, or of a row: the caller says) from which on a cell is hottest
} heat_scale_t;

//  The smallest scale: hottest from 10 on.
heat_scale_t heat_scale_new (void);
//  Let value fit: most becomes the next power of ten. Returns true where that changed it.
bool heat_scale_widen (heat_scale_t *self, double value);
//  How hot: 0 for nothing, else above 0 and at most 1, logarithmic from 1 event to most; fewer than
//  1 are as cold as 1.
double heat_scale_level (const heat_scale_t *self, double value);

//  --- rows --------------------------------------------------------------------------------------

//  Add up a histogram's buckets by cell, divided by per (seconds, or 1), into values[cells].
//  Returns the greatest.
double heat_fill (const heat_axis_t *axis, const histogram_t *histogram, double per,
                  double values[HEAT_CELLS_MAX]);
//  Print count cells of values, without a line end; colours end where the row does.
void heat_print (const heat_scale_t *scale, const double *values, size_t count,
                 const screen_t *screen, FILE *out);
//  Print "1 [cells] 1000 UNIT" (such as "events/s"), no line end.
void heat_print_legend (const heat_scale_t *scale, const char *unit, const screen_t *screen,
                        FILE *out);

//  Text in the colour of a level, until heat_end_text; nothing where cells are characters. A level
//  of 0 is the terminal's own colour.
void heat_begin_text (double level, const screen_t *screen, FILE *out);
void heat_end_text (const screen_t *screen, FILE *out);
//  The level of a duration: 1 us and less are cold, 1 s and more hottest.
double heat_duration_level (double ns);

//  True where cells are coloured, false where they are characters.
bool heat_is_coloured (const screen_t *screen);

#endif
