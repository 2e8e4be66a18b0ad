//  SPDX-License-Identifier: GPL-2.0-or-later
//  sampler - makes frames of a source's readings: gives them their name (node, epoch, seq), their
//  time and the totals since the epoch began.
//  Upstream: source, ticker. Downstream: spool and the PUB socket, both in worker.
//  Not safe for use by two threads.
#ifndef PUBLISHER_SAMPLER_H
#define PUBLISHER_SAMPLER_H

#include "publisher/source.h"
#include "publisher/ticker.h"

typedef struct sampler_t sampler_t;

//  Takes the source over. node must be a valid name.
sampler_t *sampler_new (source_t **source_p, const char *node);
void sampler_destroy (sampler_t **self_p);

//  Begin an epoch now: what the source has measured so far belongs to no frame. Returns 0, or -1
//  when the source could not be read; then nothing has begun.
int sampler_begin (sampler_t *self, uint64_t epoch);

//  Read the source into the epoch's next frame. Returns 0, or -1 when the source could not be
//  read; then there is no frame and no seq is used up.
int sampler_read (sampler_t *self, const tick_t *tick, frame_t *frame);

//  Make the frame that was just read the first one of a new epoch instead.
void sampler_rename (sampler_t *self, uint64_t epoch, frame_t *frame);

//  The epoch of the newest frame, or of the next one where there is none yet; 0 before any.
uint64_t sampler_epoch (const sampler_t *self);

#endif
