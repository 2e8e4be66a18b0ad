//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_append - frames in: judge each by what is held, gather frames and changed books in one
//  batch, write it, and only then let memory know.
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "storage/folder.h"
#include "storage/inbox_draft.h"
#include "storage/rollup.h"
#include "storage/store_draft.h"
#include "storage/store_judge.h"
#include "storage/store_key.h"

//  Minutes of all nodes end at once. An append rewrites twice as many frames as it brings, and so
//  catches up in half a minute, but takes only so long.
#define REWRITTEN_MIN 4096

#define PART_BYTES (4u << 20)

typedef struct append_t append_t;

//  What is dealt with and written at once: some of the groups.
typedef struct {
    append_t *append;
    store_draft_t draft;
    size_t duplicates;
    uint16_t closed[STORE_GROUPS]; //  Groups whose minutes are, once it is written
    size_t closed_count;
    bool is_written;
} part_t;

struct append_t {
    store_t *store;
    const store_record_t *records;
    store_verdict_t *verdicts;
    size_t count;
    uint32_t *turns; //  Owned: all records by their index, group by group, each in its own order
    uint32_t firsts[STORE_GROUPS + 1]; //  The first turn of each group, and the end of all
    uint16_t groups[STORE_GROUPS];     //  Those that there is something to do for,
    size_t group_count;                //  so many,
    size_t taken;                      //  and how many of these are dealt with
    size_t rewritten, rewritten_max;   //  Frames of minutes that are closed
    part_t part;
};

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

//  --- groups ----------------------------------------------------------------------------------

//  Count the records of each group, which tells where those of each end; then deal them out from
//  the last one on.
static void
s_take_turns (append_t *self)
{
    uint16_t *groups = malloc ((self->count + 1) * sizeof *groups);
    self->turns = malloc ((self->count + 1) * sizeof *self->turns);
    assert (groups && self->turns && self->count <= UINT32_MAX);
    for (size_t i = 0; i < self->count; i++) {
        groups[i] = (uint16_t) store_group (self->records[i].node);
        self->firsts[groups[i]]++;
    }
    for (unsigned group = 1; group <= STORE_GROUPS; group++)
        self->firsts[group] += self->firsts[group - 1];
    for (size_t i = self->count; i-- > 0;)
        self->turns[--self->firsts[groups[i]]] = (uint32_t) i;
    free (groups);
}

static void
s_list_groups (append_t *self)
{
    for (unsigned group = 0; group < STORE_GROUPS; group++)
        if (self->firsts[group] < self->firsts[group + 1] || self->store->is_due[group])
            self->groups[self->group_count++] = (uint16_t) group;
}

//  --- a part ----------------------------------------------------------------------------------

static int
s_judge_group (part_t *self, unsigned group)
{
    const append_t *append = self->append;
    store_judge_t judge = {.draft = &self->draft,
                           .records = append->records,
                           .verdicts = append->verdicts,
                           .turns = append->turns + append->firsts[group],
                           .count = append->firsts[group + 1] - append->firsts[group]};
    int rc = store_judge (&judge);
    self->duplicates += judge.duplicates;
    return rc;
}

//  Beyond what an append may rewrite minutes wait, for the next one.
static int
s_close_minutes (part_t *self, unsigned group)
{
    append_t *append = self->append;
    bool *is_due = &append->store->is_due[group];
    *is_due |= self->draft.inbox->is_due;
    if (!*is_due || append->rewritten >= append->rewritten_max)
        return 0;
    *is_due = false;
    self->closed[self->closed_count++] = (uint16_t) group;
    return rollup_close (&self->draft, &append->rewritten);
}

//  Minutes that close may be many times as large as the frames that close them.
static int
s_fill (part_t *self)
{
    append_t *append = self->append;
    while (batch_bytes (self->draft.batch) < PART_BYTES && append->taken < append->group_count) {
        unsigned group = append->groups[append->taken++];
        inbox_draft_begin (&self->draft, group);
        if (s_judge_group (self, group) || s_close_minutes (self, group))
            return -1;
    }
    return 0;
}

static void
s_begin_part (part_t *self, append_t *append)
{
    self->append = append;
    self->duplicates = self->closed_count = 0;
    store_draft_init (&self->draft, append->store, append->store->hand);
    self->draft.defers = true;
}

//  Let memory know what was written.
static void
s_publish (part_t *self)
{
    store_t *store = self->append->store;
    pthread_mutex_lock (&store->mutex);
    store_draft_publish (&self->draft);
    store->duplicates += self->duplicates;
    pthread_mutex_unlock (&store->mutex);
}

//  What was not written is to be closed again.
static void
s_reopen_minutes (const part_t *self)
{
    for (size_t i = 0; i < self->closed_count; i++)
        self->append->store->is_due[self->closed[i]] = true;
}

static int
s_write_part (append_t *self)
{
    part_t *part = &self->part;
    s_begin_part (part, self);
    int rc = s_fill (part) || store_draft_write (&part->draft) ? -1 : 0;
    if (rc)
        s_reopen_minutes (part);
    else
        s_publish (part);
    store_draft_fini (&part->draft);
    if (rc == 0)
        store_fit (self->store);
    return rc;
}

static int
s_append (store_t *self, const store_record_t *records, size_t count, store_verdict_t *verdicts)
{
    if (store_check_space (self, s_bytes (records, count)))
        return -1;
    append_t append = {.store = self,
                       .records = records,
                       .verdicts = verdicts,
                       .count = count,
                       .rewritten_max = REWRITTEN_MIN + 2 * count};
    int rc = 0;
    s_take_turns (&append);
    s_list_groups (&append);
    while (rc == 0 && append.taken < append.group_count)
        rc = s_write_part (&append);
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
