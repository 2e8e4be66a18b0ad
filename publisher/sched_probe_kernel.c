//  SPDX-License-Identifier: GPL-2.0-or-later
//  sched_probe_kernel - see sched_probe_kernel.h. The table of members follows
//  bpf/kernel_types.h: without these checks the verifier would refuse the programs in its own,
//  long words.

#include "publisher/sched_probe_kernel.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "program/exit_code.h"
#include "publisher/source_ops.h"

#define HOST_PID_NAMESPACE 0xEFFFFFFCu //  PROC_PID_INIT_INO, include/linux/proc_ns.h

typedef struct {
    const char *type;
    const char *member;
    const char *needs; //  What makes a kernel have it
} member_t;

static const member_t s_members[] = {
    {"task_struct", "__state", "Linux 5.14"},
    {"task_struct", "pid", "any kernel"},
    {"task_struct", "tgid", "any kernel"},
    {"task_struct", "on_cpu", "CONFIG_SMP"},
    {"task_struct", "exit_state", "any kernel"},
    {"task_struct", "se", "any kernel"},
    {"task_struct", "sched_info", "any kernel"},
    {"sched_entity", "cfs_rq", "CONFIG_FAIR_GROUP_SCHED"},
    {"cfs_rq", "rq", "CONFIG_FAIR_GROUP_SCHED"},
    {"rq", "clock", "any kernel"},
    {"rq", "cpu", "CONFIG_SMP"},
    {"rq", "curr", "any kernel"},
    {"sched_info", "run_delay", "CONFIG_SCHED_INFO"},
    {"sched_info", "last_arrival", "CONFIG_SCHED_INFO"},
    {"sched_info", "last_queued", "CONFIG_SCHED_INFO"},
    {NULL, NULL, NULL},
};

static const member_t s_cgroup_members[] = {
    {"task_struct", "cgroups", "CONFIG_CGROUPS"},
    {"css_set", "dfl_cgrp", "CONFIG_CGROUPS"},
    {"cgroup", "level", "CONFIG_CGROUPS"},
    {"cgroup", "kn", "CONFIG_CGROUPS"},
    {"cgroup", "ancestors", "Linux 6.1"},
    {"kernfs_node", "id", "Linux 5.5"},
    {NULL, NULL, NULL},
};

static bool
s_has_capabilities (void)
{
    unsigned long long effective = 0;
    char line[256];
    FILE *status = fopen ("/proc/self/status", "r");
    while (status && fgets (line, sizeof line, status))
        if (sscanf (line, "CapEff: %llx", &effective) == 1)
            break;
    if (status)
        fclose (status);
    unsigned long long admin = 1ULL << CAP_SYS_ADMIN;
    unsigned long long both = 1ULL << CAP_BPF | 1ULL << CAP_PERFMON;
    return (effective & admin) || (effective & both) == both;
}

bool
sched_probe_is_about_rights (int reason, source_error_t *error)
{
    if (reason == ENOSYS)
        source_fail (error, EXIT_KERNEL,
                     "this kernel has no bpf(), or the container hides it: measuring needs "
                     "CONFIG_BPF_SYSCALL, and a container that allows bpf()");
    else if (reason != EPERM && reason != EACCES)
        return false;
    else if (s_has_capabilities ())
        source_fail (error, EXIT_NO_RIGHTS,
                     "bpf() is forbidden here although the capabilities are there: a container's "
                     "seccomp filter or the kernel's lockdown does so; run outside, or privileged");
    else
        source_fail (error, EXIT_NO_RIGHTS,
                     "measuring the kernel needs root, or the capabilities CAP_BPF and "
                     "CAP_PERFMON: run it with sudo");
    return true;
}

//  Try the least that is needed: a small array.
static int
s_check_rights (source_error_t *error)
{
    const struct bpf_map_create_opts options = {.sz = sizeof options, .map_flags = BPF_F_MMAPABLE};
    int fd = s_has_capabilities ()
                 ? bpf_map_create (BPF_MAP_TYPE_ARRAY, "rights", 4, 8, 1, &options)
                 : -1;
    int reason = s_has_capabilities () ? errno : EPERM;
    if (fd >= 0) {
        close (fd);
        return 0;
    }
    if (!sched_probe_is_about_rights (reason, error))
        source_fail (error, EXIT_KERNEL,
                     "the kernel cannot make a mapped BPF array (%s): it needs "
                     "Linux 5.14 or later",
                     strerror (reason));
    return -1;
}

//  Elsewhere the kernel shows only the container's own tasks to iterators.
static int
s_check_namespace (source_error_t *error)
{
    struct stat namespace;
    if (stat ("/proc/self/ns/pid", &namespace) == 0 && namespace.st_ino == HOST_PID_NAMESPACE)
        return 0;
    source_fail (error, EXIT_NO_RIGHTS,
                 "this is a container's pid namespace, from which the host's tasks cannot be seen: "
                 "run in the host's (docker run --pid=host)");
    return -1;
}

static bool
s_has_member (const struct btf *btf, const struct btf_type *type, const char *name)
{
    const struct btf_member *members = btf_members (type);
    for (unsigned i = 0; i < btf_vlen (type); i++) {
        const char *member = btf__name_by_offset (btf, members[i].name_off);
        const struct btf_type *inner = btf__type_by_id (btf, members[i].type);
        if (strcmp (member, name) == 0)
            return true;
        if (*member == '\0' && btf_is_composite (inner) && s_has_member (btf, inner, name))
            return true;
    }
    return false;
}

static int
s_check_members (const struct btf *btf, const member_t *members, source_error_t *error)
{
    for (const member_t *member = members; member->type; member++) {
        int id = btf__find_by_name_kind (btf, member->type, BTF_KIND_STRUCT);
        if (id > 0 && s_has_member (btf, btf__type_by_id (btf, (unsigned) id), member->member))
            continue;
        source_fail (error, EXIT_KERNEL, "this kernel's struct %s has no member %s (%s has it)",
                     member->type, member->member, member->needs);
        return -1;
    }
    return 0;
}

static int
s_check_hooks (const struct btf *btf, source_error_t *error)
{
    static const char *const hooks[] = {"sched_switch", "task_newtask"};
    for (int i = 0; i < 2; i++) {
        char name[64];
        snprintf (name, sizeof name, "btf_trace_%s", hooks[i]);
        if (btf__find_by_name_kind (btf, name, BTF_KIND_TYPEDEF) > 0)
            continue;
        source_fail (error, EXIT_KERNEL,
                     "this kernel has no tracepoint %s for BPF (it needs CONFIG_TRACEPOINTS and "
                     "CONFIG_BPF_EVENTS)",
                     hooks[i]);
        return -1;
    }
    return 0;
}

int
sched_probe_check_kernel (bool for_cgroup, source_error_t *error)
{
    if (s_check_rights (error) || s_check_namespace (error))
        return -1;
    struct btf *btf = btf__load_vmlinux_btf ();
    if (!btf) {
        source_fail (error, EXIT_KERNEL,
                     "this kernel has no BTF, its own description, in /sys/kernel/btf/vmlinux "
                     "(CONFIG_DEBUG_INFO_BTF has it)");
        return -1;
    }
    int rc = s_check_hooks (btf, error);
    if (rc == 0)
        rc = s_check_members (btf, s_members, error);
    if (rc == 0 && for_cgroup)
        rc = s_check_members (btf, s_cgroup_members, error);
    btf__free (btf);
    return rc;
}
