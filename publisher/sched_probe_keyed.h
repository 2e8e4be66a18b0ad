//  SPDX-License-Identifier: GPL-2.0-or-later
//  sched_probe_keyed - the reader of bpf/keyed.h's tables: counts per process, thread or pid
//  namespace, each handed over exactly once. Part of the probe loader, like sched_probe.
//  Not safe for use by two threads.
#ifndef PUBLISHER_SCHED_PROBE_KEYED_H
#define PUBLISHER_SCHED_PROBE_KEYED_H

#include <stdint.h>

typedef struct keyed_reader_t keyed_reader_t;

//  Events of one task (or namespace) in one row.
typedef struct {
    unsigned id;
    unsigned row;
    uint64_t count;
    uint64_t sum_ns;
} keyed_count_t;

typedef void (keyed_count_fn) (void *argument, const keyed_count_t *count);

//  Make the two tables and let the hook count into the first. tables_fd is the map keyed_tables of
//  a loaded object that is not attached yet; it stays the caller's and must outlive the reader.
//  Returns NULL, errno set, when the kernel refuses.
keyed_reader_t *keyed_reader_new (int tables_fd);
void keyed_reader_destroy (keyed_reader_t **self_p);

//  Hand over all counts made since the last drain, in no order. To be called at least once a
//  second, or a table may fill. Waits for hooks that still run, a few ms. Returns 0, or -1 with
//  errno set: then counts stay in the kernel for the next drain.
int keyed_reader_drain (keyed_reader_t *self, keyed_count_fn *take, void *argument);

#endif
