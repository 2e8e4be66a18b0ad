//  SPDX-License-Identifier: GPL-2.0-or-later
//  archive - every frame that a simulated run issued: the truth its stores are compared with.
#ifndef SIMULATION_ARCHIVE_H
#define SIMULATION_ARCHIVE_H

#include "tests/simulation/memory_store.h"

typedef struct {
    issued_t **frames; //  Owned, in the order issued
    size_t count;
    size_t capacity;
} archive_t;

//  Make, encode and keep a frame.
const issued_t *archive_issue (archive_t *self, unsigned worker, const char *node, uint64_t epoch,
                               uint64_t seq, int64_t start_wall_s, uint32_t span_s);
//  A well-formed frame of the same name with other content; the caller frees it.
issued_t *archive_forge (const issued_t *frame);
void archive_clear (archive_t *self);

#endif
