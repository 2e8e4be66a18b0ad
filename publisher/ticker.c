//  SPDX-License-Identifier: GPL-2.0-or-later
//  ticker - see ticker.h.
#include "publisher/ticker.h"
#include "schema/frame.h"
#include <stdlib.h>

//  The last edge at or before now. The clock may be set to before 1970: round down, not to zero.
static int64_t
s_edge_s (const clock_reading_t *now)
{
    int64_t s = now->wall_ns / NS_PER_S;
    return now->wall_ns % NS_PER_S < 0 ? s - 1 : s;
}

void
ticker_init (ticker_t *self, const clock_reading_t *now)
{
    *self = (ticker_t){.next_edge_s = s_edge_s (now) + 1, .last = *now};
}

int64_t
ticker_due_wall_ns (const ticker_t *self)
{
    return self->next_edge_s * NS_PER_S;
}

//  Compared from step to step, so that a slow slew never adds up to a step.
static bool
s_clock_was_set (const ticker_t *self, const clock_reading_t *now)
{
    int64_t wall_ns = now->wall_ns - self->last.wall_ns;
    int64_t mono_ns = now->mono_ns - self->last.mono_ns;
    return llabs (wall_ns - mono_ns) > TICKER_STEP_NS;
}

//  Tick every edge up to now.
static void
s_pass_edges (ticker_t *self, const clock_reading_t *now)
{
    int64_t late_before_ns = now->wall_ns - TICKER_LATE_NS;
    for (; self->next_edge_s <= s_edge_s (now); self->next_edge_s++)
        self->late_ticks += self->next_edge_s * NS_PER_S < late_before_ns;
}

static void
s_describe (const ticker_t *self, const clock_reading_t *now, tick_t *tick)
{
    *tick = (tick_t){.start_wall_s = self->begin_edge_s,
                     .span_s = (uint32_t) (s_edge_s (now) - self->begin_edge_s),
                     .duration_mono_ns = (uint64_t) (now->mono_ns - self->begin_mono_ns),
                     .late_ticks = self->late_ticks};
}

tick_kind_t
ticker_step (ticker_t *self, const clock_reading_t *now, tick_t *tick)
{
    if (s_clock_was_set (self, now) || s_edge_s (now) - self->next_edge_s >= FRAME_MAX_SPAN_S) {
        ticker_init (self, now);
        return TICK_STEPPED;
    }
    self->last = *now;
    if (s_edge_s (now) < self->next_edge_s)
        return TICK_EARLY;
    s_pass_edges (self, now);
    if (!self->measuring)
        return TICK_BEGIN;
    s_describe (self, now, tick);
    return TICK_FRAME;
}

void
ticker_accept (ticker_t *self, const clock_reading_t *now)
{
    self->measuring = true;
    self->begin_edge_s = s_edge_s (now);
    self->begin_mono_ns = now->mono_ns;
    self->late_ticks = 0;
}
