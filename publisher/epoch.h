//  SPDX-License-Identifier: GPL-2.0-or-later
//  epoch - the number of a worker's unbroken run of frames. Pure.
#ifndef PUBLISHER_EPOCH_H
#define PUBLISHER_EPOCH_H

#include <stdint.h>

//  A new epoch: (max (unix ms now, ms of the last epoch + 1) << 16) | random. It grows also where
//  the clock went back; the random bits tell apart two that were copied from one store.
//  last_epoch is 0 where there is none. Returns 0 when no greater epoch exists.
uint64_t epoch_make (int64_t now_wall_ns, uint64_t last_epoch, uint16_t random);

#endif
