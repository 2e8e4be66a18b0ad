//  SPDX-License-Identifier: GPL-2.0-or-later
//  row - adding up, and the codec of rollups. All numbers are varints (storage/varint.h):
//
//      frames, covered by any
//      synthetic, present_s, number of scopes + 1 (0: many), then each: kind, pid, path's length,
//      path, frames
//      number of metrics, then for each the length of what follows:
//          covered ^ covered by any, present_s, accrued (2), count, sum (2),
//          runs of buckets: empty ones before it, its length, its counts; the last has length 0
#include "storage/row.h"

#include <string.h>

#define MINUTE_BITS 60

//  --- adding up -------------------------------------------------------------------------------

//  Forget scopes that no frame is left of.
static void
s_tidy_scopes (row_t *self)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < self->scope_count; i++)
        if (self->scopes[i].frames != 0)
            self->scopes[kept++] = self->scopes[i];
    self->scope_count = kept;
}

static void
s_add_scope (row_t *self, const scope_t *scope, uint64_t frames)
{
    if (self->many_scopes)
        return;
    for (unsigned i = 0; i < self->scope_count; i++)
        if (scope_equal (&self->scopes[i].scope, scope)) {
            self->scopes[i].frames += frames;
            if (self->scopes[i].frames == 0)
                s_tidy_scopes (self);
            return;
        }
    if (self->scope_count < ROW_SCOPES_MAX)
        self->scopes[self->scope_count++] = (row_scope_t){*scope, frames};
    else {
        self->many_scopes = true;
        self->scope_count = 0;
    }
}

void
row_add_frame (row_t *self, const frame_t *frame, metric_set_t metrics)
{
    s_add_scope (self, &frame->scope, 1);
    self->frames++;
    self->synthetic += frame->source == FRAME_FROM_SYNTHETIC;
    for (unsigned id = 0; id < METRIC_COUNT_; id++) {
        const frame_metric_t *from = &frame->metrics[id];
        if (!from->measured || !(metrics & METRIC_BIT (id)))
            continue;
        histogram_merge (&self->metrics[id].histogram, &from->histogram);
        self->metrics[id].accrued_ns += from->accrued_ns;
    }
}

void
row_subtract_template (row_t *self, const frame_t *frame)
{
    s_add_scope (self, &frame->scope, UINT64_MAX);
    self->frames--;
    self->synthetic -= frame->source == FRAME_FROM_SYNTHETIC;
}

metric_set_t
row_measured (const frame_t *frame)
{
    metric_set_t set = METRIC_BIT (ROW_ANY);
    for (unsigned id = 0; id < METRIC_COUNT_; id++)
        if (frame->metrics[id].measured)
            set |= METRIC_BIT (id);
    return set;
}

void
row_cover (row_t *self, metric_set_t set, uint64_t seconds)
{
    for (unsigned id = 0; id <= ROW_ANY; id++) {
        if (!(set & METRIC_BIT (id)))
            continue;
        uint64_t fresh = seconds & ~self->covered[id];
        uint64_t fresh_s = (uint64_t) __builtin_popcountll (fresh);
        self->covered[id] |= fresh;
        *(id == ROW_ANY ? &self->present_s : &self->metrics[id].present_s) += fresh_s;
    }
}

void
row_add (row_t *self, const row_t *other)
{
    row_add_metrics (self, other, METRIC_ALL);
}

void
row_add_metrics (row_t *self, const row_t *other, metric_set_t metrics)
{
    self->frames += other->frames;
    self->synthetic += other->synthetic;
    self->present_s += other->present_s;
    self->many_scopes |= other->many_scopes;
    for (unsigned i = 0; i < other->scope_count; i++)
        s_add_scope (self, &other->scopes[i].scope, other->scopes[i].frames);
    if (self->many_scopes)
        self->scope_count = 0;
    for (unsigned id = 0; id < METRIC_COUNT_; id++) {
        if (!(metrics & METRIC_BIT (id)))
            continue;
        histogram_merge (&self->metrics[id].histogram, &other->metrics[id].histogram);
        self->metrics[id].accrued_ns += other->metrics[id].accrued_ns;
        self->metrics[id].present_s += other->metrics[id].present_s;
    }
}

bool
row_is_empty (const row_t *self)
{
    return self->frames == 0 && self->present_s == 0;
}

uint64_t
row_seconds (int64_t minute_wall_s, int64_t from_wall_s, int64_t until_wall_s)
{
    if (from_wall_s < minute_wall_s)
        from_wall_s = minute_wall_s;
    if (until_wall_s > minute_wall_s + MINUTE_BITS)
        until_wall_s = minute_wall_s + MINUTE_BITS;
    if (from_wall_s >= until_wall_s)
        return 0;
    uint64_t below = (1ULL << (until_wall_s - from_wall_s)) - 1;
    return below << (from_wall_s - minute_wall_s);
}

void
row_fill_partial (const row_t *self, partial_t *partial)
{
    partial->frames = self->frames;
    partial->present_s = self->present_s;
    partial->synthetic = self->synthetic != 0;
    partial->mixed_scopes = self->frames > 0 && (self->many_scopes || self->scope_count > 1);
    if (self->scope_count > 0)
        partial->scope = self->scopes[0].scope;
    memcpy (partial->metrics, self->metrics, sizeof partial->metrics);
}

//  --- encoding --------------------------------------------------------------------------------

static void
s_put_scopes (const row_t *self, bytes_t *bytes)
{
    bytes_put_varint (bytes, self->many_scopes ? 0 : self->scope_count + 1);
    for (unsigned i = 0; i < self->scope_count; i++) {
        const row_scope_t *item = &self->scopes[i];
        size_t length = strlen (item->scope.cgroup);
        bytes_put_varint (bytes, item->scope.kind);
        bytes_put_varint (bytes, item->scope.pid);
        bytes_put_varint (bytes, length);
        bytes_put (bytes, item->scope.cgroup, length);
        bytes_put_varint (bytes, item->frames);
    }
}

static void
s_put_buckets (const uint64_t *buckets, bytes_t *bytes)
{
    unsigned slot = 0, done = 0;
    for (;;) {
        while (slot < BUCKET_SLOTS && buckets[slot] == 0)
            slot++;
        unsigned first = slot;
        while (slot < BUCKET_SLOTS && buckets[slot] != 0)
            slot++;
        bytes_put_varint (bytes, slot > first ? first - done : 0);
        bytes_put_varint (bytes, slot - first);
        if (slot == first)
            return;
        for (unsigned i = first; i < slot; i++)
            bytes_put_varint (bytes, buckets[i]);
        done = slot;
    }
}

static void
s_put_metric (const row_t *self, unsigned id, bytes_t *bytes)
{
    const partial_metric_t *metric = &self->metrics[id];
    bytes_put_varint (bytes, self->covered[id] ^ self->covered[ROW_ANY]);
    bytes_put_varint (bytes, metric->present_s);
    bytes_put_sum (bytes, metric->accrued_ns);
    bytes_put_varint (bytes, metric->histogram.count);
    bytes_put_sum (bytes, metric->histogram.sum);
    s_put_buckets (metric->histogram.buckets, bytes);
}

void
row_encode (const row_t *self, bytes_t *bytes)
{
    bytes_put_varint (bytes, self->frames);
    bytes_put_varint (bytes, self->covered[ROW_ANY]);
    bytes_put_varint (bytes, self->synthetic);
    bytes_put_varint (bytes, self->present_s);
    s_put_scopes (self, bytes);
    bytes_put_varint (bytes, METRIC_COUNT_);
    bytes_t part = {0};
    for (unsigned id = 0; id < METRIC_COUNT_; id++) {
        part.size = 0;
        s_put_metric (self, id, &part);
        bytes_put_varint (bytes, part.size);
        bytes_put (bytes, part.data, part.size);
    }
    bytes_clear (&part);
}

//  --- decoding --------------------------------------------------------------------------------

//  Sums are added, or taken off by adding their complement: sign is 1 or -1.
typedef struct {
    row_t *row;
    taker_t taker;
    uint64_t sign;
    metric_set_t metrics;
    bool covers;        //  Take covered, too
    bool keeps_seconds; //  Take none that are present
} reading_t;

static void
s_take_scope (reading_t *self)
{
    taker_t *taker = &self->taker;
    scope_t scope = {.kind = (scope_kind_t) taker_varint (taker)};
    scope.pid = (uint32_t) taker_varint (taker);
    uint64_t length = taker_varint (taker);
    const uint8_t *path = length <= CGROUP_PATH_MAX ? taker_bytes (taker, length) : NULL;
    if (!path) {
        taker->fault = true;
        return;
    }
    memcpy (scope.cgroup, path, length);
    taker->fault |= !scope_is_valid (&scope) || strlen (scope.cgroup) != length;
    s_add_scope (self->row, &scope, self->sign * taker_varint (taker));
}

static void
s_take_scopes (reading_t *self)
{
    uint64_t count = taker_varint (&self->taker);
    if (count == 0) {
        self->row->many_scopes = true;
        self->row->scope_count = 0;
    }
    for (uint64_t i = 1; i < count && !self->taker.fault; i++)
        s_take_scope (self);
}

//  The taker is a copy while it is read, so that it is kept in registers.
static void
s_take_run (taker_t *taker, uint64_t sign, uint64_t *buckets, uint64_t length)
{
    taker_t run = *taker;
    for (; length > 0; length--)
        *buckets++ += sign * taker_varint_of_many (&run);
    *taker = run;
}

static void
s_take_buckets (taker_t *taker, uint64_t sign, uint64_t *buckets)
{
    uint64_t slot = 0;
    while (!taker->fault) {
        slot += taker_varint (taker);
        uint64_t length = taker_varint (taker);
        if (length == 0)
            return;
        if (slot > BUCKET_SLOTS || length > BUCKET_SLOTS - slot) {
            taker->fault = true;
            return;
        }
        s_take_run (taker, sign, buckets + slot, length);
        slot += length;
    }
}

static void
s_take_metric (reading_t *self, unsigned id)
{
    taker_t *taker = &self->taker;
    partial_metric_t *metric = &self->row->metrics[id];
    uint128_t sign = (uint128_t) (__int128) (int64_t) self->sign;
    uint64_t covered = taker_varint (taker);
    if (self->covers)
        self->row->covered[id] = covered ^ self->row->covered[ROW_ANY];
    uint64_t present_s = taker_varint (taker);
    metric->present_s += self->keeps_seconds ? 0 : self->sign * present_s;
    metric->accrued_ns += sign * taker_sum (taker);
    metric->histogram.count += self->sign * taker_varint (taker);
    metric->histogram.sum += sign * taker_sum (taker);
    s_take_buckets (taker, self->sign, metric->histogram.buckets);
}

//  Of a metric's bytes only which seconds are covered.
static void
s_take_covered (reading_t *self, unsigned id, uint64_t size)
{
    taker_t after = self->taker;
    if (!taker_bytes (&after, size))
        after.fault = true;
    self->row->covered[id] = taker_varint (&self->taker) ^ self->row->covered[ROW_ANY];
    after.fault |= self->taker.fault;
    self->taker = after;
}

//  Rows written when there were fewer metrics hold fewer.
static void
s_take_metrics (reading_t *self)
{
    uint64_t count = taker_varint (&self->taker);
    for (uint64_t id = 0; id < count && id < METRIC_COUNT_ && !self->taker.fault; id++) {
        uint64_t size = taker_varint (&self->taker);
        if (self->metrics & METRIC_BIT (id))
            s_take_metric (self, (unsigned) id);
        else if (self->covers)
            s_take_covered (self, (unsigned) id, size);
        else
            taker_bytes (&self->taker, size);
    }
}

static int
s_read (reading_t *self)
{
    row_t *row = self->row;
    row->frames += self->sign * taker_varint (&self->taker);
    uint64_t covered = taker_varint (&self->taker);
    if (self->covers)
        row->covered[ROW_ANY] = covered;
    row->synthetic += self->sign * taker_varint (&self->taker);
    uint64_t present_s = taker_varint (&self->taker);
    row->present_s += self->keeps_seconds ? 0 : self->sign * present_s;
    s_take_scopes (self);
    s_take_metrics (self);
    return self->taker.fault ? -1 : 0;
}

static reading_t
s_reading (row_t *row, const void *data, size_t size, metric_set_t metrics)
{
    return (reading_t){.row = row,
                       .taker = {data, (const uint8_t *) data + size, false},
                       .sign = 1,
                       .metrics = metrics};
}

int
row_decode (row_t *self, const void *data, size_t size)
{
    memset (self, 0, sizeof *self);
    reading_t reading = s_reading (self, data, size, METRIC_ALL);
    reading.covers = true;
    return s_read (&reading);
}

int
row_decode_seconds (row_t *self, const void *data, size_t size)
{
    memset (self, 0, offsetof (row_t, metrics));
    reading_t reading = s_reading (self, data, size, 0);
    reading.covers = true;
    return s_read (&reading);
}

int
row_add_encoded (row_t *self, const void *data, size_t size, metric_set_t metrics)
{
    reading_t reading = s_reading (self, data, size, metrics);
    return s_read (&reading);
}

int
row_subtract_encoded (row_t *self, const void *data, size_t size, metric_set_t metrics)
{
    reading_t reading = s_reading (self, data, size, metrics);
    reading.sign = UINT64_MAX;
    return s_read (&reading);
}

int
row_add_events (row_t *self, const void *data, size_t size, metric_set_t metrics)
{
    reading_t reading = s_reading (self, data, size, metrics);
    reading.keeps_seconds = true;
    return s_read (&reading);
}

int
row_subtract_events (row_t *self, const void *data, size_t size, metric_set_t metrics)
{
    reading_t reading = s_reading (self, data, size, metrics);
    reading.sign = UINT64_MAX;
    reading.keeps_seconds = true;
    return s_read (&reading);
}
