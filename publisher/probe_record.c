//  SPDX-License-Identifier: GPL-2.0-or-later
//  probe_record - bin/probe's -d. Two readings are made a source, so that the sampler which makes
//  a worker's frames makes these too.

#include "publisher/probe_record.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include "program/exit_code.h"
#include "publisher/epoch.h"
#include "publisher/sampler.h"
#include "publisher/sched_reading.h"
#include "publisher/source_ops.h"
#include "schema/frame_file.h"

//  What was measured between two readings.
typedef struct {
    source_t source; //  First: see source_ops.h
    scope_t scope;
    metric_set_t metrics;
    const sched_reading_t *before; //  Borrowed for one append
    const sched_reading_t *now;
} difference_t;

struct probe_record_t {
    frame_file_t *file;
    sampler_t *sampler;
    difference_t *difference; //  The sampler's; lives as long as it
    frame_t frame;            //  The one being made
};

static int
s_read (source_t *source, frame_t *frame)
{
    const difference_t *self = (const difference_t *) source;
    frame->scope = self->scope;
    if (self->now) //  Else an epoch begins
        sched_reading_fill_frame (frame, self->metrics, self->before, self->now);
    return 0;
}

static void
s_free (source_t *source)
{
    free (source);
}

static difference_t *
s_difference_new (const scope_t *scope, metric_set_t metrics)
{
    difference_t *self = calloc (1, sizeof *self);
    assert (self);
    self->source = (source_t){.read = s_read, .destroy = s_free};
    self->scope = *scope;
    self->metrics = metrics;
    return self;
}

//  The host's name with what no node's name may hold made '-'.
static void
s_node_name (char name[NODE_NAME_MAX + 1])
{
    memset (name, 0, NODE_NAME_MAX + 1);
    gethostname (name, NODE_NAME_MAX);
    for (char *c = name; *c; c++) {
        char single[] = {*c, 0};
        if (!node_name_is_valid (single))
            *c = '-';
    }
    if (!*name)
        memcpy (name, "localhost", sizeof "localhost");
}

probe_record_t *
probe_record_new (const char *path, const scope_t *scope, metric_set_t metrics,
                  source_error_t *error)
{
    char node[NODE_NAME_MAX + 1], reason[FRAME_FILE_ERROR_MAX + 1];
    frame_file_t *file = frame_file_open (path, FRAME_FILE_APPEND, reason);
    if (!file)
        return source_fail (error, EXIT_FAILED, "%s", reason);
    probe_record_t *self = calloc (1, sizeof *self);
    assert (self);
    self->file = file;
    self->difference = s_difference_new (scope, metrics);
    s_node_name (node);
    source_t *source = &self->difference->source;
    self->sampler = sampler_new (&source, node);
    return self;
}

void
probe_record_destroy (probe_record_t **self_p)
{
    probe_record_t *self = *self_p;
    if (!self)
        return;
    sampler_destroy (&self->sampler);
    frame_file_close (&self->file);
    free (self);
    *self_p = NULL;
}

void
probe_record_begin (probe_record_t *self, int64_t now_wall_ns)
{
    uint16_t random = 0;
    ssize_t size = getrandom (&random, sizeof random, 0);
    assert (size == sizeof random); //  Cannot fail for so few bytes
    self->difference->now = NULL;
    int rc = sampler_begin (self->sampler,
                            epoch_make (now_wall_ns, sampler_epoch (self->sampler), random));
    assert (rc == 0); //  Our source never fails
}

int
probe_record_append (probe_record_t *self, const tick_t *covered, const sched_reading_t *before,
                     const sched_reading_t *now, source_error_t *error)
{
    char reason[FRAME_FILE_ERROR_MAX + 1];
    self->difference->before = before;
    self->difference->now = now;
    int rc = sampler_read (self->sampler, covered, &self->frame);
    assert (rc == 0); //  Our source never fails
    if (frame_file_append (self->file, &self->frame, reason) == 0)
        return 0;
    source_fail (error, EXIT_FAILED, "%s", reason);
    return -1;
}
