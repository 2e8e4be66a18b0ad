//  SPDX-License-Identifier: GPL-2.0-or-later
//  bank - what the hooks count, one bank per possible CPU, in memory that user space maps.
//
//  Only hooks that run on a bank's CPU count into it, so plain additions do. Nothing is ever
//  cleared: a reader keeps what it read before and subtracts. All arithmetic is modulo 2^64.
//  sequence is odd while sched_switch writes: a reader copies the bank, and again if the sequence
//  was odd or has changed. (x86 keeps the order of stores; the hook keeps the compiler's.)
#ifndef BPF_BANK_H
#define BPF_BANK_H

#include "schema/buckets.h"
#include "schema/metric.h"

#define BANK_ALIGNMENT 64 //  Bytes of a cache line: no two CPUs write to one
#define BANK_LOG2_ROWS 65 //  bcc's rows are numbered from 1; rows[0] is never used

//  Which rows the hooks count into: bits of one load-time constant.
enum bank_rows {
    BANK_BUCKETS = 1, //  Those of schema/buckets.h
    BANK_USECS = 2,   //  bcc's, of whole us
    BANK_MSECS = 4    //  bcc's, of whole ms
};

//  Who a CPU is running, as far as measuring goes.
enum bank_account {
    BANK_OUTSIDE, //  A task outside the scope
    BANK_INSIDE,  //  A task that is measured
    BANK_IDLE     //  Nothing
};

//  All events of one metric on one CPU.
struct tally {
    unsigned long long sum;                  //  ns; events, for a metric that only counts
    unsigned long long slots[BUCKET_SLOTS];  //  Events by bucket
    unsigned long long rows[BANK_LOG2_ROWS]; //  Events by bcc's row
};

//  Which CPU look_at_cpu looks at.
struct look {
    unsigned cpu;
};

struct bank {
    unsigned long long sequence;

    //  Who runs here, since when. running_since is 0 before the first switch after attaching;
    //  seed_since, of the pass at attach, then stands in (0 there too: nothing runs).
    unsigned long long running_since;
    unsigned running_pid;     //  Thread id
    unsigned running_account; //  enum bank_account
    unsigned long long seed_since;
    unsigned seed_account;
    unsigned threads; //  New tasks that are threads, of all those in the tally of pidpersec

    unsigned long long ran_ns;    //  Time that measured tasks ran
    unsigned long long idle_ns;   //  Time that nothing ran
    unsigned long long idle_left; //  When the idle task last left the CPU

    //  Tasks that are off a CPU at time t have been so for off_tasks * t + off_ns in all: each
    //  departure at d adds 1 and -d, each arrival at a adds -1 and a.
    unsigned long long off_tasks;
    unsigned long long off_ns;

    //  A task that runs here unseen: its arrival did not reach the hook. Written by look_at_cpu at
    //  a reading, and true as long as sequence is what it was then.
    unsigned long long look_sequence;
    unsigned long long unseen_since; //  Its arrival; 0: there is none
    unsigned unseen_account;

    unsigned long long discards;        //  Stints not counted: they ended before they began
    unsigned long long missing_storage; //  Stints not counted: the task had no storage

    struct tally tallies[METRIC_COUNT_];
} __attribute__ ((aligned (BANK_ALIGNMENT)));

#endif
