//  SPDX-License-Identifier: GPL-2.0-or-later
//  open_minute - see open_minute.h. The sums lie in a table of fixed size: a node's have one of a
//  few places, given by its name's hash, and the newest comes into the first place of all that are
//  not its own. They are kept as rollups are, which takes a twentieth of the bytes.
#include "storage/open_minute.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "storage/level.h"

#define PLACES        512
#define TRIES         8
#define STEPS         (MINUTE_S / OPEN_MINUTE_STEP_S)
#define SUM_BYTES_MAX 4096 //  Encoded; 60 frames of three full histograms take 3 KB

//  A sum of open_minute_t, as far as it differs from the node's others.
typedef struct {
    int64_t until_wall_s;
    uint64_t inbox_number;
    int64_t reach_wall_s[METRIC_COUNT_ + 1];
    void *row; //  Owned, encoded; NULL: there is no sum
    size_t row_size;
} sum_t;

typedef struct {
    char node[NODE_NAME_MAX + 1];
    int64_t closed_wall_s;
    uint64_t disorder;
    sum_t sums[STEPS]; //  Of each step the latest
} place_t;

struct open_minutes_t {
    pthread_mutex_t mutex;
    place_t *places[PLACES]; //  Owned; NULL: free
    unsigned next;           //  Which try is replaced next
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

//  The step that a sum of all frames before a second is the last one of. A frame may start behind
//  the minute as long as that is not closed.
static size_t
s_step (int64_t closed_wall_s, int64_t until_wall_s)
{
    uint64_t step = ((uint64_t) until_wall_s - (uint64_t) closed_wall_s - 1) / OPEN_MINUTE_STEP_S;
    return step < STEPS ? (size_t) step : STEPS - 1;
}

bool
open_minute_is_step (const open_minute_t *self, int64_t start_wall_s)
{
    return self->until_wall_s > self->closed_wall_s &&
           s_step (self->closed_wall_s, start_wall_s + 1) !=
               s_step (self->closed_wall_s, self->until_wall_s);
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

static void
s_forget (place_t *self)
{
    for (unsigned i = 0; i < STEPS; i++)
        free (self->sums[i].row);
    memset (self->sums, 0, sizeof self->sums);
}

void
open_minutes_destroy (open_minutes_t **self_p)
{
    open_minutes_t *self = *self_p;
    if (!self)
        return;
    for (unsigned i = 0; i < PLACES; i++)
        if (self->places[i]) {
            s_forget (self->places[i]);
            free (self->places[i]);
        }
    pthread_mutex_destroy (&self->mutex);
    free (self);
    *self_p = NULL;
}

//  The node's place: where its sum lies, else a free one, else another's.
static place_t **
s_place (open_minutes_t *self, const char *node)
{
    uint64_t hash = XXH64 (node, strlen (node), 0);
    place_t **free_place = NULL;
    for (unsigned i = 0; i < TRIES; i++) {
        place_t **place = &self->places[(hash + i) % PLACES];
        if (*place && strcmp ((*place)->node, node) == 0)
            return place;
        if (!*place && !free_place)
            free_place = place;
    }
    return free_place ? free_place : &self->places[(hash + self->next++ % TRIES) % PLACES];
}

//  Whether a place's sums are of these frames.
static bool
s_holds (const place_t *self, const char *node, int64_t closed_wall_s, uint64_t disorder)
{
    return strcmp (self->node, node) == 0 && self->closed_wall_s == closed_wall_s &&
           self->disorder == disorder;
}

static const sum_t *
s_latest (const place_t *self, int64_t until_wall_s)
{
    for (unsigned i = STEPS; i-- > 0;)
        if (self->sums[i].row && self->sums[i].until_wall_s <= until_wall_s)
            return &self->sums[i];
    return NULL;
}

static void
s_copy (const place_t *self, const sum_t *sum, open_minute_t *found)
{
    memcpy (found->node, self->node, sizeof found->node);
    found->closed_wall_s = self->closed_wall_s;
    found->disorder = self->disorder;
    found->until_wall_s = sum->until_wall_s;
    found->inbox_number = sum->inbox_number;
    memcpy (found->reach_wall_s, sum->reach_wall_s, sizeof found->reach_wall_s);
    int rc = row_decode (&found->row, sum->row, sum->row_size);
    assert (rc == 0);
}

bool
open_minutes_find (open_minutes_t *self, const char *node, const rolled_t *rolled,
                   int64_t until_wall_s, open_minute_t *found)
{
    pthread_mutex_lock (&self->mutex);
    const place_t *place = *s_place (self, node);
    const sum_t *sum = place && s_holds (place, node, rolled->closed_wall_s, rolled->disorder)
                           ? s_latest (place, until_wall_s)
                           : NULL;
    if (sum)
        s_copy (place, sum, found);
    pthread_mutex_unlock (&self->mutex);
    return sum != NULL;
}

//  The node's place, with sums of the same frames only.
static place_t *
s_open_place (open_minutes_t *self, const open_minute_t *minute)
{
    place_t **place = s_place (self, minute->node);
    if (!*place)
        *place = calloc (1, sizeof **place);
    assert (*place);
    if (s_holds (*place, minute->node, minute->closed_wall_s, minute->disorder))
        return *place;
    s_forget (*place);
    memcpy ((*place)->node, minute->node, sizeof minute->node);
    (*place)->closed_wall_s = minute->closed_wall_s;
    (*place)->disorder = minute->disorder;
    return *place;
}

static sum_t *
s_sum (place_t *self, const open_minute_t *minute)
{
    return &self->sums[s_step (minute->closed_wall_s, minute->until_wall_s)];
}

//  Whether there is none as late in its place, as there mostly is where windows end anywhere.
static bool
s_is_wanted (open_minutes_t *self, const open_minute_t *minute)
{
    pthread_mutex_lock (&self->mutex);
    const sum_t *sum = s_sum (s_open_place (self, minute), minute);
    bool is_wanted = !sum->row || sum->until_wall_s < minute->until_wall_s;
    pthread_mutex_unlock (&self->mutex);
    return is_wanted;
}

static void
s_keep (sum_t *self, const open_minute_t *minute, const bytes_t *row)
{
    free (self->row);
    self->until_wall_s = minute->until_wall_s;
    self->inbox_number = minute->inbox_number;
    memcpy (self->reach_wall_s, minute->reach_wall_s, sizeof self->reach_wall_s);
    self->row = malloc (row->size);
    assert (self->row);
    memcpy (self->row, row->data, row->size);
    self->row_size = row->size;
}

void
open_minutes_keep (open_minutes_t *self, const open_minute_t *minute)
{
    assert (minute->until_wall_s > minute->closed_wall_s);
    if (!s_is_wanted (self, minute))
        return;
    bytes_t row = {0};
    row_encode (&minute->row, &row);
    if (row.size <= SUM_BYTES_MAX) {
        pthread_mutex_lock (&self->mutex);
        s_keep (s_sum (s_open_place (self, minute), minute), minute, &row);
        pthread_mutex_unlock (&self->mutex);
    }
    bytes_clear (&row);
}
