//  SPDX-License-Identifier: GPL-2.0-or-later
//  window_open - see window.h.
#include "storage/window.h"

//  Count the seconds from the end of what is covered so far to the end of a frame, and extend it.
static void
s_cover (window_t *self, unsigned id, int64_t start_wall_s, int64_t end_wall_s)
{
    int64_t *reach_wall_s = &self->rolled.reach_wall_s[id];
    int64_t from_wall_s = wall_later (wall_later (start_wall_s, *reach_wall_s), self->since_wall_s);
    int64_t until_wall_s = wall_earlier (end_wall_s, self->until_wall_s);
    *reach_wall_s = wall_later (*reach_wall_s, end_wall_s);
    if (from_wall_s >= until_wall_s)
        return;
    uint64_t fresh_s = (uint64_t) until_wall_s - (uint64_t) from_wall_s;
    if (id == ROW_ANY)
        self->total.present_s += fresh_s;
    else if (self->metrics & METRIC_BIT (id))
        self->total.metrics[id].present_s += fresh_s;
}

//  What reaches into it from before, as far as it lies behind closed_wall_s.
static void
s_cover_reach (window_t *self)
{
    for (unsigned id = 0; id <= ROW_ANY; id++) {
        int64_t end_wall_s = self->rolled.reach_wall_s[id];
        self->rolled.reach_wall_s[id] = self->rolled.closed_wall_s;
        if (end_wall_s > self->rolled.closed_wall_s)
            s_cover (self, id, self->rolled.closed_wall_s, end_wall_s);
    }
}

//  Read the frames of the inbox that start from a second on.
static int
s_read_inbox (window_t *self, int64_t from_wall_s, uint64_t *number, inbox_frames_t *frames)
{
    return store_scan_inbox (self->store, self->scan, &self->record, from_wall_s,
                             self->until_wall_s, number, frames);
}

static void
s_add_part_of_frame (window_t *self, const frame_t *frame)
{
    metric_set_t measured = row_measured (frame);
    for (unsigned id = 0; id <= ROW_ANY; id++)
        if (measured & METRIC_BIT (id))
            s_cover (self, id, frame->start_wall_s, frame->start_wall_s + frame->span_s);
    if (frame->start_wall_s >= self->since_wall_s)
        window_add_frame (self, frame);
}

//  Where the window begins within the minute, or ends where frames reach beyond it: frame by frame.
static int
s_add_open_part (window_t *self)
{
    inbox_frames_t frames = {.count = 0};
    uint64_t number = 0;
    const frame_t *frame;
    s_cover_reach (self);
    int rc = s_read_inbox (self, self->rolled.closed_wall_s, &number, &frames);
    for (size_t i = 0; rc == 0 && i < frames.count; i++)
        if ((frame = window_decode (self, &frames.frames[i])))
            s_add_part_of_frame (self, frame);
    inbox_frames_clear (&frames);
    return rc;
}

//  Bring the sum of the minute up to the window's end, and keep what it comes by. Frames that are
//  not in it so far may stand in any record from the first one that is read on.
static int
s_extend_open (window_t *self, open_minute_t *minute)
{
    open_minutes_t *kept = self->store->open_minutes;
    uint64_t number = minute->inbox_number;
    inbox_frames_t frames = {.count = 0};
    const frame_t *frame;
    int rc = s_read_inbox (self, minute->until_wall_s, &number, &frames);
    for (size_t i = 0; rc == 0 && i < frames.count; i++)
        if ((frame = window_decode (self, &frames.frames[i]))) {
            if (open_minute_is_step (minute, frame->start_wall_s))
                open_minutes_keep (kept, minute);
            open_minute_add (minute, frame);
        }
    minute->inbox_number = number;
    inbox_frames_clear (&frames);
    return rc;
}

//  The minute that is not closed, from its sum so far where that may be.
int
window_add_open (window_t *self)
{
    open_minute_t minute;
    open_minutes_t *kept = self->store->open_minutes;
    if (self->since_wall_s > self->rolled.closed_wall_s)
        return s_add_open_part (self);
    if (!open_minutes_find (kept, self->node, &self->rolled, self->until_wall_s, &minute))
        open_minute_init (&minute, self->node, &self->rolled);
    int64_t begun_wall_s = minute.until_wall_s;
    if (s_extend_open (self, &minute))
        return -1;
    if (open_minute_end_wall_s (&minute) > self->until_wall_s)
        return s_add_open_part (self);
    row_add_metrics (&self->total, &minute.row, self->metrics);
    self->plan.records[STORE_LEVEL_SECONDS] += minute.row.frames;
    if (minute.until_wall_s > begun_wall_s)
        open_minutes_keep (kept, &minute);
    return 0;
}
