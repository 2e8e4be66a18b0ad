//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_expire - retention: the oldest frames out, in slices. A slice is of one node and one
//  run; it is read before it is deleted, since its digest has to come off that of its run. What
//  would be rolled up only later goes no sooner: a minute that is open is closed first.
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

#define SLICE_FRAMES 128

//  What a batch of deletes may add to the log, beside the write buffers, on a disk that is full.
#define SLICE_BYTES (1u << 20)

//  Nodes of which nothing can be deleted for now, lest one damaged block keep all others' frames.
#define FAILED_MAX 64

typedef struct {
    store_t *store;
    int64_t before_wall_s;
    uint64_t excess_bytes; //  By how much the store is over its size
    holding_t *failed[FAILED_MAX];
    size_t failed_count;
} retention_t;

typedef struct {
    const holding_t *holding; //  The true one, of which this slice is to go
    store_draft_t draft;
    store_range_t gone;           //  The slice
    size_t frames;                //  In it
    int64_t next_wall_s;          //  Start of the frame behind it in its run, if there is one
    bool from_inbox;              //  It has frames of the inbox
    store_place_t place;          //  Where the frame stands that was looked at last; its minute,
    int64_t minute_wall_s;        //  where all of that goes together
    bool is_open;                 //  It is due, but its minute has to be closed first
    int64_t chunks[SLICE_FRAMES]; //  Minutes whose chunks hold frames of the slice
    size_t chunk_count;
} slice_t;

static void
s_begin (slice_t *self, const retention_t *retention)
{
    store_draft_init (&self->draft, retention->store, retention->store->hands[0]);
    self->draft.deletes = true;
}

static uint64_t
s_excess_bytes (const store_t *store, uint64_t most_bytes)
{
    uint64_t bytes = 0;
    for (size_t i = 0; most_bytes < UINT64_MAX && i < store->holdings->count; i++)
        bytes += holding_bytes (store->holdings->nodes[i]);
    return bytes > most_bytes ? bytes - most_bytes : 0;
}

void
store_order_expiry (store_t *self, holding_t *holding)
{
    const store_range_t *run = holding_first_run (holding);
    if (holding->may_expire && run && due_time (&holding->expiry) == run->first_wall_s)
        return;
    if (holding->may_expire)
        due_queue_remove (self->expiry, &holding->expiry);
    holding->may_expire = run != NULL;
    if (!run)
        return;
    due_init (&holding->expiry, holding);
    due_queue_put (self->expiry, &holding->expiry, run->first_wall_s);
}

//  Whether a frame of the inbox is added up once its minute is closed.
static bool
s_counts (const slice_t *self, const store_record_t *record)
{
    frame_t frame;
    return rollup_decode (&frame, self->draft.hand->reader, record) == 0;
}

//  Whether retention takes what ends then.
static bool
s_is_due (const slice_t *self, const retention_t *retention, int64_t end_wall_s)
{
    return end_wall_s < retention->before_wall_s || self->gone.bytes < retention->excess_bytes;
}

//  Whether the slice takes the frame: it is due, or the first part of its chunk went already. The
//  frames of a minute go together, once the last of them may, but for those that stand by
//  themselves, or that will.
static bool
s_takes (slice_t *self, const retention_t *retention, const store_record_t *record,
         store_place_t place)
{
    bool is_open = place == STORE_IN_INBOX && s_counts (self, record);
    bool in_minute = is_open || place == STORE_IN_CHUNK;
    int64_t minute_wall_s = in_minute ? period_floor (record->start_wall_s, MINUTE_S) : 0;
    if (place == STORE_IN_CHUNK && self->place == place && minute_wall_s == self->minute_wall_s)
        return true;
    self->place = place;
    self->minute_wall_s = minute_wall_s;
    int64_t end_wall_s = in_minute ? minute_wall_s + MINUTE_S - 1 : record->start_wall_s;
    bool is_due = self->frames < SLICE_FRAMES && s_is_due (self, retention, end_wall_s);
    self->is_open = is_due && is_open;
    return is_due && !is_open;
}

//  Delete what stands by itself. Chunks are left until it is known which frames go of them; what of
//  the inbox counts nowhere is dead by the books.
static void
s_take_frame (slice_t *self, const store_record_t *record, store_place_t place)
{
    store_range_t frame = range_of_frame (record);
    store_bytes_t key = store_key_frame (record);
    if (self->frames++ == 0)
        self->gone = frame;
    else
        range_extend (&self->gone, &frame);
    self->from_inbox |= place == STORE_IN_INBOX;
    if (place == STORE_BY_ITSELF)
        batch_delete (self->draft.batch, key.data, key.size);
    else if (place == STORE_IN_INBOX)
        return;
    else if (self->chunk_count == 0 || self->chunks[self->chunk_count - 1] != self->minute_wall_s)
        self->chunks[self->chunk_count++] = self->minute_wall_s;
}

//  Take frames of the run into the slice. Returns 0 or -1.
static int
s_take (slice_t *self, const retention_t *retention, store_cursor_t *cursor)
{
    const void *data;
    size_t size;
    int rc;
    while ((rc = store_cursor_next (cursor, &data, &size)) == 1) {
        store_record_t record;
        store_cursor_record (cursor, &record);
        self->next_wall_s = record.start_wall_s;
        store_place_t place = store_cursor_was_in (cursor);
        if (!s_takes (self, retention, &record, place))
            return 0;
        s_take_frame (self, &record, place);
    }
    return rc;
}

//  Take what goes out of the chunks that hold it.
static int
s_drop_from_chunks (slice_t *self, holding_t *drafted)
{
    const seq_range_t range = {self->gone.epoch, self->gone.first_seq, self->gone.last_seq};
    for (size_t i = 0; i < self->chunk_count; i++)
        if (minute_drop (&self->draft, drafted, self->chunks[i], &range))
            return -1;
    return 0;
}

//  Let the inbox see what is dead of it now.
static int
s_drop_from_inbox (slice_t *self)
{
    if (!self->from_inbox)
        return 0;
    inbox_draft_begin (&self->draft, store_group (self->holding->node));
    return inbox_draft_read (&self->draft);
}

//  The frames read are those on the books: the run's first ones, without a gap.
static bool
s_is_sound (const slice_t *self, const store_range_t *run)
{
    bool whole = self->frames > 0 && self->gone.first_seq == run->first_seq &&
                 self->gone.last_seq - self->gone.first_seq == self->frames - 1;
    bool complete = self->gone.last_seq == run->last_seq && self->gone.digest == run->digest;
    return whole && (complete || self->gone.last_seq < run->last_seq);
}

static int
s_read (slice_t *self, const retention_t *retention)
{
    const store_range_t *run = holding_first_run (self->holding);
    const seq_range_t range = {run->epoch, run->first_seq, run->last_seq};
    store_cursor_t *cursor =
        store_cursor_new_replay (retention->store, self->holding->node, &range);
    int rc = s_take (self, retention, cursor);
    store_cursor_destroy (&cursor);
    if (rc == 0 && self->frames > 0 && !s_is_sound (self, run))
        return store_fail_damaged (retention->store, "frames that it lists are not in it");
    return rc;
}

//  Delete the frames put aside for names that go. Returns 0 or -1.
static int
s_delete_conflicts (slice_t *self, holding_t *drafted)
{
    char error[DATABASE_ERROR_MAX], node[NODE_NAME_MAX + 1];
    if (drafted->conflicts_kept == 0)
        return 0;
    store_bytes_t first = store_key_conflict (drafted->node, 0, 0, 0);
    store_bytes_t last = store_key_conflict (drafted->node, UINT64_MAX, UINT64_MAX, UINT64_MAX);
    scan_t *scan =
        scan_new (self->draft.store->database, first.data, first.size, last.data, last.size);
    store_conflict_t conflict;
    size_t size;
    const void *key;
    int rc;
    while ((rc = scan_next (scan, error)) == 1) {
        key = scan_key (scan, &size);
        if (store_read_conflict_key (key, size, node, &conflict) ||
            !holding_has_expired (drafted, conflict.epoch, conflict.seq))
            break;
        batch_delete (self->draft.batch, key, size);
        drafted->conflicts_kept -= drafted->conflicts_kept > 0;
    }
    scan_destroy (&scan);
    return rc < 0 ? store_fail (self->draft.store, error) : 0;
}

//  Where the record that is kept of the node starts, once the slice is gone.
static int64_t
s_first_wall_s (const slice_t *self, const ranges_t *drafted)
{
    int64_t first_wall_s = INT64_MAX;
    for (size_t i = 0; i < self->holding->count; i++) {
        const ranges_t *held = &self->holding->epochs[i];
        const ranges_t *ranges = held->epoch == drafted->epoch ? drafted : held;
        if (ranges->count && ranges->runs[0].first_wall_s < first_wall_s)
            first_wall_s = ranges->runs[0].first_wall_s;
    }
    return first_wall_s < INT64_MAX ? first_wall_s : self->gone.end_wall_s;
}

//  Write the draft and let memory know.
static int
s_publish (slice_t *self)
{
    store_t *store = self->draft.store;
    if (store_draft_write (&self->draft))
        return -1;
    pthread_mutex_lock (&store->mutex);
    store_draft_publish (&self->draft);
    store->expired += self->frames;
    pthread_mutex_unlock (&store->mutex);
    return 0;
}

static int
s_write (slice_t *self)
{
    holding_t *drafted = store_draft_node (&self->draft, self->holding->node);
    const ranges_t *ranges = store_draft_epoch (drafted, self->gone.epoch);
    holding_expire (drafted, &self->gone, self->next_wall_s);
    drafted->first_wall_s = s_first_wall_s (self, ranges);
    drafted->rolled.kept_wall_s[KEPT_FRAMES] =
        wall_later (drafted->rolled.kept_wall_s[KEPT_FRAMES], self->gone.last_wall_s + 1);
    drafted->rolled.disorder += self->gone.last_wall_s >= drafted->rolled.closed_wall_s;
    if (s_drop_from_chunks (self, drafted) || s_drop_from_inbox (self) ||
        s_delete_conflicts (self, drafted))
        return -1;
    return s_publish (self);
}

//  --- closing ---------------------------------------------------------------------------------

static int
s_close_minute (slice_t *self, const store_record_t *frame)
{
    return rollup_close_until (&self->draft, frame->node,
                               period_floor (frame->start_wall_s, MINUTE_S) + MINUTE_S);
}

//  Whether a frame of the inbox is the next one of its node to go, is too old, and waits for its
//  minute to be closed.
static bool
s_waits (const slice_t *self, const retention_t *retention, const store_record_t *frame)
{
    const holding_t *known = holdings_find (self->draft.store->holdings, frame->node);
    const store_range_t *run = known && known->may_expire ? holding_first_run (known) : NULL;
    if (!run || run->epoch != frame->epoch || run->first_seq != frame->seq)
        return false;
    return inbox_is_alive (known->drafted ? known->drafted : known, frame) &&
           s_counts (self, frame) &&
           period_floor (frame->start_wall_s, MINUTE_S) + MINUTE_S <= retention->before_wall_s;
}

//  Close minutes of other nodes of the group whose turn is next: it is read but once.
static int
s_close_others (slice_t *self, const retention_t *retention)
{
    const inbox_draft_t *inbox = self->draft.inbox;
    for (size_t i = 0; i < inbox->count && batch_bytes (self->draft.batch) < SLICE_BYTES; i++)
        if (s_waits (self, retention, &inbox->entries[i].frame) &&
            s_close_minute (self, &inbox->entries[i].frame))
            return -1;
    return 0;
}

//  Close the minute of the frame that is due. The next slice finds it in a chunk.
static int
s_close (slice_t *self, const retention_t *retention, bool others)
{
    const char *node = self->holding->node;
    inbox_draft_begin (&self->draft, store_group (node));
    if (rollup_close_until (&self->draft, node, self->minute_wall_s + MINUTE_S) ||
        (others && s_close_others (self, retention)))
        return -1;
    return s_publish (self);
}

//  --- slices ----------------------------------------------------------------------------------

//  Take a slice, or get it ready to be taken. Where that fails for another node's minute, only this
//  one's is closed.
static int
s_go_on (slice_t *self, const retention_t *retention)
{
    if (self->frames > 0)
        return s_write (self);
    if (s_close (self, retention, true) == 0)
        return 0;
    store_draft_fini (&self->draft);
    s_begin (self, retention);
    return s_close (self, retention, false);
}

//  The next slice of a node. *frames is how many went. Returns 1, 0 where none is due, or -1.
static int
s_expire_slice (retention_t *retention, const holding_t *holding, size_t *frames)
{
    slice_t slice = {.holding = holding};
    s_begin (&slice, retention);
    int rc = s_read (&slice, retention);
    bool is_due = slice.frames > 0 || slice.is_open;
    if (rc == 0 && is_due)
        rc = s_go_on (&slice, retention);
    store_draft_fini (&slice.draft);
    if (rc < 0)
        return -1;
    *frames = slice.frames;
    uint64_t bytes = slice.frames > 0 ? slice.gone.bytes : 0;
    retention->excess_bytes -= bytes < retention->excess_bytes ? bytes : retention->excess_bytes;
    return is_due;
}

int
store_check_space_to_delete (store_t *self, uint64_t bytes)
{
    char error[DATABASE_ERROR_MAX];
    uint64_t needed_bytes = self->buffers_bytes + (bytes > SLICE_BYTES ? bytes : SLICE_BYTES);
    if (folder_free_bytes (self->path) >= needed_bytes)
        return 0;
    snprintf (error, sizeof error,
              "the disk of the store %s is too full even to delete frames; free %llu MiB",
              self->path, (unsigned long long) needed_bytes >> 20);
    return store_fail (self, error);
}

//  The node to take frames of next; NULL where all that is held may stay.
static holding_t *
s_due (const retention_t *self)
{
    holding_t *oldest = due_queue_first (self->store->expiry);
    if (!oldest)
        return NULL;
    bool too_old = due_time (&oldest->expiry) < self->before_wall_s;
    return too_old || self->excess_bytes > 0 ? oldest : NULL;
}

//  Put a node aside. Returns 0, or -1 where there are too many of them.
static int
s_put_aside (retention_t *self, holding_t *holding)
{
    if (self->failed_count == FAILED_MAX)
        return -1;
    due_queue_remove (self->store->expiry, &holding->expiry);
    holding->may_expire = false;
    self->failed[self->failed_count++] = holding;
    return 0;
}

static void
s_put_back (retention_t *self)
{
    for (size_t i = 0; i < self->failed_count; i++)
        store_order_expiry (self->store, self->failed[i]);
}

//  Returns 1 where there may be more to do, 0, or -1 where nothing more can be done.
static int
s_expire_slices (retention_t *self, size_t *expired)
{
    holding_t *due;
    while ((due = s_due (self)) && *expired < STORE_EXPIRE_STEP) {
        if (store_check_space_to_delete (self->store, 0))
            return -1;
        size_t frames = 0;
        int rc = s_expire_slice (self, due, &frames);
        if (rc == 0)
            return 0; //  The rest of its minute may stay yet
        *expired += frames;
        if (rc < 0 && s_put_aside (self, due))
            return -1;
    }
    return due != NULL;
}

static int
s_expire (store_t *self, int64_t before_wall_s, uint64_t most_bytes, size_t *expired)
{
    retention_t retention = {.store = self,
                             .before_wall_s = before_wall_s,
                             .excess_bytes = s_excess_bytes (self, most_bytes)};
    *expired = 0;
    int rc = s_expire_slices (&retention, expired);
    bool failed = retention.failed_count > 0;
    s_put_back (&retention);
    return failed && *expired == 0 ? -1 : rc;
}

int
store_expire (store_t *self, int64_t before_wall_s, uint64_t most_bytes, size_t *expired)
{
    pthread_mutex_lock (&self->writing);
    int rc = s_expire (self, before_wall_s, most_bytes, expired);
    pthread_mutex_unlock (&self->writing);
    return rc;
}

//  Where the frames kept of a node begin: what lies before is expired.
static int64_t
s_kept_wall_s (store_t *self, size_t index, char node[NODE_NAME_MAX + 1])
{
    pthread_mutex_lock (&self->mutex);
    bool known = index < self->holdings->count;
    const holding_t *holding = known ? self->holdings->nodes[index] : NULL;
    snprintf (node, NODE_NAME_MAX + 1, "%s", known ? holding->node : "");
    int64_t first_wall_s = known ? holding->first_wall_s : INT64_MIN;
    pthread_mutex_unlock (&self->mutex);
    return first_wall_s;
}

static void
s_reclaim_inbox (store_t *self)
{
    store_bytes_t first = store_key_inbox (0, 0), end = store_key_inbox (STORE_GROUPS, 0);
    database_reclaim (self->database, first.data, first.size, end.data, end.size);
}

void
store_reclaim (store_t *self)
{
    char node[NODE_NAME_MAX + 1];
    database_flush (self->database);
    s_reclaim_inbox (self);
    for (size_t i = 0;; i++) {
        int64_t kept_wall_s = s_kept_wall_s (self, i, node);
        if (!*node)
            return;
        store_bytes_t first = store_key_frame_start (node, INT64_MIN);
        store_bytes_t end = store_key_frame_start (node, kept_wall_s);
        database_reclaim (self->database, first.data, first.size, end.data, end.size);
    }
}
