//  SPDX-License-Identifier: GPL-2.0-or-later
//  load - known work for the kernel tests. Each kind makes its tasks, prints "ready", does its
//  work at the first line on standard input, prints "done", and stays asleep until that ends.
//
//      load mix THREADS ROUNDS       each thread runs and sleeps in turn, about 1 ms each
//      load spin                     one thread runs without a break, and never prints "done"
//      load clock FILE               the same; keeps writing its CPU time, ns, to FILE: a uint64_t
//      load sleep THREADS            nothing: the threads sleep from the beginning
//      load fork PROCESSES THREADS   makes so many of each, one after the other
//      load twin                     a child ends; 1 s later another of the same pid lives 10 ms

#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STACK_BYTES 32768

static pthread_barrier_t s_go;
static pthread_barrier_t s_done;
static unsigned s_rounds;

static void
s_say (const char *word)
{
    puts (word);
    fflush (stdout);
}

static void
s_wait_for_line (void)
{
    char line[16];
    if (!fgets (line, sizeof line, stdin))
        exit (0);
}

//  Run for about as long.
static void
s_run (long loops)
{
    for (volatile long i = 0; i < loops; i++)
        continue;
}

static void
s_sleep_us (long us)
{
    const struct timespec pause = {us / 1000000, us % 1000000 * 1000};
    nanosleep (&pause, NULL);
}

static void *
s_mix (void *argument)
{
    unsigned seed = (unsigned) (size_t) argument;
    pthread_barrier_wait (&s_go);
    for (unsigned i = 0; i < s_rounds; i++) {
        s_run (rand_r (&seed) % 1000000);
        s_sleep_us (rand_r (&seed) % 2000);
    }
    pthread_barrier_wait (&s_done);
    pause ();
    return NULL;
}

static void *
s_pause (void *argument)
{
    pause ();
    return argument;
}

static void *
s_nothing (void *argument)
{
    return argument;
}

static pthread_t
s_thread (void *(*body) (void *), size_t number)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init (&attributes);
    pthread_attr_setstacksize (&attributes, STACK_BYTES);
    if (pthread_create (&thread, &attributes, body, (void *) number)) {
        fprintf (stderr, "load: cannot make thread %zu\n", number);
        exit (1);
    }
    pthread_attr_destroy (&attributes);
    return thread;
}

static void
s_do_mix (unsigned threads, unsigned rounds)
{
    s_rounds = rounds;
    pthread_barrier_init (&s_go, NULL, threads + 1);
    pthread_barrier_init (&s_done, NULL, threads + 1);
    for (unsigned i = 0; i < threads; i++)
        s_thread (s_mix, i + 1);
    s_sleep_us (100000); //  Until all of them wait at the barrier
    s_say ("ready");
    s_wait_for_line ();
    pthread_barrier_wait (&s_go);
    pthread_barrier_wait (&s_done);
    s_sleep_us (100000); //  Until all of them pause
}

static void
s_do_spin (void)
{
    s_say ("ready");
    s_wait_for_line ();
    for (;;)
        s_run (1000000);
}

static volatile uint64_t *
s_map_number (const char *path)
{
    int file = open (path, O_RDWR | O_CREAT, 0600);
    uint64_t *number = MAP_FAILED;
    if (file >= 0 && ftruncate (file, sizeof *number) == 0)
        number = mmap (NULL, sizeof *number, PROT_WRITE, MAP_SHARED, file, 0);
    if (number == MAP_FAILED) {
        perror (path);
        exit (1);
    }
    close (file);
    return number;
}

//  Others cannot ask for this clock: what the kernel tells them of a running task is as old as its
//  last tick.
static void
s_do_clock (const char *path)
{
    volatile uint64_t *cpu_ns = s_map_number (path);
    struct timespec now;
    s_say ("ready");
    s_wait_for_line ();
    for (;;) {
        clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
        *cpu_ns = (uint64_t) now.tv_sec * 1000000000u + (uint64_t) now.tv_nsec;
    }
}

static void
s_do_sleep (unsigned threads)
{
    for (unsigned i = 0; i < threads; i++)
        s_thread (s_pause, i);
    s_say ("ready");
    s_wait_for_line ();
}

static void
s_do_fork (unsigned processes, unsigned threads)
{
    s_say ("ready");
    s_wait_for_line ();
    for (unsigned i = 0; i < processes; i++) {
        pid_t child = fork ();
        if (child == 0)
            _exit (0);
        waitpid (child, NULL, 0);
    }
    for (unsigned i = 0; i < threads; i++)
        pthread_join (s_thread (s_nothing, i), NULL);
}

//  A child of this very pid (0: of any) that sleeps and ends. Returns its pid.
static pid_t
s_child (pid_t pid, long sleep_us)
{
    struct clone_args arguments = {.exit_signal = SIGCHLD};
    arguments.set_tid = pid ? (uintptr_t) &pid : 0;
    arguments.set_tid_size = pid != 0;
    pid_t child = (pid_t) syscall (SYS_clone3, &arguments, sizeof arguments);
    if (child < 0) {
        perror ("load: clone3");
        exit (1);
    }
    if (child == 0) {
        s_sleep_us (sleep_us);
        _exit (0);
    }
    return child;
}

static void
s_do_twin (void)
{
    pid_t pid = s_child (0, 1000000);
    s_say ("ready");
    s_wait_for_line ();
    waitpid (pid, NULL, 0);
    s_sleep_us (1000000);
    waitpid (s_child (pid, 10000), NULL, 0);
}

int
main (int argc, char **argv)
{
    const char *kind = argc > 1 ? argv[1] : "";
    unsigned first = argc > 2 ? (unsigned) atoi (argv[2]) : 0;
    unsigned second = argc > 3 ? (unsigned) atoi (argv[3]) : 0;
    if (strcmp (kind, "mix") == 0)
        s_do_mix (first, second);
    else if (strcmp (kind, "spin") == 0)
        s_do_spin ();
    else if (strcmp (kind, "clock") == 0 && argc > 2)
        s_do_clock (argv[2]);
    else if (strcmp (kind, "sleep") == 0)
        s_do_sleep (first);
    else if (strcmp (kind, "fork") == 0)
        s_do_fork (first, second);
    else if (strcmp (kind, "twin") == 0)
        s_do_twin ();
    else
        return 2;
    s_say ("done");
    s_wait_for_line ();
    return 0;
}
