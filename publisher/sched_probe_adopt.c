//  SPDX-License-Identifier: GPL-2.0-or-later
//  sched_probe_adopt - see sched_probe_adopt.h.

#include "publisher/sched_probe_adopt.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "bpf/record.h"

#define PIDFD_ANY_THREAD O_EXCL //  PIDFD_THREAD of linux/pidfd.h, 6.9

//  All that a thread has waited, from /proc/PID/task/TID/schedstat.
static unsigned long long
s_read_delay (const char *process, const char *thread)
{
    char path[64];
    unsigned long long delay_ns = 0;
    snprintf (path, sizeof path, "/proc/%.16s/task/%.16s/schedstat", process, thread);
    FILE *file = fopen (path, "r");
    if (file) {
        if (fscanf (file, "%*u %llu", &delay_ns) != 1)
            delay_ns = 0;
        fclose (file);
    }
    return delay_ns;
}

static int
s_open_thread (const char *thread)
{
    int pid = atoi (thread);
    int fd = (int) syscall (SYS_pidfd_open, pid, PIDFD_ANY_THREAD);
    return fd >= 0 ? fd : (int) syscall (SYS_pidfd_open, pid, 0);
}

static void
s_adopt_thread (int storage_fd, const char *process, const char *thread)
{
    struct record record;
    int pidfd = s_open_thread (thread);
    if (pidfd < 0)
        return;
    if (bpf_map_lookup_elem (storage_fd, &pidfd, &record)) {
        record = (struct record){.delay_ns = s_read_delay (process, thread)};
        bpf_map_update_elem (storage_fd, &pidfd, &record, BPF_NOEXIST);
    }
    close (pidfd);
}

static void
s_adopt_process (int storage_fd, const char *process)
{
    char path[64];
    snprintf (path, sizeof path, "/proc/%.16s/task", process);
    DIR *threads = opendir (path);
    for (struct dirent *entry; threads && (entry = readdir (threads));)
        if (isdigit ((unsigned char) entry->d_name[0]))
            s_adopt_thread (storage_fd, process, entry->d_name);
    if (threads)
        closedir (threads);
}

void
sched_probe_adopt_unseen (int storage_fd)
{
    DIR *processes = opendir ("/proc");
    for (struct dirent *entry; processes && (entry = readdir (processes));)
        if (isdigit ((unsigned char) entry->d_name[0]))
            s_adopt_process (storage_fd, entry->d_name);
    if (processes)
        closedir (processes);
}
