//  SPDX-License-Identifier: GPL-2.0-or-later
//  recorder - the coordinator's only writer to the store: a bounded queue, and a thread that
//  empties it in batches. Intake never waits for the disk: what does not fit is refused.
//
//  When the store cannot be written the batch in hand is kept and tried again twice a second; the
//  queue fills meanwhile. Upstream: coordinator. Downstream: storage.
#ifndef BROKER_RECORDER_H
#define BROKER_RECORDER_H

#include <stdbool.h>
#include "broker/bundle.h"
#include "storage/store.h"

#define RECORDER_MAX_FRAMES 131072
#define RECORDER_MAX_BYTES  (64 * 1024 * 1024)

//  What a batch has at most. It takes whatever came while the one before was written: the busier
//  the broker, the more frames share the price of a write.
#define RECORDER_BATCH_BUNDLES 64
#define RECORDER_BATCH_FRAMES  (RECORDER_BATCH_BUNDLES * BUNDLE_RECORDS)

//  What the recorder writes to and whom it tells; both are called on its thread only.
typedef struct {
    //  As store_append.
    int (*append) (void *context, const store_record_t *records, size_t count,
                   store_verdict_t *verdicts);
    //  What became of a record.
    void (*tell) (void *context, const store_record_t *record, store_verdict_t verdict);
    //  The store stopped taking frames, or takes them again.
    void (*failing) (void *context, bool failing);
    void *context;
} recorder_ops_t;

typedef struct recorder_t recorder_t;

//  Start the thread. Copies ops.
recorder_t *recorder_new (const recorder_ops_t *ops);
//  Write what is queued, if the store takes it, and stop.
void recorder_destroy (recorder_t **self_p);

//  Queue a copy of a record. Any thread; never waits. Returns 0, or -1 where it does not fit. It
//  is written together with others: once enough are queued, or with recorder_flush.
int recorder_submit (recorder_t *self, const store_record_t *record);
//  No more records follow for now: have those queued written. Any thread; never waits.
void recorder_flush (recorder_t *self);

//  How many records were ever queued, and for how many of these, in the same order, the store's
//  verdict is known. Any thread.
uint64_t recorder_submitted (recorder_t *self);
uint64_t recorder_settled (recorder_t *self);

//  Whether the store takes frames and at least half of the queue is free. Any thread.
bool recorder_has_room (recorder_t *self);

typedef struct {
    uint64_t queued_frames, queued_bytes; //  Now
    uint64_t refused;                     //  Frames that did not fit
    uint64_t written;                     //  Frames the store took, whatever its verdict
    uint64_t batches;                     //  Writes they came in
    uint64_t failures;                    //  Writes that failed
    bool failing;                         //  The latest write failed
} recorder_stats_t;

//  Any thread.
void recorder_stats (recorder_t *self, recorder_stats_t *stats);

#endif
