//  SPDX-License-Identifier: GPL-2.0-or-later
//  manifest - digests, and the codec of pages, drawn in manifest.h. A page may come from anyone:
//  what it says is checked before anything is computed with it.
#include "schema/manifest.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "schema/frame.h"

#define PAGE_ITEMS 5
#define RUN_ITEMS  6

uint64_t
manifest_digest (const void *payload, size_t size)
{
    return XXH64 (payload, size, 0);
}

//  True where name (epoch, seq) is at or before name (other_epoch, other_seq).
static bool
s_is_at_or_before (uint64_t epoch, uint64_t seq, uint64_t other_epoch, uint64_t other_seq)
{
    return epoch < other_epoch || (epoch == other_epoch && seq <= other_seq);
}

bool
manifest_has_expired (const manifest_t *self, uint64_t epoch, uint64_t seq)
{
    return s_is_at_or_before (epoch, seq, self->expired_epoch, self->expired_seq);
}

static void
s_put_run (const manifest_run_t *run, wire_writer_t *writer)
{
    wire_put_array (writer, RUN_ITEMS);
    wire_put_uint (writer, run->range.epoch);
    wire_put_uint (writer, run->range.first_seq);
    wire_put_uint (writer, run->range.last_seq);
    wire_put_uint (writer, run->digest);
    wire_put_int (writer, run->first_wall_s);
    wire_put_int (writer, run->last_wall_s);
}

size_t
manifest_encode (const manifest_t *self, void *buffer, size_t capacity)
{
    wire_writer_t writer;
    if (self->count > MANIFEST_PAGE_RUNS)
        return 0;
    wire_writer_init (&writer, buffer, capacity);
    wire_put_array (&writer, PAGE_ITEMS);
    wire_put_uint (&writer, MANIFEST_VERSION);
    wire_put_uint (&writer, self->more);
    wire_put_uint (&writer, self->expired_epoch);
    wire_put_uint (&writer, self->expired_seq);
    wire_put_array (&writer, (uint32_t) self->count);
    for (size_t i = 0; i < self->count; i++)
        s_put_run (&self->runs[i], &writer);
    return wire_writer_size (&writer);
}

static int
s_take_run (wire_reader_t *reader, manifest_run_t *run)
{
    if (wire_expect_array (reader, RUN_ITEMS) || wire_take_uint (reader, &run->range.epoch) ||
        wire_take_uint (reader, &run->range.first_seq) ||
        wire_take_uint (reader, &run->range.last_seq) || wire_take_uint (reader, &run->digest) ||
        wire_take_int (reader, &run->first_wall_s))
        return -1;
    return wire_take_int (reader, &run->last_wall_s);
}

static const char *
s_run_fault (const manifest_run_t *run)
{
    if (run->range.first_seq == 0 || run->range.first_seq > run->range.last_seq)
        return "a run of frames is reversed, or starts at 0";
    if (run->first_wall_s < 0 || run->first_wall_s > run->last_wall_s ||
        run->last_wall_s > FRAME_MAX_WALL_S)
        return "a run of frames has starts that cannot be";
    return NULL;
}

//  Whether next lies behind run, and does not touch it.
static bool
s_is_apart (const seq_range_t *run, const seq_range_t *next)
{
    if (run->epoch != next->epoch)
        return run->epoch < next->epoch;
    return next->first_seq > run->last_seq && next->first_seq - run->last_seq > 1;
}

//  What is wrong with the newest of the runs, or NULL.
static const char *
s_newest_fault (const manifest_t *self)
{
    const manifest_run_t *run = &self->runs[self->count - 1];
    const char *fault = s_run_fault (run);
    if (fault)
        return fault;
    if (manifest_has_expired (self, run->range.epoch, run->range.first_seq))
        return "a run of frames holds what it says has expired";
    if (self->count > 1 && !s_is_apart (&run[-1].range, &run->range))
        return "the runs of frames are not in order, or touch";
    return NULL;
}

static const char *
s_take_runs (manifest_t *self, wire_reader_t *reader, uint32_t count)
{
    self->runs = malloc ((count + 1) * sizeof *self->runs);
    assert (self->runs);
    for (uint32_t i = 0; i < count; i++) {
        if (s_take_run (reader, &self->runs[i]))
            return "a run of frames is malformed";
        self->count++;
        const char *fault = s_newest_fault (self);
        if (fault)
            return fault;
    }
    return wire_done (reader) ? "there is something behind the runs of frames" : NULL;
}

static const char *
s_take_page (manifest_t *self, wire_reader_t *reader)
{
    uint64_t version;
    uint32_t count;
    if (wire_expect_array (reader, PAGE_ITEMS) || wire_take_uint (reader, &version))
        return "it is no manifest";
    if (version != MANIFEST_VERSION)
        return "its version is unknown to this program; upgrade this program";
    if (wire_take_bool (reader, &self->more) || wire_take_uint (reader, &self->expired_epoch) ||
        wire_take_uint (reader, &self->expired_seq) || wire_take_array (reader, &count))
        return "it is malformed";
    if (count > MANIFEST_PAGE_RUNS)
        return "it has more runs of frames than a page may";
    if (self->more && count == 0)
        return "it says that more follows nothing";
    return s_take_runs (self, reader, count);
}

int
manifest_decode (manifest_t *self, wire_reader_t *reader, const void *data, size_t size,
                 const char **reason)
{
    *self = (manifest_t){0};
    *reason =
        wire_read (reader, data, size) ? "it is not canonical msgpack" : s_take_page (self, reader);
    if (!*reason)
        return 0;
    manifest_clear (self);
    return -1;
}

int
manifest_append (manifest_t *self, const manifest_t *page, size_t most_runs)
{
    if (most_runs < self->count || page->count > most_runs - self->count)
        return -1;
    if (self->count && page->count &&
        !s_is_apart (&self->runs[self->count - 1].range, &page->runs[0].range))
        return -1;
    self->more = page->more;
    if (page->count == 0)
        return 0;
    self->runs = realloc (self->runs, (self->count + page->count) * sizeof *self->runs);
    assert (self->runs);
    memcpy (self->runs + self->count, page->runs, page->count * sizeof *self->runs);
    self->count += page->count;
    return 0;
}

void
manifest_forget (manifest_t *self, uint64_t epoch, uint64_t seq)
{
    size_t kept = 0;
    for (size_t i = 0; i < self->count; i++)
        if (!s_is_at_or_before (self->runs[i].range.epoch, self->runs[i].range.last_seq, epoch,
                                seq))
            self->runs[kept++] = self->runs[i];
    self->count = kept;
}

void
manifest_clear (manifest_t *self)
{
    free (self->runs);
    *self = (manifest_t){0};
}
