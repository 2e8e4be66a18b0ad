//  SPDX-License-Identifier: GPL-2.0-or-later
//  probe_interval - decides when bin/probe's intervals end. See the header.

#include "publisher/probe_interval.h"

#include <stdlib.h>
#include "schema/frame.h"

//  Whole seconds, to the nearest.
static int64_t
s_seconds (int64_t ns)
{
    return (ns + NS_PER_S / 2) / NS_PER_S;
}

int64_t
probe_interval_next_second (const clock_reading_t *now)
{
    return now->mono_ns + NS_PER_S - now->wall_ns % NS_PER_S;
}

//  When an interval that begins now ends. On the screen's grid that is the first multiple after
//  now, so that one late interval does not shift those after it.
static int64_t
s_due (const probe_interval_t *self, const clock_reading_t *now)
{
    if (self->on_seconds) {
        int64_t end_wall_ns = s_seconds (now->wall_ns) * NS_PER_S + self->length_ns;
        return now->mono_ns + end_wall_ns - now->wall_ns;
    }
    int64_t missed = (now->mono_ns - self->end_mono_ns) / self->length_ns;
    return self->end_mono_ns + (missed + 1) * self->length_ns;
}

void
probe_interval_init (probe_interval_t *self, unsigned seconds, bool on_seconds,
                     const clock_reading_t *now)
{
    *self = (probe_interval_t){.length_ns = seconds * NS_PER_S,
                               .on_seconds = on_seconds,
                               .begin = *now,
                               .end_mono_ns = now->mono_ns};
    self->end_mono_ns = s_due (self, now);
}

bool
probe_interval_close (probe_interval_t *self, const clock_reading_t *now, tick_t *covered)
{
    int64_t duration_ns = now->mono_ns - self->begin.mono_ns;
    int64_t step_ns = now->wall_ns - self->begin.wall_ns - duration_ns;
    int64_t span_s = s_seconds (duration_ns);
    *covered = (tick_t){.start_wall_s = s_seconds (self->begin.wall_ns),
                        .span_s = span_s < 1                  ? 1
                                  : span_s > FRAME_MAX_SPAN_S ? FRAME_MAX_SPAN_S
                                                              : (uint32_t) span_s,
                        .duration_mono_ns = (uint64_t) duration_ns,
                        .late_ticks = now->mono_ns - self->end_mono_ns > TICKER_LATE_NS};
    self->begin = *now;
    self->end_mono_ns = s_due (self, now);
    return llabs (step_ns) > TICKER_STEP_NS;
}
