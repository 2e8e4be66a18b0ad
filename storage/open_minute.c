//  SPDX-License-Identifier: GPL-2.0-or-later
//  open_minute - see open_minute.h. The sums lie in a table of fixed size: a node's has one of a
//  few places, given by its name's hash, and the newest comes into the first place of all that are
//  not its own.
#include "storage/open_minute.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define PLACES 512 //  Of 19 KB, allocated when they are used
#define TRIES  8

struct open_minutes_t {
    pthread_mutex_t mutex;
    open_minute_t *places[PLACES]; //  Owned; NULL: free
    unsigned next;                 //  Which try is replaced next
};

//  Count the seconds up to an end that were not counted before.
static void
s_cover (open_minute_t *self, unsigned id, int64_t start_wall_s, int64_t end_wall_s)
{
    int64_t *reach_wall_s = &self->reach_wall_s[id];
    int64_t from_wall_s = start_wall_s > *reach_wall_s ? start_wall_s : *reach_wall_s;
    if (end_wall_s <= from_wall_s)
        return;
    *(id == ROW_ANY ? &self->row.present_s : &self->row.metrics[id].present_s) +=
        (uint64_t) (end_wall_s - from_wall_s);
    *reach_wall_s = end_wall_s;
}

void
open_minute_init (open_minute_t *self, const char *node, const rolled_t *rolled)
{
    memset (self, 0, sizeof *self);
    memcpy (self->node, node, strlen (node) + 1);
    self->closed_wall_s = self->until_wall_s = rolled->closed_wall_s;
    self->disorder = rolled->disorder;
    for (unsigned id = 0; id <= ROW_ANY; id++) {
        self->reach_wall_s[id] = rolled->closed_wall_s;
        s_cover (self, id, rolled->closed_wall_s, rolled->reach_wall_s[id]);
    }
}

void
open_minute_add (open_minute_t *self, const frame_t *frame)
{
    metric_set_t measured = row_measured (frame);
    row_add_frame (&self->row, frame, METRIC_ALL);
    self->until_wall_s = frame->start_wall_s + 1;
    for (unsigned id = 0; id <= ROW_ANY; id++)
        if (measured & METRIC_BIT (id))
            s_cover (self, id, frame->start_wall_s, frame->start_wall_s + frame->span_s);
}

int64_t
open_minute_end_wall_s (const open_minute_t *self)
{
    return self->reach_wall_s[ROW_ANY];
}

open_minutes_t *
open_minutes_new (void)
{
    open_minutes_t *self = calloc (1, sizeof *self);
    assert (self);
    pthread_mutex_init (&self->mutex, NULL);
    return self;
}

void
open_minutes_destroy (open_minutes_t **self_p)
{
    open_minutes_t *self = *self_p;
    if (!self)
        return;
    for (unsigned i = 0; i < PLACES; i++)
        free (self->places[i]);
    pthread_mutex_destroy (&self->mutex);
    free (self);
    *self_p = NULL;
}

//  The node's place: where its sum lies, else a free one, else another's.
static open_minute_t **
s_place (open_minutes_t *self, const char *node)
{
    uint64_t hash = XXH64 (node, strlen (node), 0);
    open_minute_t **free_place = NULL;
    for (unsigned i = 0; i < TRIES; i++) {
        open_minute_t **place = &self->places[(hash + i) % PLACES];
        if (*place && strcmp ((*place)->node, node) == 0)
            return place;
        if (!*place && !free_place)
            free_place = place;
    }
    return free_place ? free_place : &self->places[(hash + self->next++ % TRIES) % PLACES];
}

bool
open_minutes_find (open_minutes_t *self, const char *node, const rolled_t *rolled,
                   int64_t until_wall_s, open_minute_t *found)
{
    pthread_mutex_lock (&self->mutex);
    const open_minute_t *kept = *s_place (self, node);
    bool holds = kept && strcmp (kept->node, node) == 0 &&
                 kept->closed_wall_s == rolled->closed_wall_s &&
                 kept->disorder == rolled->disorder && kept->until_wall_s <= until_wall_s;
    if (holds)
        *found = *kept;
    pthread_mutex_unlock (&self->mutex);
    return holds;
}

void
open_minutes_keep (open_minutes_t *self, const open_minute_t *minute)
{
    pthread_mutex_lock (&self->mutex);
    open_minute_t **place = s_place (self, minute->node);
    if (!*place)
        *place = malloc (sizeof **place);
    assert (*place);
    **place = *minute;
    pthread_mutex_unlock (&self->mutex);
}
