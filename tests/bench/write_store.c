//  SPDX-License-Identifier: GPL-2.0-or-later
//  write_store - fill a store with the busy frames of many nodes, through store_append, in the
//  order in which a broker would: second after second, all nodes. Says as JSON what it wrote.
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "program/exit_code.h"
#include "program/settings.h"
#include "storage/store.h"
#include "tests/bench/workload.h"
#include "tests/bench/progress.h"

#define BATCH        4096
#define NODES_MAX    100000
#define SECONDS_MAX  (366 * 86400)
#define MEMORY_BYTES (256u << 20)

static const setting_t s_settings[] = {
    {"nodes", 0, "COUNT", "100", "How many nodes: n001, n002 ..."},
    {"seconds", 0, "COUNT", "3600", "How many frames each; 0 only opens and settles the store"},
    {"until", 0, "UNIXTIME", "1700000000", "The end of the last frame"},
    {"metrics", 0, "WHICH", "runqlat", "runqlat: one histogram a frame; all: all four metrics"},
    {"seed", 0, "NUMBER", "1", "Other numbers make other frames"},
    {0},
};

static const program_t s_program = {
    .name = "write_store",
    .purpose = "Fill a store with invented frames for the benchmarks.",
    .operands = "FOLDER",
    .manual = "Example: write_store --nodes 100 --seconds 86400 /tmp/store",
    .settings = s_settings,
};

typedef struct {
    store_t *store;
    workload_t **nodes;
    size_t node_count;
    int64_t seconds;
    uint64_t payload_bytes;
    size_t count; //  Records in the batch
    store_record_t records[BATCH];
    store_verdict_t verdicts[BATCH];
    uint8_t data[BATCH][2048]; //  A busy frame has at most about 700 bytes
} writer_t;

static int
s_flush (writer_t *self)
{
    size_t count = self->count;
    self->count = 0;
    if (count == 0)
        return 0;
    if (store_append (self->store, self->records, count, self->verdicts) == -1)
        return -1;
    for (size_t i = 0; i < count; i++)
        assert (self->verdicts[i] == STORE_ADDED);
    return 0;
}

static int
s_add (writer_t *self, const frame_t *frame)
{
    uint8_t *data = self->data[self->count];
    size_t size = frame_encode (frame, data, sizeof self->data[0]);
    assert (size > 0);
    self->payload_bytes += size;
    self->records[self->count++] = (store_record_t){.node = frame->node,
                                                    .epoch = frame->epoch,
                                                    .seq = frame->seq,
                                                    .start_wall_s = frame->start_wall_s,
                                                    .span_s = frame->span_s,
                                                    .data = data,
                                                    .size = size};
    return self->count == BATCH ? s_flush (self) : 0;
}

static int
s_write (writer_t *self, double *took_s)
{
    progress_t progress;
    progress_begin (&progress, "frames written", (uint64_t) self->seconds * self->node_count);
    for (int64_t second = 0; second < self->seconds; second++) {
        for (size_t i = 0; i < self->node_count; i++)
            if (s_add (self, workload_next (self->nodes[i])) == -1)
                return -1;
        progress_say (&progress, (uint64_t) (second + 1) * self->node_count);
    }
    if (s_flush (self) == -1 || store_sync (self->store) == -1)
        return -1;
    *took_s = progress_end (&progress, progress.total);
    return 0;
}

//  Let the store do now what it otherwise does in its own time.
static void
s_settle (writer_t *self)
{
    store_reclaim (self->store);
}

static void
s_print (writer_t *self, double took_s)
{
    printf ("{\"frames\": %" PRIu64 ", \"payload_bytes\": %" PRIu64 ", \"write_s\": %.3f}\n",
            (uint64_t) self->seconds * self->node_count, self->payload_bytes, took_s);
}

static void
s_begin_nodes (writer_t *self, const settings_t *settings)
{
    metric_set_t metrics = METRIC_BIT (METRIC_runqlat);
    if (strcmp (settings_text (settings, "metrics"), "all") == 0)
        metrics = METRIC_ALL;
    else if (strcmp (settings_text (settings, "metrics"), "runqlat") != 0)
        settings_usage (settings, "--metrics is runqlat or all");
    self->node_count = (size_t) settings_number (settings, "nodes", 1, NODES_MAX);
    self->seconds = settings_number (settings, "seconds", 0, SECONDS_MAX);
    int64_t until_wall_s = settings_number (settings, "until", SECONDS_MAX + 1, UINT32_MAX);
    uint64_t seed = (uint64_t) settings_number (settings, "seed", 0, UINT32_MAX);
    self->nodes = calloc (self->node_count, sizeof *self->nodes);
    assert (self->nodes);
    for (size_t i = 0; i < self->node_count; i++) {
        char name[NODE_NAME_MAX + 1];
        workload_name (i, name);
        self->nodes[i] = workload_new (name, seed, until_wall_s - self->seconds, metrics);
    }
}

static void
s_destroy (writer_t *self)
{
    store_destroy (&self->store);
    for (size_t i = 0; i < self->node_count; i++)
        workload_destroy (&self->nodes[i]);
    free (self->nodes);
    free (self);
}

static int
s_run (writer_t *self, const char *path)
{
    char error[512];
    double took_s = 0;
    self->store = store_new (path, &(store_options_t){.memory_bytes = MEMORY_BYTES}, error);
    int rc = self->store ? s_write (self, &took_s) : -1;
    if (rc == -1) {
        if (self->store)
            store_error (self->store, error);
        fprintf (stderr, "write_store: %s\n", error);
        return EXIT_FAILURE;
    }
    s_settle (self);
    s_print (self, took_s);
    return EXIT_SUCCESS;
}

int
main (int argc, char **argv)
{
    settings_t *settings = settings_new (&s_program, argc, argv);
    if (settings_operand_count (settings) != 1)
        settings_usage (settings, "expected one FOLDER");
    writer_t *self = calloc (1, sizeof *self);
    assert (self);
    s_begin_nodes (self, settings);
    int rc = s_run (self, settings_operand (settings, 0));
    s_destroy (self);
    settings_destroy (&settings);
    return rc;
}
