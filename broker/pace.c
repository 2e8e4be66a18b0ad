//  SPDX-License-Identifier: GPL-2.0-or-later
//  pace - see pace.h.
#include "broker/pace.h"

uint64_t
pace_sum (uint64_t one, uint64_t other)
{
    return other <= UINT64_MAX - one ? one + other : UINT64_MAX;
}

void
pace_add (pace_t *self, uint64_t frames)
{
    self->events++;
    self->frames = pace_sum (self->frames, frames);
}

bool
pace_is_due (const pace_t *self, int64_t now_mono_ns)
{
    return self->events > 0 && (!self->has_told || now_mono_ns - self->told_mono_ns >= PACE_NS);
}

void
pace_note_told (pace_t *self, int64_t now_mono_ns)
{
    *self = (pace_t){.has_told = true, .told_mono_ns = now_mono_ns};
}
