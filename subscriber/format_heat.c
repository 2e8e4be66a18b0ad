//  SPDX-License-Identifier: GPL-2.0-or-later
//  format_heat - see format_heat.h.
#include "subscriber/format_heat.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "subscriber/cell_text.h"
#include "subscriber/heat.h"
#include "subscriber/sheet.h"
#include "subscriber/unit_text.h"

#define WIDTH_UNKNOWN 100 //  Of a screen that does not say
#define CELLS_MIN     16
#define TITLE_GAP     2
#define DAY_S         86400

typedef struct {
    sheet_t *sheet;
    const screen_t *screen;
    FILE *out;
    size_t node, time; //  Columns, or SHEET_NONE
    bool names_nodes;  //  Rows are of several nodes
    bool names_days;   //  Rows are of several days
    int node_width, label_width, value_width, note_width;
    unsigned cells; //  That fit
} picture_t;

//  --- what there is to draw -------------------------------------------------------------------

static size_t
s_find (const sheet_t *sheet, const char *name)
{
    for (size_t i = 0; i < sheet_columns (sheet); i++)
        if (strcmp (sheet_name (sheet, i), name) == 0)
            return i;
    return SHEET_NONE;
}

//  Columns that were selected stand before the coverage, and are not the row's name.
static bool
s_is_drawn (const sheet_t *sheet, size_t column)
{
    const char *name = sheet_name (sheet, column);
    return column < sheet_coverage (sheet) && strcmp (name, "node") != 0 &&
           strcmp (name, "time") != 0;
}

bool
format_heat_draws (const table_t *table)
{
    sheet_t *sheet = sheet_new (table);
    bool draws = sheet_coverage (sheet) != SHEET_NONE && sheet_rows (sheet) > 0;
    sheet_destroy (&sheet);
    return draws;
}

static bool
s_is_histogram (const picture_t *self, size_t column)
{
    for (size_t row = 0; row < sheet_rows (self->sheet); row++)
        if (sheet_histogram (self->sheet, row, column))
            return true;
    return false;
}

static const char *
s_node (const picture_t *self, size_t row)
{
    const cell_t *cell = sheet_cell (self->sheet, row, self->node);
    return cell->kind == CELL_TEXT ? cell->value.text : "";
}

static int64_t
s_time (const picture_t *self, size_t row)
{
    const cell_t *cell = sheet_cell (self->sheet, row, self->time);
    return cell->kind == CELL_INTEGER ? cell->value.integer : 0;
}

//  Seconds present: what a row's events are divided by.
static double
s_seconds (const picture_t *self, size_t row)
{
    const cell_t *cell = sheet_cell (self->sheet, row, sheet_coverage (self->sheet));
    return cell->kind == CELL_INTEGER && cell->value.integer > 0 ? (double) cell->value.integer : 0;
}

static char *
s_note (const picture_t *self, size_t row)
{
    size_t coverage = sheet_coverage (self->sheet);
    return sheet_is_short (self->sheet, row, coverage) ? sheet_text (self->sheet, row, coverage)
                                                       : strdup ("");
}

//  --- the frame around a picture --------------------------------------------------------------

static int
s_max (int a, size_t b)
{
    return a > (int) b ? a : (int) b;
}

static void
s_measure_row (picture_t *self, size_t row)
{
    char *note = s_note (self, row);
    self->note_width = s_max (self->note_width, strlen (note));
    free (note);
    self->node_width = s_max (self->node_width, strlen (s_node (self, row)));
    self->names_nodes |= strcmp (s_node (self, row), s_node (self, 0)) != 0;
    if (self->time != SHEET_NONE)
        self->names_days |= llabs (s_time (self, row) - s_time (self, 0)) >= DAY_S;
}

static picture_t
s_picture (const table_t *table, const screen_t *screen, FILE *out)
{
    picture_t self = {.sheet = sheet_new (table), .screen = screen, .out = out};
    self.node = s_find (self.sheet, "node");
    self.time = s_find (self.sheet, "time");
    for (size_t row = 0; row < sheet_rows (self.sheet); row++)
        s_measure_row (&self, row);
    self.names_nodes |= self.time == SHEET_NONE;
    int time_width = self.time == SHEET_NONE ? 0 : self.names_days ? 21 : 10;
    self.label_width = time_width + (self.names_nodes ? self.node_width + 2 : 0);
    return self;
}

//  What a column leaves for cells. A lone value_width is that of texts before bars.
static void
s_fit (picture_t *self, int value_width)
{
    int width = self->screen->columns ? (int) self->screen->columns : WIDTH_UNKNOWN;
    self->value_width = value_width;
    width -= self->label_width + value_width + (self->note_width ? self->note_width + 2 : 0);
    self->cells = width > CELLS_MIN ? (unsigned) width : CELLS_MIN;
}

static void
s_print_label (const picture_t *self, size_t row)
{
    char text[UNIT_TEXT_MAX + 1];
    if (self->time != SHEET_NONE && self->names_days)
        unit_text_time (s_time (self, row), text);
    else if (self->time != SHEET_NONE)
        unit_text_clock (s_time (self, row), text);
    if (self->time != SHEET_NONE)
        fprintf (self->out, "%s  ", text);
    if (self->names_nodes)
        fprintf (self->out, "%-*s  ", self->node_width, s_node (self, row));
}

static void
s_print_indent (const picture_t *self)
{
    fprintf (self->out, "%*s", self->label_width + self->value_width, "");
}

//  Behind the cells, of which used are printed.
static void
s_end_row (const picture_t *self, size_t row, unsigned used, unsigned cells)
{
    char *note = s_note (self, row);
    if (*note)
        fprintf (self->out, "%*s  %s%s%s", (int) (cells - used), "", screen_warning (self->screen),
                 note, screen_plain (self->screen));
    fputc ('\n', self->out);
    free (note);
}

//  Nodes one after another are easier told apart with a gap between them.
static void
s_print_gap (const picture_t *self, size_t row)
{
    if (row > 0 && self->time != SHEET_NONE &&
        strcmp (s_node (self, row), s_node (self, row - 1)) != 0 &&
        s_time (self, row) < s_time (self, row - 1))
        fputc ('\n', self->out);
}

static void
s_print_title (const picture_t *self, size_t column, const char *what)
{
    fprintf (self->out, "%s%s%s%s\n", screen_bold (self->screen), sheet_name (self->sheet, column),
             screen_plain (self->screen), what);
}

//  --- histograms ------------------------------------------------------------------------------

static heat_axis_t
s_axis (const picture_t *self, size_t column)
{
    unsigned first = BUCKET_SLOTS, last = 0;
    for (size_t row = 0; row < sheet_rows (self->sheet); row++) {
        const histogram_t *histogram = sheet_histogram (self->sheet, row, column);
        if (histogram)
            heat_axis_include (histogram, &first, &last);
    }
    return heat_axis_new (first < last ? first : last, last, self->cells);
}

static heat_scale_t
s_scale (const picture_t *self, size_t column, const heat_axis_t *axis)
{
    double values[HEAT_CELLS_MAX];
    heat_scale_t scale = heat_scale_new ();
    for (size_t row = 0; row < sheet_rows (self->sheet); row++) {
        const histogram_t *histogram = sheet_histogram (self->sheet, row, column);
        double seconds = s_seconds (self, row);
        if (histogram && seconds > 0)
            heat_scale_widen (&scale, heat_fill (axis, histogram, seconds, values));
    }
    return scale;
}

static void
s_draw_histogram (const picture_t *self, size_t row, size_t column, const heat_axis_t *axis,
                  const heat_scale_t *scale)
{
    double values[HEAT_CELLS_MAX];
    const histogram_t *histogram = sheet_histogram (self->sheet, row, column);
    double seconds = s_seconds (self, row);
    s_print_gap (self, row);
    s_print_label (self, row);
    if (histogram && seconds > 0) {
        heat_fill (axis, histogram, seconds, values);
        heat_print (scale, values, axis->cells, self->screen, self->out);
        s_end_row (self, row, axis->cells, axis->cells);
    } else {
        fputc ('-', self->out);
        s_end_row (self, row, 1, axis->cells);
    }
}

static void
s_draw_histograms (picture_t *self, size_t column)
{
    s_fit (self, 0);
    heat_axis_t axis = s_axis (self, column);
    heat_scale_t scale = s_scale (self, column, &axis);
    s_print_title (self, column, ": events by duration");
    s_print_indent (self);
    heat_axis_print (&axis, self->screen, self->out);
    fputc ('\n', self->out);
    for (size_t row = 0; row < sheet_rows (self->sheet); row++)
        s_draw_histogram (self, row, column, &axis, &scale);
    s_print_indent (self);
    heat_print_legend (&scale, "events/s", self->screen, self->out);
    fputc ('\n', self->out);
}

//  --- values ----------------------------------------------------------------------------------

//  The next 1, 2 or 5 with zeros behind.
static double
s_round_up (double value)
{
    if (!(value > 0))
        return 1;
    double power = pow (10, floor (log10 (value)));
    double digits = value / power;
    return power * (digits <= 1 ? 1 : digits <= 2 ? 2 : digits <= 5 ? 5 : 10);
}

//  The greatest value, rounded up; 0 where there is none. Stores the widest text in value_width.
static double
s_survey (const picture_t *self, size_t column, int *value_width)
{
    double most = 0;
    bool has_numbers = false;
    for (size_t row = 0; row < sheet_rows (self->sheet); row++) {
        const cell_t *cell = sheet_cell (self->sheet, row, column);
        char *text = sheet_text (self->sheet, row, column);
        *value_width = s_max (*value_width, strlen (text));
        free (text);
        has_numbers |= cell_is_number (cell);
        if (cell_is_number (cell))
            most = fmax (most, cell_value (cell));
    }
    return has_numbers ? s_round_up (most) : 0;
}

//  A bar is as hot as it is long.
static void
s_print_bar (const picture_t *self, unsigned length, double share)
{
    static const heat_scale_t scale = {.most = 10};
    double values[HEAT_CELLS_MAX];
    for (unsigned i = 0; i < length; i++)
        values[i] = pow (scale.most, share);
    if (heat_is_coloured (self->screen))
        heat_print (&scale, values, length, self->screen, self->out);
    else
        for (unsigned i = 0; i < length; i++)
            fputs (self->screen->utf8 ? "█" : "#", self->out);
}

static void
s_draw_value (const picture_t *self, size_t row, size_t column, double most)
{
    const cell_t *cell = sheet_cell (self->sheet, row, column);
    char *text = sheet_text (self->sheet, row, column);
    double share = cell_is_number (cell) ? fmax (cell_value (cell) / most, 0) : 0;
    unsigned length = (unsigned) lround (share * self->cells);
    length += length == 0 && share > 0;
    s_print_gap (self, row);
    s_print_label (self, row);
    fprintf (self->out, "%*s  ", self->value_width - TITLE_GAP, text);
    s_print_bar (self, length, share);
    s_end_row (self, row, length, self->cells);
    free (text);
}

//  "0", half and all of the scale, each behind a tick where it stands, but the last before it: that
//  is where the cells end. Half only where there is room.
static void
s_print_value_axis (const picture_t *self, unit_t unit, double most)
{
    const char *tick = self->screen->utf8 ? "╷" : "|";
    char *half = cell_text_of (most / 2, unit), *all = cell_text_of (most, unit);
    int cells = (int) self->cells, middle = cells / 2;
    int half_width = (int) strlen (half) + 1, all_width = (int) strlen (all) + 1;
    bool has_half = middle + half_width + 2 + all_width <= cells;
    s_print_indent (self);
    fprintf (self->out, "%s%-*s", tick, has_half ? middle - 1 : cells - all_width - 1, "0");
    if (has_half)
        fprintf (self->out, "%s%-*s", tick, cells - middle - all_width - 1, half);
    fprintf (self->out, "%s%s\n", all, tick);
    free (half);
    free (all);
}

static void
s_draw_values (picture_t *self, size_t column)
{
    int value_width = 0;
    double most = s_survey (self, column, &value_width);
    s_fit (self, value_width + TITLE_GAP);
    if (self->cells > HEAT_CELLS_MAX)
        self->cells = HEAT_CELLS_MAX;
    s_print_title (self, column, "");
    if (most > 0)
        s_print_value_axis (self, sheet_unit (self->sheet, column), most);
    for (size_t row = 0; row < sheet_rows (self->sheet); row++)
        s_draw_value (self, row, column, most);
}

void
format_heat (const table_t *table, const screen_t *screen, FILE *out)
{
    picture_t picture = s_picture (table, screen, out);
    bool is_first = true;
    for (size_t i = 0; i < sheet_columns (picture.sheet); i++) {
        if (!s_is_drawn (picture.sheet, i))
            continue;
        if (!is_first)
            fputc ('\n', out);
        is_first = false;
        if (s_is_histogram (&picture, i))
            s_draw_histograms (&picture, i);
        else
            s_draw_values (&picture, i);
    }
    sheet_destroy (&picture.sheet);
}
