//  SPDX-License-Identifier: GPL-2.0-or-later
//  cpudist - the time from a task's getting a CPU to its leaving it, for every departure: it
//  blocked, was preempted, yielded or died. The idle task's stints are an account of their own,
//  counted among the tasks' only where include_idle says so.
//  Truth: the task's context switches and on-CPU time in /proc/PID/task/TID/{status,schedstat}.
#ifndef BPF_CPUDIST_H
#define BPF_CPUDIST_H

#include "bpf/count.h"

//  task left the CPU after ran_ns.
static __always_inline void
cpudist_left (struct bank *bank, struct task_struct *task, unsigned long long ran_ns)
{
    bank->ran_ns += ran_ns;
    count_event (bank, METRIC_cpudist, task, ran_ns);
}

#endif
