//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_cursor - frames out, one by one. Keys sort by start: a stretch of time is one scan. A
//  range of seqs is a scan for each run in it, over the time which that run takes up, where frames
//  of other epochs are stepped over.
#include "storage/store_self.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "storage/store_key.h"

//  A stretch of time, and which frames of it are meant.
typedef struct {
    int64_t since_wall_s, until_wall_s;
    bool all; //  Else those of this range:
    seq_range_t range;
} part_t;

struct store_cursor_t {
    store_t *store;
    char node[NODE_NAME_MAX + 1];
    part_t *parts; //  Owned
    size_t part_count;
    size_t next_part;
    const part_t *part; //  Of the scan
    scan_t *scan;       //  NULL between parts
    store_record_t record;
    char record_node[NODE_NAME_MAX + 1];
};

static store_cursor_t *
s_new (store_t *store, const char *node, size_t parts_max)
{
    store_cursor_t *self = calloc (1, sizeof *self);
    assert (self);
    self->store = store;
    self->parts = calloc (parts_max + 1, sizeof *self->parts);
    assert (self->parts);
    if (node_name_is_valid (node))
        memcpy (self->node, node, strlen (node) + 1);
    return self;
}

static void
s_open_part (store_cursor_t *self)
{
    self->part = &self->parts[self->next_part++];
    store_bytes_t first = store_key_frame_start (self->node, self->part->since_wall_s);
    store_bytes_t end = store_key_frame_start (self->node, self->part->until_wall_s);
    self->scan = scan_new (self->store->database, first.data, first.size, end.data, end.size);
}

store_cursor_t *
store_cursor_new (store_t *store, const char *node, int64_t since_wall_s, int64_t until_wall_s)
{
    store_cursor_t *self = s_new (store, node, 1);
    if (*self->node && since_wall_s < until_wall_s) {
        self->parts[self->part_count++] =
            (part_t){.since_wall_s = since_wall_s, .until_wall_s = until_wall_s, .all = true};
        s_open_part (self);
    }
    return self;
}

//  The stretch in which the run's frames first_seq .. last_seq start: each frame takes a second or
//  more, so they are at least so far from the run's edges.
static part_t
s_part_of_run (const store_range_t *run, uint64_t first_seq, uint64_t last_seq)
{
    if (first_seq < run->first_seq)
        first_seq = run->first_seq;
    if (last_seq > run->last_seq)
        last_seq = run->last_seq;
    return (part_t){.since_wall_s = run->first_wall_s + (int64_t) (first_seq - run->first_seq),
                    .until_wall_s = run->last_wall_s - (int64_t) (run->last_seq - last_seq) + 1,
                    .range = {run->epoch, first_seq, last_seq}};
}

store_cursor_t *
store_cursor_new_replay (store_t *store, const char *node, const seq_range_t *range)
{
    store_books_t books;
    store_copy_books (store, node, &books);
    store_cursor_t *self = s_new (store, node, books.run_count);
    for (size_t i = 0; i < books.run_count; i++) {
        const store_range_t *run = &books.runs[i];
        if (run->epoch == range->epoch && run->last_seq >= range->first_seq &&
            run->first_seq <= range->last_seq)
            self->parts[self->part_count++] =
                s_part_of_run (run, range->first_seq, range->last_seq);
    }
    store_books_clear (&books);
    return self;
}

void
store_cursor_destroy (store_cursor_t **self_p)
{
    store_cursor_t *self = *self_p;
    if (!self)
        return;
    scan_destroy (&self->scan);
    free (self->parts);
    free (self);
    *self_p = NULL;
}

static bool
s_is_meant (const store_cursor_t *self)
{
    const part_t *part = self->part;
    return part->all ||
           (self->record.epoch == part->range.epoch && self->record.seq >= part->range.first_seq &&
            self->record.seq <= part->range.last_seq);
}

//  Take the scan's frame as the record. Returns whether it is one that is meant.
static bool
s_read_record (store_cursor_t *self)
{
    size_t size;
    const void *key = scan_key (self->scan, &size);
    if (store_read_frame_key (key, size, self->record_node, &self->record) || !s_is_meant (self))
        return false;
    self->record.data = scan_value (self->scan, &self->record.size);
    return true;
}

int
store_cursor_next (store_cursor_t *self, const void **data, size_t *size)
{
    char error[DATABASE_ERROR_MAX];
    for (;;) {
        if (!self->scan && self->next_part == self->part_count)
            return 0;
        if (!self->scan)
            s_open_part (self);
        int rc = scan_next (self->scan, error);
        if (rc < 0)
            return store_fail (self->store, error);
        if (rc == 0)
            scan_destroy (&self->scan);
        else if (s_read_record (self)) {
            *data = self->record.data;
            *size = self->record.size;
            return 1;
        }
    }
}

void
store_cursor_record (const store_cursor_t *self, store_record_t *record)
{
    *record = self->record;
}
