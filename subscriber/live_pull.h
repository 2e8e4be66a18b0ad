//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_pull - what is asked of a store about one node, and what of its answers is believed: first
//  the manifest, page by page, then the frames of one run after another, a chunk at a time. Pure.
#ifndef SUBSCRIBER_LIVE_PULL_H
#define SUBSCRIBER_LIVE_PULL_H

#include "schema/message.h"

#define LIVE_PULL_FRAMES 64 //  Of a chunk: the memory of a node

typedef enum { PULL_MANIFEST, PULL_FRAMES, PULL_ENDED } pull_wants_t;

//  A frame that has come, as its payload.
typedef struct {
    void *payload;
    size_t size;
    int64_t start_wall_s;
} pulled_t;

typedef struct {
    char node[NODE_NAME_MAX + 1];
    int64_t since_wall_s; //  Frames that start before are not wanted
    uint64_t epoch, seq;  //  Nor is everything up to this frame
    pull_wants_t wants;
    manifest_t manifest;
    size_t run; //  Of the manifest, that is being replayed
    seq_range_t asked;
    pulled_t frames[LIVE_PULL_FRAMES];
    size_t count, taken;
} live_pull_t;

void live_pull_init (live_pull_t *self, const char *node, uint64_t epoch, uint64_t seq,
                     int64_t since_wall_s);
//  Free what has come and want no more.
void live_pull_fini (live_pull_t *self);

//  The next request, but for its id. Returns false, and wants no more, where there is none.
bool live_pull_request (live_pull_t *self, message_t *request);

//  Each takes a part of an answer in and returns NULL, or a static sentence: why it is not
//  believed. The manifest's page:
const char *live_pull_take_page (live_pull_t *self, wire_reader_t *reader, const void *data,
                                 size_t size);
//  A chunk: what it says to cover, then each frame (scratch is for its decoding).
const char *live_pull_begin_chunk (const live_pull_t *self, const seq_range_t *covered);
const char *live_pull_take_frame (live_pull_t *self, wire_reader_t *reader, const void *data,
                                  size_t size, frame_t *scratch);
void live_pull_end_chunk (live_pull_t *self, const seq_range_t *covered);

//  When the next frame starts, INT64_MAX where none is there; and take it.
int64_t live_pull_next_wall_s (const live_pull_t *self);
void live_pull_next (live_pull_t *self, wire_reader_t *reader, frame_t *frame);

#endif
