//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_hist - the view "hist": every second a histogram a metric, in the look of bcc's tools, of
//  all nodes together. On a terminal each is drawn over the one before it.
//
//  A second is drawn when a frame of a later one comes, or a while after its first frame came; a
//  frame that comes later still is in the next drawing.
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include "schema/histogram_text.h"
#include "subscriber/drawing.h"
#include "subscriber/live_status.h"
#include "subscriber/unit_text.h"

#define GATHER_NS 600000000LL  //  Frames of one second come within this
#define IDLE_NS   1500000000LL //  Without frames, what is silent is drawn so often

typedef struct {
    const live_stage_t *stage;
    partial_t sum;         //  Of the frames gathered
    size_t gathered;       //  How many those are
    int64_t second_wall_s; //  The latest one begins
    int64_t until_wall_s;  //  And the latest one ends
    int64_t first_mono_ns; //  When the first of them came
    int64_t drawn_mono_ns; //  When the last drawing was made; 0: none yet
    drawing_t drawing;
} live_hist_t;

static void *
s_new (const live_stage_t *stage)
{
    live_hist_t *self = calloc (1, sizeof *self);
    assert (self);
    self->stage = stage;
    return self;
}

static void
s_destroy (void **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

//  --- one drawing -----------------------------------------------------------------------------

static void
s_print_summary (const histogram_t *histogram, FILE *out)
{
    char average[UNIT_TEXT_MAX + 1], p99[UNIT_TEXT_MAX + 1], total[UNIT_TEXT_MAX + 1];
    double value;
    if (histogram_mean (histogram, &value) == -1) {
        fputs ("no events\n", out);
        return;
    }
    unit_text_duration (value, average);
    value = 0;
    histogram_quantile (histogram, 0.99, &value);
    unit_text_duration (value, p99);
    unit_text_duration ((double) histogram->sum, total);
    fprintf (out, "avg = %s, p99 = %s, total: %s, count: %" PRIu64 "\n", average, p99, total,
             histogram->count);
}

static void
s_print_metric (const partial_metric_t *metric, metric_id_t id, const screen_t *screen, FILE *out)
{
    char rate[UNIT_TEXT_MAX + 1];
    const metric_t *about = metric_get (id);
    fprintf (out, "\n%s%s%s: %s\n", screen_bold (screen), about->name, screen_plain (screen),
             about->meaning);
    if (metric->present_s == 0)
        fputs ("not measured\n", out);
    else if (about->kind == METRIC_COUNT) {
        unit_text_number ((double) metric->histogram.count / (double) metric->present_s, rate);
        fprintf (out, "%s /s of a node, count: %" PRIu64 "\n", rate, metric->histogram.count);
    } else {
        histogram_text_doublings (out, &metric->histogram);
        s_print_summary (&metric->histogram, out);
    }
}

static void
s_print_head (const live_hist_t *self, const partial_t *sum, int64_t now_mono_ns,
              const screen_t *screen, FILE *out)
{
    char clock[UNIT_TEXT_MAX + 1];
    unit_text_clock (self->second_wall_s, clock);
    fprintf (out, "%s%s%s  ", screen_bold (screen), clock, screen_plain (screen));
    live_status_print (self->stage, now_mono_ns, screen, out);
    if (self->stage->over_s > 0)
        fprintf (out, "  over %" PRId64 " s, coverage %" PRIu64 "/%" PRIu64, self->stage->over_s,
                 sum->present_s, sum->expected_s);
    fprintf (out, "%s%s%s%s\n", screen_warning (screen), sum->synthetic ? "  [synthetic]" : "",
             sum->mixed_scopes ? "  [nodes of different scopes added up]" : "",
             screen_plain (screen));
}

static char *
s_text (const live_hist_t *self, const partial_t *sum, int64_t now_mono_ns, const screen_t *screen)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream (&text, &size);
    assert (out);
    s_print_head (self, sum, now_mono_ns, screen, out);
    live_status_print_notice (self->stage, screen, out);
    if (*live_notices_newest (self->stage->notices))
        fputc ('\n', out);
    for (int id = 0; id < METRIC_COUNT_; id++)
        if (self->stage->metrics & METRIC_BIT (id))
            s_print_metric (&sum->metrics[id], (metric_id_t) id, screen, out);
    if (!drawing_is_in_place (screen))
        fputc ('\n', out);
    fclose (out);
    return text;
}

static uint64_t
s_draw (live_hist_t *self, int64_t now_mono_ns)
{
    screen_t screen = screen_of (stdout);
    if (self->stage->over_s > 0)
        live_windows_sum (self->stage->windows, self->until_wall_s, &self->sum);
    char *text = s_text (self, &self->sum, now_mono_ns, &screen);
    drawing_show (&self->drawing, text, &screen, self->stage->out);
    free (text);
    self->gathered = 0;
    self->drawn_mono_ns = now_mono_ns;
    return 1;
}

//  --- gathering -------------------------------------------------------------------------------

static void
s_gather (live_hist_t *self, const live_sample_t *sample)
{
    const frame_t *frame = sample->frame;
    int64_t until_wall_s = frame->start_wall_s + frame->span_s;
    if (self->gathered++ == 0) {
        partial_init (&self->sum, frame->node, frame->start_wall_s, frame->start_wall_s);
        self->second_wall_s = frame->start_wall_s;
        self->until_wall_s = until_wall_s;
        self->first_mono_ns = sample->now_mono_ns;
    }
    self->until_wall_s = until_wall_s > self->until_wall_s ? until_wall_s : self->until_wall_s;
    if (self->stage->over_s == 0)
        partial_merge (&self->sum, sample->held);
}

static uint64_t
s_show (void *view, live_sample_t *sample)
{
    live_hist_t *self = view;
    bool is_later = self->gathered > 0 && sample->frame->start_wall_s > self->second_wall_s;
    uint64_t drawn = is_later ? s_draw (self, sample->now_mono_ns) : 0;
    sample->held = live_windows_add (self->stage->windows, sample->frame);
    s_gather (self, sample);
    return drawn;
}

//  Without frames the windows grow empty, and what is silent is to be seen.
static uint64_t
s_draw_idle (live_hist_t *self, const live_moment_t *moment)
{
    screen_t screen = screen_of (stdout);
    if (!drawing_is_in_place (&screen))
        return 0;
    self->second_wall_s = self->until_wall_s = moment->now_wall_ns / 1000000000;
    partial_init (&self->sum, "", 0, 0);
    return s_draw (self, moment->now_mono_ns);
}

static uint64_t
s_tick (void *view, const live_moment_t *moment)
{
    live_hist_t *self = view;
    if (self->gathered > 0 && moment->now_mono_ns - self->first_mono_ns >= GATHER_NS)
        return s_draw (self, moment->now_mono_ns);
    if (self->gathered == 0 && moment->now_mono_ns - self->drawn_mono_ns >= IDLE_NS)
        return s_draw_idle (self, moment);
    return 0;
}

const live_view_t LIVE_HIST = {
    .new = s_new, .destroy = s_destroy, .show = s_show, .tick = s_tick, .in_place = true};
