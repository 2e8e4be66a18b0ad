//  SPDX-License-Identifier: GPL-2.0-or-later
//  bundle - frames on their way to the store, side by side in one piece of memory: filled by
//  copying, written as one batch, used again. Not safe for use by two threads.
#ifndef BROKER_BUNDLE_H
#define BROKER_BUNDLE_H

#include "storage/store.h"

#define BUNDLE_RECORDS 1024
#define BUNDLE_BYTES   (512 * 1024)

typedef struct bundle_t bundle_t;
struct bundle_t {
    bundle_t *next; //  Its holder's
    size_t count;
    size_t bytes;                           //  Of data, used
    store_record_t records[BUNDLE_RECORDS]; //  Their nodes and payloads lie in data
    _Alignas(8) uint8_t data[BUNDLE_BYTES];
};

bundle_t *bundle_new (void);
void bundle_destroy (bundle_t **self_p);

//  How much of a bundle's data a record takes up, in bytes.
size_t bundle_weight (const store_record_t *record);
//  Copy a record in. Returns 0, or -1 where it does not fit; any record fits an empty bundle.
int bundle_add (bundle_t *self, const store_record_t *record);
void bundle_clear (bundle_t *self);

#endif
