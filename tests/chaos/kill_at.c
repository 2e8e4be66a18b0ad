//  SPDX-License-Identifier: GPL-2.0-or-later
//  kill_at - preloaded into a program, ends it with SIGKILL at its N-th call that changes a file.
//
//      LD_PRELOAD=kill_at.so KILL_AT_CALL=write KILL_AT_COUNT=7 KILL_AT_WHEN=half PROGRAM
//
//  KILL_AT_CALL is write, pwrite, fdatasync, fsync, rename, unlink, ftruncate or any (of these);
//  KILL_AT_WHEN is before the call, after it, or half: the first half of the bytes is written
//  (other calls: before). Only calls on regular files count, and not those on the three standard
//  ones.
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long s_calls;

static const char *
s_setting (const char *name)
{
    const char *text = getenv (name);
    return text ? text : "";
}

static bool
s_is_counted (const char *call)
{
    const char *wanted = s_setting ("KILL_AT_CALL");
    return strcmp (wanted, "any") == 0 || strcmp (wanted, call) == 0;
}

static bool
s_is_file (int fd)
{
    struct stat status;
    return fd > STDERR_FILENO && fstat (fd, &status) == 0 && S_ISREG (status.st_mode);
}

//  True for the call at which to end.
static bool
s_is_the_one (const char *call)
{
    return s_is_counted (call) &&
           atomic_fetch_add (&s_calls, 1) + 1 == strtol (s_setting ("KILL_AT_COUNT"), NULL, 10);
}

static bool
s_when (const char *when)
{
    return strcmp (s_setting ("KILL_AT_WHEN"), when) == 0;
}

static void
s_end (void)
{
    kill (getpid (), SIGKILL);
    pause ();
}

//  The function that is stood in for.
static void *
s_next (const char *name)
{
    return dlsym (RTLD_NEXT, name);
}

//  End before or after a call, if it is the one.
#define END_AROUND(is_the_one, call)                                                               \
    do {                                                                                           \
        bool now = (is_the_one);                                                                   \
        if (now && !s_when ("after"))                                                              \
            s_end ();                                                                              \
        int rc = (call);                                                                           \
        if (now)                                                                                   \
            s_end ();                                                                              \
        return rc;                                                                                 \
    } while (0)

ssize_t
write (int fd, const void *data, size_t size)
{
    ssize_t (*next) (int, const void *, size_t) = s_next ("write");
    bool now = s_is_file (fd) && s_is_the_one ("write");
    if (now && s_when ("before"))
        s_end ();
    ssize_t rc = next (fd, data, now && s_when ("half") ? size / 2 : size);
    if (now)
        s_end ();
    return rc;
}

ssize_t
pwrite64 (int fd, const void *data, size_t size, off64_t offset)
{
    ssize_t (*next) (int, const void *, size_t, off64_t) = s_next ("pwrite64");
    bool now = s_is_file (fd) && s_is_the_one ("pwrite");
    if (now && s_when ("before"))
        s_end ();
    ssize_t rc = next (fd, data, now && s_when ("half") ? size / 2 : size, offset);
    if (now)
        s_end ();
    return rc;
}

ssize_t
pwrite (int fd, const void *data, size_t size, off_t offset)
{
    return pwrite64 (fd, data, size, offset);
}

int
fdatasync (int fd)
{
    int (*next) (int) = s_next ("fdatasync");
    END_AROUND (s_is_the_one ("fdatasync"), next (fd));
}

int
fsync (int fd)
{
    int (*next) (int) = s_next ("fsync");
    END_AROUND (s_is_the_one ("fsync"), next (fd));
}

int
rename (const char *from, const char *to)
{
    int (*next) (const char *, const char *) = s_next ("rename");
    END_AROUND (s_is_the_one ("rename"), next (from, to));
}

int
unlink (const char *path)
{
    int (*next) (const char *) = s_next ("unlink");
    END_AROUND (s_is_the_one ("unlink"), next (path));
}

int
ftruncate64 (int fd, off64_t size)
{
    int (*next) (int, off64_t) = s_next ("ftruncate64");
    END_AROUND (s_is_file (fd) && s_is_the_one ("ftruncate"), next (fd, size));
}

int
ftruncate (int fd, off_t size)
{
    return ftruncate64 (fd, size);
}
