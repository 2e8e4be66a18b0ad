//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_append - frames in: judge each by what is held, gather frames and changed books in one
//  batch, write it, and only then let memory know. Groups of nodes have nothing in common that an
//  append changes, so that several hands deal with them at a time. Where late frames of a group
//  have so much rewritten that it is a batch by itself, the rest of the group follows in the next
//  one.
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

//  Minutes of all nodes end at once. An append rewrites a quarter more frames than it brings: it
//  catches up within the next minute, and takes nearly as long at all times.
#define REWRITTEN_MIN 4096

#define PART_BYTES (4u << 20)

#define NO_GROUP STORE_GROUPS

//  An append of less takes no 50 ms on one processor, and leaves the others to those who read.
#define SHARED_MIN 4096

typedef struct append_t append_t;

//  What one hand deals with and writes, at once: some of the groups.
typedef struct {
    append_t *append;
    store_draft_t draft;
    size_t duplicates;
    uint16_t closed[STORE_GROUPS]; //  Groups whose minutes are, once it is written
    size_t closed_count;
    unsigned cut; //  The group that it took the first frames of only; NO_GROUP: none
    bool is_written;
} part_t;

struct append_t {
    store_t *store;
    const store_record_t *records;
    store_verdict_t *verdicts;
    size_t count;
    uint32_t *turns; //  Owned: all records by their index, group by group, each in its own order
    uint32_t firsts[STORE_GROUPS + 1]; //  The first turn of each group, and the end of all
    uint32_t judged[STORE_GROUPS];     //  Turns of a group that parts before took
    uint16_t groups[STORE_GROUPS];     //  Those that there is something to do for,
    size_t group_count;                //  so many,
    atomic_size_t taken;               //  and how many of these some hand took, or more
    atomic_size_t rewritten;           //  Frames of minutes that are closed
    size_t rewritten_max;
    unsigned hands;
    part_t parts[STORE_HANDS_MAX];
};

bool
store_has_space (const store_t *self)
{
    return folder_free_bytes (self->path) >= self->reserve_bytes + self->refused_bytes;
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
    atomic_store (&self->refused_bytes, bytes);
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

//  A group that no other hand has. False where there is none left.
static bool
s_take_group (append_t *self, unsigned *group)
{
    size_t taken = atomic_fetch_add (&self->taken, 1);
    if (taken >= self->group_count)
        return false;
    *group = self->groups[taken];
    return true;
}

//  --- a part: by any hand ---------------------------------------------------------------------

static int
s_judge_group (part_t *self, unsigned group)
{
    append_t *append = self->append;
    store_judge_t judge = {.draft = &self->draft,
                           .records = append->records,
                           .verdicts = append->verdicts,
                           .turns = append->turns + append->firsts[group],
                           .count = append->firsts[group + 1] - append->firsts[group],
                           .turn = append->judged[group]};
    int rc = store_judge (&judge, PART_BYTES);
    self->duplicates += judge.duplicates;
    append->judged[group] = (uint32_t) judge.turn;
    self->cut = judge.turn < judge.count ? group : NO_GROUP;
    return rc;
}

//  Beyond what an append may rewrite minutes wait, for the next one.
static int
s_close_minutes (part_t *self, unsigned group)
{
    append_t *append = self->append;
    bool *is_due = &append->store->is_due[group];
    size_t frames = 0;
    *is_due |= self->draft.inbox->is_due;
    if (!*is_due || atomic_load (&append->rewritten) >= append->rewritten_max)
        return 0;
    *is_due = false;
    self->closed[self->closed_count++] = (uint16_t) group;
    int rc = rollup_close (&self->draft, &frames);
    atomic_fetch_add (&append->rewritten, frames);
    return rc;
}

//  Minutes that close may be many times as large as the frames that close them.
static int
s_fill (part_t *self)
{
    unsigned group;
    while (batch_bytes (self->draft.batch) < PART_BYTES && s_take_group (self->append, &group)) {
        inbox_draft_begin (&self->draft, group);
        if (s_judge_group (self, group) || (self->cut == NO_GROUP && s_close_minutes (self, group)))
            return -1;
    }
    return 0;
}

static void
s_write_part (void *context, size_t index)
{
    append_t *append = context;
    part_t *self = &append->parts[index];
    self->is_written = s_fill (self) == 0 && store_draft_write (&self->draft) == 0;
}

//  --- all parts: the thread that appends ------------------------------------------------------

static void
s_begin_part (append_t *self, unsigned index)
{
    part_t *part = &self->parts[index];
    part->append = self;
    part->duplicates = part->closed_count = 0;
    part->cut = NO_GROUP;
    store_draft_init (&part->draft, self->store, self->store->hands[index]);
    part->draft.defers = true;
}

static void
s_publish_part (part_t *self)
{
    store_draft_publish (&self->draft);
    self->append->store->duplicates += self->duplicates;
}

//  What was not written is to be closed again.
static void
s_reopen_minutes (const part_t *self)
{
    for (size_t i = 0; i < self->closed_count; i++)
        self->append->store->is_due[self->closed[i]] = true;
}

//  Let memory know what was written.
static void
s_publish (append_t *self)
{
    pthread_mutex_lock (&self->store->mutex);
    for (unsigned i = 0; i < self->hands; i++)
        if (self->parts[i].is_written)
            s_publish_part (&self->parts[i]);
    pthread_mutex_unlock (&self->store->mutex);
}

//  Have the rest of a group taken next, in the place of one that was.
static void
s_put_back (append_t *self, unsigned group)
{
    size_t taken = atomic_load (&self->taken);
    taken = (taken < self->group_count ? taken : self->group_count) - 1;
    self->groups[taken] = (uint16_t) group;
    atomic_store (&self->taken, taken);
}

//  Returns -1 where the part was not written.
static int
s_end_part (part_t *self)
{
    if (!self->is_written)
        s_reopen_minutes (self);
    if (self->cut != NO_GROUP)
        s_put_back (self->append, self->cut);
    store_draft_fini (&self->draft);
    return self->is_written ? 0 : -1;
}

//  Hands only read what is held; it changes when all have done. Returns -1 where a part was not
//  written.
static int
s_write_parts (append_t *self)
{
    int rc = 0;
    for (unsigned i = 0; i < self->hands; i++)
        s_begin_part (self, i);
    if (self->hands == 1)
        s_write_part (self, 0);
    else
        crew_share (self->store->appenders, s_write_part, self, self->hands);
    s_publish (self);
    for (unsigned i = 0; i < self->hands; i++)
        rc |= s_end_part (&self->parts[i]);
    if (rc == 0)
        store_fit (self->store);
    return rc;
}

//  The hands for so many records; those that are asked for first are made.
static unsigned
s_hands (store_t *self, size_t count)
{
    if (self->hand_count == 1 || count < SHARED_MIN)
        return 1;
    if (!self->appenders) {
        self->appenders = crew_new (self->hand_count - 1, "appender");
        for (unsigned i = 1; i < self->hand_count; i++)
            self->hands[i] = hand_new ();
    }
    return self->hand_count;
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
                       .rewritten_max = REWRITTEN_MIN + count + count / 4,
                       .hands = s_hands (self, count)};
    int rc = 0;
    s_take_turns (&append);
    s_list_groups (&append);
    while (rc == 0 && atomic_load (&append.taken) < append.group_count)
        rc = s_write_parts (&append);
    free (append.turns);
    return rc;
}

int
store_append (store_t *self, const store_record_t *records, size_t count, store_verdict_t *verdicts)
{
    pthread_mutex_lock (&self->writing);
    int rc = s_append (self, records, count, verdicts);
    if (rc == 0)
        atomic_store (&self->refused_bytes, 0);
    pthread_mutex_unlock (&self->writing);
    return rc;
}
