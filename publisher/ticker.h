//  SPDX-License-Identifier: GPL-2.0-or-later
//  ticker - decides, from clock readings alone, when a frame ends and what it covers. Pure: it
//  neither reads a clock nor waits; its owner sleeps until ticker_due_wall_ns, reads the clocks
//  and asks.
//
//  Frames end on whole seconds of the wall clock (an "edge"). A worker that was held up closes
//  one frame over all the seconds it missed; it never cuts it into empty ones. A wall clock that
//  was set, or a machine that slept, ends the epoch: seconds before and after do not line up.
//
//      ticker_init ─► EARLY ... BEGIN ─► EARLY ... FRAME ─► EARLY ... FRAME ...
//                                └───────── STEPPED, and from the start again
#ifndef PUBLISHER_TICKER_H
#define PUBLISHER_TICKER_H

#include "publisher/clock.h"

#define TICKER_LATE_NS 100000000LL //  A tick this much after its edge is late
#define TICKER_STEP_NS 500000000LL //  Wall and monotonic clock apart by more: the wall was set

typedef enum {
    TICK_EARLY,  //  No edge has passed yet
    TICK_BEGIN,  //  The first full second begins: measuring starts here, with a new epoch
    TICK_FRAME,  //  A frame ends here: tick says what it covers
    TICK_STEPPED //  The wall clock was set (or a day passed unseen): the epoch is over
} tick_kind_t;

//  What a frame that ends now covers.
typedef struct {
    int64_t start_wall_s;      //  First second
    uint32_t span_s;           //  Seconds, over 1 after a stall
    uint64_t duration_mono_ns; //  True length
    uint64_t late_ticks;       //  Edges inside it that were noticed over TICKER_LATE_NS late
} tick_t;

typedef struct {
    bool measuring;       //  TICK_BEGIN was accepted
    int64_t next_edge_s;  //  First edge not ticked yet
    int64_t begin_edge_s; //  Where the frame in progress starts
    int64_t begin_mono_ns;
    uint64_t late_ticks;  //  Since the frame in progress started
    clock_reading_t last; //  Of the last step
} ticker_t;

//  Start, or start again, at now.
void ticker_init (ticker_t *self, const clock_reading_t *now);

//  Wall clock at which to step next.
int64_t ticker_due_wall_ns (const ticker_t *self);

//  What is due now. Fills tick for TICK_FRAME. After TICK_STEPPED the ticker has started again.
tick_kind_t ticker_step (ticker_t *self, const clock_reading_t *now, tick_t *tick);

//  The source was read at now, for the BEGIN or FRAME just returned: the next frame starts here.
//  Without it (the source could not be read) the frame in progress grows by another second.
void ticker_accept (ticker_t *self, const clock_reading_t *now);

#endif
