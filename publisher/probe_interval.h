//  SPDX-License-Identifier: GPL-2.0-or-later
//  probe_interval - decides, from clock readings alone, when bin/probe's intervals end. Pure.
//
//  On the screen the intervals follow one another at whole multiples from the first one's start,
//  however long printing takes. Where frames are recorded they end on whole seconds of the wall
//  clock, as a worker's do. One that is noticed too late is longer, and says so; it is not cut.
#ifndef PUBLISHER_PROBE_INTERVAL_H
#define PUBLISHER_PROBE_INTERVAL_H

#include "publisher/ticker.h"

typedef struct {
    int64_t length_ns;
    bool on_seconds;       //  Ends on whole seconds of the wall clock
    clock_reading_t begin; //  Of the interval in progress
    int64_t end_mono_ns;   //  When it is due to end
} probe_interval_t;

//  Monotonic time of the wall clock's next whole second.
int64_t probe_interval_next_second (const clock_reading_t *now);

//  The first interval begins now.
void probe_interval_init (probe_interval_t *self, unsigned seconds, bool on_seconds,
                          const clock_reading_t *now);

//  End the interval in progress now, at its due time or earlier (Ctrl-C), and begin the next one.
//  Fills in what it covered, at least one second. Returns true where the wall clock was set in the
//  meantime, by more than half a second: what follows does not line up with what was before.
bool probe_interval_close (probe_interval_t *self, const clock_reading_t *now, tick_t *covered);

#endif
