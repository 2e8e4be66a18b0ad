//  SPDX-License-Identifier: GPL-2.0-or-later
//  probe_keys - one interval's counts per process, thread or namespace, gathered from many drains.
//  Memory grows with the ids and rows seen in the interval, not with the drains.
//  Not safe for use by two threads.
#ifndef PUBLISHER_PROBE_KEYS_H
#define PUBLISHER_PROBE_KEYS_H

#include <stddef.h>
#include "publisher/sched_probe_keyed.h"

typedef struct probe_keys_t probe_keys_t;

probe_keys_t *probe_keys_new (void);
void probe_keys_destroy (probe_keys_t **self_p);

//  Add one count. A keyed_count_fn; self is a probe_keys_t.
void probe_keys_add (void *self, const keyed_count_t *count);

//  Take the rows of the lowest id left, sorted and each once. Returns how many, 0 where no id is
//  left; then *rows is unset. They are borrowed until the next add.
size_t probe_keys_next (probe_keys_t *self, const keyed_count_t **rows);

//  Forget everything: the next interval begins.
void probe_keys_clear (probe_keys_t *self);

#endif
