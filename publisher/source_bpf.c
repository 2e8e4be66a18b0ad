//  SPDX-License-Identifier: GPL-2.0-or-later
//  source_bpf - frames of this kernel: each is the difference of two readings of sched_probe.

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "publisher/cgroup.h"
#include "publisher/sched_reading.h"
#include "publisher/source_ops.h"

typedef struct {
    source_t source;
    sched_probe_t *probe;
    scope_t scope;
    sched_reading_t last; //  What the latest frame ended with
    sched_reading_t now;
} source_bpf_t;

static int
s_read (source_t *source, frame_t *frame)
{
    source_bpf_t *self = (source_bpf_t *) source;
    if (sched_probe_read (self->probe, &self->now))
        return -1;
    sched_reading_fill_frame (frame, METRIC_ALL, &self->last, &self->now);
    frame->scope = self->scope;
    self->last = self->now;
    return 0;
}

static void
s_destroy (source_t *source)
{
    source_bpf_t *self = (source_bpf_t *) source;
    sched_probe_destroy (&self->probe);
    free (self);
}

source_t *
source_new_bpf (const scope_t *scope, source_error_t *error)
{
    sched_probe_options_t options = {.scope = *scope, .metrics = METRIC_ALL, .rows = BANK_BUCKETS};
    if (cgroup_name_scope (&options.scope, error))
        return NULL;
    sched_probe_t *probe = sched_probe_new (&options, error);
    if (!probe)
        return NULL;
    source_bpf_t *self = calloc (1, sizeof *self);
    assert (self);
    self->source = (source_t){.read = s_read, .destroy = s_destroy};
    self->probe = probe;
    self->scope = options.scope;
    return &self->source;
}
