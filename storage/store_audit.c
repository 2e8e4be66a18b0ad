//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_audit - every rollup once more, from what lies under it. Minutes are added up from their
//  frames as long as these are kept; a row of any other level must be what the last row below it
//  says of its period.
#include "storage/store_self.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "storage/rollup.h"
#include "storage/store_key.h"

//  A node's rows of a level, one after another, each as its own period.
typedef struct {
    unsigned level;
    scan_t *scan;
    bool is_at_row;       //  False at the end
    int64_t start_wall_s; //  Of the row
    row_t own;            //  What it has beside the row before it
    row_t whole;          //  The row itself
    bytes_t before;       //  The row before it, encoded
    int64_t parent_wall_s;
} rows_t;

typedef struct {
    store_t *store;
    const char *node;
    rolled_t rolled;
    wire_reader_t *reader;
    uint64_t rows; //  Compared
    char *difference;
} audit_t;

//  --- rows ------------------------------------------------------------------------------------

static int
s_rows_next (rows_t *self, store_t *store)
{
    char error[DATABASE_ERROR_MAX], node[NODE_NAME_MAX + 1];
    int rc = scan_next (self->scan, error);
    self->is_at_row = rc == 1;
    if (rc <= 0)
        return rc < 0 ? store_fail (store, error) : 0;
    size_t key_size, size;
    unsigned level;
    const void *key = scan_key (self->scan, &key_size);
    const void *value = scan_value (self->scan, &size);
    if (store_read_row_key (key, key_size, node, &level, &self->start_wall_s) ||
        row_decode (&self->whole, value, size))
        return store_fail_damaged (store, "a rollup is not what was written");
    self->own = self->whole;
    int64_t parent_wall_s = period_floor (self->start_wall_s, level_get (level)->parent_s);
    if (self->before.size > 0 && parent_wall_s == self->parent_wall_s)
        row_subtract_encoded (&self->own, self->before.data, self->before.size, METRIC_ALL);
    self->parent_wall_s = parent_wall_s;
    self->before.size = 0;
    bytes_put (&self->before, value, size);
    return 0;
}

static int
s_rows_open (rows_t *self, const audit_t *audit, unsigned level)
{
    store_bytes_t first = store_key_row (audit->node, level, INT64_MIN);
    store_bytes_t end = store_key_row (audit->node, level, INT64_MAX);
    memset (self, 0, sizeof *self);
    self->level = level;
    self->scan = scan_new (audit->store->database, first.data, first.size, end.data, end.size);
    return s_rows_next (self, audit->store);
}

static void
s_rows_close (rows_t *self)
{
    scan_destroy (&self->scan);
    bytes_clear (&self->before);
}

//  --- comparing -------------------------------------------------------------------------------

static bool
s_have_equal_scopes (const row_t *one, const row_t *other)
{
    if (one->many_scopes || other->many_scopes)
        return true;
    if (one->scope_count != other->scope_count)
        return false;
    unsigned found = 0;
    for (unsigned i = 0; i < one->scope_count; i++)
        for (unsigned k = 0; k < other->scope_count; k++)
            found += scope_equal (&one->scopes[i].scope, &other->scopes[k].scope) &&
                     one->scopes[i].frames == other->scopes[k].frames;
    return found == one->scope_count;
}

//  What differs, or NULL.
static const char *
s_difference (const row_t *one, const row_t *other, bool seconds)
{
    if (one->frames != other->frames)
        return "frames";
    if (one->synthetic != other->synthetic || !s_have_equal_scopes (one, other))
        return "scopes or sources";
    if (seconds && one->present_s != other->present_s)
        return "seconds present";
    for (unsigned id = 0; id < METRIC_COUNT_; id++) {
        const partial_metric_t *a = &one->metrics[id], *b = &other->metrics[id];
        bool equal =
            a->accrued_ns == b->accrued_ns && a->histogram.sum == b->histogram.sum &&
            a->histogram.count == b->histogram.count &&
            (!seconds || a->present_s == b->present_s) &&
            memcmp (a->histogram.buckets, b->histogram.buckets, sizeof a->histogram.buckets) == 0;
        if (!equal)
            return metric_get ((metric_id_t) id)->name;
    }
    return NULL;
}

//  Returns 1, and the sentence.
static int
s_differ (const audit_t *self, unsigned level, int64_t start_wall_s, const char *what)
{
    snprintf (self->difference, 512, "node %s, %s, period from %lld: %s", self->node,
              store_level_name (level), (long long) start_wall_s, what);
    return 1;
}

static int
s_compare (audit_t *self, const rows_t *rows, const row_t *expected, bool seconds)
{
    char text[64];
    const char *what = s_difference (&rows->own, expected, seconds);
    self->rows++;
    if (!what && seconds && rows->level == LEVEL_MINUTES &&
        memcmp (rows->own.covered, expected->covered, sizeof expected->covered) != 0)
        what = "which seconds are covered";
    if (!what)
        return 0;
    snprintf (text, sizeof text, "%s differ", what);
    return s_differ (self, rows->level, rows->start_wall_s, text);
}

//  The row that must be there is compared, and stepped over; those before it must not be.
static int
s_expect (audit_t *self, rows_t *rows, int64_t start_wall_s, const row_t *expected, bool seconds)
{
    if (!rows->is_at_row || rows->start_wall_s > start_wall_s)
        return s_differ (self, rows->level, start_wall_s, "the rollup is missing");
    if (rows->start_wall_s < start_wall_s)
        return s_differ (self, rows->level, rows->start_wall_s, "nothing lies under the rollup");
    int rc = s_compare (self, rows, expected, seconds);
    return rc ? rc : s_rows_next (rows, self->store);
}

static int
s_skip_before (const audit_t *self, rows_t *rows, int64_t wall_s)
{
    while (rows->is_at_row && rows->start_wall_s < wall_s)
        if (s_rows_next (rows, self->store))
            return -1;
    return 0;
}

static int
s_expect_end (const audit_t *self, const rows_t *rows)
{
    return rows->is_at_row
               ? s_differ (self, rows->level, rows->start_wall_s, "nothing lies under the rollup")
               : 0;
}

//  --- minutes ---------------------------------------------------------------------------------

typedef struct {
    audit_t *audit;
    rows_t rows;
    int64_t minute_wall_s; //  Being added up
    int64_t from_wall_s;   //  Before this frames, or rows, are gone
    int64_t exact_wall_s;  //  From here on no frame that is gone covers a second
    int64_t reach_wall_s[METRIC_COUNT_ + 1];
    row_t row;
} minutes_t;

//  Compare the minute and go on to the next.
static int
s_end_minute (minutes_t *self)
{
    int64_t minute_wall_s = self->minute_wall_s;
    int rc = 0;
    if (minute_wall_s >= self->from_wall_s && !row_is_empty (&self->row))
        rc = s_expect (self->audit, &self->rows, minute_wall_s, &self->row,
                       minute_wall_s >= self->exact_wall_s);
    memset (&self->row, 0, sizeof self->row);
    self->minute_wall_s += MINUTE_S;
    for (unsigned id = 0; id <= ROW_ANY; id++)
        row_cover (&self->row, METRIC_BIT (id),
                   row_seconds (self->minute_wall_s, self->minute_wall_s, self->reach_wall_s[id]));
    return rc;
}

//  End all minutes before one that has something. What lies between them has seconds of frames
//  that are gone, or is a mistake.
static int
s_go_to (minutes_t *self, int64_t minute_wall_s)
{
    int rc = 0;
    while (rc == 0 && self->minute_wall_s < minute_wall_s) {
        if (row_is_empty (&self->row))
            self->minute_wall_s = minute_wall_s;
        else
            rc = s_end_minute (self);
        if (rc == 0)
            rc = s_skip_before (self->audit, &self->rows,
                                wall_earlier (self->minute_wall_s, self->exact_wall_s));
    }
    return rc;
}

static int
s_add_frame (minutes_t *self, const frame_t *frame)
{
    metric_set_t measured = row_measured (frame);
    int64_t end_wall_s = frame->start_wall_s + frame->span_s;
    int rc = s_go_to (self, period_floor (frame->start_wall_s, MINUTE_S));
    row_add_frame (&self->row, frame, METRIC_ALL);
    row_cover (&self->row, measured,
               row_seconds (self->minute_wall_s, frame->start_wall_s, end_wall_s));
    for (unsigned id = 0; id <= ROW_ANY; id++)
        if (measured & METRIC_BIT (id) && self->reach_wall_s[id] < end_wall_s)
            self->reach_wall_s[id] = end_wall_s;
    return rc;
}

static int
s_add_frames (minutes_t *self)
{
    audit_t *audit = self->audit;
    store_cursor_t *cursor =
        store_cursor_new (audit->store, audit->node, INT64_MIN, audit->rolled.closed_wall_s);
    int rc, found = 0;
    store_record_t record;
    frame_t frame;
    while (found == 0 && (rc = store_cursor_next (cursor, &record.data, &record.size)) == 1) {
        store_cursor_record (cursor, &record);
        if (rollup_decode (&frame, audit->reader, &record) == 0)
            found = s_add_frame (self, &frame);
    }
    store_cursor_destroy (&cursor);
    return found ? found : rc;
}

static int
s_audit_minutes (audit_t *audit)
{
    const rolled_t *rolled = &audit->rolled;
    minutes_t self = {.audit = audit, .minute_wall_s = INT64_MIN};
    for (unsigned id = 0; id <= ROW_ANY; id++)
        self.reach_wall_s[id] = INT64_MIN;
    int64_t gone_wall_s = rolled->kept_wall_s[KEPT_FRAMES];
    self.from_wall_s = self.exact_wall_s = rolled->kept_wall_s[LEVEL_MINUTES];
    if (gone_wall_s != INT64_MIN) {
        self.from_wall_s = wall_later (self.from_wall_s, gone_wall_s);
        self.exact_wall_s = wall_later (self.exact_wall_s, gone_wall_s + FRAME_MAX_SPAN_S);
    }
    int rc = s_rows_open (&self.rows, audit, LEVEL_MINUTES);
    if (rc == 0)
        rc = s_skip_before (audit, &self.rows, self.from_wall_s);
    if (rc == 0)
        rc = s_add_frames (&self);
    if (rc == 0)
        rc = s_go_to (&self, rolled->closed_wall_s);
    if (rc == 0 && self.exact_wall_s <= rolled->closed_wall_s)
        rc = s_expect_end (audit, &self.rows);
    s_rows_close (&self.rows);
    return rc;
}

//  --- levels above ----------------------------------------------------------------------------

//  Compare one period with the last row below that lies in it, which lower stands on; step lower
//  behind it.
static int
s_audit_period (audit_t *self, rows_t *lower, rows_t *upper, int64_t start_wall_s)
{
    int64_t end_wall_s = start_wall_s + level_get (upper->level)->period_s;
    row_t *last = malloc (sizeof *last);
    assert (last);
    int rc = 0;
    while (rc == 0 && lower->is_at_row && lower->start_wall_s < end_wall_s) {
        *last = lower->whole;
        rc = s_rows_next (lower, self->store);
    }
    if (rc == 0 && end_wall_s <= self->rolled.closed_wall_s &&
        start_wall_s >= self->rolled.kept_wall_s[upper->level])
        rc = s_expect (self, upper, start_wall_s, last, true);
    free (last);
    return rc;
}

static int
s_audit_level (audit_t *self, unsigned level)
{
    rows_t lower, upper = {.scan = NULL};
    int64_t period_s = level_get (level)->period_s;
    int rc = s_rows_open (&lower, self, level - 1);
    if (rc == 0)
        rc = s_rows_open (&upper, self, level);
    if (rc == 0)
        rc = s_skip_before (self, &upper, self->rolled.kept_wall_s[level - 1]);
    while (rc == 0 && lower.is_at_row)
        rc = s_audit_period (self, &lower, &upper, period_floor (lower.start_wall_s, period_s));
    if (rc == 0)
        rc = s_expect_end (self, &upper);
    s_rows_close (&lower);
    s_rows_close (&upper);
    return rc;
}

//  --- the node --------------------------------------------------------------------------------

//  Returns whether the node is known.
static bool
s_copy_rolled (audit_t *self)
{
    pthread_mutex_lock (&self->store->mutex);
    const holding_t *holding = holdings_find (self->store->holdings, self->node);
    if (holding)
        self->rolled = holding->rolled;
    pthread_mutex_unlock (&self->store->mutex);
    return holding && self->rolled.origin_wall_s != INT64_MAX;
}

int
store_audit_rollups (store_t *self, const char *node, uint64_t *rows, char difference[512])
{
    audit_t audit = {.store = self, .node = node, .difference = difference};
    *rows = 0;
    if (!s_copy_rolled (&audit))
        return 0;
    audit.reader = wire_reader_new ();
    assert (audit.reader);
    int rc = s_audit_minutes (&audit);
    for (unsigned level = LEVEL_HOURS; rc == 0 && level < LEVEL_COUNT; level++)
        rc = s_audit_level (&audit, level);
    wire_reader_destroy (&audit.reader);
    *rows = audit.rows;
    return rc;
}
