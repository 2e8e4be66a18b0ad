//  SPDX-License-Identifier: GPL-2.0-or-later
//  decode_cost - what decoding a busy frame of all metrics costs: as intake does, which wants no
//  buckets; by itself; in place of the one before; and so into a sheet, as the store does where a
//  minute closes. CPU time, the least of many rounds.
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include "storage/sheet.h"
#include "tests/bench/clock.h"
#include "tests/bench/busy.h"
#include "tests/bench/workload.h"

enum { NODES = 40, FRAMES = 60, ROUNDS = 200 };

#define MINUTE_WALL_S 1699999980
#define EPOCH_MS      (MINUTE_WALL_S * 1000ull)

typedef enum { CHECK, DECODE, AGAIN, SHEET, STEPS } step_t;

static const char *const s_names[STEPS] = {"decode it without buckets", "decode it",
                                           "decode it where one was", "decode it into the sheet"};

typedef struct {
    wire_reader_t *reader;
    sheet_t *sheet;
    frame_t frame;
    frame_slots_t slots; //  Of its buckets
    size_t sizes[NODES][FRAMES];
    uint8_t data[NODES][FRAMES][BUSY_MAX_BYTES];
} bench_t;

//  Returns the bytes of all frames.
static size_t
s_draw (bench_t *self)
{
    size_t total = 0;
    busy_t *busy = busy_new (1, EPOCH_MS << 16);
    for (unsigned node = 0; node < NODES; node++) {
        busy_node_t place = {0};
        workload_name (node, place.name);
        for (unsigned i = 0; i < FRAMES; i++) {
            self->sizes[node][i] = busy_next (busy, &place, MINUTE_WALL_S + i, self->data[node][i]);
            total += self->sizes[node][i];
        }
    }
    busy_destroy (&busy);
    return total;
}

static int
s_decode_frame (bench_t *self, const uint8_t *data, size_t size, step_t step)
{
    const char *reason;
    if (step == CHECK)
        return frame_decode_but_buckets (&self->frame, self->reader, data, size, &reason);
    if (step == DECODE)
        return frame_decode (&self->frame, self->reader, data, size, &reason);
    int rc = frame_decode_again (&self->frame, &self->slots, self->reader, data, size, &reason);
    if (step == SHEET && rc == 0)
        sheet_add (self->sheet, &self->frame, &self->slots);
    return rc;
}

//  The frames of a node's minute.
static void
s_decode (bench_t *self, unsigned node, step_t step)
{
    self->slots = frame_slots_all;
    sheet_begin (self->sheet, MINUTE_WALL_S);
    for (unsigned i = 0; i < FRAMES; i++) {
        int rc = s_decode_frame (self, self->data[node][i], self->sizes[node][i], step);
        assert (rc == 0);
    }
}

static void
s_measure (bench_t *self, step_t step)
{
    int64_t least_ns = INT64_MAX;
    for (unsigned round = 0; round < ROUNDS; round++) {
        int64_t begun_ns = clock_read_ns (CLOCK_PROCESS_CPUTIME_ID);
        for (unsigned node = 0; node < NODES; node++)
            s_decode (self, node, step);
        int64_t took_ns = clock_read_ns (CLOCK_PROCESS_CPUTIME_ID) - begun_ns;
        least_ns = took_ns < least_ns ? took_ns : least_ns;
    }
    printf ("%-30s %8.3f us\n", s_names[step], (double) least_ns / (NODES * FRAMES) / 1000);
}

int
main (void)
{
    bench_t *self = calloc (1, sizeof *self);
    assert (self);
    self->reader = wire_reader_new ();
    self->sheet = sheet_new ();
    printf ("a busy frame of %zu bytes\n", s_draw (self) / (NODES * FRAMES));
    for (step_t step = 0; step < STEPS; step++)
        s_measure (self, step);
    sheet_destroy (&self->sheet);
    wire_reader_destroy (&self->reader);
    free (self);
    return EXIT_SUCCESS;
}
