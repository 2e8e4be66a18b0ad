//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about chunks: they give back what went in, they are small, and no bytes break them.
#include "test_store.h"
#include "test_chance.h"
#include "storage/chunk.h"

#define MINUTE_WALL_S 1763990040

//  Poisson(3000) events of a lognormal with median 8 us and sigma 1.3 a second.
static void
s_fill_busy (frame_metric_t *metric)
{
    uint64_t events = (uint64_t) (3000 + sqrt (3000) * chance_normal () + 0.5);
    metric->measured = true;
    for (uint64_t i = 0; i < events; i++)
        histogram_add (&metric->histogram, (uint64_t) (8000 * exp (1.3 * chance_normal ())));
    metric->accrued_ns = (uint64_t) metric->histogram.sum + chance_number () % 200000;
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
        frame->duration_mono_ns = 1000000000 + chance_number () % 40000;
        frame->clock_synchronised = true;
        frame->clock_error_ns = 100000 + i / 16 * 500;
        frame->cost = (frame_cost_t){2000000 + chance_number () % 300000, 9000000, 0};
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

//  A sheet of the frames; the caller destroys it.
static sheet_t *
s_sheet_of (const frame_t *frames, unsigned count)
{
    sheet_t *sheet = sheet_new ();
    sheet_begin (sheet, MINUTE_WALL_S);
    for (unsigned i = 0; i < count; i++)
        sheet_add (sheet, &frames[i], NULL);
    return sheet;
}

static void
s_write (bytes_t *bytes, const frame_t *frames, unsigned count)
{
    sheet_t *sheet = s_sheet_of (frames, count);
    bytes->size = 0;
    assert_int_equal (chunk_write (bytes, sheet), 0);
    sheet_destroy (&sheet);
}

static void
s_assert_given_back (const frame_t *frames, unsigned count, bytes_t *bytes)
{
    static frame_t frame;
    wire_reader_t *reader = wire_reader_new ();
    s_write (bytes, frames, count);
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
    chance_state = 3;
    s_fill_minute (frames, 60);
    s_assert_given_back (frames, 60, &bytes);
    assert_in_range (bytes.size / (60.0 * 3), 50, 66);
    bytes_clear (&bytes);
}

//  A sheet that never had an event holds no counts.
static void
test_a_minute_without_events_is_given_back (void **state)
{
    static frame_t frames[60];
    bytes_t bytes = {0};
    (void) state;
    chance_state = 3;
    s_fill_minute (frames, 60);
    for (unsigned i = 0; i < 60; i++)
        for (unsigned id = 0; id < METRIC_COUNT_; id++)
            frames[i].metrics[id] = (frame_metric_t){.measured = true};
    s_assert_given_back (frames, 60, &bytes);
    bytes_clear (&bytes);
}

//  Any choice of frames, a range at either end, all, and none.
static void
s_choose (unsigned round, unsigned count, chunk_choice_t chosen)
{
    unsigned edge = (unsigned) (chance_number () % (count + 1));
    for (unsigned i = 0; i < count; i++)
        chosen[i] = round % 3 == 0 ? chance_number () % 2 : round % 3 == 1 ? i < edge : i >= edge;
}

static void
test_a_chunk_adds_up_to_its_frames (void **state)
{
    static frame_t frames[61];
    static row_t expected, row;
    chunk_choice_t chosen;
    bytes_t bytes = {0};
    (void) state;
    wire_reader_t *reader = wire_reader_new ();
    chance_state = 11;
    for (unsigned round = 0; round < 30; round++) {
        unsigned count = 1 + round * 2;
        s_fill_minute (frames, count);
        s_assert_given_back (frames, count, &bytes);
        s_choose (round, count, chosen);
        memset (&expected, 0, sizeof expected);
        memset (&row, 0, sizeof row);
        for (unsigned i = 0; i < count; i++)
            if (chosen[i])
                row_add_frame (&expected, &frames[i], METRIC_ALL);
        chunk_t *chunk = chunk_open (bytes.data, bytes.size, MINUTE_WALL_S, reader);
        assert_int_equal (chunk_add (chunk, chosen, METRIC_ALL, &row), 0);
        assert_memory_equal (&row, &expected, sizeof row);
        assert_int_equal (chunk_subtract (chunk, chosen, METRIC_ALL, &row), 0);
        assert_true (row_is_empty (&row));
        for (unsigned id = 0; id < METRIC_COUNT_; id++)
            assert_int_equal (row.metrics[id].histogram.count, 0);
        chunk_close (&chunk);
    }
    wire_reader_destroy (&reader);
    bytes_clear (&bytes);
}

static void
test_a_few_frames_at_either_end_of_a_chunk_are_cheap (void **state)
{
    static frame_t frames[60];
    chunk_choice_t chosen = {0};
    bytes_t bytes = {0};
    (void) state;
    wire_reader_t *reader = wire_reader_new ();
    chance_state = 15;
    s_fill_minute (frames, 60);
    s_assert_given_back (frames, 60, &bytes);
    chunk_t *chunk = chunk_open (bytes.data, bytes.size, MINUTE_WALL_S, reader);
    assert_int_equal (chunk_cost (chunk, chosen), 0);
    chosen[4] = 1;
    assert_int_equal (chunk_cost (chunk, chosen), 5);
    chosen[58] = 1;
    assert_int_equal (chunk_cost (chunk, chosen), 7);
    chosen[29] = chosen[30] = 1;
    assert_int_equal (chunk_cost (chunk, chosen), 60);
    chunk_close (&chunk);
    wire_reader_destroy (&reader);
    bytes_clear (&bytes);
}

static void
test_a_sheet_adds_up_to_its_frames (void **state)
{
    static frame_t frames[60];
    static row_t expected, row;
    (void) state;
    chance_state = 27;
    s_fill_minute (frames, 60);
    for (unsigned i = 0; i < 60; i++)
        row_add_frame (&expected, &frames[i], METRIC_ALL);
    sheet_t *sheet = s_sheet_of (frames, 60);
    sheet_add_up (sheet, &row);
    assert_memory_equal (&row, &expected, sizeof row);
    sheet_destroy (&sheet);
}

//  That equal frames have equal bytes, and only what is encoded decodes, is what the store relies
//  on when it compares numbers instead of bytes.
static void
test_frames_come_back_from_a_chunk_with_their_bytes (void **state)
{
    static frame_t frames[60], frame;
    frame_slots_t slots = frame_slots_all;
    static uint8_t data[60][FRAME_MAX_BYTES], again[FRAME_MAX_BYTES];
    size_t sizes[60];
    bytes_t bytes = {0};
    const char *reason;
    wire_reader_t *reader = wire_reader_new ();
    sheet_t *sheet = sheet_new ();
    (void) state;
    chance_state = 19;
    s_fill_minute (frames, 60);
    sheet_begin (sheet, MINUTE_WALL_S);
    for (unsigned i = 0; i < 60; i++) {
        sizes[i] = frame_encode (&frames[i], data[i], sizeof data[i]);
        assert_int_equal (frame_decode_again (&frame, &slots, reader, data[i], sizes[i], &reason),
                          0);
        sheet_add (sheet, &frame, &slots);
    }
    assert_int_equal (chunk_write (&bytes, sheet), 0);
    chunk_t *chunk = chunk_open (bytes.data, bytes.size, MINUTE_WALL_S, reader);
    assert_true (chunk_holds (chunk, sheet));
    for (unsigned i = 0; i < 60; i++) {
        assert_int_equal (chunk_frame (chunk, i, &frame), 0);
        assert_int_equal (frame_encode (&frame, again, sizeof again), sizes[i]);
        assert_memory_equal (again, data[i], sizes[i]);
    }
    chunk_close (&chunk);
    sheet_destroy (&sheet);
    wire_reader_destroy (&reader);
    bytes_clear (&bytes);
}

//  A sheet and its chunk, which is compared with the sheet once one of its numbers was changed.
typedef struct {
    sheet_t *sheet;
    bytes_t bytes;
    wire_reader_t *reader;
} compared_t;

static bool
s_holds (compared_t *self)
{
    chunk_t *chunk = chunk_open (self->bytes.data, self->bytes.size, MINUTE_WALL_S, self->reader);
    bool holds = chunk_holds (chunk, self->sheet);
    chunk_close (&chunk);
    return holds;
}

static void
s_assert_all_compared (compared_t *self, uint64_t *column)
{
    for (unsigned i = 0; i < self->sheet->count; i += 7) {
        column[i] ^= 1;
        assert_false (s_holds (self));
        column[i] ^= 1;
    }
}

static void
s_assert_metric_compared (compared_t *self, sheet_metric_t *metric)
{
    uint64_t *const columns[] = {metric->measured, metric->accrued_ns,   metric->counts,
                                 metric->sums,     metric->total_counts, metric->total_sums};
    for (unsigned i = 0; i < sizeof columns / sizeof columns[0]; i++)
        s_assert_all_compared (self, columns[i]);
    for (unsigned slot = metric->first; slot < metric->end; slot += 5)
        for (unsigned i = 0; i < self->sheet->count; i += 7) {
            metric->frames[i][slot] ^= 1;
            assert_false (s_holds (self));
            metric->frames[i][slot] ^= 1;
        }
    metric->end++;
    assert_false (s_holds (self));
    metric->end--;
    metric->present = false;
    assert_false (s_holds (self));
    metric->present = true;
}

static void
test_a_chunk_holds_its_frames_and_no_others (void **state)
{
    static frame_t frames[40];
    (void) state;
    chance_state = 21;
    s_fill_minute (frames, 40);
    compared_t compared = {.sheet = s_sheet_of (frames, 40), .reader = wire_reader_new ()};
    sheet_t *sheet = compared.sheet;
    assert_int_equal (chunk_write (&compared.bytes, sheet), 0);
    assert_true (s_holds (&compared));
    for (unsigned i = 0; i < SHEET_COLUMNS; i++)
        s_assert_all_compared (&compared, sheet->columns[i]);
    for (unsigned id = 0; id < METRIC_COUNT_; id++)
        s_assert_metric_compared (&compared, &sheet->metrics[id]);
    strcpy (sheet->templates[0].version, "0.1.1");
    assert_false (s_holds (&compared));
    sheet_destroy (&sheet);
    wire_reader_destroy (&compared.reader);
    bytes_clear (&compared.bytes);
}

static void
test_a_sheet_sorts_whatever_order_frames_come_in (void **state)
{
    static frame_t frames[60], shuffled[60];
    bytes_t bytes = {0}, sorted = {0};
    (void) state;
    chance_state = 23;
    s_fill_minute (frames, 60);
    for (unsigned i = 0; i < 60; i++)
        shuffled[i * 7 % 60] = frames[i];
    sheet_t *sheet = s_sheet_of (shuffled, 60);
    sheet_sort (sheet);
    assert_int_equal (chunk_write (&sorted, sheet), 0);
    s_write (&bytes, frames, 60);
    assert_int_equal (sorted.size, bytes.size);
    assert_memory_equal (sorted.data, bytes.data, bytes.size);
    sheet_destroy (&sheet);
    bytes_clear (&bytes);
    bytes_clear (&sorted);
}

static void
test_a_sheet_forgets_the_minute_before (void **state)
{
    static frame_t frames[60];
    bytes_t bytes = {0}, again = {0};
    (void) state;
    chance_state = 25;
    s_fill_minute (frames, 60);
    sheet_t *sheet = s_sheet_of (frames, 60);
    sheet_begin (sheet, MINUTE_WALL_S);
    sheet_add (sheet, &frames[3], NULL);
    assert_int_equal (chunk_write (&again, sheet), 0);
    s_write (&bytes, &frames[3], 1);
    assert_int_equal (again.size, bytes.size);
    assert_memory_equal (again.data, bytes.data, bytes.size);
    sheet_destroy (&sheet);
    bytes_clear (&bytes);
    bytes_clear (&again);
}

//  Under the sanitizers: whatever the bytes are, nothing is read or written out of bounds.
static void
test_damaged_chunks_are_refused_or_read (void **state)
{
    static frame_t frames[30], frame;
    static row_t row;
    bytes_t bytes = {0};
    chunk_choice_t selected;
    (void) state;
    chance_state = 13;
    s_fill_minute (frames, 30);
    s_assert_given_back (frames, 30, &bytes);
    memset (selected, 1, sizeof selected);
    wire_reader_t *reader = wire_reader_new ();
    for (unsigned round = 0; round < 3000; round++) {
        size_t size = chance_number () % 8 ? bytes.size : chance_number () % bytes.size;
        uint8_t *damaged = malloc (size + 1);
        memcpy (damaged, bytes.data, size);
        for (unsigned i = 0; i <= chance_number () % 3 && size > 0; i++)
            damaged[chance_number () % 2 ? chance_number () % size
                                         : chance_number () % 200 % size] =
                (uint8_t) chance_number ();
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
    chance_state = 17;
    s_fill_minute (frames, 2);
    frames[1].start_wall_s = start_wall_s;
    frames[1].span_s = span_s;
    s_write (&bytes, frames, 2);
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
        cmocka_unit_test (test_a_minute_without_events_is_given_back),
        cmocka_unit_test (test_a_chunk_adds_up_to_its_frames),
        cmocka_unit_test (test_a_few_frames_at_either_end_of_a_chunk_are_cheap),
        cmocka_unit_test (test_frames_come_back_from_a_chunk_with_their_bytes),
        cmocka_unit_test (test_a_chunk_holds_its_frames_and_no_others),
        cmocka_unit_test (test_a_sheet_sorts_whatever_order_frames_come_in),
        cmocka_unit_test (test_a_sheet_forgets_the_minute_before),
        cmocka_unit_test (test_a_sheet_adds_up_to_its_frames),
        cmocka_unit_test (test_damaged_chunks_are_refused_or_read),
        cmocka_unit_test (test_a_chunk_of_frames_of_another_minute_is_none),
        cmocka_unit_test (test_a_row_of_a_scope_that_cannot_be_is_none),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
