//  SPDX-License-Identifier: GPL-2.0-or-later
//  rollup - closing minutes, and repairing rows of closed ones.
#include "storage/rollup.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "storage/inbox_draft.h"
#include "storage/minute.h"
#include "storage/repair.h"
#include "storage/store_key.h"

//  A change to the rollups of one node.
typedef struct {
    store_draft_t *draft;
    holding_t *drafted;
    rolled_t *rolled;
    size_t *frames; //  Grows by those of minutes that are closed
} rollup_t;

static int
s_check_filed (const frame_t *frame, const store_record_t *record)
{
    return frame->start_wall_s == record->start_wall_s && frame->span_s == record->span_s ? 0 : -1;
}

int
rollup_decode (frame_t *frame, wire_reader_t *reader, const store_record_t *record)
{
    const char *reason;
    if (frame_decode (frame, reader, record->data, record->size, &reason))
        return -1;
    return s_check_filed (frame, record);
}

int
rollup_decode_again (frame_t *frame, frame_slots_t *slots, wire_reader_t *reader,
                     const store_record_t *record)
{
    const char *reason;
    if (frame_decode_again (frame, slots, reader, record->data, record->size, &reason))
        return -1;
    return s_check_filed (frame, record);
}

//  --- rows ------------------------------------------------------------------------------------

static int
s_fail_row (rollup_t *self)
{
    return store_fail_damaged (self->draft->store, "a rollup is not what was written");
}

//  Read the last row of a level that starts in [from, until). Returns 1 and its start, 0 where
//  there is none (row is then empty), -1 on failure.
static int
s_last_row (rollup_t *self, unsigned level, int64_t from_wall_s, int64_t until_wall_s, row_t *row,
            int64_t *start_wall_s)
{
    char error[DATABASE_ERROR_MAX], node[NODE_NAME_MAX + 1];
    store_bytes_t first = store_key_row (self->drafted->node, level, from_wall_s);
    store_bytes_t last = store_key_row (self->drafted->node, level, until_wall_s - 1);
    store_bytes_t end = store_key_row (self->drafted->node, level, until_wall_s);
    scan_t *scan = scan_new_over (self->draft->store->database, self->draft->batch, first.data,
                                  first.size, end.data, end.size);
    int rc = scan_seek_back (scan, last.data, last.size, error);
    size_t size, value_size;
    const void *key = rc == 1 ? scan_key (scan, &size) : NULL;
    const void *value = key ? scan_value (scan, &value_size) : NULL;
    memset (row, 0, sizeof *row);
    if (rc == -1)
        store_fail (self->draft->store, error);
    else if (!key || size != first.size || memcmp (key, first.data, size) < 0)
        rc = 0;
    else if (store_read_row_key (key, size, node, &level, start_wall_s) ||
             row_decode (row, value, value_size))
        rc = s_fail_row (self);
    scan_destroy (&scan);
    return rc;
}

//  Read just the row of this start. Returns 1, 0 where there is none, -1 on failure.
static int
s_find_row (rollup_t *self, unsigned level, int64_t start_wall_s, row_t *row)
{
    char error[DATABASE_ERROR_MAX];
    store_draft_t *draft = self->draft;
    store_bytes_t key = store_key_row (self->drafted->node, level, start_wall_s);
    void *value;
    size_t size;
    int rc =
        batch_find (draft->batch, draft->store->database, key.data, key.size, &value, &size, error);
    if (rc == -1)
        return store_fail (draft->store, error);
    if (rc == 1 && row_decode (row, value, size))
        rc = s_fail_row (self);
    free (value);
    return rc;
}

//  What came before a minute in its hour: nearly always the row of the minute before it.
static int
s_row_before (rollup_t *self, int64_t minute_wall_s, row_t *row)
{
    int64_t start_wall_s, hour_wall_s = period_floor (minute_wall_s, HOUR_S);
    memset (row, 0, sizeof *row);
    if (minute_wall_s == hour_wall_s || minute_wall_s <= self->rolled->origin_wall_s)
        return 0;
    int rc = s_find_row (self, LEVEL_MINUTES, minute_wall_s - MINUTE_S, row);
    return rc ? rc
              : s_last_row (self, LEVEL_MINUTES, hour_wall_s, minute_wall_s, row, &start_wall_s);
}

static void
s_put_row (rollup_t *self, unsigned level, int64_t start_wall_s, const row_t *row, bool is_new)
{
    self->rolled->rows[level] += is_new;
    store_bytes_t key = store_key_row (self->drafted->node, level, start_wall_s);
    bytes_t *value = &self->draft->hand->value;
    value->size = 0;
    row_encode (row, value);
    batch_put (self->draft->batch, key.data, key.size, value->data, value->size);
}

//  --- closing ---------------------------------------------------------------------------------

//  The seconds of a minute that frames which start before it reach into.
static void
s_cover_reach (const rolled_t *rolled, int64_t minute_wall_s, row_t *row)
{
    for (unsigned id = 0; id <= ROW_ANY; id++)
        row_cover (row, METRIC_BIT (id),
                   row_seconds (minute_wall_s, minute_wall_s, rolled->reach_wall_s[id]));
}

static void
s_extend_reach (rolled_t *rolled, const minute_t *minute)
{
    for (unsigned id = 0; id <= ROW_ANY; id++)
        rolled->reach_wall_s[id] = wall_later (rolled->reach_wall_s[id], minute->reach_wall_s[id]);
}

//  Write the row of a minute which holds own beside what came before it in its hour; *row is it
//  then, and was the one of the minute before, where its hour is the same and follows says so.
static int
s_close_minute (rollup_t *self, int64_t minute_wall_s, const row_t *own, bool follows, row_t *row)
{
    follows &= minute_wall_s % HOUR_S != 0;
    if (!follows && s_row_before (self, minute_wall_s, row) == -1)
        return -1;
    row_add (row, own);
    memcpy (row->covered, own->covered, sizeof row->covered);
    s_put_row (self, LEVEL_MINUTES, minute_wall_s, row, true);
    return 0;
}

//  Write the row of a period above minutes: its last row one level below is all of it.
static int
s_close_period (rollup_t *self, unsigned level, int64_t start_wall_s)
{
    const level_t *this = level_get (level);
    int64_t found_wall_s, parent_wall_s = period_floor (start_wall_s, this->parent_s);
    row_t own, row;
    int is_known = s_last_row (self, level, start_wall_s, start_wall_s + 1, &row, &found_wall_s);
    if (is_known == -1)
        return -1;
    int rc = s_last_row (self, level - 1, start_wall_s, start_wall_s + this->period_s, &own,
                         &found_wall_s);
    if (rc <= 0)
        return rc;
    if (s_last_row (self, level, parent_wall_s, start_wall_s, &row, &found_wall_s) == -1)
        return -1;
    row_add (&row, &own);
    memset (row.covered, 0, sizeof row.covered);
    s_put_row (self, level, start_wall_s, &row, !is_known);
    return 0;
}

//  The rows of minutes are written up to until; write those above that end now.
static int
s_close_parents (rollup_t *self, int64_t minute_wall_s, int64_t until_wall_s)
{
    for (unsigned level = LEVEL_HOURS; level < LEVEL_COUNT; level++) {
        int64_t period_s = level_get (level)->period_s;
        int64_t start_wall_s = period_floor (minute_wall_s, period_s);
        if (start_wall_s + period_s > until_wall_s)
            return 0;
        if (s_close_period (self, level, start_wall_s))
            return -1;
    }
    return 0;
}

//  Whether the minute is the last of its hour, or no later one has a row before until.
static bool
s_ends_hour (int64_t minute_wall_s, int64_t last_wall_s)
{
    return (minute_wall_s + MINUTE_S) % HOUR_S == 0 || minute_wall_s + MINUTE_S >= last_wall_s;
}

//  Rewrite the closed minute that late frames came to last, unless more come to it now.
static int
s_rewrite_late (rollup_t *self, int64_t next_wall_s)
{
    int64_t late_wall_s = self->rolled->late_wall_s;
    self->rolled->late_wall_s = next_wall_s;
    if (late_wall_s == INT64_MIN || late_wall_s == next_wall_s)
        return 0;
    return minute_rewrite (self->draft, self->drafted, late_wall_s);
}

//  Write the rows of the minutes from the one that was closed on: it has own, and those behind it
//  the seconds that spans reach into. Each counts as a frame.
static int
s_close_rows (rollup_t *self, int64_t minute_wall_s, int64_t until_wall_s, row_t *own)
{
    int64_t last_wall_s =
        wall_later (minute_wall_s + MINUTE_S, self->rolled->reach_wall_s[ROW_ANY]);
    bool follows = false;
    row_t row;
    last_wall_s = wall_earlier (last_wall_s, until_wall_s);
    for (; minute_wall_s < last_wall_s; minute_wall_s += MINUTE_S) {
        bool has_row = !row_is_empty (own);
        if (has_row && s_close_minute (self, minute_wall_s, own, follows, &row))
            return -1;
        if (s_ends_hour (minute_wall_s, last_wall_s) &&
            s_close_parents (self, minute_wall_s, until_wall_s))
            return -1;
        follows = has_row;
        *self->frames += 1;
        if (minute_wall_s + MINUTE_S < last_wall_s) {
            memset (own, 0, sizeof *own);
            s_cover_reach (self->rolled, minute_wall_s + MINUTE_S, own);
        }
    }
    return 0;
}

//  Close the minutes from closed_wall_s to until. Of these only the first has frames.
static int
s_close (rollup_t *self, int64_t until_wall_s)
{
    rolled_t *rolled = self->rolled;
    minute_t minute;
    store_draft_write_ranges (self->drafted);
    if (minute_close (self->draft, self->drafted, until_wall_s, &minute) ||
        s_rewrite_late (self, INT64_MIN))
        return -1;
    s_cover_reach (rolled, rolled->closed_wall_s, &minute.row);
    s_extend_reach (rolled, &minute);
    *self->frames += minute.row.frames;
    if (s_close_rows (self, rolled->closed_wall_s, until_wall_s, &minute.row))
        return -1;
    rolled->closed_wall_s = until_wall_s;
    return 0;
}

//  --- repairing -------------------------------------------------------------------------------

static int
s_repair (rollup_t *self, const frame_t *frame)
{
    rolled_t *rolled = self->rolled;
    metric_set_t measured = row_measured (frame);
    int64_t end_wall_s = frame->start_wall_s + frame->span_s;
    rolled->disorder += end_wall_s > rolled->closed_wall_s;
    if (repair_add (self->draft, self->drafted->node, frame))
        return -1;
    for (unsigned id = 0; id <= ROW_ANY; id++)
        if (measured & METRIC_BIT (id))
            rolled->reach_wall_s[id] = wall_later (rolled->reach_wall_s[id], end_wall_s);
    return 0;
}

//  --- a frame ---------------------------------------------------------------------------------

//  A frame that is late, or the first one.
static int
s_reckon (rollup_t *self, const store_record_t *record)
{
    rolled_t *rolled = self->rolled;
    frame_t frame;
    if (rollup_decode (&frame, self->draft->hand->reader, record))
        return 0;
    int64_t minute_wall_s = period_floor (record->start_wall_s, MINUTE_S);
    rolled->origin_wall_s = wall_earlier (rolled->origin_wall_s, minute_wall_s);
    if (rolled->closed_wall_s != INT64_MIN)
        return s_rewrite_late (self, minute_wall_s) ? -1 : s_repair (self, &frame);
    rolled->closed_wall_s = minute_wall_s;
    return 0;
}

//  A frame that is late, or comes before any that decodes, stands by itself.
static void
s_put (rollup_t *self, const store_record_t *record)
{
    if (inbox_is_open (self->rolled, record->start_wall_s))
        inbox_draft_add (self->draft, self->drafted, record);
    else {
        store_bytes_t key = store_key_frame (record);
        store_draft_write_ranges (self->drafted);
        batch_put (self->draft->batch, key.data, key.size, record->data, record->size);
    }
    self->draft->inbox->is_due |= inbox_is_next (self->rolled, record->start_wall_s);
}

int
rollup_add (store_draft_t *draft, holding_t *drafted, const store_record_t *record)
{
    rollup_t self = {draft, drafted, &drafted->rolled, NULL};
    rolled_t *rolled = &drafted->rolled;
    rolled->disorder += record->start_wall_s >= rolled->closed_wall_s &&
                        record->start_wall_s <= drafted->newest_wall_s;
    drafted->newest_wall_s = wall_later (drafted->newest_wall_s, record->start_wall_s);
    if (!inbox_is_open (rolled, record->start_wall_s) && s_reckon (&self, record))
        return -1;
    s_put (&self, record);
    return 0;
}

//  --- closing, after the frames ---------------------------------------------------------------

static int
s_compare_starts (const void *one_p, const void *other_p)
{
    const store_record_t *const *one = one_p, *const *other = other_p;
    return ((*one)->start_wall_s > (*other)->start_wall_s) -
           ((*one)->start_wall_s < (*other)->start_wall_s);
}

//  The node's frames that lie behind the first minute that is not closed, in order of start. The
//  caller frees them; NULL: there are none.
static const store_record_t **
s_list_next (const rollup_t *self, size_t *count)
{
    const store_record_t **frames = NULL;
    const inbox_entry_t *entry = NULL;
    size_t capacity = 0;
    *count = 0;
    while ((entry = inbox_draft_next (self->draft, self->drafted->node, entry))) {
        if (!inbox_is_next (self->rolled, entry->frame.start_wall_s) ||
            !inbox_is_alive (self->drafted, &entry->frame))
            continue;
        if (*count == capacity) {
            capacity = capacity ? 2 * capacity : 64;
            const store_record_t **grown = realloc (frames, capacity * sizeof *frames);
            assert (grown);
            frames = grown;
        }
        frames[(*count)++] = &entry->frame;
    }
    if (*count > 1)
        qsort (frames, *count, sizeof *frames, s_compare_starts);
    return frames;
}

//  Close the minutes that begin before until, each up to the one of the next frame that decodes.
static int
s_close_minutes (rollup_t *self, int64_t until_wall_s)
{
    size_t count;
    const store_record_t **next = s_list_next (self, &count);
    frame_t frame;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < count && next[i]->start_wall_s < until_wall_s; i++)
        if (inbox_is_next (self->rolled, next[i]->start_wall_s) &&
            rollup_decode (&frame, self->draft->hand->reader, next[i]) == 0)
            rc = s_close (self, period_floor (next[i]->start_wall_s, MINUTE_S));
    free (next);
    return rc;
}

static int
s_close_node (store_draft_t *draft, const char *node, size_t *frames)
{
    holding_t *drafted = store_draft_node (draft, node);
    rollup_t self = {draft, drafted, &drafted->rolled, frames};
    return s_close_minutes (&self, INT64_MAX);
}

int
rollup_close (store_draft_t *draft, size_t *frames)
{
    const inbox_draft_t *inbox = draft->inbox;
    if (repair_settle (draft) || inbox_draft_read (draft))
        return -1;
    for (size_t i = 0; i < inbox->count; i++) {
        const store_record_t *frame = &inbox->entries[i].frame;
        const holding_t *holding = store_draft_find (draft, frame->node);
        if (holding && inbox_is_next (&holding->rolled, frame->start_wall_s) &&
            inbox_is_alive (holding, frame) && s_close_node (draft, frame->node, frames))
            return -1;
    }
    return 0;
}

int
rollup_close_until (store_draft_t *draft, const char *node, int64_t until_wall_s)
{
    holding_t *drafted = store_draft_node (draft, node);
    size_t frames = 0;
    rollup_t self = {draft, drafted, &drafted->rolled, &frames};
    if (repair_settle (draft) || inbox_draft_read (draft) || s_close_minutes (&self, until_wall_s))
        return -1;
    return drafted->rolled.closed_wall_s < until_wall_s ? s_close (&self, until_wall_s) : 0;
}
