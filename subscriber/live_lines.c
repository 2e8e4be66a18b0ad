//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_lines - the view "lines": each frame as it comes, as text for people, or as NDJSON, CSV or
//  msgpack for programs. msgpack is the frames' own bytes one after another, a recording such as
//  `bin/frames` and a worker's replay source read.
#include <assert.h>
#include <stdlib.h>
#include "subscriber/format_delimited.h"
#include "subscriber/format_json.h"
#include "subscriber/live_row.h"
#include "subscriber/live_view.h"

typedef struct {
    const live_stage_t *stage;
    table_t *table; //  Of the newest frame's row, for programs
    bool begun;     //  The header is printed
} live_lines_t;

static void *
s_new (const live_stage_t *stage)
{
    live_lines_t *self = calloc (1, sizeof *self);
    assert (self);
    self->stage = stage;
    self->table = live_row_table (stage->metrics, stage->over_s);
    return self;
}

static void
s_destroy (void **self_p)
{
    table_destroy (&((live_lines_t *) *self_p)->table);
    free (*self_p);
    *self_p = NULL;
}

static uint64_t
s_show_text (void *view, live_sample_t *sample)
{
    live_lines_t *self = view;
    screen_t screen = screen_of (stdout);
    if (!self->begun)
        live_row_print_header (self->stage->over_s, &screen, self->stage->out);
    self->begun = true;
    sample->held = live_windows_add (self->stage->windows, sample->frame);
    live_row_print (sample, self->stage->metrics, self->stage->over_s, &screen, self->stage->out);
    return 1;
}

static void
s_fill_table (live_lines_t *self, live_sample_t *sample)
{
    sample->held = live_windows_add (self->stage->windows, sample->frame);
    live_row_fill (self->table, sample, self->stage->metrics, self->stage->over_s);
}

static uint64_t
s_show_ndjson (void *view, live_sample_t *sample)
{
    live_lines_t *self = view;
    s_fill_table (self, sample);
    format_ndjson (self->table, self->stage->out);
    return 1;
}

static uint64_t
s_show_csv (void *view, live_sample_t *sample)
{
    live_lines_t *self = view;
    s_fill_table (self, sample);
    if (self->begun)
        format_csv_rows (self->table, self->stage->out);
    else
        format_csv (self->table, self->stage->out);
    self->begun = true;
    return 1;
}

static uint64_t
s_show_msgpack (void *view, live_sample_t *sample)
{
    live_lines_t *self = view;
    uint8_t payload[FRAME_MAX_BYTES];
    size_t size = frame_encode (sample->frame, payload, sizeof payload);
    assert (size > 0); //  It was decoded from as many bytes
    fwrite (payload, 1, size, self->stage->out);
    return 1;
}

const live_view_t LIVE_TEXT = {.new = s_new, .destroy = s_destroy, .show = s_show_text};
const live_view_t LIVE_NDJSON = {.new = s_new, .destroy = s_destroy, .show = s_show_ndjson};
const live_view_t LIVE_CSV = {.new = s_new, .destroy = s_destroy, .show = s_show_csv};
const live_view_t LIVE_MSGPACK = {.new = s_new, .destroy = s_destroy, .show = s_show_msgpack};
