//  SPDX-License-Identifier: GPL-2.0-or-later
//  append_cost - what store_append costs by itself: busy frames of many nodes, in the order and in
//  the batches in which a broker's recorder brings them when it is behind. Says as JSON the CPU
//  time of a frame, of the thread that appends and of all others, which are waited for: its helper
//  and RocksDB's; how long the appends took; and, where it is asked for, what frames cost that come
//  late, as those of an outage do that were sent elsewhere, and what retention takes to delete all
//  of them.
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "program/exit_code.h"
#include "program/settings.h"
#include "storage/store.h"
#include "tests/bench/busy.h"
#include "tests/bench/clock.h"
#include "tests/bench/progress.h"

#define BATCH_MAX    100000
#define MEMORY_BYTES (128u << 20) //  bin/broker's
#define FIRST_WALL_S 1700000000
#define EPOCH        ((uint64_t) FIRST_WALL_S * 1000 << 16 | 77)

static const setting_t s_settings[] = {
    {"nodes", 0, "COUNT", "10000", "How many nodes"},
    {"frames", 0, "COUNT", "1000000", "How many frames, all nodes together"},
    {"batch", 0, "COUNT", "24576", "How many frames an append brings"},
    {"hands", 0, "COUNT", "0", "How many threads an append is dealt with on; 0: as it fits"},
    {"late", 0, "COUNT", "0",
     "How many frames of each node, from the middle, come late, in the end, node by node"},
    {"expire", 0, NULL, NULL, "Delete all frames in the end, as retention does"},
    {"seed", 0, "NUMBER", "1", "Other numbers make other frames"},
    {0},
};

static const program_t s_program = {
    .name = "append_cost",
    .purpose = "Append busy frames to a new store, and say what that costs.",
    .operands = "FOLDER",
    .manual = "Example: append_cost --nodes 100000 --frames 6000000 /tmp/store",
    .settings = s_settings,
};

typedef struct {
    store_options_t options;
    store_t *store;
    busy_t *busy;
    busy_node_t *nodes, *late_nodes; //  The latter are where the outage began
    size_t node_count, next_node;
    uint64_t frames, appended;
    uint64_t late; //  Frames a node that are left out at first, and come node by node then
    bool is_late;
    size_t batch;
    bool expires;
    int64_t append_ns, build_ns; //  CPU time of this thread
    int64_t wall_ns;             //  In appends
    store_record_t records[BATCH_MAX];
    store_verdict_t verdicts[BATCH_MAX];
    uint8_t (*data)[BUSY_MAX_BYTES];
} cost_t;

static busy_node_t *
s_next_node (cost_t *self, uint64_t turn)
{
    if (self->is_late)
        return &self->late_nodes[turn / self->late];
    busy_node_t *node = &self->nodes[self->next_node];
    if (turn >= self->frames / 2 && turn - self->frames / 2 < self->node_count) {
        self->late_nodes[self->next_node] = *node;
        node->seq += self->late;
    }
    self->next_node = (self->next_node + 1) % self->node_count;
    return node;
}

static void
s_build (cost_t *self, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        busy_node_t *node = s_next_node (self, self->appended + i);
        int64_t start_wall_s = FIRST_WALL_S + (int64_t) node->seq;
        size_t size = busy_next (self->busy, node, start_wall_s, self->data[i]);
        self->records[i] = (store_record_t){.node = node->name,
                                            .epoch = EPOCH,
                                            .seq = node->seq,
                                            .start_wall_s = start_wall_s,
                                            .span_s = 1,
                                            .data = self->data[i],
                                            .size = size};
    }
}

static int
s_append (cost_t *self, uint64_t frames)
{
    uint64_t left = frames - self->appended;
    size_t count = left < self->batch ? (size_t) left : self->batch;
    int64_t begun_ns = clock_read_ns (CLOCK_THREAD_CPUTIME_ID);
    s_build (self, count);
    int64_t built_ns = clock_read_ns (CLOCK_THREAD_CPUTIME_ID);
    int64_t begun_wall_ns = clock_read_ns (CLOCK_MONOTONIC);
    int rc = store_append (self->store, self->records, count, self->verdicts);
    self->wall_ns += clock_read_ns (CLOCK_MONOTONIC) - begun_wall_ns;
    self->append_ns += clock_read_ns (CLOCK_THREAD_CPUTIME_ID) - built_ns;
    self->build_ns += built_ns - begun_ns;
    self->appended += count;
    for (size_t i = 0; rc == 0 && i < count; i++)
        assert (self->verdicts[i] == STORE_ADDED);
    return rc;
}

static void
s_print (const cost_t *self, int64_t process_ns)
{
    double frames = (double) self->appended;
    printf ("{\"nodes\": %zu, \"%s\": %" PRIu64
            ", \"wall_us\": %.3f, \"append_us\": %.3f, \"others_us\": %.3f}\n",
            self->node_count, self->is_late ? "late" : "frames", self->appended,
            (double) self->wall_ns / frames / 1e3, (double) self->append_ns / frames / 1e3,
            (double) (process_ns - self->append_ns - self->build_ns) / frames / 1e3);
}

//  All threads' CPU time.
static int
s_expire (cost_t *self)
{
    int64_t begun_ns = clock_read_ns (CLOCK_PROCESS_CPUTIME_ID);
    uint64_t all = 0;
    size_t expired;
    int rc;
    do {
        rc = store_expire (self->store, INT64_MAX, UINT64_MAX, &expired);
        all += expired;
    } while (rc == 1);
    int64_t expire_ns = clock_read_ns (CLOCK_PROCESS_CPUTIME_ID) - begun_ns;
    printf ("{\"expired\": %" PRIu64 ", \"expire_us\": %.3f}\n", all,
            (double) expire_ns / (double) all / 1e3);
    return rc;
}

//  Append so many frames, and say what they cost.
static int
s_append_all (cost_t *self, uint64_t frames)
{
    progress_t progress;
    int rc = 0;
    self->appended = 0;
    self->append_ns = self->build_ns = self->wall_ns = 0;
    progress_begin (&progress, "frames appended", frames);
    int64_t begun_ns = clock_read_ns (CLOCK_PROCESS_CPUTIME_ID);
    while (rc == 0 && self->appended < frames) {
        rc = s_append (self, frames);
        progress_say (&progress, self->appended);
    }
    if (rc == 0) {
        int64_t process_ns = clock_read_ns (CLOCK_PROCESS_CPUTIME_ID) - begun_ns;
        progress_end (&progress, progress.total);
        s_print (self, process_ns);
    }
    return rc;
}

static int
s_append_late (cost_t *self)
{
    self->is_late = true;
    return s_append_all (self, self->late * self->node_count);
}

static int
s_run (cost_t *self, const char *path)
{
    char error[512];
    self->store = store_new (path, &self->options, error);
    int rc = self->store ? s_append_all (self, self->frames) : -1;
    if (rc == 0 && self->late > 0)
        rc = s_append_late (self);
    if (rc == -1) {
        if (self->store)
            store_error (self->store, error);
        fprintf (stderr, "append_cost: %s\n", error);
        return EXIT_FAILURE;
    }
    return self->expires && s_expire (self) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static void
s_init (cost_t *self, const settings_t *settings)
{
    self->options = (store_options_t){
        .memory_bytes = MEMORY_BYTES,
        .hands = (unsigned) settings_number (settings, "hands", 0, STORE_HANDS_MAX)};
    self->node_count = (size_t) settings_number (settings, "nodes", 1, 1000000);
    self->frames = (uint64_t) settings_number (settings, "frames", 1, INT64_MAX);
    self->late = (uint64_t) settings_number (settings, "late", 0, 1000000);
    self->expires = settings_is_set (settings, "expire");
    self->batch = (size_t) settings_number (settings, "batch", 1, BATCH_MAX);
    self->busy = busy_new ((uint64_t) settings_number (settings, "seed", 0, INT64_MAX), EPOCH);
    self->nodes = calloc (self->node_count, sizeof *self->nodes);
    self->late_nodes = calloc (self->node_count, sizeof *self->late_nodes);
    self->data = malloc (self->batch * sizeof *self->data);
    assert (self->nodes && self->late_nodes && self->data);
    for (size_t i = 0; i < self->node_count; i++)
        snprintf (self->nodes[i].name, sizeof self->nodes[i].name, "n%06zu", i + 1);
}

static void
s_destroy (cost_t *self)
{
    store_destroy (&self->store);
    busy_destroy (&self->busy);
    free (self->nodes);
    free (self->late_nodes);
    free (self->data);
    free (self);
}

int
main (int argc, char **argv)
{
    settings_t *settings = settings_new (&s_program, argc, argv);
    if (settings_operand_count (settings) != 1)
        settings_usage (settings, "expected one FOLDER");
    cost_t *self = calloc (1, sizeof *self);
    assert (self);
    s_init (self, settings);
    if (self->late > 0 && self->frames < 2 * self->node_count)
        settings_usage (settings, "for late frames each node must have two others");
    int rc = s_run (self, settings_operand (settings, 0));
    s_destroy (self);
    settings_destroy (&settings);
    return rc;
}
