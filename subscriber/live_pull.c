//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_pull - see live_pull.h.
#include "subscriber/live_pull.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 65536 //  Of one manifest; a store that claims more is not believed

void
live_pull_init (live_pull_t *self, const char *node, uint64_t epoch, uint64_t seq,
                int64_t since_wall_s)
{
    memset (self, 0, sizeof *self);
    snprintf (self->node, sizeof self->node, "%s", node);
    self->epoch = epoch;
    self->seq = seq;
    self->since_wall_s = since_wall_s;
}

void
live_pull_fini (live_pull_t *self)
{
    for (; self->taken < self->count; self->taken++)
        free (self->frames[self->taken].payload);
    self->count = self->taken = 0;
    manifest_clear (&self->manifest);
    self->wants = PULL_ENDED;
}

//  --- asking ----------------------------------------------------------------------------------

//  The first frame of a run that is wanted, by its name and, as frames cover a second or more each,
//  at the earliest by its time. Returns false where there is none.
static bool
s_first_wanted (const live_pull_t *self, const manifest_run_t *run, uint64_t *seq)
{
    const seq_range_t *range = &run->range;
    bool goes_on = range->epoch == self->epoch;
    if (range->epoch < self->epoch || (goes_on && range->last_seq <= self->seq) ||
        run->last_wall_s < self->since_wall_s)
        return false;
    uint64_t back = (uint64_t) (run->last_wall_s - self->since_wall_s);
    *seq = range->last_seq - range->first_seq > back ? range->last_seq - back : range->first_seq;
    if (goes_on && *seq <= self->seq)
        *seq = self->seq + 1;
    return true;
}

//  The next chunk to ask for. Returns false where the manifest is replayed.
static bool
s_next_range (live_pull_t *self)
{
    for (; self->run < self->manifest.count; self->run++) {
        const manifest_run_t *run = &self->manifest.runs[self->run];
        uint64_t first, last = run->range.last_seq;
        if (!s_first_wanted (self, run, &first))
            continue;
        if (last - first >= LIVE_PULL_FRAMES)
            last = first + LIVE_PULL_FRAMES - 1;
        self->asked = (seq_range_t){run->range.epoch, first, last};
        return true;
    }
    return false;
}

//  The page behind what is here, or behind what is not wanted.
static message_t
s_page_request (const live_pull_t *self)
{
    message_t request = {
        .kind = MESSAGE_ASK_MANIFEST, .from_epoch = self->epoch, .from_seq = self->seq + 1};
    if (self->manifest.count > 0) {
        const seq_range_t *last = &self->manifest.runs[self->manifest.count - 1].range;
        request.from_epoch = last->epoch;
        request.from_seq = last->last_seq + 1;
    }
    return request;
}

bool
live_pull_request (live_pull_t *self, message_t *request)
{
    if (self->wants == PULL_MANIFEST)
        *request = s_page_request (self);
    else if (self->wants == PULL_FRAMES && s_next_range (self))
        *request = (message_t){.kind = MESSAGE_ASK_REPLAY, .range = self->asked};
    else {
        self->wants = PULL_ENDED;
        return false;
    }
    memcpy (request->node, self->node, sizeof request->node);
    return true;
}

//  --- answers ---------------------------------------------------------------------------------

const char *
live_pull_take_page (live_pull_t *self, wire_reader_t *reader, const void *data, size_t size)
{
    manifest_t page;
    const char *reason = NULL;
    if (manifest_decode (&page, reader, data, size, &reason) == -1)
        return reason;
    if (self->manifest.count == 0) {
        manifest_clear (&self->manifest);
        self->manifest = page;
    } else {
        if (manifest_append (&self->manifest, &page, RUNS_MAX) == -1)
            reason = "its manifest is in disorder";
        manifest_clear (&page);
    }
    if (self->manifest.more && self->manifest.count == 0)
        reason = "its manifest is in disorder"; //  More of nothing
    if (!self->manifest.more)
        self->wants = PULL_FRAMES;
    return reason;
}

const char *
live_pull_begin_chunk (const live_pull_t *self, const seq_range_t *covered)
{
    bool as_asked =
        covered->epoch == self->asked.epoch && covered->first_seq == self->asked.first_seq &&
        covered->last_seq >= covered->first_seq && covered->last_seq <= self->asked.last_seq;
    return as_asked ? NULL : "the reply is not what was asked for";
}

static bool
s_is_asked_for (const live_pull_t *self, const frame_t *frame)
{
    bool goes_on = frame->epoch == self->epoch;
    return strcmp (frame->node, self->node) == 0 && frame->epoch == self->asked.epoch &&
           !(goes_on && frame->seq <= self->seq) && frame->seq >= self->asked.first_seq &&
           frame->seq <= self->asked.last_seq;
}

const char *
live_pull_take_frame (live_pull_t *self, wire_reader_t *reader, const void *data, size_t size,
                      frame_t *scratch)
{
    const char *reason;
    if (frame_decode (scratch, reader, data, size, &reason) == -1)
        return reason;
    if (!s_is_asked_for (self, scratch) || self->count == LIVE_PULL_FRAMES)
        return "frames came that were not asked for";
    self->epoch = scratch->epoch;
    self->seq = scratch->seq;
    if (scratch->start_wall_s < self->since_wall_s)
        return NULL;
    pulled_t *pulled = &self->frames[self->count++];
    *pulled = (pulled_t){malloc (size), size, scratch->start_wall_s};
    assert (pulled->payload);
    memcpy (pulled->payload, data, size);
    return NULL;
}

void
live_pull_end_chunk (live_pull_t *self, const seq_range_t *covered)
{
    self->epoch = covered->epoch;
    self->seq = covered->last_seq;
}

//  --- handing out -----------------------------------------------------------------------------

int64_t
live_pull_next_wall_s (const live_pull_t *self)
{
    return self->taken < self->count ? self->frames[self->taken].start_wall_s : INT64_MAX;
}

void
live_pull_next (live_pull_t *self, wire_reader_t *reader, frame_t *frame)
{
    const char *reason;
    pulled_t *pulled = &self->frames[self->taken++];
    int rc = frame_decode (frame, reader, pulled->payload, pulled->size, &reason);
    assert (rc == 0); //  It was decoded when it came
    free (pulled->payload);
    if (self->taken == self->count)
        self->taken = self->count = 0;
}
