//  SPDX-License-Identifier: GPL-2.0-or-later
//  count - the banks, and counting one event into one. Which rows it is counted into, and whether
//  also under its task's id, is set before loading; the worker's path pays nothing for the rest.
#ifndef BPF_COUNT_H
#define BPF_COUNT_H

#include "bpf/bank.h"
#include "bpf/kernel_types.h"
#include "bpf/keyed.h"

#define MEASURES(metric) (measured & METRIC_BIT (METRIC_##metric))

const volatile unsigned measured = METRIC_ALL;     //  A metric_set_t
const volatile unsigned count_rows = BANK_BUCKETS; //  Bits of enum bank_rows
const volatile unsigned count_keyed_by = KEYED_BY_NOTHING;

struct {
    __uint (type, BPF_MAP_TYPE_ARRAY);
    __uint (map_flags, BPF_F_MMAPABLE);
    __uint (max_entries, 1); //  One a possible CPU: set before loading
    __type (key, unsigned);
    __type (value, struct bank);
} banks SEC (".maps");

static __always_inline struct bank *
bank_of (unsigned cpu)
{
    return bpf_map_lookup_elem (&banks, &cpu);
}

//  bcc's row of a whole number of units.
static __always_inline unsigned
count_log2_row (unsigned long long units)
{
    return bucket_log2 (units) + 1;
}

static __always_inline void
count_slot (struct tally *tally, unsigned slot)
{
    if (slot < BUCKET_SLOTS) //  Always; the verifier cannot know
        tally->slots[slot]++;
}

static __always_inline void
count_row (struct tally *tally, unsigned row)
{
    if (row < BANK_LOG2_ROWS) //  Always; the verifier cannot know
        tally->rows[row]++;
}

//  Count one event of task, the task measured.
static __always_inline void
count_event (struct bank *bank, metric_id_t metric, struct task_struct *task,
             unsigned long long value_ns)
{
    struct tally *tally = &bank->tallies[metric];
    unsigned row = 0;
    tally->sum += value_ns;
    if (count_rows & BANK_BUCKETS)
        count_slot (tally, row = bucket_slot (value_ns));
    if (count_rows & BANK_USECS)
        count_row (tally, row = count_log2_row (value_ns / 1000));
    if (count_rows & BANK_MSECS)
        count_row (tally, row = count_log2_row (value_ns / 1000000));
    if (count_keyed_by != KEYED_BY_NOTHING)
        keyed_count (task, count_keyed_by, row, value_ns);
}

#endif
