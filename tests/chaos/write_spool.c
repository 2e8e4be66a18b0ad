//  SPDX-License-Identifier: GPL-2.0-or-later
//  write_spool [-k] FOLDER NODE[,NODE...] SECONDS - write a worker's spool as if it had run for
//  that many seconds up to a minute ago, with invented frames (source synthetic:events=300), so
//  that an outage of an hour needs no hour. Of several nodes: a broker's store. -k: with all
//  written, die by SIGKILL, the store being open.
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "publisher/sampler.h"
#include "storage/store.h"

#define BATCH     256
#define BEFORE_S  60
#define NODES_MAX 32

typedef struct {
    store_t *store;
    const char *nodes[NODES_MAX];
    sampler_t *samplers[NODES_MAX];
    size_t node_count;
    int64_t next_wall_s; //  Start of the next frames
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

//  Invent a node's next frame, and put it into the batch.
static int
s_make (writer_t *self, size_t node)
{
    const tick_t tick = {
        .start_wall_s = self->next_wall_s, .span_s = 1, .duration_mono_ns = 1000000000};
    if (sampler_read (self->samplers[node], &tick, &self->frame) == -1)
        return -1;
    uint8_t *data = self->data[self->count];
    self->records[self->count++] =
        (store_record_t){.node = self->nodes[node],
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
s_make_second (writer_t *self)
{
    for (size_t i = 0; i < self->node_count; i++)
        if (s_make (self, i) == -1 || (self->count == BATCH && s_flush (self) == -1))
            return -1;
    self->next_wall_s++;
    return 0;
}

static int
s_write (writer_t *self, uint64_t seconds)
{
    self->next_wall_s = (int64_t) time (NULL) - BEFORE_S - (int64_t) seconds;
    for (size_t i = 0; i < self->node_count; i++)
        if (sampler_begin (self->samplers[i], (uint64_t) self->next_wall_s * 1000 << 16) == -1)
            return -1;
    for (uint64_t i = 0; i < seconds; i++)
        if (s_make_second (self) == -1)
            return -1;
    return s_flush (self);
}

static int
s_add_node (writer_t *self, const char *node, const char *events, char error[512])
{
    source_error_t refusal;
    const scope_t scope = {0};
    if (!node_name_is_valid (node) || self->node_count == NODES_MAX) {
        snprintf (error, 512, "not the name of a node, or one too many: %s", node);
        return -1;
    }
    char text[64];
    snprintf (text, sizeof text, "synthetic:events=%s", events);
    source_t *source = source_new (text, &scope, &refusal);
    if (!source) {
        snprintf (error, 512, "%s", refusal.text);
        return -1;
    }
    self->nodes[self->node_count] = node;
    self->samplers[self->node_count++] = sampler_new (&source, node);
    return 0;
}

static int
s_open (writer_t *self, const char *path, char *nodes, const char *events, char error[512])
{
    for (char *node = strtok (nodes, ","); node; node = strtok (NULL, ","))
        if (s_add_node (self, node, events, error) == -1)
            return -1;
    const store_options_t options = {.owner = self->node_count == 1 ? self->nodes[0] : NULL};
    self->store = store_new (path, &options, error);
    return self->store ? 0 : -1;
}

static void
s_close (writer_t *self)
{
    store_destroy (&self->store);
    for (size_t i = 0; i < self->node_count; i++)
        sampler_destroy (&self->samplers[i]);
    free (self);
}

int
main (int argc, char **argv)
{
    char error[512];
    bool dies = argc > 1 && strcmp (argv[1], "-k") == 0;
    char **words = argv + dies;
    if (argc - dies != 5)
        return s_fail ("expected [-k] FOLDER NODE[,NODE...] SECONDS EVENTS");
    writer_t *writer = calloc (1, sizeof *writer);
    assert (writer);
    int rc = s_open (writer, words[1], words[2], words[4], error);
    if (rc == 0 && s_write (writer, strtoull (words[3], NULL, 10)) == -1) {
        store_error (writer->store, error);
        rc = -1;
    }
    if (rc == 0 && dies)
        raise (SIGKILL);
    s_close (writer);
    return rc == 0 ? EXIT_SUCCESS : s_fail (error);
}
