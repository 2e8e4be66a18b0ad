//  SPDX-License-Identifier: GPL-2.0-or-later
//  drop - on a clsact hook, drops a share of the packets that pass: tests/chaos attaches it to one
//  direction of a link. Section "all" drops every one, "some" three of ten.
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#define SOME_PERCENT 30

SEC ("all")
int
drop_all (struct __sk_buff *packet)
{
    (void) packet;
    return TC_ACT_SHOT;
}

SEC ("some")
int
drop_some (struct __sk_buff *packet)
{
    (void) packet;
    return bpf_get_prandom_u32 () % 100 < SOME_PERCENT ? TC_ACT_SHOT : TC_ACT_OK;
}

char LICENSE[] SEC ("license") = "GPL";
