//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_judge - what becomes of frames that are brought, by what is held and by what came before
//  them in the same batch. What is taken in goes into a draft.
#ifndef STORAGE_STORE_JUDGE_H
#define STORAGE_STORE_JUDGE_H

#include "storage/store_draft.h"

//  The records of a batch that are of one group of the inbox. All is borrowed.
typedef struct {
    store_draft_t *draft;
    const store_record_t *records; //  The batch's,
    store_verdict_t *verdicts;     //  and what became of each
    const uint32_t *turns;         //  Which of them are of the group, in their own order
    size_t count;                  //  Of turns
    size_t turn;                   //  The one it is
    size_t duplicates;             //  Grows by those that were met
} store_judge_t;

//  Judge those from turn on; all, unless the draft's batch grows beyond most_bytes before that:
//  late frames have rows rewritten that are many times as large. turn is then the next one. The
//  draft has their group in hand, and none of their names. Returns 0, or -1 when the store could
//  not be read (see store_error).
int store_judge (store_judge_t *self, size_t most_bytes);

#endif
