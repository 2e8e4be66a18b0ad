//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_append - frames in: judge each by what is held, gather frames and changed books in one
//  batch, write it, and only then let memory know.
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "storage/folder.h"
#include "storage/inbox_draft.h"
#include "storage/minute.h"
#include "storage/rollup.h"
#include "storage/store_draft.h"
#include "storage/store_key.h"

//  Minutes of all nodes end at once. An append rewrites twice as many frames as it brings, and so
//  catches up in half a minute, but takes only so long.
#define REWRITTEN_MIN 4096

#define PART_BYTES (4u << 20)

//  A record of the batch, to be dealt with together with those of its group of the inbox.
typedef struct {
    unsigned group;
    uint32_t index;
} turn_t;

typedef struct {
    store_t *store;
    const store_record_t *records;
    store_verdict_t *verdicts;
    store_draft_t draft;
    turn_t *turns; //  Owned: all records, group by group; within one in their own order
    size_t turn;   //  The one it is
    size_t first;  //  The first one of its group
    size_t duplicates;
    size_t rewritten, rewritten_max; //  Frames of minutes that are closed
    uint16_t closed[STORE_GROUPS];   //  Groups whose minutes were, but are not written yet
    size_t closed_count;
} append_t;

bool
store_has_space (const store_t *self)
{
    return folder_free_bytes (self->path) >= self->reserve_bytes;
}

//  Below the reserve RocksDB would soon meet the full disk itself, and abort the process.
int
store_check_space (store_t *self, uint64_t bytes)
{
    char error[DATABASE_ERROR_MAX];
    uint64_t needed_bytes = self->reserve_bytes + bytes;
    uint64_t free_bytes = folder_free_bytes (self->path);
    if (free_bytes >= needed_bytes)
        return 0;
    snprintf (error, sizeof error,
              "the disk of the store %s is full: %llu MiB are left and %llu MiB are kept free; "
              "frames are refused until there is space",
              self->path, (unsigned long long) free_bytes >> 20,
              (unsigned long long) needed_bytes >> 20);
    return store_fail (self, error);
}

static uint64_t
s_bytes (const store_record_t *records, size_t count)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += records[i].size;
    return bytes;
}

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
s_earlier (const append_t *self, size_t index, store_verdict_t verdict, size_t *turn)
{
    while (*turn < self->turn) {
        size_t earlier = self->turns[(*turn)++].index;
        if (self->verdicts[earlier] == verdict &&
            s_have_one_name (&self->records[earlier], &self->records[index]))
            return &self->records[earlier];
    }
    return NULL;
}

//  Whether the refused record lies aside already, in the database or from earlier in this batch.
//  Returns 1, 0, or -1 on failure.
static int
s_is_aside (const append_t *self, size_t index, const store_bytes_t *key)
{
    const store_record_t *record = &self->records[index], *earlier;
    char error[DATABASE_ERROR_MAX];
    size_t turn = self->first;
    assert (record);
    while ((earlier = s_earlier (self, index, STORE_CONFLICT, &turn)))
        if (earlier->size == record->size &&
            memcmp (earlier->data, record->data, record->size) == 0)
            return 1;
    int equal = database_compare (self->store->database, key->data, key->size, record->data,
                                  record->size, error);
    return equal < 0 ? store_fail (self->store, error) : equal;
}

//  Refuse a frame: its bytes are put aside while there is room for them.
static int
s_refuse (append_t *self, size_t index)
{
    const store_record_t *record = &self->records[index];
    holding_t *drafted = store_draft_node (&self->draft, record->node);
    uint64_t digest = manifest_digest (record->data, record->size);
    store_bytes_t key = store_key_conflict (record->node, record->epoch, record->seq, digest);
    int aside = s_is_aside (self, index, &key);
    if (aside < 0)
        return -1;
    drafted->conflicts++;
    if (!aside && drafted->conflicts_kept < STORE_CONFLICTS_MAX) {
        batch_put (self->draft.batch, key.data, key.size, record->data, record->size);
        drafted->conflicts_kept++;
    }
    self->verdicts[index] = STORE_CONFLICT;
    return 0;
}

//  The frame's name is held; equal tells whether with the same bytes.
static int
s_judge_held (append_t *self, size_t index, bool equal)
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
s_judge_stored (append_t *self, const holding_t *known, size_t index)
{
    const store_record_t *record = &self->records[index];
    char error[DATABASE_ERROR_MAX];
    if (inbox_is_open (&known->rolled, record->start_wall_s)) {
        int held = inbox_draft_holds (&self->draft, record);
        return held < 0 ? -1 : s_judge_held (self, index, held);
    }
    store_bytes_t key = store_key_frame (record);
    int equal = database_compare (self->store->database, key.data, key.size, record->data,
                                  record->size, error);
    if (equal < 0)
        return store_fail (self->store, error);
    if (!equal)
        equal = minute_holds (self->store, record);
    return equal < 0 ? -1 : s_judge_held (self, index, equal);
}

//  The frame's name was added earlier in this batch.
static int
s_judge_within (append_t *self, size_t index)
{
    size_t turn = self->first;
    const store_record_t *added = s_earlier (self, index, STORE_ADDED, &turn);
    assert (added);
    return s_judge_held (self, index, s_are_equal (added, &self->records[index]));
}

static int
s_add (append_t *self, size_t index, const store_range_t *frame)
{
    const store_record_t *record = &self->records[index];
    holding_t *drafted = store_draft_node (&self->draft, record->node);
    holding_insert (drafted, frame);
    losses_remove (&drafted->losses, record->epoch, record->seq);
    self->verdicts[index] = STORE_ADDED;
    return rollup_add (&self->draft, drafted, record);
}

//  The frame's name is not stored: it may be added, unless it stands in this batch already or
//  contradicts the frames around it.
static int
s_judge_new (append_t *self, size_t index)
{
    const store_record_t *record = &self->records[index];
    holding_t *drafted = store_draft_node (&self->draft, record->node);
    ranges_t *ranges = store_draft_epoch (drafted, record->epoch);
    if (ranges_contain (ranges, record->seq))
        return s_judge_within (self, index);
    const store_range_t frame = range_of_frame (record);
    if (!ranges_admit (ranges, &frame))
        return s_refuse (self, index);
    return s_add (self, index, &frame);
}

static int
s_judge (append_t *self, size_t index)
{
    const store_record_t *record = &self->records[index];
    const holding_t *known = store_draft_node (&self->draft, record->node)->known;
    const ranges_t *held = known ? holding_find (known, record->epoch) : NULL;
    if (held && ranges_contain (held, record->seq))
        return s_judge_stored (self, known, index);
    if (!known || !holding_has_expired (known, record->epoch, record->seq))
        return s_judge_new (self, index);
    self->verdicts[index] = STORE_EXPIRED;
    return 0;
}

static int
s_compare_turns (const void *one_p, const void *other_p)
{
    const turn_t *one = one_p, *other = other_p;
    if (one->group != other->group)
        return one->group < other->group ? -1 : 1;
    return (one->index > other->index) - (one->index < other->index);
}

static void
s_take_turns (append_t *self, size_t count)
{
    self->turns = malloc ((count + 1) * sizeof *self->turns);
    assert (self->turns && count <= UINT32_MAX);
    for (size_t i = 0; i < count; i++)
        self->turns[i] = (turn_t){store_group (self->records[i].node), (uint32_t) i};
    qsort (self->turns, count, sizeof *self->turns, s_compare_turns);
}

//  Of the group in hand. Beyond what an append may rewrite minutes wait, for the next one.
static int
s_close_minutes (append_t *self)
{
    bool *is_due = &self->store->is_due[self->draft.inbox->group];
    *is_due |= self->draft.inbox->is_due;
    if (!*is_due || self->rewritten >= self->rewritten_max)
        return 0;
    *is_due = false;
    self->closed[self->closed_count++] = (uint16_t) self->draft.inbox->group;
    return rollup_close (&self->draft, &self->rewritten);
}

//  What was not written is to be closed again.
static void
s_reopen_minutes (append_t *self)
{
    for (size_t i = 0; i < self->closed_count; i++)
        self->store->is_due[self->closed[i]] = true;
}

static int
s_judge_group (append_t *self, unsigned group, size_t count)
{
    inbox_draft_begin (&self->draft, group);
    self->first = self->turn;
    for (; self->turn < count && self->turns[self->turn].group == group; self->turn++)
        if (s_judge (self, self->turns[self->turn].index))
            return -1;
    return s_close_minutes (self);
}

//  Write what there is, and let memory know.
static int
s_write (append_t *self)
{
    if (store_draft_write (&self->draft))
        return -1;
    pthread_mutex_lock (&self->store->mutex);
    store_draft_publish (&self->draft);
    self->store->duplicates += self->duplicates;
    pthread_mutex_unlock (&self->store->mutex);
    self->duplicates = 0;
    self->closed_count = 0;
    store_fit (self->store);
    return 0;
}

static void
s_begin_draft (append_t *self)
{
    store_draft_init (&self->draft, self->store);
    self->draft.defers = true;
}

//  Minutes that close may be many times as large as the frames that close them.
static int
s_write_part (append_t *self)
{
    if (batch_bytes (self->draft.batch) < PART_BYTES)
        return 0;
    int rc = s_write (self);
    store_draft_fini (&self->draft);
    s_begin_draft (self);
    return rc;
}

static int
s_judge_all (append_t *self, size_t count)
{
    for (unsigned group = 0; group < STORE_GROUPS; group++) {
        bool has_records = self->turn < count && self->turns[self->turn].group == group;
        if (!has_records && !self->store->is_due[group])
            continue;
        if (s_judge_group (self, group, count) || s_write_part (self))
            return -1;
    }
    return 0;
}

static int
s_append (store_t *self, const store_record_t *records, size_t count, store_verdict_t *verdicts)
{
    if (store_check_space (self, s_bytes (records, count)))
        return -1;
    append_t append = {.store = self,
                       .records = records,
                       .verdicts = verdicts,
                       .rewritten_max = REWRITTEN_MIN + 2 * count};
    s_begin_draft (&append);
    s_take_turns (&append, count);
    int rc = s_judge_all (&append, count) || s_write (&append) ? -1 : 0;
    if (rc)
        s_reopen_minutes (&append);
    store_draft_fini (&append.draft);
    free (append.turns);
    return rc;
}

int
store_append (store_t *self, const store_record_t *records, size_t count, store_verdict_t *verdicts)
{
    pthread_mutex_lock (&self->writing);
    int rc = s_append (self, records, count, verdicts);
    pthread_mutex_unlock (&self->writing);
    return rc;
}
