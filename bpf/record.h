//  SPDX-License-Identifier: GPL-2.0-or-later
//  record - what is remembered of each task between two switches.
//
//  Most records lie in an array, in the place that the task's address hashes to: found by the
//  switch hook without a call, for calls cost more than all else it does. A task whose place is
//  taken has its record in task storage, which is a call. Both are made when the task is, or by
//  the passes at attach; the switch hook never makes one, because to allocate with the run queue's
//  lock held can deadlock. A place is given up when the task leaves the CPU for the last time, and
//  storage when the kernel frees the task: so no record can outlive its task or meet another.
#ifndef BPF_RECORD_H
#define BPF_RECORD_H

#include <stdbool.h>

struct record {
    unsigned long long owner;       //  Which task's: see record_name; in storage unused
    unsigned long long delay_ns;    //  All its waiting up to its last arrival on a CPU
    unsigned long long waited_ns;   //  The wait that ended then
    unsigned long long arrived_ns;  //  When that was
    unsigned long long departed_ns; //  When it left the CPU; 0 while it has one
    bool departure_known;           //  False: it was away before we were attached
} __attribute__ ((aligned (64)));   //  A cache line

#ifdef __bpf__

#include "bpf/kernel_types.h"

#define RECORD_NOBODY  0
#define RECORD_CLAIMED 1 //  Being filled in

const volatile unsigned record_shift = 64; //  64 - log2 (places), set before loading

struct {
    __uint (type, BPF_MAP_TYPE_ARRAY);
    __uint (max_entries, 1); //  Places: set before loading
    __type (key, unsigned);
    __type (value, struct record);
} places SEC (".maps");

struct {
    __uint (type, BPF_MAP_TYPE_TASK_STORAGE);
    __uint (map_flags, BPF_F_NO_PREALLOC);
    __type (key, int);
    __type (value, struct record);
} storage SEC (".maps");

//  A number that no other task has: the task's address. As the verifier has it, only the distance
//  of two addresses is a number, so this is its distance from one that stays the same.
static __always_inline unsigned long long
record_name (struct task_struct *task)
{
    return (unsigned long long) task - (unsigned long long) &places;
}

//  The place of a name: Fibonacci hashing (Knuth, volume 3, section 6.4).
static __always_inline struct record *
record_place (unsigned long long name)
{
    unsigned place = name * 0x9E3779B97F4A7C15ULL >> record_shift;
    return bpf_map_lookup_elem (&places, &place);
}

//  The record of task, or NULL.
static __always_inline struct record *
record_of (struct task_struct *task)
{
    unsigned long long name = record_name (task);
    struct record *record = record_place (name);
    if (record && record->owner == name)
        return record;
    return bpf_task_storage_get (&storage, task, NULL, 0);
}

static __always_inline int
record_store (struct task_struct *task, struct record *initial)
{
    return bpf_task_storage_get (&storage, task, initial, BPF_LOCAL_STORAGE_GET_F_CREATE) ? 0 : -1;
}

//  Make the record of task, which has none: a place under its name was left by a dead one. Returns
//  0, or -1 where memory is short.
static __always_inline int
record_new (struct task_struct *task, struct record *initial)
{
    unsigned long long name = record_name (task);
    struct record *record = record_place (name);
    if (!record)
        return record_store (task, initial);
    unsigned long long owner =
        __sync_val_compare_and_swap (&record->owner, RECORD_NOBODY, RECORD_CLAIMED);
    if (owner != RECORD_NOBODY && owner != name)
        return record_store (task, initial);
    initial->owner = RECORD_CLAIMED;
    *record = *initial;
    __sync_lock_test_and_set (&record->owner, name); //  Orders: found only once it is filled in
    return 0;
}

//  task leaves the CPU; for the last time if it is dead. Then nobody looks for its record again.
//  (The tracepoint sched_process_free is no place for this: it is not called for every task.)
static __always_inline void
record_release_if_dead (struct task_struct *task)
{
    if (!task->exit_state || !(task->__state & TASK_DEAD))
        return;
    unsigned long long name = record_name (task);
    struct record *record = record_place (name);
    if (record && record->owner == name)
        record->owner = RECORD_NOBODY;
}

#endif
#endif
