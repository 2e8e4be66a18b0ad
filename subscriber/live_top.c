//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_top - the view "top": the nodes by p99 (or another column), full screen, drawn anew every
//  second and after every key. Where standard output is no terminal: one table after another.
#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "subscriber/drawing.h"
#include "subscriber/live_top.h"
#include "subscriber/terminal.h"

#define GATHER_NS  400000000LL //  Frames of a second have come so long after its end
#define PAGE_LINES 4           //  Of a screen, that are no rows

typedef struct {
    const live_stage_t *stage;
    live_ranking_t *ranking;
    live_top_state_t state;
    screen_t screen; //  At the last drawing
    drawing_t drawing;
    int64_t drawn_wall_s; //  The second in which the last one was made
    bool is_dirty;        //  A key has changed what is to be seen
} live_top_t;

static void
s_next_metric (live_top_t *self)
{
    do
        self->state.metric = (metric_id_t) ((self->state.metric + 1) % METRIC_COUNT_);
    while (!(self->stage->metrics & METRIC_BIT (self->state.metric)));
}

static void *
s_new (const live_stage_t *stage)
{
    live_top_t *self = calloc (1, sizeof *self);
    assert (self);
    self->stage = stage;
    self->ranking = live_ranking_new ();
    self->state.order = BY_P99;
    self->state.metric = METRIC_runqlat;
    if (!(stage->metrics & METRIC_BIT (METRIC_runqlat)))
        s_next_metric (self);
    self->drawing.is_full = true;
    return self;
}

static void
s_destroy (void **self_p)
{
    live_top_t *self = *self_p;
    if (!self)
        return;
    live_ranking_destroy (&self->ranking);
    free (self);
    *self_p = NULL;
}

static uint64_t
s_show (void *view, live_sample_t *sample)
{
    live_top_t *self = view;
    sample->held = live_windows_add (self->stage->windows, sample->frame);
    live_ranking_add (self->ranking, sample, self->stage->metrics);
    return 0;
}

//  --- drawing ---------------------------------------------------------------------------------

static void
s_draw (live_top_t *self, const live_moment_t *moment)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream (&text, &size);
    assert (out);
    self->screen = screen_of (stdout);
    bool in_place = drawing_is_in_place (&self->screen);
    if (!in_place)
        self->screen.rows = 0;
    live_top_print (self->stage, self->ranking, &self->state, moment, &self->screen, out);
    if (!in_place)
        fputc ('\n', out);
    fclose (out);
    if (moment->resized)
        self->drawing.columns = 0;
    drawing_show (&self->drawing, text, &self->screen, self->stage->out);
    free (text);
    self->is_dirty = false;
}

//  Once a second, and after keys, which -n does not count.
static uint64_t
s_tick (void *view, const live_moment_t *moment)
{
    live_top_t *self = view;
    int64_t second = (moment->now_wall_ns - GATHER_NS) / 1000000000;
    bool is_next = second != self->drawn_wall_s;
    if (!terminal_is_taken () && live_watch_nodes (self->stage->watch) == 0)
        return 0; //  A list of tables needs none before the first frame
    if (is_next || self->is_dirty || moment->resized)
        s_draw (self, moment);
    self->drawn_wall_s = second;
    return is_next;
}

//  --- keys ------------------------------------------------------------------------------------

static size_t
s_page (const live_top_t *self)
{
    return self->screen.rows > PAGE_LINES + 1 ? self->screen.rows - PAGE_LINES : 1;
}

//  The drawing keeps the place within what there is.
static void
s_scroll (live_top_t *self, int key)
{
    size_t *first = &self->state.first, page = s_page (self);
    if (key == KEY_UP || key == 'k')
        *first -= *first > 0;
    else if (key == KEY_DOWN || key == 'j')
        ++*first;
    else if (key == KEY_PAGE_UP)
        *first -= *first < page ? *first : page;
    else if (key == KEY_PAGE_DOWN || key == ' ')
        *first += page;
    else if (key == KEY_HOME || key == 'g')
        *first = 0;
    else if (key == KEY_END || key == 'G')
        *first = SIZE_MAX / 2;
}

static void
s_edit_filter (live_top_t *self, int key)
{
    char *filter = self->state.filter;
    size_t length = strlen (filter);
    if (key == '\n' || key == '\r')
        self->state.edits_filter = false;
    else if (key == KEY_ESCAPE) {
        filter[0] = '\0';
        self->state.edits_filter = false;
    } else if ((key == KEY_DELETE || key == '\b') && length > 0)
        filter[length - 1] = '\0';
    else if (key < 128 && key > ' ' && (isalnum (key) || strchr ("._-*?", key)) &&
             length < NODE_NAME_MAX) {
        filter[length] = (char) key;
        filter[length + 1] = '\0';
    }
    self->state.first = 0;
}

static bool
s_take_command (live_top_t *self, int key)
{
    live_top_state_t *state = &self->state;
    if (state->shows_help)
        state->shows_help = false; //  Any key
    else if (key == 'h' || key == '?')
        state->shows_help = true;
    else if (key == '/')
        state->edits_filter = true;
    else if (key == KEY_ESCAPE)
        state->filter[0] = '\0';
    else if (key == 'r')
        state->reversed = !state->reversed;
    else if (key == 'm')
        s_next_metric (self);
    else if (!live_top_choose_order (state, key))
        s_scroll (self, key);
    return key != 'q' && key != 'Q';
}

static bool
s_key (void *view, int key)
{
    live_top_t *self = view;
    self->is_dirty = true;
    if (!self->state.edits_filter)
        return s_take_command (self, key);
    s_edit_filter (self, key);
    return true;
}

const live_view_t LIVE_TOP = {.new = s_new,
                              .destroy = s_destroy,
                              .show = s_show,
                              .tick = s_tick,
                              .key = s_key,
                              .in_place = true,
                              .is_full = true};
