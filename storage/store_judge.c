//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_judge - see store_judge.h.
#include "storage/store_judge.h"

#include <assert.h>
#include <string.h>
#include "storage/inbox_draft.h"
#include "storage/minute.h"
#include "storage/rollup.h"
#include "storage/store_key.h"

static bool
s_have_one_name (const store_record_t *one, const store_record_t *other)
{
    return one->seq == other->seq && one->epoch == other->epoch &&
           strcmp (one->node, other->node) == 0;
}

static bool
s_are_equal (const store_record_t *one, const store_record_t *other)
{
    return one->size == other->size && one->start_wall_s == other->start_wall_s &&
           one->span_s == other->span_s && memcmp (one->data, other->data, one->size) == 0;
}

//  The earlier record of this batch with the same name that got the verdict, from the turn on;
//  NULL where there is none. *turn is then the next one to look at.
static const store_record_t *
s_earlier (const store_judge_t *self, size_t index, store_verdict_t verdict, size_t *turn)
{
    while (*turn < self->turn) {
        size_t earlier = self->turns[(*turn)++];
        if (self->verdicts[earlier] == verdict &&
            s_have_one_name (&self->records[earlier], &self->records[index]))
            return &self->records[earlier];
    }
    return NULL;
}

//  Whether the refused record lies aside already, in the database or from earlier in this batch.
//  Returns 1, 0, or -1 on failure.
static int
s_is_aside (const store_judge_t *self, size_t index, const store_bytes_t *key)
{
    const store_record_t *record = &self->records[index], *earlier;
    char error[DATABASE_ERROR_MAX];
    size_t turn = 0;
    assert (record);
    while ((earlier = s_earlier (self, index, STORE_CONFLICT, &turn)))
        if (earlier->size == record->size &&
            memcmp (earlier->data, record->data, record->size) == 0)
            return 1;
    store_t *store = self->draft->store;
    int equal =
        database_compare (store->database, key->data, key->size, record->data, record->size, error);
    return equal < 0 ? store_fail (store, error) : equal;
}

//  Refuse a frame: its bytes are put aside while there is room for them.
static int
s_refuse (store_judge_t *self, size_t index)
{
    const store_record_t *record = &self->records[index];
    holding_t *drafted = store_draft_node (self->draft, record->node);
    uint64_t digest = manifest_digest (record->data, record->size);
    store_bytes_t key = store_key_conflict (record->node, record->epoch, record->seq, digest);
    int aside = s_is_aside (self, index, &key);
    if (aside < 0)
        return -1;
    drafted->conflicts++;
    if (!aside && drafted->conflicts_kept < STORE_CONFLICTS_MAX) {
        batch_put (self->draft->batch, key.data, key.size, record->data, record->size);
        drafted->conflicts_kept++;
    }
    self->verdicts[index] = STORE_CONFLICT;
    return 0;
}

//  The frame's name is held; equal tells whether with the same bytes.
static int
s_judge_held (store_judge_t *self, size_t index, bool equal)
{
    if (!equal)
        return s_refuse (self, index);
    self->verdicts[index] = STORE_DUPLICATE;
    self->duplicates++;
    return 0;
}

//  The frame's name is stored already: in the inbox, by itself, or in the chunk of its minute.
//  Where it is not under this start and span, the stored bytes differ, for these are part of them.
static int
s_judge_stored (store_judge_t *self, const holding_t *known, size_t index)
{
    const store_record_t *record = &self->records[index];
    char error[DATABASE_ERROR_MAX];
    if (inbox_is_open (&known->rolled, record->start_wall_s)) {
        int held = inbox_draft_holds (self->draft, record);
        return held < 0 ? -1 : s_judge_held (self, index, held);
    }
    store_bytes_t key = store_key_frame (record);
    store_t *store = self->draft->store;
    int equal =
        database_compare (store->database, key.data, key.size, record->data, record->size, error);
    if (equal < 0)
        return store_fail (store, error);
    if (!equal)
        equal = minute_holds (self->draft, record);
    return equal < 0 ? -1 : s_judge_held (self, index, equal);
}

//  The frame's name was added earlier in this batch.
static int
s_judge_within (store_judge_t *self, size_t index)
{
    size_t turn = 0;
    const store_record_t *added = s_earlier (self, index, STORE_ADDED, &turn);
    assert (added);
    return s_judge_held (self, index, s_are_equal (added, &self->records[index]));
}

static int
s_add (store_judge_t *self, size_t index, const store_range_t *frame)
{
    const store_record_t *record = &self->records[index];
    holding_t *drafted = store_draft_node (self->draft, record->node);
    holding_insert (drafted, frame);
    losses_remove (&drafted->losses, record->epoch, record->seq);
    self->verdicts[index] = STORE_ADDED;
    return rollup_add (self->draft, drafted, record);
}

//  The frame's name is not stored: it may be added, unless it stands in this batch already or
//  contradicts the frames around it.
static int
s_judge_new (store_judge_t *self, size_t index)
{
    const store_record_t *record = &self->records[index];
    holding_t *drafted = store_draft_node (self->draft, record->node);
    ranges_t *ranges = store_draft_epoch (drafted, record->epoch);
    if (ranges_contain (ranges, record->seq))
        return s_judge_within (self, index);
    const store_range_t frame = range_of_frame (record);
    if (!ranges_admit (ranges, &frame))
        return s_refuse (self, index);
    return s_add (self, index, &frame);
}

static int
s_judge (store_judge_t *self, size_t index)
{
    const store_record_t *record = &self->records[index];
    const holding_t *known = store_draft_node (self->draft, record->node)->known;
    const ranges_t *held = known ? holding_find (known, record->epoch) : NULL;
    if (held && ranges_contain (held, record->seq))
        return s_judge_stored (self, known, index);
    if (!known || !holding_has_expired (known, record->epoch, record->seq))
        return s_judge_new (self, index);
    self->verdicts[index] = STORE_EXPIRED;
    return 0;
}

//  The nodes of the next turns.
static void
s_fetch_nodes (const store_judge_t *self)
{
    const char *nodes[NODE_INDEX_MANY];
    size_t count = 0;
    while (count < NODE_INDEX_MANY && self->turn + count < self->count) {
        nodes[count] = self->records[self->turns[self->turn + count]].node;
        count++;
    }
    holdings_fetch (self->draft->store->holdings, nodes, count);
}

int
store_judge (store_judge_t *self, size_t most_bytes)
{
    for (size_t first = self->turn;
         self->turn < self->count && batch_bytes (self->draft->batch) < most_bytes; self->turn++) {
        if ((self->turn - first) % NODE_INDEX_MANY == 0)
            s_fetch_nodes (self);
        if (s_judge (self, self->turns[self->turn]))
            return -1;
    }
    return 0;
}
