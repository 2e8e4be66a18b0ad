//  SPDX-License-Identifier: GPL-2.0-or-later
//  test_appender - this very test program started once more as a process that appends to a store,
//  and killed. It writes to standard output, after each batch, how many it has appended: a
//  uint64_t.
#ifndef TESTS_UNIT_TEST_APPENDER_H
#define TESTS_UNIT_TEST_APPENDER_H

#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

//  Start it with these arguments; returns its pid, and in *confirmations where to read from.
static pid_t
appender_start (char *const arguments[], int *confirmations)
{
    int ends[2];
    pid_t appender;
    posix_spawn_file_actions_t actions;
    assert_int_equal (pipe (ends), 0);
    posix_spawn_file_actions_init (&actions);
    posix_spawn_file_actions_adddup2 (&actions, ends[1], STDOUT_FILENO);
    assert_int_equal (posix_spawn (&appender, "/proc/self/exe", &actions, NULL, arguments, environ),
                      0);
    posix_spawn_file_actions_destroy (&actions);
    close (ends[1]);
    *confirmations = ends[0];
    return appender;
}

//  Let it confirm so many batches, kill it; returns how many it had confirmed by then.
static uint64_t
appender_kill_after (char *const arguments[], uint64_t batches)
{
    int confirmations;
    uint64_t done = 0;
    pid_t appender = appender_start (arguments, &confirmations);
    while (done < batches)
        assert_int_equal (read (confirmations, &done, sizeof done), sizeof done);
    kill (appender, SIGKILL);
    assert_int_equal (waitpid (appender, NULL, 0), appender);
    while (read (confirmations, &done, sizeof done) == sizeof done)
        continue;
    close (confirmations);
    return done;
}

#endif
