//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_gaps - each second of a window as present, lost or unknown. Runs tell what is present
//  without a look at the frames, unless a run has seconds that none of its frames covers. Losses
//  are laid on what is left, in order, and what is left then is unknown.
#include "storage/store_self.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "storage/timeline.h"

typedef struct {
    store_t *store;
    const char *node;
    store_books_t books;
    timeline_t timeline;
    store_seconds_t seconds;
    store_gap_t *gaps; //  Owned; NULL where they are not asked for
    size_t count;
    size_t capacity;
} account_t;

//  --- present --------------------------------------------------------------------------------

static bool
s_covers_all (const store_range_t *run)
{
    return (__int128) run->end_wall_s - run->first_wall_s <= run->covered_s;
}

static bool
s_holds (const store_range_t *run, const store_record_t *frame)
{
    return frame->epoch == run->epoch && frame->seq >= run->first_seq &&
           frame->seq <= run->last_seq;
}

//  Frames that reach into the window may start a whole span before it.
static int
s_add_frames (account_t *self, const store_range_t *run)
{
    const stretch_t *window = &self->timeline.window;
    const void *data;
    size_t size;
    int rc;
    int64_t since_wall_s = window->from_wall_s - FRAME_MAX_SPAN_S;
    if (since_wall_s < run->first_wall_s)
        since_wall_s = run->first_wall_s;
    int64_t until_wall_s =
        run->end_wall_s < window->until_wall_s ? run->end_wall_s : window->until_wall_s;
    store_cursor_t *cursor = store_cursor_new (self->store, self->node, since_wall_s, until_wall_s);
    while ((rc = store_cursor_next (cursor, &data, &size)) == 1) {
        store_record_t frame;
        store_cursor_record (cursor, &frame);
        if (s_holds (run, &frame))
            self->seconds.present_s += timeline_add (&self->timeline, frame.start_wall_s,
                                                     frame.start_wall_s + frame.span_s);
    }
    store_cursor_destroy (&cursor);
    return rc;
}

static int
s_add_present (account_t *self)
{
    for (size_t i = 0; i < self->books.run_count; i++) {
        const store_range_t *run = &self->books.runs[i];
        if (s_covers_all (run))
            self->seconds.present_s +=
                timeline_add (&self->timeline, run->first_wall_s, run->end_wall_s);
        else if (s_add_frames (self, run))
            return -1;
    }
    return 0;
}

//  --- where missing frames would lie -----------------------------------------------------------

//  The runs around a name that is not held; NULL where there is none in its epoch.
typedef struct {
    const store_range_t *before, *after;
} neighbours_t;

static neighbours_t
s_neighbours (const store_books_t *books, uint64_t epoch, uint64_t seq)
{
    size_t low = 0, high = books->run_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const store_range_t *run = &books->runs[middle];
        if (run->epoch < epoch || (run->epoch == epoch && run->first_seq < seq))
            low = middle + 1;
        else
            high = middle;
    }
    neighbours_t found = {NULL, NULL};
    if (low > 0 && books->runs[low - 1].epoch == epoch)
        found.before = &books->runs[low - 1];
    if (low < books->run_count && books->runs[low].epoch == epoch)
        found.after = &books->runs[low];
    return found;
}

//  A second so many after another (before it: negative), held inside the window.
static int64_t
s_shift (const account_t *self, int64_t wall_s, __int128 seconds)
{
    __int128 shifted = wall_s + seconds;
    const stretch_t *window = &self->timeline.window;
    if (shifted < window->from_wall_s)
        return window->from_wall_s;
    return shifted > window->until_wall_s ? window->until_wall_s : (int64_t) shifted;
}

//  The first full second after an epoch began, which is what its frame 1 covers.
static int64_t
s_epoch_wall_s (uint64_t epoch)
{
    return (int64_t) (((epoch >> 16) + 999) / 1000);
}

//  The seconds that missing frames would have covered, as store_seconds_t says.
static stretch_t
s_place (const account_t *self, const seq_range_t *range)
{
    neighbours_t near = s_neighbours (&self->books, range->epoch, range->first_seq);
    __int128 frames = (__int128) range->last_seq - range->first_seq + 1;
    __int128 behind = near.after ? (__int128) near.after->first_seq - range->last_seq - 1 : 0;
    __int128 ahead = near.before ? (__int128) range->first_seq - near.before->last_seq - 1
                                 : (__int128) range->first_seq - 1;
    if (!near.before && near.after)
        return (stretch_t){s_shift (self, near.after->first_wall_s, -behind - frames),
                           s_shift (self, near.after->first_wall_s, -behind)};
    int64_t origin = near.before ? near.before->end_wall_s : s_epoch_wall_s (range->epoch);
    if (near.after && behind == 0)
        return (stretch_t){s_shift (self, origin, ahead),
                           s_shift (self, near.after->first_wall_s, 0)};
    return (stretch_t){s_shift (self, origin, ahead), s_shift (self, origin, ahead + frames)};
}

//  --- gaps ---------------------------------------------------------------------------------

static void
s_list (account_t *self, const store_gap_t *gap)
{
    if (!self->gaps)
        return;
    if (self->count == self->capacity) {
        self->capacity *= 2;
        self->gaps = realloc (self->gaps, self->capacity * sizeof *self->gaps);
        assert (self->gaps);
    }
    self->gaps[self->count++] = *gap;
}

//  Whether any of the seconds lies in the window.
static bool
s_is_inside (const account_t *self, const stretch_t *place)
{
    return place->from_wall_s < self->timeline.window.until_wall_s &&
           place->until_wall_s > self->timeline.window.from_wall_s;
}

static void
s_add_lost (account_t *self)
{
    for (size_t i = 0; i < self->books.losses.count; i++) {
        const loss_t *loss = &self->books.losses.items[i];
        const stretch_t place = s_place (self, &loss->range);
        if (!s_is_inside (self, &place))
            continue;
        store_gap_t gap = {.lost = true,
                           .cause = loss->cause,
                           .range = loss->range,
                           .from_wall_s = place.from_wall_s,
                           .until_wall_s = place.until_wall_s};
        gap.seconds = timeline_add (&self->timeline, place.from_wall_s, place.until_wall_s);
        self->seconds.lost_s += gap.seconds;
        s_list (self, &gap);
    }
}

//  The run that starts with this second and is not the first of all frames: names before it are
//  missing. NULL where there is none.
static const store_range_t *
s_run_at (const store_books_t *books, int64_t wall_s)
{
    for (size_t i = 0; i < books->run_count; i++)
        if (books->runs[i].first_wall_s == wall_s && books->runs[i].first_seq > 1)
            return &books->runs[i];
    return NULL;
}

//  The last name before the run that is held, expired or lost; 0 where there is none.
static uint64_t
s_last_known_seq (const store_books_t *books, const store_range_t *run)
{
    neighbours_t near = s_neighbours (books, run->epoch, run->first_seq);
    uint64_t seq = near.before ? near.before->last_seq : 0;
    if (run->epoch == books->expired_epoch && books->expired_seq > seq)
        seq = books->expired_seq;
    for (size_t i = 0; i < books->losses.count; i++) {
        const seq_range_t *lost = &books->losses.items[i].range;
        if (lost->epoch == run->epoch && lost->last_seq < run->first_seq && lost->last_seq > seq)
            seq = lost->last_seq;
    }
    return seq;
}

//  The frames that are missing in a stretch, where it ends with the run behind them.
static seq_range_t
s_missing_before (const store_books_t *books, int64_t wall_s)
{
    const store_range_t *run = s_run_at (books, wall_s);
    uint64_t known_seq = run ? s_last_known_seq (books, run) : 0;
    if (!run || known_seq >= run->first_seq - 1)
        return (seq_range_t){0};
    return (seq_range_t){run->epoch, known_seq + 1, run->first_seq - 1};
}

static void
s_list_unknown (account_t *self)
{
    for (size_t i = 0; self->gaps && i <= self->timeline.count; i++) {
        stretch_t hole;
        if (!timeline_hole (&self->timeline, i, &hole))
            continue;
        store_gap_t gap = {.range = s_missing_before (&self->books, hole.until_wall_s),
                           .from_wall_s = hole.from_wall_s,
                           .until_wall_s = hole.until_wall_s};
        gap.seconds = (uint64_t) (hole.until_wall_s - hole.from_wall_s);
        s_list (self, &gap);
    }
}

//  --- the account ------------------------------------------------------------------------------

static int
s_account (account_t *self, int64_t since_wall_s, int64_t until_wall_s)
{
    store_copy_books (self->store, self->node, &self->books);
    if (self->books.first_wall_s != INT64_MAX && since_wall_s < self->books.first_wall_s)
        since_wall_s = self->books.first_wall_s;
    if (since_wall_s > until_wall_s)
        since_wall_s = until_wall_s;
    timeline_init (&self->timeline, since_wall_s, until_wall_s);
    self->seconds = (store_seconds_t){since_wall_s, until_wall_s, 0, 0, 0};
    if (s_add_present (self))
        return -1;
    s_add_lost (self);
    self->seconds.unknown_s = (uint64_t) until_wall_s - (uint64_t) since_wall_s -
                              self->seconds.present_s - self->seconds.lost_s;
    s_list_unknown (self);
    return 0;
}

static void
s_fini (account_t *self)
{
    timeline_fini (&self->timeline);
    store_books_clear (&self->books);
    free (self->gaps);
}

int
store_seconds (store_t *self, const char *node, int64_t since_wall_s, int64_t until_wall_s,
               store_seconds_t *seconds)
{
    account_t account = {.store = self, .node = node};
    int rc = s_account (&account, since_wall_s, until_wall_s);
    *seconds = account.seconds;
    s_fini (&account);
    return rc;
}

//  --- what missing frames held -------------------------------------------------------------------

//  Read and decode one frame. Returns 1, 0 where it is not held or does not decode, -1 on failure.
static int
s_read_frame (account_t *self, wire_reader_t *reader, uint64_t epoch, uint64_t seq, frame_t *frame)
{
    const seq_range_t range = {epoch, seq, seq};
    const void *data;
    const char *reason;
    size_t size;
    store_cursor_t *cursor = store_cursor_new_replay (self->store, self->node, &range);
    int rc = store_cursor_next (cursor, &data, &size);
    if (rc == 1 && frame_decode (frame, reader, data, size, &reason))
        rc = 0;
    store_cursor_destroy (&cursor);
    return rc;
}

//  Totals grow from 0 at the epoch's start: before is then NULL.
static void
s_set_totals (store_gap_t *gap, const frame_t *before, const frame_t *after)
{
    for (unsigned id = 0; id < METRIC_COUNT_; id++) {
        const frame_metric_t *next = &after->metrics[id];
        const frame_metric_t *last = before ? &before->metrics[id] : NULL;
        if (!next->measured || (last && !last->measured))
            continue;
        gap->totals |= METRIC_BIT (id);
        gap->counts[id] =
            next->total_count - next->histogram.count - (last ? last->total_count : 0);
        gap->sums[id] =
            next->total_sum - (uint64_t) next->histogram.sum - (last ? last->total_sum : 0);
    }
}

//  Returns 0, or -1 where the store could not be read.
static int
s_add_totals (account_t *self, wire_reader_t *reader, store_gap_t *gap)
{
    frame_t before, after;
    const seq_range_t *range = &gap->range;
    if (range->first_seq == 0 || range->last_seq == UINT64_MAX)
        return 0;
    int rc = s_read_frame (self, reader, range->epoch, range->last_seq + 1, &after);
    if (rc != 1)
        return rc;
    rc = range->first_seq == 1
             ? 1
             : s_read_frame (self, reader, range->epoch, range->first_seq - 1, &before);
    if (rc == 1)
        s_set_totals (gap, range->first_seq == 1 ? NULL : &before, &after);
    return rc < 0 ? -1 : 0;
}

static int
s_compare_gaps (const void *one, const void *other)
{
    const store_gap_t *a = one, *b = other;
    return (a->from_wall_s > b->from_wall_s) - (a->from_wall_s < b->from_wall_s);
}

//  Put the gaps in order, leave the newest, and see what they held.
static int
s_finish_gaps (account_t *self)
{
    qsort (self->gaps, self->count, sizeof *self->gaps, s_compare_gaps);
    if (self->count > STORE_GAPS_MAX) {
        memmove (self->gaps, self->gaps + self->count - STORE_GAPS_MAX,
                 STORE_GAPS_MAX * sizeof *self->gaps);
        self->count = STORE_GAPS_MAX;
    }
    wire_reader_t *reader = wire_reader_new ();
    assert (reader);
    int rc = 0;
    for (size_t i = 0; i < self->count && rc == 0; i++)
        rc = s_add_totals (self, reader, &self->gaps[i]);
    wire_reader_destroy (&reader);
    return rc;
}

int
store_gaps (store_t *self, const char *node, int64_t since_wall_s, int64_t until_wall_s,
            store_gap_t **gaps, size_t *count)
{
    account_t account = {.store = self, .node = node, .capacity = 16};
    account.gaps = malloc (account.capacity * sizeof *account.gaps);
    assert (account.gaps);
    int rc = s_account (&account, since_wall_s, until_wall_s) || s_finish_gaps (&account) ? -1 : 0;
    *gaps = rc ? NULL : account.gaps;
    *count = rc ? 0 : account.count;
    if (rc == 0)
        account.gaps = NULL;
    s_fini (&account);
    return rc;
}
