//  SPDX-License-Identifier: GPL-2.0-or-later
//  clock_at - preloaded into a program, shifts the wall clock it sees by as many ns as the 8 bytes
//  of the file CLOCK_AT_FILE say (native order, signed); they may change at any time. Timers set
//  to a wall-clock time fire when the shifted clock shows it, as set; like those of a real clock
//  that is stepped they are not set anew by themselves.
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000

static volatile const int64_t *s_shared_ns;

__attribute__ ((constructor)) static void
s_map (void)
{
    const char *path = getenv ("CLOCK_AT_FILE");
    int fd = path ? open (path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd == -1)
        abort ();
    s_shared_ns = mmap (NULL, sizeof (int64_t), PROT_READ, MAP_SHARED, fd, 0);
    close (fd);
    if (s_shared_ns == MAP_FAILED)
        abort ();
}

static void
s_shift (struct timespec *time, int64_t by_ns)
{
    int64_t ns = time->tv_sec * NS_PER_S + time->tv_nsec + by_ns;
    time->tv_sec = ns / NS_PER_S;
    time->tv_nsec = ns % NS_PER_S;
}

int
clock_gettime (clockid_t clock, struct timespec *time)
{
    static int (*next) (clockid_t, struct timespec *);
    if (!next)
        next = dlsym (RTLD_NEXT, "clock_gettime");
    int rc = next (clock, time);
    //  Libraries may ask before the constructor ran.
    if (rc == 0 && clock == CLOCK_REALTIME && s_shared_ns)
        s_shift (time, *s_shared_ns);
    return rc;
}

int
gettimeofday (struct timeval *restrict time, void *restrict zone)
{
    (void) zone;
    struct timespec now;
    clock_gettime (CLOCK_REALTIME, &now);
    *time = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

time_t
time (time_t *result)
{
    struct timespec now;
    clock_gettime (CLOCK_REALTIME, &now);
    if (result)
        *result = now.tv_sec;
    return now.tv_sec;
}

//  Of the timers that programs set here, those with an absolute time are on the wall clock.
int
timerfd_settime (int fd, int flags, const struct itimerspec *value, struct itimerspec *old)
{
    int (*next) (int, int, const struct itimerspec *, struct itimerspec *) =
        dlsym (RTLD_NEXT, "timerfd_settime");
    struct itimerspec real = *value;
    if (flags & TFD_TIMER_ABSTIME)
        s_shift (&real.it_value, -*s_shared_ns);
    return next (fd, flags, &real, old);
}
