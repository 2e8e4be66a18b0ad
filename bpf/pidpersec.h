//  SPDX-License-Identifier: GPL-2.0-or-later
//  pidpersec - new tasks: processes and threads, of users and of the kernel. Limited to a process,
//  those that it made; limited to a cgroup, those born in it. A clone that failed is not counted.
//  Truth: the line "processes" of /proc/stat, which counts threads too.
#ifndef BPF_PIDPERSEC_H
#define BPF_PIDPERSEC_H

#include "bpf/count.h"
#include "bpf/scope.h"

//  task was made by the current one. Atomic, unlike all else in a bank: this is not called under
//  the run queue's lock.
static __always_inline void
pidpersec_new (struct bank *bank, struct task_struct *task, unsigned long long clone_flags)
{
    struct task_struct *measured_task = task;
    if (scope_choice == SCOPE_IS_PROCESS)
        measured_task = bpf_get_current_task_btf ();
    if (task->pid == 0 || scope_account (measured_task) != BANK_INSIDE)
        return;
    __sync_fetch_and_add (&bank->tallies[METRIC_pidpersec].sum, 1);
    if (clone_flags & CLONE_THREAD)
        __sync_fetch_and_add (&bank->threads, 1);
}

#endif
