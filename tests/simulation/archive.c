//  SPDX-License-Identifier: GPL-2.0-or-later
//  archive - see archive.h.
#include "tests/simulation/archive.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

static issued_t *
s_make (const issued_t *name, uint64_t content)
{
    static frame_t frame;
    issued_t *issued = malloc (sizeof *issued);
    assert (issued);
    *issued = *name;
    memcpy (frame.node, name->node, sizeof frame.node);
    strcpy (frame.version, "sim");
    frame.source = FRAME_FROM_SYNTHETIC;
    frame.epoch = name->epoch;
    frame.seq = name->seq;
    frame.start_wall_s = name->start_wall_s;
    frame.span_s = name->span_s;
    frame.cost.cpu_ns = content;
    issued->size = frame_encode (&frame, issued->data, sizeof issued->data);
    assert (issued->size);
    issued->digest = XXH64 (issued->data, issued->size, 0);
    return issued;
}

const issued_t *
archive_issue (archive_t *self, unsigned worker, const char *node, uint64_t epoch, uint64_t seq,
               int64_t start_wall_s, uint32_t span_s)
{
    issued_t name = {.worker = worker,
                     .epoch = epoch,
                     .seq = seq,
                     .start_wall_s = start_wall_s,
                     .span_s = span_s};
    memcpy (name.node, node, strlen (node) + 1);
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? 2 * self->capacity : 1024;
        self->frames = realloc (self->frames, self->capacity * sizeof *self->frames);
        assert (self->frames);
    }
    return self->frames[self->count++] = s_make (&name, seq);
}

issued_t *
archive_forge (const issued_t *frame)
{
    return s_make (frame, frame->seq + 1);
}

void
archive_clear (archive_t *self)
{
    for (size_t i = 0; i < self->count; i++)
        free (self->frames[i]);
    free (self->frames);
    *self = (archive_t){0};
}
