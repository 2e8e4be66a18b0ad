//  SPDX-License-Identifier: GPL-2.0-or-later
//  pace - when to tell of what a node does again and again: the first time at once, then what was
//  not told yet, at most every 10 s. A plain value; {0} has told nothing. Pure.
#ifndef BROKER_PACE_H
#define BROKER_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_NS 10000000000LL

typedef struct {
    uint64_t events, frames; //  Not told yet
    bool has_told;
    int64_t told_mono_ns;
} pace_t;

//  It happened again, to so many frames.
void pace_add (pace_t *self, uint64_t frames);
//  Whether to tell now of what was not told yet: if so, note that it is told once it is.
bool pace_is_due (const pace_t *self, int64_t now_mono_ns);
void pace_note_told (pace_t *self, int64_t now_mono_ns);

//  The sum, or the greatest number where it would be beyond: a node may claim any seq.
uint64_t pace_sum (uint64_t one, uint64_t other);

#endif
