//  SPDX-License-Identifier: GPL-2.0-or-later
//  kernel_types - the kernel's types as far as the hooks look into them. Only the members used
//  are declared: their true offsets are filled in at load time from the running kernel's BTF
//  (CO-RE), so that neither the build nor the object depends on one kernel.
#ifndef BPF_KERNEL_TYPES_H
#define BPF_KERNEL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct task_struct;

struct rq {
    unsigned long long clock; //  This run queue's time, ns
    int cpu;
    struct task_struct *curr; //  Who has the CPU
};

struct cfs_rq {
    struct rq *rq;
};

struct sched_entity {
    struct cfs_rq *cfs_rq; //  Of the CPU the task is on, whatever its scheduling class
};

struct sched_info {
    unsigned long long run_delay;    //  All its waiting so far, but for a wait in progress
    unsigned long long last_arrival; //  When it last got a CPU
    unsigned long long last_queued;  //  When it began to wait on this CPU; 0: it does not wait
};

struct ns_common {
    unsigned int inum;
};

struct pid_namespace {
    struct ns_common ns;
};

struct upid {
    int nr;
    struct pid_namespace *ns;
};

struct pid {
    unsigned int level;
    struct upid numbers[1];
};

struct kernfs_node {
    unsigned long long id;
};

struct cgroup {
    int level;
    struct kernfs_node *kn;
    struct cgroup *ancestors[1]; //  From the root (level 0) to itself (6.1 and later)
};

struct css_set {
    struct cgroup *dfl_cgrp; //  In the unified hierarchy
};

struct task_struct {
    unsigned int __state;
    int pid;  //  Thread id; 0: an idle task
    int tgid; //  Process id
    int on_cpu;
    int exit_state; //  Not 0: dying, or dead
    struct sched_entity se;
    struct sched_info sched_info;
    struct pid *thread_pid;
    struct css_set *cgroups;
};

struct bpf_iter_meta;

struct bpf_iter__task {
    struct bpf_iter_meta *meta;
    struct task_struct *task;
};

#pragma clang attribute pop

#define CLONE_THREAD 0x00010000 //  include/uapi/linux/sched.h
#define TASK_DEAD    0x00000080 //  include/linux/sched.h

#endif
