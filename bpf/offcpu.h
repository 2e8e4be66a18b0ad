//  SPDX-License-Identifier: GPL-2.0-or-later
//  offcpu - the time from a task's leaving a CPU to its getting one again: blocked and waiting. A
//  stint whose start was not seen (the task was away when we were attached) is no event, but the
//  time since counts as accrued. The dead are not away: their last departure starts no stint.
//  Truth: with cpudist, it adds up to the time the task has lived.
#ifndef BPF_OFFCPU_H
#define BPF_OFFCPU_H

#include "bpf/count.h"
#include "bpf/record.h"

//  task left the CPU at now.
static __always_inline void
offcpu_left (struct bank *bank, struct task_struct *task, unsigned long long now)
{
    if (task->exit_state)
        return;
    struct record *record = record_of (task);
    if (!record || record->departed_ns) //  Adopted while arriving: it is away already
        return;
    record->departed_ns = now;
    record->departure_known = true;
    bank->off_tasks++;
    bank->off_ns -= now;
}

//  task got the CPU at now.
static __always_inline void
offcpu_arrived (struct bank *bank, struct task_struct *task, struct record *record,
                unsigned long long now)
{
    unsigned long long departed = record->departed_ns;
    if (!departed)
        return;
    record->departed_ns = 0;
    bank->off_tasks--;
    bank->off_ns += now;
    if (departed > now) //  Two CPUs' clocks
        bank->discards++;
    else if (record->departure_known)
        count_event (bank, METRIC_offcpu, task, now - departed);
}

#endif
