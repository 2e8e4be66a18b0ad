//  SPDX-License-Identifier: GPL-2.0-or-later
//  write_spool FOLDER NODE FRAMES - write a worker's spool as if it had run for that many seconds
//  up to a minute ago, with invented frames (source synthetic:events=300), so that an outage of an
//  hour needs no hour.
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "publisher/sampler.h"
#include "storage/store.h"

#define BATCH    256
#define BEFORE_S 60

typedef struct {
    store_t *store;
    sampler_t *sampler;
    const char *node;
    int64_t next_wall_s; //  Start of the next frame
    size_t count;        //  In the batch
    store_record_t records[BATCH];
    uint8_t data[BATCH][FRAME_MAX_BYTES];
    store_verdict_t verdicts[BATCH];
    frame_t frame;
} writer_t;

static int
s_fail (const char *text)
{
    fprintf (stderr, "write_spool: %s\n", text);
    return EXIT_FAILURE;
}

//  Invent the next frame, and put it into the batch.
static int
s_make (writer_t *self)
{
    const tick_t tick = {
        .start_wall_s = self->next_wall_s++, .span_s = 1, .duration_mono_ns = 1000000000};
    if (sampler_read (self->sampler, &tick, &self->frame) == -1)
        return -1;
    uint8_t *data = self->data[self->count];
    self->records[self->count++] =
        (store_record_t){.node = self->node,
                         .epoch = self->frame.epoch,
                         .seq = self->frame.seq,
                         .start_wall_s = self->frame.start_wall_s,
                         .span_s = self->frame.span_s,
                         .data = data,
                         .size = frame_encode (&self->frame, data, FRAME_MAX_BYTES)};
    return 0;
}

static int
s_flush (writer_t *self)
{
    size_t count = self->count;
    self->count = 0;
    return count ? store_append (self->store, self->records, count, self->verdicts) : 0;
}

static int
s_write (writer_t *self, uint64_t frames)
{
    self->next_wall_s = (int64_t) time (NULL) - BEFORE_S - (int64_t) frames;
    if (sampler_begin (self->sampler, (uint64_t) self->next_wall_s * 1000 << 16) == -1)
        return -1;
    for (uint64_t i = 0; i < frames; i++)
        if (s_make (self) == -1 || (self->count == BATCH && s_flush (self) == -1))
            return -1;
    return s_flush (self);
}

static int
s_write_spool (const char *path, const char *node, uint64_t frames, char error[512])
{
    source_error_t refusal;
    const scope_t scope = {0};
    const store_options_t options = {.owner = node};
    source_t *source = source_new ("synthetic:events=300", &scope, &refusal);
    if (!source) {
        snprintf (error, 512, "%s", refusal.text);
        return -1;
    }
    writer_t *writer = calloc (1, sizeof *writer);
    assert (writer);
    writer->node = node;
    writer->sampler = sampler_new (&source, node);
    writer->store = store_new (path, &options, error);
    int rc = writer->store ? s_write (writer, frames) : -1;
    if (rc == -1 && writer->store)
        store_error (writer->store, error);
    store_destroy (&writer->store);
    sampler_destroy (&writer->sampler);
    free (writer);
    return rc;
}

int
main (int argc, char **argv)
{
    char error[512];
    if (argc != 4 || !node_name_is_valid (argv[2]))
        return s_fail ("expected FOLDER NODE FRAMES");
    if (s_write_spool (argv[1], argv[2], strtoull (argv[3], NULL, 10), error) == -1)
        return s_fail (error);
    return EXIT_SUCCESS;
}
