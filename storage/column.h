//  SPDX-License-Identifier: GPL-2.0-or-later
//  column - whole numbers of one kind, one per frame, packed: as one number where all are equal,
//  as steps where they are even, else as the shortest of bits above the least number, bits of the
//  differences, or varints.
//  Keeps no state.
#ifndef STORAGE_COLUMN_H
#define STORAGE_COLUMN_H

#include "storage/varint.h"

void column_put (bytes_t *bytes, const uint64_t *values, unsigned count);
//  Read as many as were put; what is no column sets the taker's fault.
void column_take (taker_t *taker, uint64_t *values, unsigned count);

#endif
