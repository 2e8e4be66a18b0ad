//  SPDX-License-Identifier: GPL-2.0-or-later
//  chunk_cost - what closing a minute of busy frames costs apart from the database, step by step,
//  and what an edge of a window costs. CPU time, the least of many rounds over some nodes.
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "storage/chunk.h"
#include "tests/bench/clock.h"
#include "tests/bench/workload.h"

enum { NODES = 40, FRAMES = 60, EDGE_FRAMES = 15, ROUNDS = 40, FRAME_BYTES = 2048 };

#define MINUTE_WALL_S 1699999980

typedef enum { DECODE, WRITE, READ_BACK, ADD_ALL, ADD_EDGE, STEPS } step_t;

static const char *const s_names[STEPS] = {
    "decode a frame into the sheet", "write it into the chunk", "read it back and compare it",
    "add up a chunk's 60 frames",    "add up 15 of them",
};

typedef struct {
    wire_reader_t *reader;
    sheet_t *sheet;
    bytes_t chunk;
    frame_t frame;
    frame_slots_t slots; //  Of its buckets
    row_t row;
    size_t sizes[NODES][FRAMES];
    uint8_t data[NODES][FRAMES][FRAME_BYTES];
    int64_t begun_cpu_ns;
    int64_t took_ns[STEPS]; //  In this round
} bench_t;

//  Count what passed since the last call as a step's.
static void
s_lap (bench_t *self, step_t step)
{
    int64_t now_cpu_ns = clock_read_ns (CLOCK_PROCESS_CPUTIME_ID);
    self->took_ns[step] += now_cpu_ns - self->begun_cpu_ns;
    self->begun_cpu_ns = now_cpu_ns;
}

static void
s_draw (bench_t *self)
{
    for (unsigned node = 0; node < NODES; node++) {
        char name[NODE_NAME_MAX + 1];
        workload_name (node, name);
        workload_t *workload = workload_new (name, 1, MINUTE_WALL_S, METRIC_BIT (METRIC_runqlat));
        for (unsigned i = 0; i < FRAMES; i++) {
            uint8_t *data = self->data[node][i];
            self->sizes[node][i] = frame_encode (workload_next (workload), data, FRAME_BYTES);
            assert (self->sizes[node][i] > 0);
        }
        workload_destroy (&workload);
    }
}

static void
s_decode (bench_t *self, unsigned node)
{
    const char *reason;
    self->slots = frame_slots_all;
    for (unsigned i = 0; i < FRAMES; i++) {
        int rc = frame_decode_again (&self->frame, &self->slots, self->reader, self->data[node][i],
                                     self->sizes[node][i], &reason);
        assert (rc == 0);
        sheet_add (self->sheet, &self->frame, &self->slots);
    }
}

//  As an edge does where the minute's first frames are asked for.
static void
s_add (bench_t *self, unsigned frames)
{
    chunk_choice_t chosen = {0};
    memset (chosen, 1, frames);
    chunk_t *chunk = chunk_open (self->chunk.data, self->chunk.size, MINUTE_WALL_S, self->reader);
    int rc = chunk_add (chunk, chosen, METRIC_ALL, &self->row);
    assert (rc == 0);
    chunk_close (&chunk);
}

static void
s_read_back (bench_t *self)
{
    chunk_t *chunk = chunk_open (self->chunk.data, self->chunk.size, MINUTE_WALL_S, self->reader);
    bool holds = chunk_holds (chunk, self->sheet);
    assert (holds);
    chunk_close (&chunk);
}

static void
s_close_minute (bench_t *self, unsigned node)
{
    self->chunk.size = 0;
    self->begun_cpu_ns = clock_read_ns (CLOCK_PROCESS_CPUTIME_ID);
    sheet_begin (self->sheet, MINUTE_WALL_S);
    s_decode (self, node);
    s_lap (self, DECODE);
    int rc = chunk_write (&self->chunk, self->sheet);
    assert (rc == 0);
    s_lap (self, WRITE);
    s_read_back (self);
    s_lap (self, READ_BACK);
    s_add (self, FRAMES);
    s_lap (self, ADD_ALL);
    s_add (self, EDGE_FRAMES);
    s_lap (self, ADD_EDGE);
}

static void
s_run_round (bench_t *self, int64_t *least_ns)
{
    memset (self->took_ns, 0, sizeof self->took_ns);
    for (unsigned node = 0; node < NODES; node++)
        s_close_minute (self, node);
    for (unsigned step = 0; step < STEPS; step++)
        if (self->took_ns[step] < least_ns[step])
            least_ns[step] = self->took_ns[step];
}

static void
s_print (const int64_t *least_ns)
{
    for (unsigned step = 0; step < STEPS; step++) {
        double items = step < ADD_ALL ? NODES * FRAMES : NODES;
        printf ("%-30s %8.3f us\n", s_names[step], (double) least_ns[step] / items / 1000);
    }
}

int
main (void)
{
    int64_t least_ns[STEPS] = {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX};
    bench_t *self = calloc (1, sizeof *self);
    assert (self);
    self->reader = wire_reader_new ();
    self->sheet = sheet_new ();
    s_draw (self);
    for (unsigned round = 0; round < ROUNDS; round++)
        s_run_round (self, least_ns);
    s_print (least_ns);
    bytes_clear (&self->chunk);
    sheet_destroy (&self->sheet);
    wire_reader_destroy (&self->reader);
    free (self);
    return EXIT_SUCCESS;
}
