//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_cursor - frames out, one by one. Keys sort by start: a stretch of time is one scan. A
//  range of seqs is a scan for each run in it, over the time which that run takes up, where frames
//  of other epochs are stepped over. The chunk of a minute comes before the frames that stand by
//  themselves in it, and is mixed with them in order, and so are the frames of the inbox.
#include "storage/store_scan.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "storage/chunk.h"
#include "storage/level.h"
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
    const part_t *part;                                 //  Of the scan
    scan_t *scan;                                       //  NULL between parts
    bool sought;                                        //  It stands among the node's frames
    enum { NOWHERE, AT_FRAME, AT_CHUNK, AT_END } place; //  Of the scan; what it is at is to come
    store_record_t at;                                  //  The frame
    int64_t at_wall_s;                                  //  The chunk's minute
    chunk_t *chunk; //  Owned, with its bytes: of the minute in hand; NULL where it has none
    void *chunk_data;
    unsigned next_in_chunk;
    wire_reader_t *reader; //  Owned; NULL before any chunk
    uint8_t *buffer;       //  Owned: a frame of a chunk
    inbox_frames_t inbox;  //  Of the part
    size_t next_in_inbox;
    store_place_t was_in; //  The frame that was last returned
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

//  Where the minute of a second begins; seconds may be any.
static int64_t
s_minute (int64_t wall_s)
{
    return wall_s < INT64_MIN + MINUTE_S ? INT64_MIN : period_floor (wall_s, MINUTE_S);
}

static void
s_open_part (store_cursor_t *self)
{
    self->part = &self->parts[self->next_part++];
    self->scan = store_scan_new_until (
        self->store, store_key_frame_start (self->node, self->part->until_wall_s));
    self->sought = false;
    self->place = NOWHERE;
}

static void
s_close_part (store_cursor_t *self)
{
    inbox_frames_clear (&self->inbox);
    scan_destroy (&self->scan);
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

static void
s_close_chunk (store_cursor_t *self)
{
    chunk_close (&self->chunk);
    free (self->chunk_data);
    self->chunk_data = NULL;
}

void
store_cursor_destroy (store_cursor_t **self_p)
{
    store_cursor_t *self = *self_p;
    if (!self)
        return;
    s_close_chunk (self);
    s_close_part (self);
    wire_reader_destroy (&self->reader);
    free (self->buffer);
    free (self->parts);
    free (self);
    *self_p = NULL;
}

static bool
s_is_meant (const store_cursor_t *self, const store_record_t *record)
{
    const part_t *part = self->part;
    if (record->start_wall_s < part->since_wall_s || record->start_wall_s >= part->until_wall_s)
        return false;
    return part->all ||
           (record->epoch == part->range.epoch && record->seq >= part->range.first_seq &&
            record->seq <= part->range.last_seq);
}

//  Take the chunk that the scan stands on.
static int
s_open_chunk (store_cursor_t *self)
{
    size_t size;
    const void *data = scan_value (self->scan, &size);
    if (!self->reader) {
        self->reader = wire_reader_new ();
        self->buffer = malloc (FRAME_MAX_BYTES);
        assert (self->reader && self->buffer);
    }
    s_close_chunk (self);
    self->chunk_data = malloc (size + 1);
    assert (self->chunk_data);
    memcpy (self->chunk_data, data, size);
    self->chunk = chunk_open (self->chunk_data, size, self->at_wall_s, self->reader);
    self->next_in_chunk = 0;
    self->place = NOWHERE;
    return self->chunk ? 0 : store_fail_damaged (self->store, "a chunk of frames is none");
}

static int
s_read_inbox (store_cursor_t *self)
{
    holding_t record = {.count = 0};
    uint64_t number = 0;
    int rc = store_scan_node (self->store, self->scan, self->node, &record);
    self->next_in_inbox = 0;
    return rc <= 0 ? rc
                   : store_scan_inbox (self->store, self->scan, &record, self->part->since_wall_s,
                                       self->part->until_wall_s, &number, &self->inbox);
}

//  Step to the next frame or chunk, at first to the part's first one. Returns 1 with its key, 0
//  where the part has no other, -1 on failure.
static int
s_next_key (store_cursor_t *self, const void **key, size_t *size)
{
    char error[DATABASE_ERROR_MAX];
    store_bytes_t first = store_key_frame_start (self->node, s_minute (self->part->since_wall_s));
    store_bytes_t end = store_key_frame_start (self->node, self->part->until_wall_s);
    int rc = self->sought ? scan_next (self->scan, error)
                          : scan_seek (self->scan, first.data, first.size, error);
    self->sought = true;
    if (rc <= 0)
        return rc < 0 ? store_fail (self->store, error) : 0;
    *key = scan_key (self->scan, size);
    return memcmp (*key, end.data, *size < end.size ? *size : end.size) < 0;
}

//  Let the scan go on to the next frame that is meant, or the next chunk.
static int
s_step (store_cursor_t *self)
{
    if (!self->sought && s_read_inbox (self))
        return -1;
    while (self->place == NOWHERE) {
        const void *key = NULL;
        size_t size = 0;
        int rc = s_next_key (self, &key, &size);
        if (rc < 0)
            return -1;
        if (rc == 0)
            self->place = AT_END;
        else if (store_read_chunk_key (key, size, self->record_node, &self->at_wall_s) == 0)
            self->place = AT_CHUNK;
        else if (store_read_frame_key (key, size, self->record_node, &self->at) == 0 &&
                 s_is_meant (self, &self->at))
            self->place = AT_FRAME;
    }
    return 0;
}

//  The next frame of the chunk that is meant. False where there is none.
static bool
s_peek_chunk (store_cursor_t *self, store_record_t *record)
{
    for (; self->chunk && self->next_in_chunk < chunk_count (self->chunk); self->next_in_chunk++) {
        chunk_record (self->chunk, self->next_in_chunk, record);
        if (s_is_meant (self, record))
            return true;
    }
    return false;
}

static bool
s_is_before (const store_record_t *one, const store_record_t *other)
{
    if (one->start_wall_s != other->start_wall_s)
        return one->start_wall_s < other->start_wall_s;
    return one->epoch < other->epoch || (one->epoch == other->epoch && one->seq < other->seq);
}

static int
s_return_from_chunk (store_cursor_t *self, const store_record_t *record)
{
    frame_t frame;
    self->record = *record;
    self->record.node = self->node;
    self->record.data = self->buffer;
    self->record.size = chunk_frame (self->chunk, self->next_in_chunk++, &frame)
                            ? 0
                            : frame_encode (&frame, self->buffer, FRAME_MAX_BYTES);
    self->was_in = STORE_IN_CHUNK;
    return self->record.size > 0
               ? 1
               : store_fail_damaged (self->store, "a chunk of frames is not what was written");
}

static int
s_return_frame (store_cursor_t *self)
{
    self->record = self->at;
    self->record.data = scan_value (self->scan, &self->record.size);
    self->was_in = STORE_BY_ITSELF;
    self->place = NOWHERE;
    return 1;
}

static int
s_return_from_inbox (store_cursor_t *self)
{
    self->record = self->inbox.frames[self->next_in_inbox++];
    self->record.node = self->node;
    self->was_in = STORE_IN_INBOX;
    return 1;
}

//  The next frame of the inbox that is meant; NULL where there is none.
static const store_record_t *
s_peek_inbox (store_cursor_t *self)
{
    for (; self->next_in_inbox < self->inbox.count; self->next_in_inbox++)
        if (s_is_meant (self, &self->inbox.frames[self->next_in_inbox]))
            return &self->inbox.frames[self->next_in_inbox];
    return NULL;
}

//  Whether the next frame of the inbox comes before whatever the scan is at and the chunk has.
static bool
s_is_inbox_next (const store_cursor_t *self, const store_record_t *waiting,
                 const store_record_t *in_chunk)
{
    if (!waiting || (in_chunk && s_is_before (in_chunk, waiting)))
        return false;
    if (self->place == AT_CHUNK)
        return waiting->start_wall_s < self->at_wall_s;
    return self->place == AT_END || s_is_before (waiting, &self->at);
}

//  Returns 1 with the record, 0 where it has to be tried again or the part is at its end (scan is
//  then NULL), -1 on failure.
static int
s_try (store_cursor_t *self)
{
    store_record_t next;
    if (s_step (self))
        return -1;
    bool in_chunk = s_peek_chunk (self, &next);
    if (s_is_inbox_next (self, s_peek_inbox (self), in_chunk ? &next : NULL))
        return s_return_from_inbox (self);
    if (in_chunk && (self->place != AT_FRAME || s_is_before (&next, &self->at)))
        return s_return_from_chunk (self, &next);
    if (self->place == AT_FRAME)
        return s_return_frame (self);
    if (self->place == AT_CHUNK)
        return s_open_chunk (self);
    s_close_chunk (self);
    s_close_part (self);
    return 0;
}

int
store_cursor_next (store_cursor_t *self, const void **data, size_t *size)
{
    int rc = 0;
    while (rc == 0) {
        if (!self->scan && self->next_part == self->part_count)
            return 0;
        if (!self->scan)
            s_open_part (self);
        rc = s_try (self);
    }
    *data = self->record.data;
    *size = self->record.size;
    return rc;
}

store_place_t
store_cursor_was_in (const store_cursor_t *self)
{
    return self->was_in;
}

void
store_cursor_record (const store_cursor_t *self, store_record_t *record)
{
    *record = self->record;
}
