//  SPDX-License-Identifier: GPL-2.0-or-later
//  sched_probe_kernel - can this process measure this kernel? Part of the probe loader.
#ifndef PUBLISHER_SCHED_PROBE_KERNEL_H
#define PUBLISHER_SCHED_PROBE_KERNEL_H

#include <stdbool.h>
#include "publisher/source.h"

//  Check rights, namespaces, BTF, the hooks and every member that the hooks look into;
//  for_cgroup adds those that only a cgroup's filter needs. Returns 0, or -1 with the first thing
//  missing named in error.
int sched_probe_check_kernel (bool for_cgroup, source_error_t *error);

//  Is this errno of bpf() about rights? Then fill error and return true.
bool sched_probe_is_about_rights (int reason, source_error_t *error);

#endif
