//  SPDX-License-Identifier: GPL-2.0-or-later
//  runqlat - the time a runnable task waited for a CPU: from its waking, its creation or its being
//  preempted to its running. The kernel keeps all of a task's waiting in run_delay, and moves the
//  wait so far there when the waiting task is migrated; so a wait is the difference of all
//  waiting, that in progress included, between two arrivals on a CPU.
//  Truth: the second number of /proc/PID/task/TID/schedstat, to the ns.
#ifndef BPF_RUNQLAT_H
#define BPF_RUNQLAT_H

#include "bpf/count.h"
#include "bpf/record.h"

//  task got the CPU at now; counted says whether its wait is. A task that the kernel has not seen
//  wait (last_queued 0) is left alone: if it did, the next difference contains it. One that has
//  the CPU already (see catch_up) has all its waiting in run_delay.
static __always_inline void
runqlat_arrived (struct bank *bank, struct task_struct *task, struct record *record,
                 unsigned long long now, bool counted)
{
    unsigned long long queued = task->sched_info.last_queued;
    if (!queued && !task->on_cpu)
        return;
    unsigned long long delay = task->sched_info.run_delay + (queued ? now - queued : 0);
    unsigned long long wait = delay - record->delay_ns;
    record->delay_ns = delay;
    record->waited_ns = wait;
    record->arrived_ns = now;
    if (!counted)
        return;
    if ((long long) wait < 0)
        bank->discards++;
    else
        count_event (bank, METRIC_runqlat, task, wait);
}

//  How long task had been waiting at edge_ns, a moment just before now; 0 if it was not.
static __always_inline unsigned long long
runqlat_waiting (struct task_struct *task, unsigned long long edge_ns)
{
    unsigned long long queued = task->on_cpu ? 0 : task->sched_info.last_queued;
    if (!queued && task->sched_info.last_arrival <= edge_ns)
        return 0; //  The quick way, for the many that sleep
    struct record *record = record_of (task);
    if (!record)
        return 0;
    unsigned long long waiting; //  Below 0 where the wait began after the edge
    if (record->arrived_ns > edge_ns)
        waiting = record->waited_ns - (record->arrived_ns - edge_ns);
    else if (queued)
        waiting = task->sched_info.run_delay + edge_ns - queued - record->delay_ns;
    else
        return 0;
    return (long long) waiting > 0 ? waiting : 0;
}

#endif
