//  SPDX-License-Identifier: GPL-2.0-or-later
//  frame - the codec of frames. A payload is a row of sections; each section has a function that
//  puts it and one that takes it, and s_sections lists them in the order of the wire.

#include <string.h>
#include <xxhash.h>
#include "schema/frame.h"
#include "schema/histogram_wire.h"

#define FRAME_ITEMS  15
#define METRIC_ITEMS 6
#define LOSSES_ITEMS 5
#define COST_ITEMS   3

//  --- what a frame must be ----------------------------------------------------------------------

//  By character: which of them a name may have.
static const bool s_may_name_a_node[256] = {
    ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true,
    ['.'] = true,         ['_'] = true,         ['-'] = true,
};

bool
node_name_is_valid (const char *name)
{
    size_t length = 0;
    while (length <= NODE_NAME_MAX && s_may_name_a_node[(uint8_t) name[length]])
        length++;
    return length > 0 && length <= NODE_NAME_MAX && name[length] == 0;
}

static bool
s_version_is_valid (const char *version)
{
    size_t length = strnlen (version, VERSION_TEXT_MAX + 1);
    for (size_t i = 0; i < length; i++)
        if (version[i] < ' ' || version[i] > '~')
            return false;
    return length <= VERSION_TEXT_MAX;
}

static const char *
s_metric_fault (const frame_metric_t *self, metric_kind_t kind, uint128_t events)
{
    const histogram_t *histogram = &self->histogram;
    if (histogram->sum > UINT64_MAX)
        return "the sum of a metric exceeds 64 bits";
    if (self->total_count < histogram->count)
        return "a metric's total count is below the frame's own count";
    if (kind == METRIC_COUNT && self->accrued_ns != 0)
        return "a count metric has time";
    return histogram_agrees_with (histogram, kind, events)
               ? NULL
               : "the numbers of a metric do not add up";
}

//  What was taken of each metric's buckets, and whether nobody wants the buckets themselves.
typedef struct {
    bool drops_buckets;
    histogram_taken_t taken[METRIC_COUNT_];
} tally_t;

static const char *
s_fault (const frame_t *self, const tally_t *tally)
{
    if (!node_name_is_valid (self->node))
        return "the node's name is not 1 to 63 characters of A-Z a-z 0-9 . _ -";
    if (self->epoch == 0 || self->seq == 0)
        return "the epoch or the seq is 0";
    if (self->start_wall_s < 0 || self->start_wall_s > FRAME_MAX_WALL_S)
        return "the start is before 1970 or after 9999";
    if (self->span_s == 0 || self->span_s > FRAME_MAX_SPAN_S)
        return "the span is not 1 to 86400 seconds";
    if (!scope_is_valid (&self->scope))
        return "the scope is none";
    if (self->source > FRAME_FROM_SYNTHETIC)
        return "the source is unknown";
    if (!s_version_is_valid (self->version))
        return "the program version is not up to 31 printable ASCII characters";
    for (int id = 0; id < METRIC_COUNT_; id++) {
        const frame_metric_t *metric = &self->metrics[id];
        if (!metric->measured)
            continue;
        const char *fault = s_metric_fault (metric, metric_get (id)->kind, tally->taken[id].events);
        if (fault)
            return fault;
    }
    return NULL;
}

const char *
frame_fault (const frame_t *self)
{
    tally_t tally;
    for (int id = 0; id < METRIC_COUNT_; id++)
        tally.taken[id].events = histogram_events (&self->metrics[id].histogram);
    return s_fault (self, &tally);
}

//  --- sections -----------------------------------------------------------------------------------

static void
s_put_identity (const frame_t *self, wire_writer_t *writer)
{
    wire_put_string (writer, self->node, strlen (self->node));
    wire_put_uint (writer, self->epoch);
    wire_put_uint (writer, self->seq);
}

static int
s_take_identity (frame_t *self, wire_reader_t *reader)
{
    uint64_t numbers[2];
    if (wire_take_text (reader, self->node, sizeof self->node) ||
        wire_take_uints (reader, numbers, 2))
        return -1;
    self->epoch = numbers[0];
    self->seq = numbers[1];
    return 0;
}

static void
s_put_time (const frame_t *self, wire_writer_t *writer)
{
    wire_put_int (writer, self->start_wall_s);
    wire_put_uint (writer, self->span_s);
    wire_put_uint (writer, self->duration_mono_ns);
    wire_put_array (writer, 2);
    wire_put_uint (writer, self->clock_synchronised);
    wire_put_uint (writer, self->clock_error_ns);
}

static int
s_take_time (frame_t *self, wire_reader_t *reader)
{
    uint64_t span_s;
    if (wire_take_int (reader, &self->start_wall_s) ||
        wire_take_limited (reader, FRAME_MAX_SPAN_S, &span_s) ||
        wire_take_uint (reader, &self->duration_mono_ns) || wire_expect_array (reader, 2) ||
        wire_take_bool (reader, &self->clock_synchronised))
        return -1;
    self->span_s = (uint32_t) span_s;
    return wire_take_uint (reader, &self->clock_error_ns);
}

static void
s_put_scope (const frame_t *self, wire_writer_t *writer)
{
    scope_put (&self->scope, writer);
}

static int
s_take_scope (frame_t *self, wire_reader_t *reader)
{
    return scope_take (&self->scope, reader);
}

static void
s_put_origin (const frame_t *self, wire_writer_t *writer)
{
    wire_put_uint (writer, self->source);
    wire_put_string (writer, self->version, strlen (self->version));
}

static int
s_take_origin (frame_t *self, wire_reader_t *reader)
{
    uint64_t source;
    if (wire_take_limited (reader, FRAME_FROM_SYNTHETIC, &source))
        return -1;
    self->source = (frame_source_t) source;
    return wire_take_text (reader, self->version, sizeof self->version);
}

static void
s_put_metric (const frame_metric_t *self, wire_writer_t *writer)
{
    if (!self->measured) {
        wire_put_nil (writer);
        return;
    }
    wire_put_array (writer, METRIC_ITEMS);
    wire_put_uint (writer, self->histogram.count);
    wire_put_uint (writer, (uint64_t) self->histogram.sum);
    wire_put_uint (writer, self->accrued_ns);
    wire_put_uint (writer, self->total_count);
    wire_put_uint (writer, self->total_sum);
    histogram_wire_put_runs (writer, self->histogram.buckets);
}

static int
s_take_metric (frame_metric_t *self, wire_reader_t *reader, bool drops_buckets,
               histogram_taken_t *taken)
{
    uint64_t numbers[METRIC_ITEMS - 1];
    if (wire_is_nil (reader))
        return wire_take_nil (reader);
    if (wire_expect_array (reader, METRIC_ITEMS) ||
        wire_take_uints (reader, numbers, METRIC_ITEMS - 1))
        return -1;
    self->measured = true;
    self->histogram.count = numbers[0];
    self->histogram.sum = numbers[1];
    self->accrued_ns = numbers[2];
    self->total_count = numbers[3];
    self->total_sum = numbers[4];
    return histogram_wire_take_runs (reader, drops_buckets ? NULL : self->histogram.buckets, taken);
}

//  How many rows of metrics.def there are up to the last measured one.
static uint32_t
s_metric_rows (const frame_t *self)
{
    uint32_t rows = METRIC_COUNT_;
    while (rows > 0 && !self->metrics[rows - 1].measured)
        rows--;
    return rows;
}

static void
s_put_metrics (const frame_t *self, wire_writer_t *writer)
{
    uint32_t rows = s_metric_rows (self);
    wire_put_array (writer, rows);
    for (uint32_t id = 0; id < rows; id++)
        s_put_metric (&self->metrics[id], writer);
}

static int
s_take_metrics (frame_t *self, wire_reader_t *reader, tally_t *tally)
{
    uint32_t rows;
    if (wire_take_array (reader, &rows) || rows > METRIC_COUNT_)
        return -1;
    for (uint32_t id = 0; id < rows; id++)
        if (s_take_metric (&self->metrics[id], reader, tally->drops_buckets, &tally->taken[id]))
            return -1;
    return s_metric_rows (self) == rows ? 0 : -1;
}

static void
s_put_losses (const frame_t *self, wire_writer_t *writer)
{
    wire_put_array (writer, LOSSES_ITEMS);
    wire_put_uint (writer, self->losses.discards);
    wire_put_uint (writer, self->losses.late_ticks);
    wire_put_uint (writer, self->losses.unspooled);
    wire_put_uint (writer, self->losses.missing_storage);
    wire_put_uint (writer, self->losses.spool_resets);
}

static int
s_take_losses (frame_t *self, wire_reader_t *reader)
{
    uint64_t numbers[LOSSES_ITEMS];
    if (wire_expect_array (reader, LOSSES_ITEMS) || wire_take_uints (reader, numbers, LOSSES_ITEMS))
        return -1;
    self->losses = (frame_losses_t){.discards = numbers[0],
                                    .late_ticks = numbers[1],
                                    .unspooled = numbers[2],
                                    .missing_storage = numbers[3],
                                    .spool_resets = numbers[4]};
    return 0;
}

static void
s_put_cost (const frame_t *self, wire_writer_t *writer)
{
    wire_put_array (writer, COST_ITEMS);
    wire_put_uint (writer, self->cost.cpu_ns);
    wire_put_uint (writer, self->cost.rss_bytes);
    wire_put_uint (writer, self->cost.bpf_ns);
}

static int
s_take_cost (frame_t *self, wire_reader_t *reader)
{
    uint64_t numbers[COST_ITEMS];
    if (wire_expect_array (reader, COST_ITEMS) || wire_take_uints (reader, numbers, COST_ITEMS))
        return -1;
    self->cost =
        (frame_cost_t){.cpu_ns = numbers[0], .rss_bytes = numbers[1], .bpf_ns = numbers[2]};
    return 0;
}

typedef struct {
    void (*put) (const frame_t *self, wire_writer_t *writer);
    int (*take) (frame_t *self, wire_reader_t *reader); //  0, or -1 where malformed; NULL: metrics
    const char *fault;                                  //  What is wrong then
} section_t;

//  Between the version and the hash.
static const section_t s_sections[] = {
    {s_put_identity, s_take_identity, "node, epoch or seq is malformed"},
    {s_put_time, s_take_time, "start, span, duration or clock is malformed"},
    {s_put_scope, s_take_scope, "the scope is malformed"},
    {s_put_origin, s_take_origin, "source or program version is malformed"},
    {s_put_metrics, NULL, "the metrics are malformed, or more than this program knows"},
    {s_put_losses, s_take_losses, "the losses are malformed"},
    {s_put_cost, s_take_cost, "the cost is malformed"},
};

#define SECTIONS (sizeof s_sections / sizeof s_sections[0])

static const char *
s_take_section (frame_t *self, wire_reader_t *reader, const section_t *section, tally_t *tally)
{
    int rc = section->take ? section->take (self, reader) : s_take_metrics (self, reader, tally);
    return rc ? section->fault : NULL;
}

//  --- the whole ---------------------------------------------------------------------------------

size_t
frame_encode (const frame_t *self, void *buffer, size_t capacity)
{
    wire_writer_t writer;
    if (frame_fault (self))
        return 0;
    wire_writer_init (&writer, buffer, capacity);
    wire_put_array (&writer, FRAME_ITEMS);
    wire_put_uint (&writer, FRAME_VERSION);
    for (size_t i = 0; i < SECTIONS; i++)
        s_sections[i].put (self, &writer);
    if (!writer.overflow)
        wire_put_uint (&writer, XXH64 (buffer, writer.size, 0));
    return wire_writer_size (&writer);
}

//  Take the array's header and the version, which every version of frames begins with.
static const char *
s_take_version (wire_reader_t *reader)
{
    uint32_t items;
    uint64_t version;
    if (wire_take_array (reader, &items) || wire_take_uint (reader, &version))
        return "it is no frame";
    if (version != FRAME_VERSION)
        return "its version is unknown to this program; upgrade this program";
    return items == FRAME_ITEMS ? NULL : "it has not the 15 items of a frame";
}

static const char *
s_take_hash (wire_reader_t *reader, const void *data)
{
    uint64_t hash;
    size_t size = wire_offset (reader);
    if (wire_take_uint (reader, &hash) || wire_done (reader))
        return "it does not end with a hash";
    return hash == XXH64 (data, size, 0) ? NULL : "its hash is not that of its bytes";
}

static const char *
s_take_all (frame_t *self, wire_reader_t *reader, const void *data, tally_t *tally)
{
    const char *fault = s_take_version (reader);
    for (size_t i = 0; i < SECTIONS && !fault; i++)
        fault = s_take_section (self, reader, &s_sections[i], tally);
    return fault ? fault : s_take_hash (reader, data);
}

//  NULL, or what is wrong: of what cannot be taken, whether it was msgpack at all.
static const char *
s_decode (frame_t *self, wire_reader_t *reader, const void *data, size_t size, tally_t *tally)
{
    wire_open (reader, data, size);
    const char *fault = s_take_all (self, reader, data, tally);
    if (!fault)
        return s_fault (self, tally);
    if (wire_read (reader, data, size))
        return "it is not one item of canonical msgpack of at most 64 KiB";
    return fault;
}

static void
s_clear_but_buckets (frame_t *self)
{
    memset (self, 0, offsetof (frame_t, metrics));
    for (int id = 0; id < METRIC_COUNT_; id++) {
        frame_metric_t *metric = &self->metrics[id];
        metric->measured = false;
        metric->histogram.count = 0;
        metric->histogram.sum = 0;
        metric->accrued_ns = metric->total_count = metric->total_sum = 0;
    }
    memset (&self->losses, 0, sizeof *self - offsetof (frame_t, losses));
}

const frame_slots_t frame_slots_all = {
    .end =
        {
#define METRIC(name, short, kind, unit, meaning) BUCKET_SLOTS,
#include "schema/metrics.def"
#undef METRIC
        },
};

static void
s_clear_slots (frame_t *self, const frame_slots_t *slots)
{
    for (int id = 0; id < METRIC_COUNT_; id++) {
        uint64_t *buckets = self->metrics[id].histogram.buckets;
        memset (&buckets[slots->first[id]], 0,
                (slots->end[id] - slots->first[id]) * sizeof *buckets);
    }
}

int
frame_decode_again (frame_t *self, frame_slots_t *slots, wire_reader_t *reader, const void *data,
                    size_t size, const char **reason)
{
    tally_t tally = {.drops_buckets = false};
    s_clear_but_buckets (self);
    s_clear_slots (self, slots);
    *reason = s_decode (self, reader, data, size, &tally);
    for (int id = 0; id < METRIC_COUNT_; id++) {
        slots->first[id] = tally.taken[id].first;
        slots->end[id] = tally.taken[id].end;
    }
    return *reason ? -1 : 0;
}

int
frame_decode (frame_t *self, wire_reader_t *reader, const void *data, size_t size,
              const char **reason)
{
    tally_t tally = {.drops_buckets = false};
    memset (self, 0, sizeof *self);
    *reason = s_decode (self, reader, data, size, &tally);
    return *reason ? -1 : 0;
}

int
frame_decode_but_buckets (frame_t *self, wire_reader_t *reader, const void *data, size_t size,
                          const char **reason)
{
    tally_t tally; //  Of what is taken only: to clear it takes longer than to fill it
    tally.drops_buckets = true;
    s_clear_but_buckets (self);
    *reason = s_decode (self, reader, data, size, &tally);
    return *reason ? -1 : 0;
}

size_t
frame_topic (const char *node, char topic[NODE_NAME_MAX + 2])
{
    size_t length = strnlen (node, NODE_NAME_MAX);
    memcpy (topic, node, length);
    memcpy (topic + length, "/", 2);
    return length + 1;
}

const char *
frame_source_name (frame_source_t source)
{
    switch (source) {
    case FRAME_FROM_BPF:
        return "bpf";
    case FRAME_FROM_REPLAY:
        return "replay";
    case FRAME_FROM_SYNTHETIC:
        return "synthetic";
    }
    return "unknown";
}
