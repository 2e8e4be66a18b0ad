//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about chunks: they give back what went in, they are small, and no bytes break them.
#include "test_store.h"

#include <math.h>
#include "storage/chunk.h"
#include "storage/column.h"
#include "storage/distribution.h"

#define MINUTE_WALL_S 1763990040

static uint64_t s_state;

static uint64_t
s_random (void)
{
    s_state ^= s_state << 13;
    s_state ^= s_state >> 7;
    s_state ^= s_state << 17;
    return s_state;
}

static double
s_uniform (void)
{
    return ((double) (s_random () >> 11) + 0.5) / 9007199254740992.0;
}

static double
s_normal (void)
{
    return sqrt (-2 * log (s_uniform ())) * cos (2 * M_PI * s_uniform ());
}

//  Poisson(3000) events of a lognormal with median 8 us and sigma 1.3 a second.
static void
s_fill_busy (frame_metric_t *metric)
{
    uint64_t events = (uint64_t) (3000 + sqrt (3000) * s_normal () + 0.5);
    metric->measured = true;
    for (uint64_t i = 0; i < events; i++)
        histogram_add (&metric->histogram, (uint64_t) (8000 * exp (1.3 * s_normal ())));
    metric->accrued_ns = (uint64_t) metric->histogram.sum + s_random () % 200000;
}

static void
s_fill_minute (frame_t *frames, unsigned count)
{
    memset (frames, 0, count * sizeof *frames);
    for (unsigned i = 0; i < count; i++) {
        frame_t *frame = &frames[i];
        strcpy (frame->node, "n1");
        strcpy (frame->version, "0.1.0");
        frame->epoch = 1763990000123ULL << 16 | 77;
        frame->seq = i + 1;
        frame->start_wall_s = MINUTE_WALL_S + i % 60;
        frame->span_s = 1;
        frame->duration_mono_ns = 1000000000 + s_random () % 40000;
        frame->clock_synchronised = true;
        frame->clock_error_ns = 100000 + i / 16 * 500;
        frame->cost = (frame_cost_t){2000000 + s_random () % 300000, 9000000, 0};
        for (unsigned id = 0; id < METRIC_COUNT_; id++) {
            frame_metric_t *metric = &frame->metrics[id];
            if (metric_get (id)->kind == METRIC_HISTOGRAM)
                s_fill_busy (metric);
            else {
                metric->measured = true;
                metric->histogram.count = 1;
                metric->histogram.sum = 1;
            }
            metric->total_count = metric->histogram.count;
            metric->total_sum = (uint64_t) metric->histogram.sum;
            if (i > 0) {
                metric->total_count += frames[i - 1].metrics[id].total_count;
                metric->total_sum += frames[i - 1].metrics[id].total_sum;
            }
        }
    }
}

static void
s_assert_given_back (const frame_t *frames, unsigned count, bytes_t *bytes)
{
    static frame_t frame;
    wire_reader_t *reader = wire_reader_new ();
    bytes->size = 0;
    assert_int_equal (chunk_write (bytes, frames, count, MINUTE_WALL_S), 0);
    chunk_t *chunk = chunk_open (bytes->data, bytes->size, MINUTE_WALL_S, reader);
    assert_non_null (chunk);
    assert_int_equal (chunk_count (chunk), count);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal (chunk_frame (chunk, i, &frame), 0);
        assert_memory_equal (&frame, &frames[i], sizeof frame);
    }
    chunk_close (&chunk);
    wire_reader_destroy (&reader);
}

static void
test_a_busy_minute_takes_at_most_66_bytes_a_histogram (void **state)
{
    static frame_t frames[60];
    bytes_t bytes = {0};
    (void) state;
    s_state = 3;
    s_fill_minute (frames, 60);
    s_assert_given_back (frames, 60, &bytes);
    assert_in_range (bytes.size / (60.0 * 3), 50, 66);
    bytes_clear (&bytes);
}

//  Counts of every size and shape: constant, rare, bursts, growing, near 2^64.
static uint64_t
s_count (unsigned shape, unsigned slot, unsigned i)
{
    switch (shape) {
    case 0:
        return slot % 5 == 0 ? 1000003 : 0;
    case 1:
        return s_random () % 100 == 0;
    case 2:
        return s_random () % 60 == 0 ? s_random () >> (s_random () % 64) : 0;
    case 3:
        return (uint64_t) slot * i * i;
    case 4:
        return UINT64_MAX - s_random () % (1 + (1ULL << slot % 63));
    case 5:
        return s_random () >> (s_random () % 64);
    default:
        return (uint64_t) fabs (exp2 (slot % 40) + exp2 (slot % 30) * s_normal ());
    }
}

static void
s_assert_counts_given_back (const bytes_t *bytes, column_t *slots, unsigned frames)
{
    counts_reader_t reader;
    column_t taken;
    unsigned slot;
    int rc;
    const taker_t taker = {bytes->data, bytes->data + bytes->size, false};
    counts_begin (&reader, &taker, frames);
    while ((rc = counts_next (&reader, &slot, taken)) == 1) {
        assert_memory_equal (taken, slots[slot], 8 * frames);
        memset (slots[slot], 0, sizeof slots[slot]);
    }
    assert_int_equal (rc, 0);
    for (slot = 0; slot < BUCKET_SLOTS; slot++)
        for (unsigned i = 0; i < frames; i++)
            assert_true (slots[slot][i] == 0);
}

static void
test_counts_of_any_shape_are_given_back (void **state)
{
    static column_t slots[BUCKET_SLOTS];
    (void) state;
    s_state = 5;
    for (unsigned round = 0; round < 140; round++) {
        unsigned frames = 1 + (unsigned) (s_random () % COUNTS_FRAMES_MAX);
        unsigned first = (unsigned) (s_random () % BUCKET_SLOTS);
        for (unsigned slot = first; slot < BUCKET_SLOTS && slot < first + round; slot++)
            for (unsigned i = 0; i < frames; i++)
                slots[slot][i] = s_count (round % 7, slot, i);
        bytes_t bytes = {0};
        counts_put (&bytes, slots, 0, BUCKET_SLOTS, frames);
        s_assert_counts_given_back (&bytes, slots, frames);
        bytes_clear (&bytes);
    }
}

static void
test_counts_that_end_too_early_are_none (void **state)
{
    static column_t slots[BUCKET_SLOTS], taken;
    unsigned slot;
    bytes_t bytes = {0};
    counts_reader_t reader;
    (void) state;
    s_state = 7;
    for (slot = 0; slot < 20; slot++)
        for (unsigned i = 0; i < 60; i++)
            slots[slot][i] = s_count (6, slot, i);
    counts_put (&bytes, slots, 0, 20, 60);
    for (size_t size = 0; size < bytes.size; size++) {
        const taker_t taker = {bytes.data, bytes.data + size, false};
        int rc = 1;
        counts_begin (&reader, &taker, 60);
        while (rc == 1)
            rc = counts_next (&reader, &slot, taken);
        assert_int_equal (rc, -1);
    }
    bytes_clear (&bytes);
}

static void
test_the_distributions_are_the_same_everywhere (void **state)
{
    (void) state;
    assert_true (distribution_digest () == 0x2635393CDED2F09ULL);
}

//  Just below and at multiples of the frequency a rounding error would show.
static void
test_states_are_divided_by_frequencies_exactly (void **state)
{
    (void) state;
    for (unsigned number = 1; number < DISTRIBUTIONS; number++)
        for (unsigned symbol = 0; symbol < SYMBOLS; symbol++) {
            const distribution_t *model = distribution_get (number);
            uint64_t frequency = model->span[symbol] >> 16;
            for (uint64_t quotient = 1; frequency > 0 && quotient <= 1u << 21; quotient *= 2) {
                uint32_t below = (uint32_t) (quotient * frequency - 1);
                assert_int_equal (distribution_divide (model, symbol, below), below / frequency);
                below -= (uint32_t) (quotient / 2 * frequency);
                assert_int_equal (distribution_divide (model, symbol, below), below / frequency);
            }
        }
}

static void
test_every_slot_of_a_distribution_is_of_one_symbol (void **state)
{
    (void) state;
    for (unsigned number = 1; number < DISTRIBUTIONS; number++)
        for (uint32_t slot = 0; slot < SCALE; slot++) {
            const distribution_t *model = distribution_get (number);
            uint32_t span = model->span[model->symbol[slot]];
            assert_in_range (slot, span & 0xFFFF, (span & 0xFFFF) + (span >> 16) - 1);
        }
}

static void
test_columns_of_any_shape_are_given_back (void **state)
{
    (void) state;
    s_state = 9;
    for (unsigned round = 0; round < 2000; round++) {
        uint64_t values[300], taken[300];
        unsigned count = 1 + (unsigned) (s_random () % 300);
        for (unsigned i = 0; i < count; i++)
            values[i] = round % 4 == 0   ? s_random () >> (s_random () % 64)
                        : round % 4 == 1 ? 7 * i + round
                        : round % 4 == 2 ? 1000000 + s_random () % (1 + round)
                                         : 0 - (uint64_t) i * round - s_random () % 3;
        bytes_t bytes = {0};
        column_put (&bytes, values, count);
        taker_t taker = {bytes.data, bytes.data + bytes.size, false};
        column_take (&taker, taken, count);
        assert_false (taker.fault);
        assert_ptr_equal (taker.next, taker.end);
        assert_memory_equal (values, taken, 8 * count);
        bytes_clear (&bytes);
    }
}

static void
test_a_chunk_adds_up_to_its_frames (void **state)
{
    static frame_t frames[60];
    static row_t expected, row;
    uint8_t selected[CHUNK_FRAMES_MAX];
    bytes_t bytes = {0};
    (void) state;
    s_state = 11;
    s_fill_minute (frames, 60);
    s_assert_given_back (frames, 60, &bytes);
    for (unsigned i = 0; i < 60; i++) {
        selected[i] = s_random () % 2;
        if (selected[i])
            row_add_frame (&expected, &frames[i], METRIC_ALL);
    }
    wire_reader_t *reader = wire_reader_new ();
    chunk_t *chunk = chunk_open (bytes.data, bytes.size, MINUTE_WALL_S, reader);
    assert_int_equal (chunk_add (chunk, selected, METRIC_ALL, &row), 0);
    assert_memory_equal (&row, &expected, sizeof row);
    chunk_close (&chunk);
    wire_reader_destroy (&reader);
    bytes_clear (&bytes);
}

//  Under the sanitizers: whatever the bytes are, nothing is read or written out of bounds.
static void
test_damaged_chunks_are_refused_or_read (void **state)
{
    static frame_t frames[30], frame;
    static row_t row;
    bytes_t bytes = {0};
    uint8_t selected[CHUNK_FRAMES_MAX];
    (void) state;
    s_state = 13;
    s_fill_minute (frames, 30);
    s_assert_given_back (frames, 30, &bytes);
    memset (selected, 1, sizeof selected);
    wire_reader_t *reader = wire_reader_new ();
    for (unsigned round = 0; round < 3000; round++) {
        size_t size = s_random () % 8 ? bytes.size : s_random () % bytes.size;
        uint8_t *damaged = malloc (size + 1);
        memcpy (damaged, bytes.data, size);
        for (unsigned i = 0; i <= s_random () % 3 && size > 0; i++)
            damaged[s_random () % 2 ? s_random () % size : s_random () % 200 % size] =
                (uint8_t) s_random ();
        chunk_t *chunk = chunk_open (damaged, size, MINUTE_WALL_S, reader);
        if (chunk) {
            chunk_add (chunk, selected, METRIC_ALL, &row);
            for (unsigned i = 0; i < chunk_count (chunk); i++)
                chunk_frame (chunk, i, &frame);
        }
        chunk_close (&chunk);
        free (damaged);
    }
    wire_reader_destroy (&reader);
    bytes_clear (&bytes);
}

//  Frames of two starts, or spans, that no frame of this minute has.
static void
s_assert_refused (int64_t start_wall_s, uint32_t span_s)
{
    static frame_t frames[2];
    bytes_t bytes = {0};
    wire_reader_t *reader = wire_reader_new ();
    s_state = 17;
    s_fill_minute (frames, 2);
    frames[1].start_wall_s = start_wall_s;
    frames[1].span_s = span_s;
    assert_int_equal (chunk_write (&bytes, frames, 2, MINUTE_WALL_S), 0);
    assert_null (chunk_open (bytes.data, bytes.size, MINUTE_WALL_S, reader));
    wire_reader_destroy (&reader);
    bytes_clear (&bytes);
}

static void
test_a_chunk_of_frames_of_another_minute_is_none (void **state)
{
    (void) state;
    s_assert_refused (MINUTE_WALL_S + 60, 1);
    s_assert_refused (MINUTE_WALL_S - 1, 1);
    s_assert_refused (INT64_MAX, 1);
    s_assert_refused (MINUTE_WALL_S + 1, 0);
    s_assert_refused (MINUTE_WALL_S + 1, FRAME_MAX_SPAN_S + 1);
}

static void
test_a_row_of_a_scope_that_cannot_be_is_none (void **state)
{
    static row_t row, again;
    bytes_t bytes = {0};
    scope_t scopes[] = {{.kind = SCOPE_CGROUP, .cgroup = "/a"}, {.kind = 3}, {.pid = 7}};
    (void) state;
    for (unsigned i = 0; i < 3; i++) {
        row = (row_t){.frames = 1, .scope_count = 1, .scopes = {{scopes[i], 1}}};
        bytes.size = 0;
        row_encode (&row, &bytes);
        assert_int_equal (row_decode (&again, bytes.data, bytes.size), i ? -1 : 0);
    }
    bytes_clear (&bytes);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_busy_minute_takes_at_most_66_bytes_a_histogram),
        cmocka_unit_test (test_counts_of_any_shape_are_given_back),
        cmocka_unit_test (test_counts_that_end_too_early_are_none),
        cmocka_unit_test (test_the_distributions_are_the_same_everywhere),
        cmocka_unit_test (test_states_are_divided_by_frequencies_exactly),
        cmocka_unit_test (test_every_slot_of_a_distribution_is_of_one_symbol),
        cmocka_unit_test (test_columns_of_any_shape_are_given_back),
        cmocka_unit_test (test_a_chunk_adds_up_to_its_frames),
        cmocka_unit_test (test_damaged_chunks_are_refused_or_read),
        cmocka_unit_test (test_a_chunk_of_frames_of_another_minute_is_none),
        cmocka_unit_test (test_a_row_of_a_scope_that_cannot_be_is_none),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
