//  SPDX-License-Identifier: GPL-2.0-or-later
//  epoch - see epoch.h.
#include "publisher/epoch.h"

#define EPOCH_RANDOM_BITS 16
#define EPOCH_MAX_MS      (UINT64_MAX >> EPOCH_RANDOM_BITS)

uint64_t
epoch_make (int64_t now_wall_ns, uint64_t last_epoch, uint16_t random)
{
    uint64_t ms = now_wall_ns > 0 ? (uint64_t) now_wall_ns / 1000000 : 1;
    uint64_t least_ms = (last_epoch >> EPOCH_RANDOM_BITS) + 1;
    if (ms < least_ms)
        ms = least_ms;
    return ms > EPOCH_MAX_MS ? 0 : ms << EPOCH_RANDOM_BITS | random;
}
