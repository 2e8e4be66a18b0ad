//  SPDX-License-Identifier: GPL-2.0-or-later
//  stop - the signals that end a program, blocked everywhere and read as a signalfd. Nobody reads
//  the descriptor empty, so that it stays readable for every loop of every thread.

#include "program/stop.h"

#include <assert.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>
#include "program/exit_code.h"

static int s_stop_fd = -1;
static long s_milliseconds; //  As stop_within was given them, with
static void (*s_give_back) (void);

//  CZMQ takes limits and signal handling from ZSYS_* variables; ours are fixed in the code.
static void
s_scrub_environment (void)
{
    char **entry = environ;
    while (*entry) {
        size_t length = strcspn (*entry, "=");
        char name[64];
        if (strncmp (*entry, "ZSYS_", 5) != 0 || length >= sizeof name) {
            entry++;
            continue;
        }
        memcpy (name, *entry, length);
        name[length] = 0;
        unsetenv (name); //  Shifts the entries after it to here
    }
    setenv ("ZSYS_SIGHANDLER", "false", 1);
}

//  The next file or socket would become standard output. Opened the wrong way round, so that no use
//  of it goes unnoticed.
static void
s_fill_closed_streams (void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl (fd, F_GETFD) == -1) {
            int rc = open ("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
            assert (rc == fd || rc == -1);
        }
}

int
stop_init (void)
{
    assert (s_stop_fd == -1);
    s_fill_closed_streams ();
    s_scrub_environment ();
    signal (SIGPIPE, SIG_IGN);

    sigset_t signals;
    sigemptyset (&signals);
    sigaddset (&signals, SIGINT);
    sigaddset (&signals, SIGTERM);
    sigaddset (&signals, SIGHUP);
    sigprocmask (SIG_BLOCK, &signals, NULL);
    s_stop_fd = signalfd (-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    assert (s_stop_fd >= 0);
    return s_stop_fd;
}

bool
stop_requested (void)
{
    struct pollfd item = {.fd = s_stop_fd, .events = POLLIN};
    return s_stop_fd >= 0 && poll (&item, 1, 0) == 1;
}

static void *
s_end_in_time (void *unused)
{
    struct pollfd item = {.fd = s_stop_fd, .events = POLLIN};
    const struct timespec wait = {s_milliseconds / 1000, s_milliseconds % 1000 * 1000000};
    (void) unused;
    while (poll (&item, 1, -1) != 1)
        ;
    nanosleep (&wait, NULL);
    s_give_back ();
    _exit (EXIT_DONE);
}

void
stop_within (long milliseconds, void (*give_back) (void))
{
    pthread_t thread;
    assert (s_stop_fd >= 0 && !s_give_back);
    s_milliseconds = milliseconds;
    s_give_back = give_back;
    int rc = pthread_create (&thread, NULL, s_end_in_time, NULL);
    assert (rc == 0);
    pthread_detach (thread);
}
