//  SPDX-License-Identifier: GPL-2.0-or-later
//  bank_sum - the banks of all CPUs as one, at one moment: pure, the memory is the caller's.
//  Consistent copies of single banks while their CPUs go on writing. No locks, no system calls
//  unless a writer was stopped in the middle.
#ifndef PUBLISHER_BANK_SUM_H
#define PUBLISHER_BANK_SUM_H

#include <stdint.h>
#include "bpf/bank.h"

//  Sums of all CPUs, modulo 2^64.
typedef struct {
    struct tally tallies[METRIC_COUNT_];
    uint64_t on_cpu_ns;  //  Time that measured tasks ran, stints in progress included
    uint64_t off_cpu_ns; //  Time that they were away, stints in progress included
    uint64_t idle_ns;    //  Time that CPUs ran nothing, until the moment
    uint64_t threads;
    uint64_t discards;
    uint64_t missing_storage;
    uint64_t running; //  CPUs that ran a task, measured or not, at the moment
} bank_sum_t;

//  Copy a bank that its CPU may be writing to. Returns 0, or -1 where no consistent copy could be
//  had in about a second.
int bank_copy (struct bank *copy, const struct bank *bank);

//  Add a copied bank's counts, and its stints in progress at clock_ns. A CPU that has not switched
//  since attached_ns, and ran nothing then, counts as idle since. Stints that ended or began
//  between clock_ns and the copy are made good by negative time, so that each ns counts once.
void bank_sum_add (bank_sum_t *self, const struct bank *bank, uint64_t clock_ns,
                   uint64_t attached_ns);

//  What the task of thread id pid has run without a break on bank's CPU: the clock at which it
//  began. Returns 0, or -1 where another runs there.
int bank_running_since (const struct bank *bank, unsigned pid, uint64_t *since_ns);

#endif
