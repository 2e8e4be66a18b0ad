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

//  Where the window begins within the minute, or ends where frames reach beyond it: frame by frame.
static int
s_add_open_part (window_t *self)
{
    char error[DATABASE_ERROR_MAX];
    frame_t frame;
    int rc;
    s_cover_reach (self);
    if (window_seek_frames (self, self->rolled.closed_wall_s, &rc))
        return -1;
    for (; rc == 1; rc = scan_next (self->scan, error)) {
        int taken = window_take_frame (self, self->until_wall_s, &frame);
        if (taken < 0)
            break;
        metric_set_t measured = taken > 0 ? row_measured (&frame) : 0;
        for (unsigned id = 0; id <= ROW_ANY; id++)
            if (measured & METRIC_BIT (id))
                s_cover (self, id, frame.start_wall_s, frame.start_wall_s + frame.span_s);
        if (taken > 0 && frame.start_wall_s >= self->since_wall_s)
            window_add_frame (self, &frame);
    }
    return rc < 0 ? store_fail (self->store, error) : 0;
}

//  Bring the sum of the minute up to the window's end.
static int
s_extend_open (window_t *self, open_minute_t *minute)
{
    char error[DATABASE_ERROR_MAX];
    frame_t frame;
    int rc, taken;
    if (window_seek_frames (self, minute->until_wall_s, &rc))
        return -1;
    for (; rc == 1; rc = scan_next (self->scan, error)) {
        if ((taken = window_take_frame (self, self->until_wall_s, &frame)) < 0)
            break;
        if (taken > 0)
            open_minute_add (minute, &frame);
    }
    return rc < 0 ? store_fail (self->store, error) : 0;
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
    if (s_extend_open (self, &minute))
        return -1;
    if (open_minute_end_wall_s (&minute) > self->until_wall_s)
        return s_add_open_part (self);
    row_add_metrics (&self->total, &minute.row, self->metrics);
    self->plan.records[STORE_LEVEL_SECONDS] += minute.row.frames;
    open_minutes_keep (kept, &minute);
    return 0;
}
