//  SPDX-License-Identifier: GPL-2.0-or-later
//  scope - whose stints are measured. All constants here are set before loading: the verifier
//  drops the code of every choice not taken. Always asked about the task measured, never about
//  the current one, which in sched_switch is the task that leaves.
#ifndef BPF_SCOPE_H
#define BPF_SCOPE_H

#include "bpf/bank.h"
#include "bpf/kernel_types.h"

enum scope_choice { SCOPE_IS_ALL, SCOPE_IS_PROCESS, SCOPE_IS_CGROUP };

const volatile unsigned scope_choice = SCOPE_IS_ALL;
const volatile int scope_tgid = 0;
const volatile unsigned long long scope_cgroup_id = 0; //  Its inode number
const volatile int scope_cgroup_level = 0;             //  Steps below the root

//  True for the scope's cgroup and those below it.
static __always_inline bool
scope_has_cgroup (struct cgroup *cgroup, int level)
{
    if (level < scope_cgroup_level)
        return false;
    struct cgroup *ancestor = NULL;
    bpf_core_read (&ancestor, sizeof ancestor, &cgroup->ancestors[scope_cgroup_level]);
    return BPF_CORE_READ (ancestor, kn, id) == scope_cgroup_id;
}

static __always_inline bool
scope_has_cgroup_of (struct task_struct *task)
{
    struct cgroup *cgroup = task->cgroups->dfl_cgrp;
    return scope_has_cgroup (cgroup, cgroup->level);
}

static __always_inline enum bank_account
scope_account (struct task_struct *task)
{
    if (task->pid == 0)
        return BANK_IDLE;
    if (scope_choice == SCOPE_IS_PROCESS)
        return task->tgid == scope_tgid ? BANK_INSIDE : BANK_OUTSIDE;
    if (scope_choice == SCOPE_IS_CGROUP)
        return scope_has_cgroup_of (task) ? BANK_INSIDE : BANK_OUTSIDE;
    return BANK_INSIDE;
}

//  The same of a task that may end meanwhile: its memory is then another's, and the answer worth
//  nothing, but reading it does no harm.
static __always_inline enum bank_account
scope_account_from_outside (struct task_struct *task)
{
    if (BPF_CORE_READ (task, pid) == 0)
        return BANK_IDLE;
    if (scope_choice == SCOPE_IS_PROCESS)
        return BPF_CORE_READ (task, tgid) == scope_tgid ? BANK_INSIDE : BANK_OUTSIDE;
    if (scope_choice == SCOPE_IS_CGROUP) {
        struct cgroup *cgroup = BPF_CORE_READ (task, cgroups, dfl_cgrp);
        int level = BPF_CORE_READ (cgroup, level);
        return scope_has_cgroup (cgroup, level) ? BANK_INSIDE : BANK_OUTSIDE;
    }
    return BANK_INSIDE;
}

#endif
