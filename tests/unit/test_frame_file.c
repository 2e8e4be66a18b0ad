//  SPDX-License-Identifier: GPL-2.0-or-later
//  frame_file: what is appended is read, in both forms; damage is named with its place and takes
//  nothing of what stands before it.

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "schema/frame_file.h"

static char s_folder[] = "/tmp/test_frame_file_XXXXXX";
static char s_msgpack[64], s_json[64];
static char s_error[FRAME_FILE_ERROR_MAX + 1];
static frame_t s_frame;

static int
s_set_up (void **state)
{
    (void) state;
    snprintf (s_msgpack, sizeof s_msgpack, "%s/frames", mkdtemp (s_folder));
    snprintf (s_json, sizeof s_json, "%s/frames.json", s_folder);
    return 0;
}

static int
s_remove_files (void **state)
{
    (void) state;
    unlink (s_msgpack);
    unlink (s_json);
    return 0;
}

static int
s_tear_down (void **state)
{
    (void) state;
    return rmdir (s_folder);
}

//  Frame number seq, of a size of its own.
static frame_t
s_make (uint64_t seq)
{
    frame_t self = {.node = "n1", .epoch = 1, .seq = seq, .span_s = 1};
    self.metrics[METRIC_runqlat].measured = true;
    for (uint64_t i = 0; i < seq % 100; i++)
        histogram_add (&self.metrics[METRIC_runqlat].histogram, 100 * i * i);
    self.metrics[METRIC_runqlat].total_count = seq % 100;
    return self;
}

static void
s_append (const char *path, uint64_t first, uint64_t last)
{
    frame_file_t *file = frame_file_open (path, FRAME_FILE_APPEND, s_error);
    assert_non_null (file);
    for (uint64_t seq = first; seq <= last; seq++) {
        s_frame = s_make (seq);
        assert_int_equal (frame_file_append (file, &s_frame, s_error), 0);
    }
    frame_file_close (&file);
    assert_null (file);
}

//  Read all; returns what ended it, and how many frames came before in *count.
static int
s_read (const char *path, uint64_t *count)
{
    frame_file_t *file = frame_file_open (path, FRAME_FILE_READ, s_error);
    int rc;
    assert_non_null (file);
    for (*count = 0; (rc = frame_file_next (file, &s_frame, s_error)) == 1; ++*count) {
        frame_t expected = s_make (*count + 1);
        assert_memory_equal (&s_frame, &expected, sizeof expected);
    }
    assert_int_equal (frame_file_next (file, &s_frame, s_error), rc);
    frame_file_close (&file);
    return rc;
}

static void
s_expect_frames (const char *path, uint64_t expected)
{
    uint64_t count;
    if (s_read (path, &count) != 0)
        fail_msg ("%s", s_error);
    assert_int_equal (count, expected);
}

static void
s_expect_damage_after (const char *path, uint64_t expected, const char *part_of_error)
{
    uint64_t count;
    assert_int_equal (s_read (path, &count), -1);
    assert_int_equal (count, expected);
    assert_non_null (strstr (s_error, path));
    if (!strstr (s_error, part_of_error))
        fail_msg ("\"%s\" does not say \"%s\"", s_error, part_of_error);
}

static off_t
s_size (const char *path)
{
    struct stat info;
    assert_int_equal (stat (path, &info), 0);
    return info.st_size;
}

static void
s_write (const char *path, const char *text)
{
    int fd = open (path, O_WRONLY | O_CREAT | O_APPEND, 0644);
    assert_int_equal (write (fd, text, strlen (text)), strlen (text));
    close (fd);
}

static void
test_frame_file_goes_by_the_end_of_its_name (void **state)
{
    (void) state;
    assert_true (frame_file_is_json ("db/metrics.json"));
    assert_false (frame_file_is_json ("metrics.json.gz"));
    assert_false (frame_file_is_json ("json"));
}

static void
test_frame_file_reads_what_was_appended (void **state)
{
    (void) state;
    s_append (s_msgpack, 1, 2000);
    s_append (s_msgpack, 2001, 2003);
    s_expect_frames (s_msgpack, 2003);
}

static void
test_frame_file_reads_lines_of_json (void **state)
{
    (void) state;
    s_append (s_json, 1, 300);
    s_append (s_json, 301, 303);
    s_expect_frames (s_json, 303);
}

static void
test_frame_file_may_be_empty (void **state)
{
    (void) state;
    s_write (s_msgpack, "");
    s_write (s_json, "");
    s_expect_frames (s_msgpack, 0);
    s_expect_frames (s_json, 0);
}

static void
test_frame_file_reads_a_last_line_without_its_end (void **state)
{
    (void) state;
    s_append (s_json, 1, 3);
    assert_int_equal (truncate (s_json, s_size (s_json) - 1), 0);
    s_expect_frames (s_json, 3);
}

static void
test_frame_file_cut_short_keeps_the_frames_before (void **state)
{
    (void) state;
    s_append (s_msgpack, 1, 3);
    off_t two = s_size (s_msgpack);
    s_append (s_msgpack, 4, 4);
    for (off_t size = s_size (s_msgpack) - 1; size > two; size--) {
        assert_int_equal (truncate (s_msgpack, size), 0);
        s_expect_damage_after (s_msgpack, 3, "ends within a frame");
    }
    assert_int_equal (truncate (s_msgpack, two), 0);
    s_expect_frames (s_msgpack, 3);
}

static void
test_frame_file_names_the_byte_of_the_damage (void **state)
{
    (void) state;
    char place[64];
    s_append (s_msgpack, 1, 3);
    snprintf (place, sizeof place, "byte %jd", (intmax_t) s_size (s_msgpack));
    s_write (s_msgpack, "\xc3 not a frame");
    s_append (s_msgpack, 4, 4);
    s_expect_damage_after (s_msgpack, 3, place);
    s_append (s_json, 1, 3);
    snprintf (place, sizeof place, "byte %jd", (intmax_t) s_size (s_json));
    s_write (s_json, "not a frame\n");
    s_expect_damage_after (s_json, 3, place);
}

static void
test_frame_file_refuses_a_line_without_end (void **state)
{
    (void) state;
    s_append (s_json, 1, 1);
    for (int i = 0; i < 40; i++) {
        char spaces[8192];
        memset (spaces, ' ', sizeof spaces - 1);
        spaces[sizeof spaces - 1] = '\0';
        s_write (s_json, spaces);
    }
    s_expect_damage_after (s_json, 1, "longer");
}

static void
test_frame_file_that_cannot_be_opened_is_named (void **state)
{
    (void) state;
    assert_null (frame_file_open (s_msgpack, FRAME_FILE_READ, s_error));
    assert_non_null (strstr (s_error, s_msgpack));
    assert_non_null (strstr (s_error, "No such file"));
    assert_null (frame_file_open ("/nowhere/frames", FRAME_FILE_APPEND, s_error));
}

static void
test_frame_file_refuses_what_is_no_frame (void **state)
{
    (void) state;
    frame_file_t *file = frame_file_open (s_msgpack, FRAME_FILE_APPEND, s_error);
    s_frame = s_make (0);
    assert_int_equal (frame_file_append (file, &s_frame, s_error), -1);
    assert_non_null (strstr (s_error, "seq"));
    frame_file_close (&file);
    assert_int_equal (s_size (s_msgpack), 0);
}

static void
test_frame_file_takes_back_what_a_full_disk_cut_short (void **state)
{
    (void) state;
    s_append (s_json, 1, 3);
    off_t before = s_size (s_json);
    struct rlimit limit = {.rlim_cur = (rlim_t) before + 10, .rlim_max = RLIM_INFINITY};
    signal (SIGXFSZ, SIG_IGN);
    frame_file_t *file = frame_file_open (s_json, FRAME_FILE_APPEND, s_error);
    s_frame = s_make (4);
    assert_int_equal (setrlimit (RLIMIT_FSIZE, &limit), 0);
    assert_int_equal (frame_file_append (file, &s_frame, s_error), -1);
    limit.rlim_cur = RLIM_INFINITY;
    assert_int_equal (setrlimit (RLIMIT_FSIZE, &limit), 0);
    frame_file_close (&file);
    assert_int_equal (s_size (s_json), before);
    s_append (s_json, 4, 4);
    s_expect_frames (s_json, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, NULL, s_remove_files)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_frame_file_goes_by_the_end_of_its_name),
        TEST (test_frame_file_reads_what_was_appended),
        TEST (test_frame_file_reads_lines_of_json),
        TEST (test_frame_file_may_be_empty),
        TEST (test_frame_file_reads_a_last_line_without_its_end),
        TEST (test_frame_file_cut_short_keeps_the_frames_before),
        TEST (test_frame_file_names_the_byte_of_the_damage),
        TEST (test_frame_file_refuses_a_line_without_end),
        TEST (test_frame_file_that_cannot_be_opened_is_named),
        TEST (test_frame_file_refuses_what_is_no_frame),
        TEST (test_frame_file_takes_back_what_a_full_disk_cut_short),
    };
    return cmocka_run_group_tests_name ("frame_file", tests, s_set_up, s_tear_down);
}
