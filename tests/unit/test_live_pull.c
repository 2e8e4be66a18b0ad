//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about what a live tail asks a store about the past, and which answers it believes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include "subscriber/live_pull.h"

#define START 1795420800 //  Frame seq covers the second START + seq
#define SINCE (START + 100)

typedef struct {
    live_pull_t pull;
    wire_reader_t *reader;
    message_t request;
} asking_t;

static int
s_set_up (void **state)
{
    asking_t *self = calloc (1, sizeof *self);
    self->reader = wire_reader_new ();
    live_pull_init (&self->pull, "n1", 0, 0, SINCE);
    *state = self;
    return 0;
}

static int
s_tear_down (void **state)
{
    asking_t *self = *state;
    live_pull_fini (&self->pull);
    wire_reader_destroy (&self->reader);
    free (self);
    return 0;
}

static const char *
s_page (asking_t *self, manifest_run_t *runs, size_t count, bool more)
{
    const manifest_t page = {.runs = runs, .count = count, .more = more};
    uint8_t data[WIRE_MAX_BYTES];
    size_t size = manifest_encode (&page, data, sizeof data);
    assert_true (size > 0);
    return live_pull_take_page (&self->pull, self->reader, data, size);
}

//  A run without stalls: frame seq starts at START + seq.
static manifest_run_t
s_run (uint64_t epoch, uint64_t first, uint64_t last)
{
    return (manifest_run_t){.range = {epoch, first, last},
                            .first_wall_s = START + (int64_t) first,
                            .last_wall_s = START + (int64_t) last};
}

static const char *
s_frame (asking_t *self, const char *node, uint64_t epoch, uint64_t seq)
{
    frame_t frame = {.epoch = epoch, .seq = seq, .start_wall_s = START + (int64_t) seq};
    frame_t scratch;
    uint8_t data[FRAME_MAX_BYTES];
    strcpy (frame.node, node);
    strcpy (frame.version, "0.1.0");
    frame.span_s = 1;
    size_t size = frame_encode (&frame, data, sizeof data);
    assert_true (size > 0);
    return live_pull_take_frame (&self->pull, self->reader, data, size, &scratch);
}

static void
s_assert_asks_for (asking_t *self, uint64_t epoch, uint64_t first, uint64_t last)
{
    assert_true (live_pull_request (&self->pull, &self->request));
    assert_int_equal (self->request.kind, MESSAGE_ASK_REPLAY);
    assert_string_equal (self->request.node, "n1");
    assert_int_equal (self->request.range.epoch, epoch);
    assert_int_equal (self->request.range.first_seq, first);
    assert_int_equal (self->request.range.last_seq, last);
}

static void
test_only_the_past_since_then_is_asked_for_in_chunks (void **state)
{
    asking_t *self = *state;
    manifest_run_t runs[] = {s_run (1, 1, 50), s_run (2, 60, 200), s_run (3, 210, 215)};
    assert_true (live_pull_request (&self->pull, &self->request));
    assert_int_equal (self->request.kind, MESSAGE_ASK_MANIFEST);
    assert_null (s_page (self, runs, 3, false));
    s_assert_asks_for (self, 2, 100, 163);
    live_pull_end_chunk (&self->pull, &self->request.range);
    s_assert_asks_for (self, 2, 164, 200);
    live_pull_end_chunk (&self->pull, &self->request.range);
    s_assert_asks_for (self, 3, 210, 215);
    live_pull_end_chunk (&self->pull, &self->request.range);
    assert_false (live_pull_request (&self->pull, &self->request));
    assert_int_equal (self->pull.wants, PULL_ENDED);
}

static void
test_what_a_chunk_did_not_cover_is_asked_for_again (void **state)
{
    asking_t *self = *state;
    manifest_run_t run = s_run (2, 150, 200);
    assert_null (s_page (self, &run, 1, false));
    s_assert_asks_for (self, 2, 150, 200);
    const seq_range_t part = {2, 150, 170};
    assert_null (live_pull_begin_chunk (&self->pull, &part));
    live_pull_end_chunk (&self->pull, &part);
    s_assert_asks_for (self, 2, 171, 200);
}

static void
test_what_lies_before_a_frame_is_not_asked_for (void **state)
{
    asking_t *self = *state;
    live_pull_init (&self->pull, "n1", 2, 180, SINCE);
    manifest_run_t runs[] = {s_run (1, 150, 160), s_run (2, 150, 200)};
    assert_true (live_pull_request (&self->pull, &self->request));
    assert_true (self->request.from_epoch == 2 && self->request.from_seq == 181);
    assert_null (s_page (self, runs, 2, false));
    s_assert_asks_for (self, 2, 181, 200);
}

static void
test_pages_are_asked_for_one_after_the_other (void **state)
{
    asking_t *self = *state;
    manifest_run_t first = s_run (2, 150, 160), second = s_run (2, 170, 180);
    assert_null (s_page (self, &first, 1, true));
    assert_true (live_pull_request (&self->pull, &self->request));
    assert_int_equal (self->request.kind, MESSAGE_ASK_MANIFEST);
    assert_true (self->request.from_epoch == 2 && self->request.from_seq == 161);
    assert_null (s_page (self, &second, 1, false));
    s_assert_asks_for (self, 2, 150, 160);
}

static void
test_manifests_in_disorder_are_not_believed (void **state)
{
    asking_t *self = *state;
    manifest_run_t run = s_run (2, 150, 160), before = s_run (1, 1, 9);
    assert_non_null (s_page (self, NULL, 0, true));
    assert_null (s_page (self, &run, 1, true));
    assert_non_null (s_page (self, &before, 1, false));
    assert_non_null (live_pull_take_page (&self->pull, self->reader, "\xC1", 1));
}

static void
test_frames_that_were_not_asked_for_are_not_believed (void **state)
{
    asking_t *self = *state;
    manifest_run_t run = s_run (2, 150, 160);
    assert_null (s_page (self, &run, 1, false));
    s_assert_asks_for (self, 2, 150, 160);
    assert_null (s_frame (self, "n1", 2, 152));
    assert_non_null (s_frame (self, "n1", 2, 152));
    assert_non_null (s_frame (self, "n1", 2, 151));
    assert_non_null (s_frame (self, "n1", 2, 161));
    assert_non_null (s_frame (self, "n1", 3, 153));
    assert_non_null (s_frame (self, "n2", 2, 153));
    assert_null (s_frame (self, "n1", 2, 160));
    assert_int_equal (self->pull.count, 2);
}

static void
test_other_stretches_than_asked_for_are_not_believed (void **state)
{
    asking_t *self = *state;
    manifest_run_t run = s_run (2, 150, 160);
    const seq_range_t wrong[] = {{3, 150, 160}, {2, 149, 160}, {2, 150, 161}, {2, 150, 149}};
    assert_null (s_page (self, &run, 1, false));
    s_assert_asks_for (self, 2, 150, 160);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_non_null (live_pull_begin_chunk (&self->pull, &wrong[i]));
}

static void
test_frames_are_handed_out_as_they_came_and_early_ones_are_not (void **state)
{
    asking_t *self = *state;
    frame_t frame;
    manifest_run_t run = s_run (2, 90, 110);
    run.last_wall_s += 5; //  Some seconds were one frame: by its time the first may be seq 95
    assert_null (s_page (self, &run, 1, false));
    s_assert_asks_for (self, 2, 95, 110);
    for (uint64_t seq = 95; seq <= 102; seq++)
        assert_null (s_frame (self, "n1", 2, seq));
    for (uint64_t seq = 100; seq <= 102; seq++) {
        assert_int_equal (live_pull_next_wall_s (&self->pull), START + (int64_t) seq);
        live_pull_next (&self->pull, self->reader, &frame);
        assert_int_equal (frame.seq, seq);
    }
    assert_true (live_pull_next_wall_s (&self->pull) == INT64_MAX);
}

#define CLAIM(test) cmocka_unit_test_setup_teardown (test, s_set_up, s_tear_down)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        CLAIM (test_only_the_past_since_then_is_asked_for_in_chunks),
        CLAIM (test_what_a_chunk_did_not_cover_is_asked_for_again),
        CLAIM (test_what_lies_before_a_frame_is_not_asked_for),
        CLAIM (test_pages_are_asked_for_one_after_the_other),
        CLAIM (test_manifests_in_disorder_are_not_believed),
        CLAIM (test_frames_that_were_not_asked_for_are_not_believed),
        CLAIM (test_other_stretches_than_asked_for_are_not_believed),
        CLAIM (test_frames_are_handed_out_as_they_came_and_early_ones_are_not),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
