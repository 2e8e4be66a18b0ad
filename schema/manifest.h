//  SPDX-License-Identifier: GPL-2.0-or-later
//  manifest - what a store holds of one node: its epochs and the runs of frames in each.
//  Sent by workers, compared by brokers (backfill) and by the audit.
//
//  On the wire a manifest goes in pages of at most MANIFEST_PAGE_RUNS runs, so that each fits a
//  message part. A page, canonical msgpack:
//
//      [ version 1, more 0|1, expired_epoch, expired_seq,
//        [ [epoch, first_seq, last_seq, digest, first_wall_s, last_wall_s], ... ] ]
//
//  The next page starts at the epoch of the last run and its last_seq + 1.
#ifndef SCHEMA_MANIFEST_H
#define SCHEMA_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/wire.h"

#define MANIFEST_VERSION   1
#define MANIFEST_PAGE_RUNS 1024

//  Frames first_seq .. last_seq of an epoch, both included.
typedef struct {
    uint64_t epoch;
    uint64_t first_seq, last_seq;
} seq_range_t;

//  A run without a gap, and the digest of its frames: the sum modulo 2^64 of manifest_digest of
//  each. Runs that meet have the sum of their digests.
typedef struct {
    seq_range_t range;
    uint64_t digest;
    int64_t first_wall_s, last_wall_s; //  Starts of the first and the last frame
} manifest_run_t;

typedef struct {
    manifest_run_t *runs; //  Owned; in order of epoch and seq; none touch
    size_t count;
    //  Retention has taken every frame up to this one, and everything of earlier epochs.
    uint64_t expired_epoch, expired_seq;
    bool more; //  This is one page, and there are runs behind its last one
} manifest_t;

typedef enum {
    LOSS_EXPIRED, //  The worker's retention took the frames before they were pulled
    LOSS_ABSENT   //  The worker does not have them: never spooled, or its spool was lost
} loss_cause_t;

//  Frames that can no longer be had.
typedef struct {
    seq_range_t range;
    loss_cause_t cause;
} loss_t;

//  The digest of one frame: XXH64, seed 0, of all bytes of its payload.
uint64_t manifest_digest (const void *payload, size_t size);

//  Whether a frame's name lies at or below the manifest's retention.
bool manifest_has_expired (const manifest_t *self, uint64_t epoch, uint64_t seq);

//  Encode a page. Returns its size, or 0 where it has more than MANIFEST_PAGE_RUNS runs or does
//  not fit; WIRE_MAX_BYTES always suffices for a page.
size_t manifest_encode (const manifest_t *self, void *buffer, size_t capacity);

//  Decode a page and check it: canonical form, known version, runs that are not reversed, in
//  order, apart, behind the retention, and whose starts can be. Returns 0, or -1 and in *reason a
//  static sentence; self then holds nothing. Release with manifest_clear.
int manifest_decode (manifest_t *self, wire_reader_t *reader, const void *data, size_t size,
                     const char **reason);

//  Append a later page's runs (pages are asked for in order), and take over whether more follow.
//  The earlier page's retention is kept. Returns 0, or -1 where the page's runs do not lie behind
//  those here, or more than most_runs would be held; self is unchanged then.
int manifest_append (manifest_t *self, const manifest_t *page, size_t most_runs);

//  Leave out the runs that end at or before a name: those that the reader's own retention has
//  taken, and that it must not ask for again.
void manifest_forget (manifest_t *self, uint64_t epoch, uint64_t seq);

//  Free the runs and hold nothing.
void manifest_clear (manifest_t *self);

#endif
