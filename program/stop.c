//  SPDX-License-Identifier: GPL-2.0-or-later
//  stop - the signals that end a program, blocked everywhere and read as a signalfd. Nobody reads
//  the descriptor empty, so that it stays readable for every loop of every thread.

#include "program/stop.h"

#include <assert.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static int s_stop_fd = -1;

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

int
stop_init (void)
{
    assert (s_stop_fd == -1);
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
