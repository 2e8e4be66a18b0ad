//  SPDX-License-Identifier: GPL-2.0-or-later
//  minute - see minute.h. A chunk takes the place of the frames only after it was read back and
//  gave the same frames.
#include "storage/minute.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "storage/chunk.h"
#include "storage/inbox_draft.h"
#include "storage/level.h"
#include "storage/rollup.h"
#include "storage/store_key.h"

//  The frames of a minute on their way into a chunk.
typedef struct {
    store_draft_t *draft;
    holding_t *drafted;
    const char *node;
    int64_t minute_wall_s;
    bool is_open; //  So far: its frames lie in the inbox, and have no keys of their own yet
    bool had_chunk;
    minute_t *minute;    //  Where they are added up; NULL: nowhere
    sheet_t *sheet;      //  Borrowed: those that go into the chunk
    frame_t frame;       //  The one that was just read from no chunk
    frame_slots_t slots; //  Of its buckets
    store_record_t
        singles[SHEET_FRAMES_MAX]; //  Names of those in the sheet that are no chunk's yet; with
                                   //  their bytes where they come from the inbox
    unsigned single_count;
} gathering_t;

static void
s_init_minute (minute_t *self)
{
    memset (self, 0, sizeof *self);
    for (unsigned id = 0; id <= ROW_ANY; id++)
        self->reach_wall_s[id] = INT64_MIN;
}

//  The seconds that a frame covers.
static void
s_cover (minute_t *self, int64_t minute_wall_s, metric_set_t measured, int64_t start_wall_s,
         int64_t end_wall_s)
{
    row_cover (&self->row, measured, row_seconds (minute_wall_s, start_wall_s, end_wall_s));
    for (unsigned id = 0; id <= ROW_ANY; id++)
        if (measured & METRIC_BIT (id) && self->reach_wall_s[id] < end_wall_s)
            self->reach_wall_s[id] = end_wall_s;
}

static void
s_add_up_sheet (minute_t *self, const sheet_t *sheet)
{
    sheet_add_up (sheet, &self->row);
    for (unsigned i = 0; i < sheet->count; i++) {
        int64_t start_wall_s = sheet->minute_wall_s + (int64_t) sheet->columns[START][i];
        s_cover (self, sheet->minute_wall_s, sheet_measured (sheet, i), start_wall_s,
                 start_wall_s + (int64_t) sheet->columns[SPAN][i]);
    }
}

//  A frame that is not in the sheet.
static void
s_add_up_frame (minute_t *self, int64_t minute_wall_s, const frame_t *frame)
{
    row_add_frame (&self->row, frame, METRIC_ALL);
    s_cover (self, minute_wall_s, row_measured (frame), frame->start_wall_s,
             frame->start_wall_s + frame->span_s);
}

//  Whether a frame of the chunk is of the range: told without reading it.
static bool
s_is_within (const chunk_t *chunk, unsigned index, const seq_range_t *range)
{
    store_record_t record;
    chunk_record (chunk, index, &record);
    return record.epoch == range->epoch && record.seq >= range->first_seq &&
           record.seq <= range->last_seq;
}

static int
s_fail_chunk (store_t *store)
{
    return store_fail_damaged (store, "the frames of a minute are not what was written");
}

//  Take the frames of the chunk but those of a range.
static int
s_gather_chunk (gathering_t *self, const void *data, size_t size, const seq_range_t *without)
{
    store_t *store = self->draft->store;
    frame_t frame;
    chunk_t *chunk = chunk_open (data, size, self->minute_wall_s, self->draft->hand->reader);
    int rc = chunk ? 0 : s_fail_chunk (store);
    for (unsigned i = 0; rc == 0 && i < chunk_count (chunk); i++) {
        if (without && s_is_within (chunk, i, without))
            continue;
        if (chunk_frame (chunk, i, &frame) || frame_fault (&frame))
            rc = s_fail_chunk (store);
        else
            sheet_add (self->sheet, &frame, NULL);
    }
    chunk_close (&chunk);
    return rc;
}

//  Whether the frame is the one it is filed as, so that its key can be told from it.
static bool
s_is_filed_as (const frame_t *frame, const store_record_t *record)
{
    return frame->epoch == record->epoch && frame->seq == record->seq;
}

//  Take a frame that is no chunk's into the sheet. Returns false where it does not decode, or there
//  are enough.
static bool
s_gather_frame (gathering_t *self, const store_record_t *record)
{
    frame_t *frame = &self->frame;
    if (rollup_decode_again (frame, &self->slots, self->draft->hand->reader, record))
        return false;
    if (self->sheet->count < SHEET_FRAMES_MAX && s_is_filed_as (frame, record)) {
        self->singles[self->single_count] = *record;
        self->singles[self->single_count++].node = self->node;
        sheet_add (self->sheet, frame, &self->slots);
        return true;
    }
    if (self->minute)
        s_add_up_frame (self->minute, self->minute_wall_s, frame);
    return false;
}

static void
s_put_single (const gathering_t *self, const store_record_t *record)
{
    store_bytes_t key = store_key_frame (record);
    batch_put (self->draft->batch, key.data, key.size, record->data, record->size);
}

static void
s_delete_single (const gathering_t *self, const store_record_t *record)
{
    store_bytes_t key = store_key_frame (record);
    batch_delete (self->draft->batch, key.data, key.size);
}

//  Read all frames of the minute that is open so far. What cannot be in its chunk gets its own key,
//  as does what starts behind it, but before until: no such frame decodes.
static int
s_gather_open (gathering_t *self, int64_t until_wall_s)
{
    const inbox_entry_t *entry = NULL;
    if (inbox_draft_read (self->draft))
        return -1;
    sheet_begin (self->sheet, self->minute_wall_s);
    while ((entry = inbox_draft_next (self->draft, self->node, entry))) {
        const store_record_t *frame = &entry->frame;
        if (!inbox_is_alive (self->drafted, frame) || frame->start_wall_s >= until_wall_s)
            continue;
        if (inbox_is_next (&self->drafted->rolled, frame->start_wall_s) ||
            !s_gather_frame (self, frame))
            s_put_single (self, frame);
    }
    return 0;
}

//  Read all frames of the minute; with a range only its chunk, without the range's frames.
static int
s_gather (gathering_t *self, const seq_range_t *without)
{
    char error[DATABASE_ERROR_MAX], name[NODE_NAME_MAX + 1];
    store_bytes_t first = store_key_frame_start (self->node, self->minute_wall_s);
    store_bytes_t end = store_key_frame_start (self->node, self->minute_wall_s + MINUTE_S);
    sheet_begin (self->sheet, self->minute_wall_s);
    scan_t *scan = scan_new_over (self->draft->store->database, self->draft->batch, first.data,
                                  first.size, end.data, end.size);
    store_record_t record;
    size_t size;
    int64_t minute_wall_s;
    int rc;
    while ((rc = scan_next (scan, error)) == 1) {
        const void *key = scan_key (scan, &size);
        record.data = scan_value (scan, &record.size);
        if (store_read_chunk_key (key, size, name, &minute_wall_s) == 0) {
            self->had_chunk = true;
            if (s_gather_chunk (self, record.data, record.size, without))
                break;
        } else if (!without && store_read_frame_key (key, size, name, &record) == 0)
            s_gather_frame (self, &record);
    }
    scan_destroy (&scan);
    return rc == 1 ? -1 : rc < 0 ? store_fail (self->draft->store, error) : 0;
}

//  --- rewriting -------------------------------------------------------------------------------

//  Whether every frame can be had back from the chunk, byte for byte.
static bool
s_is_faithful (const gathering_t *self, const bytes_t *value)
{
    chunk_t *chunk =
        chunk_open (value->data, value->size, self->minute_wall_s, self->draft->hand->reader);
    bool is_faithful = chunk && chunk_holds (chunk, self->sheet);
    chunk_close (&chunk);
    return is_faithful;
}

static void
s_put_chunk (gathering_t *self)
{
    bytes_t *value = &self->draft->hand->value;
    batch_t *batch = self->draft->batch;
    value->size = 0;
    bool is_made = chunk_write (value, self->sheet) == 0 && s_is_faithful (self, value);
    for (unsigned i = 0; i < self->single_count; i++)
        if (!is_made && self->is_open)
            s_put_single (self, &self->singles[i]);
        else if (is_made && !self->is_open)
            s_delete_single (self, &self->singles[i]);
    if (is_made) {
        store_bytes_t key = store_key_chunk (self->node, self->minute_wall_s);
        batch_put (batch, key.data, key.size, value->data, value->size);
        self->drafted->rolled.chunks += !self->had_chunk;
    }
}

static void
s_init (gathering_t *self, store_draft_t *draft, holding_t *drafted, int64_t minute_wall_s)
{
    self->draft = draft;
    self->drafted = drafted;
    self->node = drafted->node;
    self->minute_wall_s = minute_wall_s;
    self->is_open = false;
    self->had_chunk = false;
    self->minute = NULL;
    self->sheet = draft->hand->sheet;
    self->slots = frame_slots_all;
    self->single_count = 0;
}

static void
s_put_sorted (gathering_t *self)
{
    sheet_sort (self->sheet);
    if (self->sheet->count > 0)
        s_put_chunk (self);
}

int
minute_close (store_draft_t *draft, holding_t *drafted, int64_t until_wall_s, minute_t *minute)
{
    gathering_t gathering;
    s_init (&gathering, draft, drafted, drafted->rolled.closed_wall_s);
    gathering.is_open = true;
    gathering.minute = minute;
    s_init_minute (minute);
    if (s_gather_open (&gathering, until_wall_s))
        return -1;
    s_add_up_sheet (minute, gathering.sheet);
    s_put_sorted (&gathering);
    return 0;
}

int
minute_rewrite (store_draft_t *draft, holding_t *drafted, int64_t minute_wall_s)
{
    gathering_t gathering;
    s_init (&gathering, draft, drafted, minute_wall_s);
    if (s_gather (&gathering, NULL))
        return -1;
    s_put_sorted (&gathering);
    return 0;
}

int
minute_drop (store_draft_t *draft, holding_t *drafted, int64_t minute_wall_s,
             const seq_range_t *range)
{
    gathering_t gathering;
    s_init (&gathering, draft, drafted, minute_wall_s);
    if (s_gather (&gathering, range))
        return -1;
    if (gathering.sheet->count > 0)
        s_put_chunk (&gathering);
    else {
        store_bytes_t key = store_key_chunk (drafted->node, minute_wall_s);
        batch_delete (draft->batch, key.data, key.size);
        drafted->rolled.chunks -= gathering.had_chunk;
    }
    return 0;
}

//  --- comparing -------------------------------------------------------------------------------

static bool
s_is_equal (chunk_t *chunk, const store_record_t *record)
{
    store_record_t held;
    frame_t frame;
    bool equal = false;
    for (unsigned i = 0; i < chunk_count (chunk); i++) {
        chunk_record (chunk, i, &held);
        if (held.epoch != record->epoch || held.seq != record->seq)
            continue;
        uint8_t *buffer = malloc (FRAME_MAX_BYTES);
        assert (buffer);
        equal = chunk_frame (chunk, i, &frame) == 0 &&
                frame_encode (&frame, buffer, FRAME_MAX_BYTES) == record->size &&
                memcmp (buffer, record->data, record->size) == 0;
        free (buffer);
    }
    return equal;
}

int
minute_holds (const store_draft_t *draft, const store_record_t *record)
{
    store_t *store = draft->store;
    char error[DATABASE_ERROR_MAX];
    int64_t minute_wall_s = period_floor (record->start_wall_s, MINUTE_S);
    store_bytes_t key = store_key_chunk (record->node, minute_wall_s);
    scan_t *scan = scan_new (store->database, key.data, key.size, "\xFF", 1);
    int rc = scan_next (scan, error);
    size_t key_size = 0, size;
    const void *found = rc == 1 ? scan_key (scan, &key_size) : NULL;
    chunk_t *chunk = NULL;
    if (rc < 0)
        store_fail (store, error);
    else if (!found || key_size != key.size || memcmp (found, key.data, key.size) != 0)
        rc = 0;
    else {
        const void *data = scan_value (scan, &size);
        chunk = chunk_open (data, size, minute_wall_s, draft->hand->reader);
        rc = chunk ? s_is_equal (chunk, record) : s_fail_chunk (store);
    }
    chunk_close (&chunk);
    scan_destroy (&scan);
    return rc;
}
