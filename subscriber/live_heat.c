//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_heat - the view "heat": a row of coloured cells for each second, node and metric; time
//  down, durations across. Axis and legend stand above the first row, and again whenever the axis
//  changes: a wider window, longer durations; and on a terminal once a screen. More events than the
//  legend has change that alone.
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "subscriber/heat.h"
#include "subscriber/live_row.h"
#include "subscriber/unit_text.h"

#define COLUMNS_ELSEWHERE 80 //  Where there is no terminal
#define CELLS_MIN         8
#define NODE_MAX          20         //  Of a longer name the end is cut off
#define MARKS_MAX         13         //  Room that is kept for "  [synthetic]" and the like
#define SHORTEST_NS       1000       //  What the axis shows at least
#define LONGEST_NS        1000000000 //  To here
#define P99_WIDTH         9
#define AXIS_STEP_SLOTS   (4 * BUCKETS_PER_DOUBLING)

typedef struct {
    const live_stage_t *stage;
    bool several;    //  Metrics are shown, and so named
    screen_t screen; //  As it was at the last row
    unsigned first_slot, last_slot;
    heat_axis_t axis;
    heat_scale_t scale;
    int node_width, marks_width; //  Of what was shown so far
    size_t rows;                 //  Since axis and legend were printed; 0: they are to be
} live_heat_t;

static void *
s_new (const live_stage_t *stage)
{
    live_heat_t *self = calloc (1, sizeof *self);
    assert (self);
    self->stage = stage;
    self->several = (stage->metrics & (stage->metrics - 1)) != 0;
    self->first_slot = bucket_slot (SHORTEST_NS);
    self->last_slot = bucket_slot (LONGEST_NS);
    self->scale = heat_scale_new ();
    self->node_width = 4;
    return self;
}

static void
s_destroy (void **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

//  --- lay-out ---------------------------------------------------------------------------------

//  What stands before the cells.
static int
s_left_width (const live_heat_t *self)
{
    return (int) strlen ("00:00:00 ") + self->node_width + 1 + (self->several ? 10 : 0);
}

//  What is left of a line behind the node and p99.
static int
s_rest (const live_heat_t *self)
{
    int columns = self->screen.columns ? (int) self->screen.columns : COLUMNS_ELSEWHERE;
    return columns - s_left_width (self) - P99_WIDTH;
}

static unsigned
s_room (const live_heat_t *self)
{
    int room = s_rest (self) - self->marks_width;
    return room > CELLS_MIN ? (unsigned) room : CELLS_MIN;
}

static bool
s_widen (int *width, size_t length, int most)
{
    int wanted = length < (size_t) most ? (int) length : most;
    if (wanted <= *width)
        return false;
    *width = wanted;
    return true;
}

//  Widen the axis by whole steps, so that it does not change with every row that is a bit longer.
static void
s_include (live_heat_t *self, const histogram_t *histogram)
{
    unsigned first = self->first_slot, last = self->last_slot;
    heat_axis_include (histogram, &first, &last);
    if (first < self->first_slot)
        self->first_slot = first - (first - 1) % AXIS_STEP_SLOTS;
    if (last > self->last_slot)
        self->last_slot = last - (last - 1) % AXIS_STEP_SLOTS + AXIS_STEP_SLOTS - 1;
    if (self->last_slot >= BUCKET_SLOTS)
        self->last_slot = BUCKET_SLOTS - 1;
}

//  Make room for a row. Axis and legend are printed anew where that moved the axis.
static void
s_fit (live_heat_t *self, const histogram_t *histogram, const char *node, const char *marks)
{
    screen_t screen = screen_of (stdout);
    s_include (self, histogram);
    bool moved = screen.columns != self->screen.columns;
    moved |= s_widen (&self->node_width, strlen (node), NODE_MAX);
    moved |= s_widen (&self->marks_width, strlen (marks), MARKS_MAX);
    self->screen = screen;
    heat_axis_t axis = heat_axis_new (self->first_slot, self->last_slot, s_room (self));
    moved |= memcmp (&axis, &self->axis, sizeof axis) != 0;
    self->axis = axis;
    if (moved || (screen.rows > 4 && self->rows >= screen.rows - 3))
        self->rows = 0;
}

//  --- printing --------------------------------------------------------------------------------

static void
s_print_legend (const live_heat_t *self)
{
    const screen_t *screen = &self->screen;
    if (!self->several)
        for (int id = 0; id < METRIC_COUNT_; id++)
            if (self->stage->metrics & METRIC_BIT (id))
                fprintf (self->stage->out, "%s%s%s  ", screen_bold (screen),
                         metric_get ((metric_id_t) id)->name, screen_plain (screen));
    heat_print_legend (&self->scale, "events/s in a cell", screen, self->stage->out);
    if (self->stage->over_s > 0)
        fprintf (self->stage->out, ", mean of %" PRId64 " s", self->stage->over_s);
    putc ('\n', self->stage->out);
}

static void
s_print_axis (const live_heat_t *self)
{
    const screen_t *screen = &self->screen;
    fprintf (self->stage->out, "%s%-8s %-*s %s", screen_bold (screen), "time", self->node_width,
             "node", self->several ? "metric    " : "");
    heat_axis_print (&self->axis, screen, self->stage->out);
    fprintf (self->stage->out, "%*s%s\n", P99_WIDTH, "p99", screen_plain (screen));
}

//  What is to stand above the next row.
static void
s_print_head (live_heat_t *self, bool rescaled)
{
    if (rescaled || self->rows == 0)
        s_print_legend (self);
    if (self->rows == 0)
        s_print_axis (self);
    else
        self->rows += rescaled;
}

static void
s_print_left (const live_heat_t *self, const frame_t *frame, metric_id_t id)
{
    char clock[UNIT_TEXT_MAX + 1];
    unit_text_clock (frame->start_wall_s, clock);
    fprintf (self->stage->out, "%-8s %-*.*s ", clock, self->node_width, self->node_width,
             frame->node);
    if (self->several)
        fprintf (self->stage->out, "%-9s ", metric_get (id)->name);
}

static void
s_print_right (const live_heat_t *self, const histogram_t *histogram, const char *marks)
{
    char text[UNIT_TEXT_MAX + 1] = "-";
    double value;
    if (histogram_quantile (histogram, 0.99, &value) == 0)
        unit_text_duration (value, text);
    int rest = s_rest (self) - (int) self->axis.cells;
    fprintf (self->stage->out, "%*s%s%.*s%s\n", P99_WIDTH, text, screen_warning (&self->screen),
             rest > 0 ? rest : 0, marks, screen_plain (&self->screen));
}

//  Seconds that should have come stand where they would have.
static void
s_print_missed (const live_heat_t *self, const live_sample_t *sample)
{
    const screen_t *screen = &self->screen;
    uint64_t missed = sample->news.missed;
    fprintf (self->stage->out, "%*s%s%s %" PRIu64 " frame%s missed%s\n", (int) strlen ("00:00:00 "),
             "", screen_warning (screen), sample->frame->node, missed, missed == 1 ? "" : "s",
             screen_plain (screen));
}

static uint64_t
s_show_metric (live_heat_t *self, const live_sample_t *sample, metric_id_t id, const char *marks)
{
    double values[HEAT_CELLS_MAX];
    const partial_metric_t *metric = &sample->held->metrics[id];
    if (metric->present_s == 0)
        return 0;
    s_fit (self, &metric->histogram, sample->frame->node, marks);
    double greatest =
        heat_fill (&self->axis, &metric->histogram, (double) metric->present_s, values);
    s_print_head (self, heat_scale_widen (&self->scale, greatest));
    s_print_left (self, sample->frame, id);
    heat_print (&self->scale, values, self->axis.cells, &self->screen, self->stage->out);
    s_print_right (self, &metric->histogram, marks);
    self->rows++;
    return 1;
}

static uint64_t
s_show (void *view, live_sample_t *sample)
{
    live_heat_t *self = view;
    char marks[LIVE_MARKS_MAX + 1];
    uint64_t shown = 0;
    sample->held = live_windows_add (self->stage->windows, sample->frame);
    live_row_marks (sample->frame, marks);
    if (sample->news.missed > 0)
        s_print_missed (self, sample);
    for (int id = 0; id < METRIC_COUNT_; id++)
        if (self->stage->metrics & METRIC_BIT (id))
            shown += s_show_metric (self, sample, (metric_id_t) id, marks);
    return shown;
}

const live_view_t LIVE_HEAT = {.new = s_new, .destroy = s_destroy, .show = s_show};
