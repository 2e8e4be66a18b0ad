//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_window - see live_window.h.
#include "subscriber/live_window.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint64_t count;
    unsigned slot;
} packed_bucket_t;

//  A metric of one frame, without its empty buckets, which are behind those of the metric before.
typedef struct {
    bool measured;
    uint64_t count, sum, accrued_ns;
    size_t bucket_count;
} packed_metric_t;

typedef struct second_t {
    struct second_t *next;
    int64_t start_wall_s; //  The window its events belong to is the one that holds this
    int64_t until_wall_s;
    int64_t covers_from_wall_s; //  First second that counts as present by this frame
    bool has_left;              //  Its events are taken away; seconds that it covers remain
    size_t bytes;
    packed_metric_t metrics[METRIC_COUNT_];
    packed_bucket_t buckets[];
} second_t;

struct live_window_t {
    partial_t held;
    int64_t over_s;
    metric_set_t metrics;
    second_t *oldest, *newest;
    size_t bytes;
};

live_window_t *
live_window_new (const char *node, int64_t over_s, metric_set_t metrics)
{
    live_window_t *self = calloc (1, sizeof *self);
    assert (self && over_s > 0);
    partial_init (&self->held, node, 0, over_s);
    self->over_s = over_s;
    self->metrics = metrics;
    return self;
}

//  --- packing ---------------------------------------------------------------------------------

static size_t
s_count_buckets (const histogram_t *histogram)
{
    size_t count = 0;
    for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++)
        count += histogram->buckets[slot] > 0;
    return count;
}

static packed_bucket_t *
s_pack_buckets (const histogram_t *histogram, packed_bucket_t *to)
{
    for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++)
        if (histogram->buckets[slot] > 0)
            *to++ = (packed_bucket_t){.count = histogram->buckets[slot], .slot = slot};
    return to;
}

static second_t *
s_pack (const frame_t *frame)
{
    size_t buckets = 0;
    for (int id = 0; id < METRIC_COUNT_; id++)
        buckets += s_count_buckets (&frame->metrics[id].histogram);
    size_t bytes = sizeof (second_t) + buckets * sizeof (packed_bucket_t);
    second_t *self = calloc (1, bytes);
    assert (self);
    self->bytes = bytes;
    self->start_wall_s = self->covers_from_wall_s = frame->start_wall_s;
    self->until_wall_s = frame->start_wall_s + frame->span_s;
    packed_bucket_t *to = self->buckets;
    for (int id = 0; id < METRIC_COUNT_; id++) {
        const frame_metric_t *from = &frame->metrics[id];
        packed_bucket_t *end = s_pack_buckets (&from->histogram, to);
        self->metrics[id] =
            (packed_metric_t){from->measured, from->histogram.count, (uint64_t) from->histogram.sum,
                              from->accrued_ns, (size_t) (end - to)};
        to = end;
    }
    return self;
}

static const packed_bucket_t *
s_unpack (const packed_metric_t *metric, const packed_bucket_t *from, histogram_t *histogram)
{
    memset (histogram, 0, sizeof *histogram);
    histogram->count = metric->count;
    histogram->sum = metric->sum;
    for (size_t i = 0; i < metric->bucket_count; i++)
        histogram->buckets[from[i].slot] = from[i].count;
    return from + metric->bucket_count;
}

//  --- taking away -----------------------------------------------------------------------------

static bool
s_counts (const live_window_t *self, const second_t *second, int id)
{
    return second->metrics[id].measured && (self->metrics & METRIC_BIT (id));
}

static void
s_take_events (live_window_t *self, second_t *second)
{
    const packed_bucket_t *buckets = second->buckets;
    histogram_t histogram;
    for (int id = 0; id < METRIC_COUNT_; id++) {
        buckets = s_unpack (&second->metrics[id], buckets, &histogram);
        if (!s_counts (self, second, id))
            continue;
        histogram_subtract (&self->held.metrics[id].histogram, &histogram);
        self->held.metrics[id].accrued_ns -= second->metrics[id].accrued_ns;
    }
    self->held.frames--;
    second->has_left = true;
}

//  Seconds that the frame covers before since count no longer.
static void
s_take_seconds (live_window_t *self, second_t *second, int64_t since_wall_s)
{
    int64_t until = since_wall_s < second->until_wall_s ? since_wall_s : second->until_wall_s;
    if (until <= second->covers_from_wall_s)
        return;
    uint64_t left_s = (uint64_t) (until - second->covers_from_wall_s);
    self->held.present_s -= left_s;
    for (int id = 0; id < METRIC_COUNT_; id++)
        if (s_counts (self, second, id))
            self->held.metrics[id].present_s -= left_s;
    second->covers_from_wall_s = until;
}

static void
s_drop_oldest (live_window_t *self)
{
    second_t *second = self->oldest;
    if (!second->has_left)
        s_take_events (self, second);
    s_take_seconds (self, second, second->until_wall_s);
    self->oldest = second->next;
    self->newest = self->oldest ? self->newest : NULL;
    self->bytes -= second->bytes;
    free (second);
}

static void
s_end_at (live_window_t *self, int64_t until_wall_s)
{
    int64_t since_wall_s = until_wall_s - self->over_s;
    self->held.since_wall_s = since_wall_s;
    self->held.until_wall_s = until_wall_s;
    while (self->oldest && self->oldest->until_wall_s <= since_wall_s)
        s_drop_oldest (self);
    if (!self->oldest || self->oldest->start_wall_s >= since_wall_s)
        return;
    if (!self->oldest->has_left)
        s_take_events (self, self->oldest);
    s_take_seconds (self, self->oldest, since_wall_s);
}

//  --- the window ------------------------------------------------------------------------------

void
live_window_destroy (live_window_t **self_p)
{
    live_window_t *self = *self_p;
    if (!self)
        return;
    while (self->oldest)
        s_drop_oldest (self);
    free (self);
    *self_p = NULL;
}

static void
s_append (live_window_t *self, const frame_t *frame)
{
    second_t *second = s_pack (frame);
    if (self->newest)
        self->newest->next = second;
    else
        self->oldest = second;
    self->newest = second;
    self->bytes += second->bytes;
}

void
live_window_add (live_window_t *self, const frame_t *frame)
{
    while (self->newest && self->newest->until_wall_s > frame->start_wall_s)
        s_drop_oldest (self);
    self->held.synthetic = false; //  Of the newest frame: what is shown now
    if (self->held.frames == 0)
        self->held.mixed_scopes = false;
    s_append (self, frame);
    partial_add_frame (&self->held, frame, self->metrics, frame->span_s);
    s_end_at (self, frame->start_wall_s + frame->span_s);
}

void
live_window_advance (live_window_t *self, int64_t until_wall_s)
{
    if (until_wall_s > self->held.until_wall_s)
        s_end_at (self, until_wall_s);
}

bool
live_window_shrink (live_window_t *self)
{
    if (!self->oldest)
        return false;
    s_drop_oldest (self);
    return true;
}

const partial_t *
live_window_held (const live_window_t *self)
{
    return &self->held;
}

size_t
live_window_bytes (const live_window_t *self)
{
    return self->bytes;
}
