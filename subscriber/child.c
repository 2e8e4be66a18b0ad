//  SPDX-License-Identifier: GPL-2.0-or-later
//  child - see child.h. posix_spawn, because sockets have threads that a fork would lose.
#include "subscriber/child.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>
#include <sys/wait.h>

//  We block the signals that end us and ignore SIGPIPE; a child must not inherit that.
static void
s_reset_signals (posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    sigemptyset (&none);
    sigfillset (&all);
    posix_spawnattr_init (attributes);
    posix_spawnattr_setsigmask (attributes, &none);
    posix_spawnattr_setsigdefault (attributes, &all);
    posix_spawnattr_setflags (attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

//  stdin_fd is -1 for ours.
static pid_t
s_spawn (const char *command, const char *argument, int stdin_fd)
{
    pid_t child;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    const char *const arguments[] = {"sh", "-c", command, "sh", argument, NULL};
    s_reset_signals (&attributes);
    posix_spawn_file_actions_init (&actions);
    if (stdin_fd != -1)
        posix_spawn_file_actions_adddup2 (&actions, stdin_fd, STDIN_FILENO);
    errno =
        posix_spawn (&child, "/bin/sh", &actions, &attributes, (char *const *) arguments, environ);
    posix_spawn_file_actions_destroy (&actions);
    posix_spawnattr_destroy (&attributes);
    return errno == 0 ? child : -1;
}

pid_t
child_start (const char *command, const char *argument, FILE **input)
{
    int ends[2];
    if (!input)
        return s_spawn (command, argument, -1);
    if (pipe2 (ends, O_CLOEXEC) == -1)
        return -1;
    pid_t child = s_spawn (command, argument, ends[0]);
    close (ends[0]);
    if (child == -1) {
        close (ends[1]);
        return -1;
    }
    *input = fdopen (ends[1], "w");
    assert (*input);
    return child;
}

int
child_wait (pid_t child, FILE *input)
{
    int status, rc;
    if (input)
        fclose (input); //  Who left before all was written knows why
    do
        rc = waitpid (child, &status, 0);
    while (rc == -1 && errno == EINTR);
    if (rc == -1)
        return -1;
    return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}

int
child_run (const char *command, const char *argument)
{
    pid_t child = child_start (command, argument, NULL);
    return child == -1 ? -1 : child_wait (child, NULL);
}
