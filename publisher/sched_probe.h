//  SPDX-License-Identifier: GPL-2.0-or-later
//  sched_probe - the kernel side, loaded, attached and read. With sched_probe_*.c the only code
//  that knows libbpf. Needs CAP_BPF and CAP_PERFMON (root has both), a kernel of 5.14 or later with
//  BTF, and the host's pid namespace. Everything is detached when it is destroyed or the process
//  ends, however it ends. Not safe for use by two threads.
//
//      source_error_t error;
//      sched_probe_t *probe = sched_probe_new (&options, &error);   //  NULL: error says why
//      while (sleeping) {
//          sched_probe_read (probe, &reading);                      //  Since attaching: subtract
//      }
//      sched_probe_destroy (&probe);
#ifndef PUBLISHER_SCHED_PROBE_H
#define PUBLISHER_SCHED_PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include "bpf/bank.h"
#include "bpf/keyed.h"
#include "publisher/sched_probe_keyed.h"
#include "publisher/source.h"
#include "schema/histogram.h"
#include "schema/metric.h"

typedef struct sched_probe_t sched_probe_t;

typedef struct {
    scope_t scope;          //  Whose stints; a cgroup also by its full path in the file system
    metric_set_t metrics;   //  What to measure
    unsigned rows;          //  What to count into: bits of enum bank_rows
    enum keyed_by keyed_by; //  Also count per process, thread or pid namespace
    bool include_idle;      //  Count the idle tasks' stints too
    unsigned log2_places;   //  Of bpf/record.h, 1 to 24; 0: the default. For tests
} sched_probe_options_t;

//  All that was measured since attaching, up to one moment. Large (40 KB): keep it off the stack
//  of deep callers.
typedef struct {
    uint64_t clock_ns; //  That moment, on the scheduler's clock

    //  Events that have ended. Buckets are empty where rows lacks BANK_BUCKETS; count and sum are
    //  always exact. rows are bcc's, where asked for.
    histogram_t histograms[METRIC_COUNT_];
    uint64_t rows[METRIC_COUNT_][BANK_LOG2_ROWS];

    //  Time up to the moment, stints in progress included; never decreases. Of tasks only, idle
    //  ones are left out. 0 for a metric that counts.
    uint64_t accrued_ns[METRIC_COUNT_];

    uint64_t idle_ns;         //  Time that possible CPUs ran nothing (an offline one runs nothing)
    uint64_t threads;         //  New tasks that are threads; pidpersec's count has them too
    uint64_t discards;        //  Stints not counted: they ended before they began
    uint64_t missing_storage; //  Stints not counted: the task had no record
    uint64_t keyed_overflow;  //  Events counted under no id: see bpf/keyed.h
    uint64_t bpf_ns;          //  Run time of the hooks; stands still while bpf_stats_enabled is 0
} sched_reading_t;

//  Load, attach and take the first reading, from which all others count. Returns NULL, with one
//  line and the exit code in error, when rights or the kernel do not allow it or the cgroup does
//  not exist; nothing then stays attached. A pid that does not exist is no error here.
sched_probe_t *sched_probe_new (const sched_probe_options_t *options, source_error_t *error);
void sched_probe_destroy (sched_probe_t **self_p);

//  Read. Sleeps for some 50 us, for a fresh clock. Returns 0, or -1 when the kernel could not be
//  read: then reading is undefined, and nothing is lost for the next.
int sched_probe_read (sched_probe_t *self, sched_reading_t *reading);

//  Hand over the counts by id made since the last drain (keyed_by not KEYED_BY_NOTHING). To be
//  called at least once a second; see sched_probe_keyed.h. Returns 0 or -1.
int sched_probe_drain (sched_probe_t *self, keyed_count_fn *take, void *argument);

#endif
