//  SPDX-License-Identifier: GPL-2.0-or-later
//  keyed - the counts of bin/probe's -P, -L and --pidnss: one histogram per process, thread or pid
//  namespace. Compiled by the hook, which counts, and by the reader in publisher/.
//
//  Counts go to a hash table of {id, row}, by atomic additions, so that two CPUs that meet on one
//  key both count. Two such tables exist and the hook finds the one in use in slot 0 of
//  keyed_tables: the reader puts the other one there, whereupon the kernel waits until no hook
//  can still hold the old one, and then reads and empties that at leisure. So nothing is lost
//  between reading and emptying, and a table holds the keys of one second only, however many
//  tasks come and go. A second with more keys than KEYED_ENTRIES is counted in keyed_overflow.
//  Entries are allocated when the table is made: the hook runs with the run queue's lock held.
#ifndef BPF_KEYED_H
#define BPF_KEYED_H

#define KEYED_ENTRIES 131072

enum keyed_by { KEYED_BY_NOTHING, KEYED_BY_PROCESS, KEYED_BY_THREAD, KEYED_BY_PIDNS };

struct keyed_key {
    unsigned id;  //  Process id, thread id, or the namespace's inode number
    unsigned row; //  bcc's row, or the slot of schema/buckets.h
};

struct keyed_value {
    unsigned long long count;  //  Events
    unsigned long long sum_ns; //  Their total
};

#ifdef __bpf__

struct keyed_table {
    __uint (type, BPF_MAP_TYPE_HASH);
    __uint (max_entries, KEYED_ENTRIES);
    __uint (key_size, sizeof (struct keyed_key));
    __uint (value_size, sizeof (struct keyed_value));
};

struct {
    __uint (type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
    __uint (max_entries, 1);
    __type (key, unsigned);
    __array (values, struct keyed_table);
} keyed_tables SEC (".maps");

//  Events that found the table full: counted in the bank, but under no id.
unsigned long long keyed_overflow;

//  The pid namespace the task was made in. A task's number in it is the last of its numbers.
static __always_inline unsigned
keyed_pidns (struct task_struct *task)
{
    struct pid *pid = task->thread_pid;
    struct upid number = {0};
    if (!pid)
        return 0; //  The task has been reaped
    bpf_core_read (&number, sizeof number, &pid->numbers[pid->level]);
    return BPF_CORE_READ (number.ns, ns.inum);
}

static __always_inline unsigned
keyed_id (struct task_struct *task, enum keyed_by by)
{
    if (by == KEYED_BY_PROCESS)
        return (unsigned) task->tgid;
    if (by == KEYED_BY_THREAD)
        return (unsigned) task->pid;
    return keyed_pidns (task);
}

//  The value of a key, made where it is not there yet; NULL where the table is full.
static __always_inline struct keyed_value *
keyed_value (void *table, const struct keyed_key *key)
{
    struct keyed_value *value = bpf_map_lookup_elem (table, key);
    if (value)
        return value;
    const struct keyed_value nothing = {0};
    bpf_map_update_elem (table, key, &nothing, BPF_NOEXIST); //  Fails where another CPU was first
    return bpf_map_lookup_elem (table, key);
}

//  Count one event of task, the task measured. Called with by constant and not KEYED_BY_NOTHING.
static __always_inline void
keyed_count (struct task_struct *task, enum keyed_by by, unsigned row, unsigned long long value_ns)
{
    const struct keyed_key key = {.id = keyed_id (task, by), .row = row};
    const unsigned slot = 0;
    void *table = bpf_map_lookup_elem (&keyed_tables, &slot);
    struct keyed_value *value = table ? keyed_value (table, &key) : NULL;
    if (!value) {
        __sync_fetch_and_add (&keyed_overflow, 1);
        return;
    }
    __sync_fetch_and_add (&value->count, 1);
    __sync_fetch_and_add (&value->sum_ns, value_ns);
}

#endif
#endif
