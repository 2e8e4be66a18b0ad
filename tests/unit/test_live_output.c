//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about where a live tail prints: gathered, and never waiting for a reader only.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "subscriber/live_output.h"

#define PRINTED_BYTES 1000000 //  More than a pipe holds

typedef struct {
    int reader, writer, stop;
    live_output_t *output;
} place_t;

static int
s_set_up (void **state)
{
    place_t *self = calloc (1, sizeof *self);
    int ends[2];
    assert_int_equal (pipe (ends), 0);
    self->reader = ends[0];
    self->writer = ends[1];
    self->stop = eventfd (0, 0);
    self->output = live_output_new (self->writer, self->stop);
    signal (SIGPIPE, SIG_IGN);
    *state = self;
    return 0;
}

static int
s_tear_down (void **state)
{
    place_t *self = *state;
    live_output_destroy (&self->output);
    close (self->reader);
    close (self->writer);
    close (self->stop);
    free (self);
    return 0;
}

static void
s_print_much (live_output_t *output)
{
    for (int i = 0; i < PRINTED_BYTES / 10; i++)
        fputs ("123456789\n", live_output_stream (output));
}

static void
test_lines_are_gathered_until_they_are_flushed (void **state)
{
    place_t *self = *state;
    char text[64] = "";
    fcntl (self->reader, F_SETFL, O_NONBLOCK);
    fputs ("one\n", live_output_stream (self->output));
    fputs ("two\n", live_output_stream (self->output));
    assert_int_equal (read (self->reader, text, sizeof text), -1);
    assert_int_equal (live_output_flush (self->output), OUTPUT_WRITTEN);
    assert_int_equal (read (self->reader, text, sizeof text), 8);
    assert_string_equal (text, "one\ntwo\n");
}

static void
test_a_reader_who_pauses_keeps_no_stop_from_us (void **state)
{
    place_t *self = *state;
    assert_int_equal (eventfd_write (self->stop, 1), 0);
    s_print_much (self->output);
    assert_int_equal (live_output_flush (self->output), OUTPUT_STOPPED);
}

static void
test_a_reader_who_left_is_no_failure (void **state)
{
    place_t *self = *state;
    close (self->reader);
    self->reader = -1;
    s_print_much (self->output);
    assert_int_equal (live_output_flush (self->output), OUTPUT_STOPPED);
}

static void
test_a_full_disk_is_told (void **state)
{
    place_t *self = *state;
    int full = open ("/dev/full", O_WRONLY);
    live_output_t *output = live_output_new (full, self->stop);
    fputs ("text", live_output_stream (output));
    assert_int_equal (live_output_flush (output), OUTPUT_FAILED);
    assert_int_equal (errno, ENOSPC);
    live_output_destroy (&output);
    close (full);
}

static void *
s_read_all (void *argument)
{
    static char text[PRINTED_BYTES];
    const int *reader = argument;
    size_t size = 0;
    for (ssize_t rc = 1; rc > 0; size += (size_t) (rc > 0 ? rc : 0))
        rc = read (*reader, text + size, sizeof text - size);
    for (size_t i = 0; i < size; i += 10)
        assert_memory_equal (text + i, "123456789\n", 10);
    return (void *) size;
}

static void
test_a_pipe_takes_more_than_it_holds (void **state)
{
    place_t *self = *state;
    pthread_t thread;
    void *size;
    pthread_create (&thread, NULL, s_read_all, &self->reader);
    s_print_much (self->output);
    assert_int_equal (live_output_flush (self->output), OUTPUT_WRITTEN);
    close (self->writer);
    self->writer = -1;
    pthread_join (thread, &size);
    assert_int_equal ((size_t) size, PRINTED_BYTES);
}

static void
test_a_file_takes_all (void **state)
{
    place_t *self = *state;
    char path[] = "/tmp/kpulse-output-XXXXXX";
    int file = mkstemp (path);
    live_output_t *output = live_output_new (file, self->stop);
    s_print_much (output);
    assert_int_equal (live_output_flush (output), OUTPUT_WRITTEN);
    assert_int_equal (lseek (file, 0, SEEK_END), PRINTED_BYTES);
    live_output_destroy (&output);
    close (file);
    unlink (path);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_lines_are_gathered_until_they_are_flushed, s_set_up,
                                         s_tear_down),
        cmocka_unit_test_setup_teardown (test_a_reader_who_pauses_keeps_no_stop_from_us, s_set_up,
                                         s_tear_down),
        cmocka_unit_test_setup_teardown (test_a_reader_who_left_is_no_failure, s_set_up,
                                         s_tear_down),
        cmocka_unit_test_setup_teardown (test_a_full_disk_is_told, s_set_up, s_tear_down),
        cmocka_unit_test_setup_teardown (test_a_pipe_takes_more_than_it_holds, s_set_up,
                                         s_tear_down),
        cmocka_unit_test_setup_teardown (test_a_file_takes_all, s_set_up, s_tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
