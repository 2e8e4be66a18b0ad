//  SPDX-License-Identifier: GPL-2.0-or-later
//  empty - a program that does nothing on each context switch: what measuring one costs at least.

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC ("license") = "GPL";

SEC ("tp_btf/sched_switch")
int
on_nothing (void *context)
{
    return 0;
}
