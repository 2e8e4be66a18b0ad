//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about the replay source: it gives a recording's measurements, in order and for ever.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "publisher/source.h"
#include "schema/frame_file.h"

static const scope_t s_all = {.kind = SCOPE_ALL};
static char s_folder[] = "/tmp/test_source_replay_XXXXXX";
static char s_path[64];

static frame_t
s_frame (uint64_t seq)
{
    frame_t frame = {.node = "recorded",
                     .epoch = 1 << 16,
                     .seq = seq,
                     .start_wall_s = 1000 + (int64_t) seq,
                     .span_s = 1,
                     .scope = {.kind = SCOPE_PID, .pid = 3327}};
    frame.metrics[METRIC_cpudist].measured = true;
    for (uint64_t i = 0; i < seq; i++)
        histogram_add (&frame.metrics[METRIC_cpudist].histogram, 1000);
    frame.metrics[METRIC_cpudist].total_count = seq * (seq + 1) / 2;
    return frame;
}

//  Record frames with 1 .. count events.
static void
s_record (const char *name, uint64_t count)
{
    char error[FRAME_FILE_ERROR_MAX + 1];
    snprintf (s_path, sizeof s_path, "%s/%s", s_folder, name);
    frame_file_t *file = frame_file_open (s_path, FRAME_FILE_APPEND, error);
    assert_non_null (file);
    for (uint64_t seq = 1; seq <= count; seq++) {
        frame_t frame = s_frame (seq);
        assert_int_equal (frame_file_append (file, &frame, error), 0);
    }
    frame_file_close (&file);
}

static source_t *
s_open (source_error_t *error)
{
    char text[80];
    snprintf (text, sizeof text, "replay:%s", s_path);
    return source_new (text, &s_all, error);
}

static uint64_t
s_read_events (source_t *source)
{
    frame_t frame = {.span_s = 1};
    assert_int_equal (source_read (source, &frame), 0);
    return frame.metrics[METRIC_cpudist].histogram.count;
}

static void
s_assert_replays_in_a_circle (const char *name)
{
    source_error_t error;
    s_record (name, 3);
    source_t *source = s_open (&error);
    assert_non_null (source);
    assert_int_equal (s_read_events (source), 0); //  What lies before the first frame
    for (int i = 0; i < 7; i++)
        assert_int_equal (s_read_events (source), i % 3 + 1);
    source_destroy (&source);
    unlink (s_path);
}

static void
test_replays_msgpack_in_a_circle (void **state)
{
    (void) state;
    s_assert_replays_in_a_circle ("frames");
}

static void
test_replays_json_lines_in_a_circle (void **state)
{
    (void) state;
    s_assert_replays_in_a_circle ("frames.json");
}

static void
test_frames_keep_their_scope_and_say_that_they_are_replayed (void **state)
{
    (void) state;
    source_error_t error;
    frame_t frame = {.span_s = 1};
    s_record ("frames", 1);
    source_t *source = s_open (&error);
    s_read_events (source);
    assert_int_equal (source_read (source, &frame), 0);
    source_destroy (&source);
    unlink (s_path);
    assert_int_equal (frame.source, FRAME_FROM_REPLAY);
    assert_int_equal (frame.scope.pid, 3327);
    assert_int_equal (frame.seq, 0); //  Name and time are the worker's to give
    assert_int_equal (frame.start_wall_s, 0);
}

static void
test_a_damaged_end_is_left_out (void **state)
{
    (void) state;
    source_error_t error;
    s_record ("frames", 2);
    FILE *file = fopen (s_path, "a");
    fputs ("\xc1 damaged", file);
    fclose (file);
    source_t *source = s_open (&error);
    s_read_events (source);
    for (int i = 0; i < 5; i++)
        assert_int_equal (s_read_events (source), i % 2 + 1);
    source_destroy (&source);
    unlink (s_path);
}

static void
test_what_holds_no_frame_is_refused_by_name (void **state)
{
    (void) state;
    source_error_t error;
    snprintf (s_path, sizeof s_path, "%s/none", s_folder);
    assert_null (s_open (&error));
    assert_non_null (strstr (error.text, s_path));
    s_record ("empty", 0);
    assert_null (s_open (&error));
    assert_non_null (strstr (error.text, s_path));
    unlink (s_path);
}

static int
s_make_folder (void **state)
{
    (void) state;
    return mkdtemp (s_folder) ? 0 : -1;
}

static int
s_remove_folder (void **state)
{
    (void) state;
    return rmdir (s_folder);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_replays_msgpack_in_a_circle),
        cmocka_unit_test (test_replays_json_lines_in_a_circle),
        cmocka_unit_test (test_frames_keep_their_scope_and_say_that_they_are_replayed),
        cmocka_unit_test (test_a_damaged_end_is_left_out),
        cmocka_unit_test (test_what_holds_no_frame_is_refused_by_name),
    };
    return cmocka_run_group_tests (tests, s_make_folder, s_remove_folder);
}
