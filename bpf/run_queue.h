//  SPDX-License-Identifier: GPL-2.0-or-later
//  run_queue - where each CPU's run queue lies, as found by the pass over all tasks at attach: each
//  CPU has threads of the kernel's that never leave it. (The symbol runqueues is only there for us
//  where the kernel was built with CONFIG_KALLSYMS_ALL.)
#ifndef BPF_RUN_QUEUE_H
#define BPF_RUN_QUEUE_H

#include "bpf/kernel_types.h"

struct {
    __uint (type, BPF_MAP_TYPE_ARRAY); //  Not mapped: addresses of the kernel are nobody's business
    __uint (max_entries, 1);           //  One a possible CPU: set before loading
    __type (key, unsigned);
    __type (value, struct rq *);
} run_queues SEC (".maps");

static __always_inline void
run_queue_note (struct rq *run_queue)
{
    unsigned cpu = run_queue->cpu;
    struct rq **place = bpf_map_lookup_elem (&run_queues, &cpu);
    if (place)
        *place = run_queue;
}

//  The run queue of a CPU, to be read by bpf_core_read only; NULL for a CPU that had no task.
static __always_inline struct rq *
run_queue_of (unsigned cpu)
{
    struct rq **place = bpf_map_lookup_elem (&run_queues, &cpu);
    return place ? *place : NULL;
}

#endif
