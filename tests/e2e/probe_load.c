//  SPDX-License-Identifier: GPL-2.0-or-later
//  probe_load - a process whose scheduling is known. Commands come as lines on standard input;
//  each is answered by "done" once every thread sleeps again. Between commands nothing runs.
//
//      probe_load THREADS        that many threads, besides the one that reads commands
//      sleep N                   each thread sleeps N times for an instant: N voluntary switches
//      spin MS                   each thread computes for MS ms of its own CPU time
//      born N                    N threads are started, one after the other; each ends at once
//      fork N                    N processes, likewise

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pthread_barrier_t s_start;
static pthread_barrier_t s_end;
static char s_command[16];
static int s_amount;

static void
s_sleep (long ns)
{
    struct timespec moment = {.tv_nsec = ns};
    nanosleep (&moment, NULL);
}

static long
s_cpu_ms (void)
{
    struct timespec used;
    clock_gettime (CLOCK_THREAD_CPUTIME_ID, &used);
    return used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

static void *
s_work (void *unused)
{
    prctl (PR_SET_TIMERSLACK, 1);
    for (;;) {
        pthread_barrier_wait (&s_start);
        if (strcmp (s_command, "sleep") == 0)
            for (int i = 0; i < s_amount; i++)
                s_sleep (50000);
        if (strcmp (s_command, "spin") == 0)
            for (long end = s_cpu_ms () + s_amount; s_cpu_ms () < end;)
                continue;
        pthread_barrier_wait (&s_end);
    }
    return unused;
}

static void *
s_end_at_once (void *unused)
{
    return unused;
}

static void
s_bear (int amount)
{
    pthread_t thread;
    for (int i = 0; i < amount; i++) {
        if (pthread_create (&thread, NULL, s_end_at_once, NULL))
            exit (1);
        pthread_join (thread, NULL);
    }
}

static void
s_fork (int amount)
{
    for (int i = 0; i < amount; i++) {
        pid_t child = fork ();
        if (child == 0)
            _exit (0);
        waitpid (child, NULL, 0);
    }
}

int
main (int argc, char **argv)
{
    int threads = argc == 2 ? atoi (argv[1]) : 0;
    pthread_t thread;
    pthread_barrier_init (&s_start, NULL, (unsigned) threads + 1);
    pthread_barrier_init (&s_end, NULL, (unsigned) threads + 1);
    for (int i = 0; i < threads; i++)
        if (pthread_create (&thread, NULL, s_work, NULL))
            return 1;
    while (scanf ("%15s %d", s_command, &s_amount) == 2) {
        if (strcmp (s_command, "born") == 0)
            s_bear (s_amount);
        else if (strcmp (s_command, "fork") == 0)
            s_fork (s_amount);
        else {
            pthread_barrier_wait (&s_start);
            pthread_barrier_wait (&s_end);
        }
        puts ("done");
        fflush (stdout);
    }
    return 0;
}
