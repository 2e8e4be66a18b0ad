//  SPDX-License-Identifier: GPL-2.0-or-later
//  series - see series.h.
#include "tests/bench/series.h"
#include <assert.h>
#include <snappy-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/bench/remote_write.pb-c.h"

#define NS_PER_S      1e9
#define SCHEMA        3
#define LABELS        2
#define POINTS        64  //  Histograms a series in one request, at most
#define BUCKETS_SHOWN 320 //  Buckets of one histogram with events; spans, too

//  A histogram and what it points to.
typedef struct {
    Remote__Histogram histogram;
    Remote__BucketSpan spans[BUCKETS_SHOWN];
    Remote__BucketSpan *span_pointers[BUCKETS_SHOWN];
    int64_t deltas[BUCKETS_SHOWN];
} point_t;

typedef struct {
    Remote__TimeSeries wire;
    Remote__Label labels[LABELS];
    Remote__Label *label_pointers[LABELS];
    Remote__Histogram *point_pointers[POINTS];
    point_t *points;
    histogram_t total; //  Since the first frame
    char name[64], node[NODE_NAME_MAX + 1];
} one_series_t;

struct series_t {
    one_series_t *series; //  Of node n and metric m at n * METRIC_COUNT_ + m
    size_t series_count;
    size_t added;
    uint8_t *packed, *compressed;
    size_t packed_capacity, compressed_capacity;
};

series_t *
series_new (size_t node_count)
{
    series_t *self = calloc (1, sizeof *self);
    assert (self);
    self->series_count = node_count * METRIC_COUNT_;
    self->series = calloc (self->series_count, sizeof *self->series);
    assert (self->series);
    return self;
}

void
series_destroy (series_t **self_p)
{
    series_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->series_count; i++)
        free (self->series[i].points);
    free (self->series);
    free (self->packed);
    free (self->compressed);
    free (self);
    *self_p = NULL;
}

//  --- One series ------------------------------------------------------------------------------

static void
s_begin (one_series_t *self, metric_id_t id, const char *node)
{
    self->points = calloc (POINTS, sizeof *self->points);
    assert (self->points);
    snprintf (self->name, sizeof self->name, "kpulse_%s_seconds", metric_get (id)->name);
    snprintf (self->node, sizeof self->node, "%s", node);
    self->labels[0] = self->labels[1] = (Remote__Label) REMOTE__LABEL__INIT;
    self->labels[0].name = "__name__";
    self->labels[0].value = self->name;
    self->labels[1].name = "node";
    self->labels[1].value = self->node;
    self->label_pointers[0] = &self->labels[0];
    self->label_pointers[1] = &self->labels[1];
    self->wire = (Remote__TimeSeries) REMOTE__TIME_SERIES__INIT;
    self->wire.n_labels = LABELS;
    self->wire.labels = self->label_pointers;
    self->wire.histograms = self->point_pointers;
}

static void
s_add_bucket (point_t *self, int index, int64_t delta, int gap)
{
    Remote__Histogram *wire = &self->histogram;
    assert (wire->n_positive_deltas < BUCKETS_SHOWN);
    if (gap != 0 || wire->n_positive_spans == 0) {
        Remote__BucketSpan *span = &self->spans[wire->n_positive_spans];
        *span = (Remote__BucketSpan) REMOTE__BUCKET_SPAN__INIT;
        span->offset = wire->n_positive_spans == 0 ? index : gap;
        self->span_pointers[wire->n_positive_spans++] = span;
    }
    self->spans[wire->n_positive_spans - 1].length++;
    self->deltas[wire->n_positive_deltas++] = delta;
}

static void
s_fill_point (point_t *self, const histogram_t *total, int64_t end_wall_s)
{
    Remote__Histogram *wire = &self->histogram;
    *wire = (Remote__Histogram) REMOTE__HISTOGRAM__INIT;
    wire->count_int = total->count;
    wire->sum = (double) total->sum / NS_PER_S;
    wire->schema = SCHEMA;
    wire->zero_count_int = total->buckets[0];
    wire->timestamp = end_wall_s * 1000;
    wire->positive_spans = self->span_pointers;
    wire->positive_deltas = self->deltas;
    int64_t last = 0;
    unsigned last_slot = 0;
    for (unsigned slot = 1; slot < BUCKET_SLOTS; slot++) {
        int64_t events = (int64_t) total->buckets[slot];
        if (events == 0)
            continue;
        s_add_bucket (self, bucket_index (slot), events - last, (int) (slot - last_slot) - 1);
        last = events;
        last_slot = slot;
    }
}

static void
s_add_point (one_series_t *self, const histogram_t *histogram, int64_t end_wall_s)
{
    assert (self->wire.n_histograms < POINTS);
    point_t *point = &self->points[self->wire.n_histograms];
    histogram_merge (&self->total, histogram);
    s_fill_point (point, &self->total, end_wall_s);
    self->point_pointers[self->wire.n_histograms++] = &point->histogram;
}

//  --- All of them -----------------------------------------------------------------------------

void
series_add (series_t *self, size_t number, const frame_t *frame)
{
    for (metric_id_t id = 0; id < METRIC_COUNT_; id++) {
        const frame_metric_t *metric = &frame->metrics[id];
        one_series_t *series = &self->series[number * METRIC_COUNT_ + id];
        if (!metric->measured || metric_get (id)->kind != METRIC_HISTOGRAM)
            continue;
        if (!series->points)
            s_begin (series, id, frame->node);
        s_add_point (series, &metric->histogram, frame->start_wall_s + frame->span_s);
        self->added++;
    }
}

size_t
series_count (const series_t *self)
{
    return self->added;
}

static uint8_t *
s_fit (uint8_t **buffer, size_t *capacity, size_t size)
{
    if (*capacity < size) {
        *capacity = size;
        *buffer = realloc (*buffer, size);
        assert (*buffer);
    }
    return *buffer;
}

static const void *
s_compress (series_t *self, const Remote__WriteRequest *request, size_t *size)
{
    size_t packed_size = remote__write_request__get_packed_size (request);
    remote__write_request__pack (request,
                                 s_fit (&self->packed, &self->packed_capacity, packed_size));
    size_t most = snappy_max_compressed_length (packed_size);
    char *compressed = (char *) s_fit (&self->compressed, &self->compressed_capacity, most);
    *size = self->compressed_capacity;
    snappy_status status =
        snappy_compress ((const char *) self->packed, packed_size, compressed, size);
    assert (status == SNAPPY_OK);
    return compressed;
}

const void *
series_request (series_t *self, size_t *size)
{
    Remote__WriteRequest request = REMOTE__WRITE_REQUEST__INIT;
    request.timeseries = calloc (self->series_count, sizeof (Remote__TimeSeries *));
    assert (request.timeseries);
    for (size_t i = 0; i < self->series_count; i++)
        if (self->series[i].wire.n_histograms > 0)
            request.timeseries[request.n_timeseries++] = &self->series[i].wire;
    const void *data = s_compress (self, &request, size);
    for (size_t i = 0; i < self->series_count; i++)
        self->series[i].wire.n_histograms = 0;
    free (request.timeseries);
    self->added = 0;
    return data;
}
