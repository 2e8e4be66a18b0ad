//  SPDX-License-Identifier: GPL-2.0-or-later
//  repair - see repair.h. Rows are prefix sums, so that a gain of one changes all behind it in
//  their parent: these are read once and written once, however many frames are gathered, and
//  however many rows these reach into. A frame may cover a day.
#include "storage/repair.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "storage/row.h"
#include "storage/store_key.h"

//  Periods of a level that late frames of one hour reach into.
#define MINUTES   (HOUR_S / MINUTE_S)
#define HOURS_MAX (FRAME_MAX_SPAN_S / HOUR_S + 2)
#define DAYS_MAX  (FRAME_MAX_SPAN_S / DAY_S + 2)

//  What one period gains, or several behind one another together.
typedef struct {
    const row_t *events; //  Borrowed: what the frames that start in it add up to; NULL: none does
    uint64_t seconds[METRIC_COUNT_ + 1];
} gain_t;

//  One minute of the hour.
typedef struct {
    row_t events;                        //  Of the frames that start in it, without seconds
    uint64_t covered[METRIC_COUNT_ + 1]; //  As a row's
} late_minute_t;

struct repair_t {
    char node[NODE_NAME_MAX + 1];
    scope_t scope;                     //  Of all frames: their order tells nothing then
    int64_t hour_wall_s;               //  Where all of them start
    int64_t from_wall_s, until_wall_s; //  The minutes that they reach into; none: there is no frame
    int64_t reach_wall_s[METRIC_COUNT_ + 1]; //  How far, at most
    late_minute_t minutes[MINUTES];          //  Others than those are empty
    //  While it is settled:
    store_draft_t *draft;
    holding_t *drafted;
    row_t events; //  Of all frames
    gain_t gains[MINUTES], hours[HOURS_MAX], days[DAYS_MAX];
};

//  A row as it is to be written. Nothing is put while a scan is under way.
typedef struct {
    int64_t start_wall_s;
    bool is_new;
    bytes_t value;
} rewritten_t;

//  The rows of one level in one parent, in order.
typedef struct {
    repair_t *repair;
    unsigned level;
    int64_t next_wall_s, until_wall_s; //  Periods from next to until may gain; none: until
    gain_t *gains;                     //  By period, from the first one that may gain on
    gain_t sum;                        //  Of what periods gained so far,
    row_t events;                      //  and its events
    row_t row;                         //  The one before
    rewritten_t rewritten[MINUTES];
    size_t count;
} walk_t;

//  --- gains -----------------------------------------------------------------------------------

static bool
s_is_gain (const gain_t *self)
{
    bool is = self->events != NULL;
    for (unsigned id = 0; id <= ROW_ANY; id++)
        is |= self->seconds[id] > 0;
    return is;
}

static void
s_add_seconds (gain_t *self, const gain_t *other)
{
    for (unsigned id = 0; id <= ROW_ANY; id++)
        self->seconds[id] += other->seconds[id];
}

static void
s_add_to_row (const gain_t *self, row_t *row)
{
    if (self->events)
        row_add (row, self->events);
    row->present_s += self->seconds[ROW_ANY];
    for (unsigned id = 0; id < METRIC_COUNT_; id++)
        row->metrics[id].present_s += self->seconds[id];
}

static void
s_sum_up (walk_t *self, const gain_t *gain)
{
    s_add_seconds (&self->sum, gain);
    if (!gain->events)
        return;
    row_add (&self->events, gain->events);
    self->sum.events = &self->events;
}

//  What a minute gains of which these seconds were covered: those that were not. They are then.
//  Behind the hour, frames cover all up to where they reach.
static gain_t
s_gain_of_minute (const repair_t *self, int64_t minute_wall_s, uint64_t covered[METRIC_COUNT_ + 1])
{
    size_t index = (size_t) (minute_wall_s - self->hour_wall_s) / MINUTE_S;
    const late_minute_t *minute = index < MINUTES ? &self->minutes[index] : NULL;
    gain_t gain = {.events = minute && minute->events.frames ? &minute->events : NULL};
    for (unsigned id = 0; id <= ROW_ANY; id++) {
        uint64_t seconds = minute
                               ? minute->covered[id]
                               : row_seconds (minute_wall_s, minute_wall_s, self->reach_wall_s[id]);
        uint64_t fresh = seconds & ~covered[id];
        gain.seconds[id] = (uint64_t) __builtin_popcountll (fresh);
        covered[id] |= fresh;
    }
    return gain;
}

//  --- rows ------------------------------------------------------------------------------------

static store_bytes_t
s_key (const walk_t *self, int64_t start_wall_s)
{
    return store_key_row (self->repair->drafted->node, self->level, start_wall_s);
}

static int
s_read_row (const walk_t *self, const scan_t *scan, row_t *row)
{
    size_t size;
    const void *value = scan_value (scan, &size);
    if (row_decode (row, value, size) == 0)
        return 0;
    return store_fail_damaged (self->repair->draft->store, "a rollup is not what was written");
}

//  Where the row starts that the scan stands on. False where it is none of this node and level.
static bool
s_is_at_row (const walk_t *self, const scan_t *scan, int64_t *start_wall_s)
{
    char node[NODE_NAME_MAX + 1];
    unsigned level;
    size_t size;
    const void *key = scan_key (scan, &size);
    return store_read_row_key (key, size, node, &level, start_wall_s) == 0 &&
           level == self->level && strcmp (node, self->repair->drafted->node) == 0;
}

//  Read the row before the first period that may gain, and step to the one there or behind. Returns
//  as scan_next does.
static int
s_begin (walk_t *self, scan_t *scan, char error[DATABASE_ERROR_MAX])
{
    int64_t parent_s = level_get (self->level)->parent_s, start_wall_s;
    int64_t parent_wall_s = period_floor (self->next_wall_s, parent_s);
    store_bytes_t before = s_key (self, self->next_wall_s - 1);
    store_bytes_t first = s_key (self, self->next_wall_s);
    int rc = scan_seek_back (scan, before.data, before.size, error);
    if (rc == 1 && s_is_at_row (self, scan, &start_wall_s) && start_wall_s >= parent_wall_s &&
        s_read_row (self, scan, &self->row))
        return -1;
    return rc < 0 ? -1 : scan_seek (scan, first.data, first.size, error);
}

static void
s_rewrite (walk_t *self, int64_t start_wall_s, bool is_new)
{
    assert (self->count < MINUTES);
    rewritten_t *rewritten = &self->rewritten[self->count++];
    *rewritten = (rewritten_t){.start_wall_s = start_wall_s, .is_new = is_new};
    row_encode (&self->row, &rewritten->value);
}

//  The next period that may gain has the row in hand, or none.
static void
s_take_gain (walk_t *self, bool has_row)
{
    gain_t *gain = self->gains++;
    if (!has_row)
        memset (self->row.covered, 0, sizeof self->row.covered);
    if (self->level == LEVEL_MINUTES)
        *gain = s_gain_of_minute (self->repair, self->next_wall_s, self->row.covered);
    s_sum_up (self, gain);
    if (!has_row && s_is_gain (gain)) {
        s_add_to_row (gain, &self->row);
        s_rewrite (self, self->next_wall_s, true);
    }
    self->next_wall_s += level_get (self->level)->period_s;
}

static int
s_take_row (walk_t *self, const scan_t *scan, int64_t start_wall_s)
{
    if (s_read_row (self, scan, &self->row))
        return -1;
    if (self->next_wall_s < self->until_wall_s && self->next_wall_s == start_wall_s)
        s_take_gain (self, true);
    if (s_is_gain (&self->sum)) {
        s_add_to_row (&self->sum, &self->row);
        s_rewrite (self, start_wall_s, false);
    }
    return 0;
}

static int
s_take_rows (walk_t *self, scan_t *scan)
{
    char error[DATABASE_ERROR_MAX];
    int64_t start_wall_s = INT64_MAX;
    int rc = s_begin (self, scan, error);
    for (; rc == 1; rc = scan_next (scan, error)) {
        if (!s_is_at_row (self, scan, &start_wall_s))
            return store_fail_damaged (self->repair->draft->store, "a rollup has another's key");
        while (self->next_wall_s < self->until_wall_s && self->next_wall_s < start_wall_s)
            s_take_gain (self, false);
        if (self->next_wall_s >= self->until_wall_s && !s_is_gain (&self->sum))
            return 0;
        if (s_take_row (self, scan, start_wall_s))
            return -1;
    }
    while (rc == 0 && self->next_wall_s < self->until_wall_s)
        s_take_gain (self, false);
    return rc < 0 ? store_fail (self->repair->draft->store, error) : 0;
}

static void
s_put_rows (walk_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        rewritten_t *rewritten = &self->rewritten[i];
        store_bytes_t key = s_key (self, rewritten->start_wall_s);
        self->repair->drafted->rolled.rows[self->level] += rewritten->is_new;
        batch_put (self->repair->draft->batch, key.data, key.size, rewritten->value.data,
                   rewritten->value.size);
        bytes_clear (&rewritten->value);
    }
}

//  Let the periods of [from, until), all of one parent, gain: minutes as frames cover them, whose
//  gains are then told, others what gains tell.
static int
s_repair_rows (repair_t *repair, unsigned level, int64_t from_wall_s, int64_t until_wall_s,
               gain_t *gains)
{
    walk_t self = {.repair = repair,
                   .level = level,
                   .next_wall_s = from_wall_s,
                   .until_wall_s = until_wall_s,
                   .gains = gains};
    int64_t parent_s = level_get (level)->parent_s;
    int64_t parent_wall_s = period_floor (from_wall_s, parent_s);
    store_bytes_t first = s_key (&self, parent_wall_s);
    store_bytes_t end = s_key (&self, parent_wall_s + parent_s);
    scan_t *scan = scan_new_over (repair->draft->store->database, repair->draft->batch, first.data,
                                  first.size, end.data, end.size);
    int rc = s_take_rows (&self, scan);
    scan_destroy (&scan);
    s_put_rows (&self);
    return rc;
}

//  --- levels ----------------------------------------------------------------------------------

//  Where rows of minutes are gone nobody knows which seconds were covered, and none is added.
static int
s_repair_hour (repair_t *self, int64_t from_wall_s, int64_t until_wall_s, gain_t *gain)
{
    int64_t kept_wall_s = self->drafted->rolled.kept_wall_s[LEVEL_MINUTES];
    from_wall_s = wall_later (from_wall_s, kept_wall_s);
    if (from_wall_s >= until_wall_s)
        return 0;
    memset (self->gains, 0, sizeof self->gains);
    int rc = s_repair_rows (self, LEVEL_MINUTES, from_wall_s, until_wall_s, self->gains);
    for (size_t i = 0; i < MINUTES; i++)
        s_add_seconds (gain, &self->gains[i]);
    return rc;
}

//  Let the periods of a level, from one on, gain: those that are closed and kept.
static int
s_repair_level (repair_t *self, unsigned level, int64_t first_wall_s, gain_t *gains, size_t count)
{
    const level_t *this = level_get (level);
    const rolled_t *rolled = &self->drafted->rolled;
    int64_t until_wall_s = period_floor (rolled->closed_wall_s, this->period_s);
    until_wall_s = wall_earlier (until_wall_s, first_wall_s + (int64_t) count * this->period_s);
    int64_t from_wall_s = wall_later (first_wall_s, rolled->kept_wall_s[level]);
    while (from_wall_s < until_wall_s) {
        int64_t end_wall_s = period_floor (from_wall_s, this->parent_s) + this->parent_s;
        end_wall_s = wall_earlier (end_wall_s, until_wall_s);
        if (s_repair_rows (self, level, from_wall_s, end_wall_s,
                           gains + (from_wall_s - first_wall_s) / this->period_s))
            return -1;
        from_wall_s = end_wall_s;
    }
    return 0;
}

//  All frames start in the first hour, and so in the first day.
static void
s_begin_gains (repair_t *self)
{
    memset (self->hours, 0, sizeof self->hours);
    memset (self->days, 0, sizeof self->days);
    memset (&self->events, 0, sizeof self->events);
    for (size_t i = 0; i < MINUTES; i++)
        if (self->minutes[i].events.frames)
            row_add (&self->events, &self->minutes[i].events);
    self->hours[0].events = self->days[0].events = &self->events;
}

static int
s_repair (repair_t *self)
{
    int64_t from_wall_s = self->from_wall_s, next_wall_s;
    int64_t until_wall_s = wall_earlier (self->until_wall_s, self->drafted->rolled.closed_wall_s);
    int64_t day_wall_s = period_floor (from_wall_s, DAY_S);
    size_t hour_count = 0, day_count = 0;
    s_begin_gains (self);
    for (; from_wall_s < until_wall_s; from_wall_s = next_wall_s, hour_count++) {
        next_wall_s = period_floor (from_wall_s, HOUR_S) + HOUR_S;
        next_wall_s = wall_earlier (next_wall_s, until_wall_s);
        assert (hour_count < HOURS_MAX);
        if (s_repair_hour (self, from_wall_s, next_wall_s, &self->hours[hour_count]))
            return -1;
        day_count = (size_t) ((from_wall_s - day_wall_s) / DAY_S) + 1;
        assert (day_count <= DAYS_MAX);
        s_add_seconds (&self->days[day_count - 1], &self->hours[hour_count]);
    }
    if (s_repair_level (self, LEVEL_HOURS, self->hour_wall_s, self->hours, hour_count))
        return -1;
    return s_repair_level (self, LEVEL_DAYS, day_wall_s, self->days, day_count);
}

//  --- frames ----------------------------------------------------------------------------------

static bool
s_is_empty (const repair_t *self)
{
    return self->from_wall_s == self->until_wall_s;
}

static bool
s_takes (const repair_t *self, const char *node, const frame_t *frame)
{
    return self->hour_wall_s == period_floor (frame->start_wall_s, HOUR_S) &&
           strcmp (self->node, node) == 0 && scope_equal (&self->scope, &frame->scope);
}

static void
s_begin_frames (repair_t *self, const char *node, const frame_t *frame)
{
    strcpy (self->node, node);
    self->scope = frame->scope;
    self->hour_wall_s = period_floor (frame->start_wall_s, HOUR_S);
    self->from_wall_s = INT64_MAX;
    self->until_wall_s = INT64_MIN;
    for (unsigned id = 0; id <= ROW_ANY; id++)
        self->reach_wall_s[id] = INT64_MIN;
}

//  Those of the hour's seconds that the frame covers.
static void
s_cover_minutes (repair_t *self, const frame_t *frame, metric_set_t measured)
{
    int64_t minute_wall_s = period_floor (frame->start_wall_s, MINUTE_S);
    int64_t end_wall_s = frame->start_wall_s + frame->span_s;
    int64_t until_wall_s = wall_earlier (end_wall_s, self->hour_wall_s + HOUR_S);
    for (; minute_wall_s < until_wall_s; minute_wall_s += MINUTE_S) {
        late_minute_t *minute = &self->minutes[(minute_wall_s - self->hour_wall_s) / MINUTE_S];
        uint64_t seconds = row_seconds (minute_wall_s, frame->start_wall_s, end_wall_s);
        for (unsigned id = 0; id <= ROW_ANY; id++)
            if (measured & METRIC_BIT (id))
                minute->covered[id] |= seconds;
    }
}

static void
s_add_frame (repair_t *self, const frame_t *frame)
{
    metric_set_t measured = row_measured (frame);
    int64_t minute_wall_s = period_floor (frame->start_wall_s, MINUTE_S);
    int64_t end_wall_s = frame->start_wall_s + frame->span_s;
    size_t index = (size_t) (minute_wall_s - self->hour_wall_s) / MINUTE_S;
    row_add_frame (&self->minutes[index].events, frame, METRIC_ALL);
    s_cover_minutes (self, frame, measured);
    for (unsigned id = 0; id <= ROW_ANY; id++)
        if (measured & METRIC_BIT (id))
            self->reach_wall_s[id] = wall_later (self->reach_wall_s[id], end_wall_s);
    self->from_wall_s = wall_earlier (self->from_wall_s, minute_wall_s);
    self->until_wall_s = wall_later (self->until_wall_s, period_ceil (end_wall_s, MINUTE_S));
}

repair_t *
repair_new (void)
{
    repair_t *self = calloc (1, sizeof *self);
    assert (self);
    return self;
}

void
repair_destroy (repair_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

void
repair_clear (repair_t *self)
{
    if (s_is_empty (self))
        return;
    for (size_t i = 0; i < MINUTES; i++) {
        late_minute_t *minute = &self->minutes[i];
        if (minute->events.frames)
            memset (&minute->events, 0, sizeof minute->events);
        memset (minute->covered, 0, sizeof minute->covered);
    }
    self->from_wall_s = self->until_wall_s = 0;
}

int
repair_add (store_draft_t *draft, const char *node, const frame_t *frame)
{
    repair_t *self = draft->hand->repair;
    if (!s_is_empty (self) && !s_takes (self, node, frame) && repair_settle (draft))
        return -1;
    if (s_is_empty (self))
        s_begin_frames (self, node, frame);
    s_add_frame (self, frame);
    return 0;
}

int
repair_settle (store_draft_t *draft)
{
    repair_t *self = draft->hand->repair;
    if (s_is_empty (self))
        return 0;
    self->draft = draft;
    self->drafted = store_draft_node (draft, self->node);
    int rc = s_repair (self);
    repair_clear (self);
    return rc;
}
