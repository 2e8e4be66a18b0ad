//  SPDX-License-Identifier: GPL-2.0-or-later
//  partial - adding frames up, and the codec:
//
//      [version 1, node, since_wall_s, until_wall_s, expected_s, present_s, frames,
//       [scope kind, pid, cgroup], mixed scopes 0|1, synthetic 0|1,
//       [metric, ...]]                 one per row of metrics.def up to the last asked for:
//           nil (not asked for) or [present_s, accrued, histogram]
//
//  accrued is a sum, and sum and histogram are as in schema/histogram_wire.h.

#include <string.h>
#include "schema/histogram_wire.h"
#include "schema/partial.h"

#define PARTIAL_VERSION 1
#define PARTIAL_ITEMS   11
#define METRIC_ITEMS    3

//  A number has at most 9 bytes.
_Static_assert(PARTIAL_MAX_BYTES >= 1024 + METRIC_COUNT_ * 9 * (BUCKET_SLOTS + 9),
               "a partial always fits");

void
partial_init (partial_t *self, const char *node, int64_t since_wall_s, int64_t until_wall_s)
{
    memset (self, 0, sizeof *self);
    memcpy (self->node, node, strnlen (node, NODE_NAME_MAX));
    self->since_wall_s = since_wall_s;
    self->until_wall_s = until_wall_s;
    self->expected_s = (uint64_t) (until_wall_s - since_wall_s);
}

//  Take up the scope of frames that are being added.
static void
s_add_scope (partial_t *self, const scope_t *scope)
{
    if (self->frames == 0)
        self->scope = *scope;
    else if (!scope_equal (&self->scope, scope))
        self->mixed_scopes = true;
}

void
partial_add_frame (partial_t *self, const frame_t *frame, metric_set_t metrics, uint64_t new_s)
{
    s_add_scope (self, &frame->scope);
    self->frames++;
    self->present_s += new_s;
    self->synthetic |= frame->source == FRAME_FROM_SYNTHETIC;
    for (int id = 0; id < METRIC_COUNT_; id++) {
        const frame_metric_t *from = &frame->metrics[id];
        partial_metric_t *to = &self->metrics[id];
        if (!from->measured || !(metrics & METRIC_BIT (id)))
            continue;
        histogram_merge (&to->histogram, &from->histogram);
        to->accrued_ns += from->accrued_ns;
        to->present_s += new_s;
    }
}

void
partial_cover (partial_t *self, const frame_t *frame, metric_set_t metrics, uint64_t new_s)
{
    self->present_s += new_s;
    for (int id = 0; id < METRIC_COUNT_; id++)
        if (frame->metrics[id].measured && (metrics & METRIC_BIT (id)))
            self->metrics[id].present_s += new_s;
}

void
partial_merge (partial_t *self, const partial_t *other)
{
    if (other->frames > 0)
        s_add_scope (self, &other->scope);
    if (strcmp (self->node, other->node) != 0)
        self->node[0] = '\0';
    if (self->since_wall_s > other->since_wall_s)
        self->since_wall_s = other->since_wall_s;
    if (self->until_wall_s < other->until_wall_s)
        self->until_wall_s = other->until_wall_s;
    self->expected_s += other->expected_s;
    self->present_s += other->present_s;
    self->frames += other->frames;
    self->mixed_scopes |= other->mixed_scopes;
    self->synthetic |= other->synthetic;
    self->unanswered |= other->unanswered;
    for (int id = 0; id < METRIC_COUNT_; id++) {
        histogram_merge (&self->metrics[id].histogram, &other->metrics[id].histogram);
        self->metrics[id].accrued_ns += other->metrics[id].accrued_ns;
        self->metrics[id].present_s += other->metrics[id].present_s;
    }
}

//  --- codec --------------------------------------------------------------------------------------

static void
s_put_metric (const partial_metric_t *self, wire_writer_t *writer)
{
    wire_put_array (writer, METRIC_ITEMS);
    wire_put_uint (writer, self->present_s);
    histogram_wire_put_sum (writer, self->accrued_ns);
    histogram_wire_put (writer, &self->histogram);
}

static int
s_take_metric (partial_metric_t *self, wire_reader_t *reader, metric_kind_t kind)
{
    if (wire_expect_array (reader, METRIC_ITEMS) || wire_take_uint (reader, &self->present_s) ||
        histogram_wire_take_sum (reader, &self->accrued_ns) ||
        histogram_wire_take (reader, &self->histogram))
        return -1;
    return histogram_agrees (&self->histogram, kind) ? 0 : -1;
}

static void
s_put_metrics (const partial_t *self, metric_set_t metrics, wire_writer_t *writer)
{
    uint32_t rows = METRIC_COUNT_;
    while (rows > 0 && !(metrics & METRIC_BIT (rows - 1)))
        rows--;
    wire_put_array (writer, rows);
    for (uint32_t id = 0; id < rows; id++) {
        if (metrics & METRIC_BIT (id))
            s_put_metric (&self->metrics[id], writer);
        else
            wire_put_nil (writer);
    }
}

static int
s_take_metrics (partial_t *self, wire_reader_t *reader)
{
    uint32_t rows;
    if (wire_take_array (reader, &rows) || rows > METRIC_COUNT_)
        return -1;
    for (uint32_t id = 0; id < rows; id++) {
        int rc = wire_is_nil (reader)
                     ? wire_take_nil (reader)
                     : s_take_metric (&self->metrics[id], reader, metric_get (id)->kind);
        if (rc)
            return -1;
    }
    return 0;
}

size_t
partial_encode (const partial_t *self, metric_set_t metrics, void *buffer, size_t capacity)
{
    wire_writer_t writer;
    wire_writer_init (&writer, buffer, capacity);
    wire_put_array (&writer, PARTIAL_ITEMS);
    wire_put_uint (&writer, PARTIAL_VERSION);
    wire_put_string (&writer, self->node, strlen (self->node));
    wire_put_int (&writer, self->since_wall_s);
    wire_put_int (&writer, self->until_wall_s);
    wire_put_uint (&writer, self->expected_s);
    wire_put_uint (&writer, self->present_s);
    wire_put_uint (&writer, self->frames);
    scope_put (&self->scope, &writer);
    wire_put_uint (&writer, self->mixed_scopes);
    wire_put_uint (&writer, self->synthetic);
    s_put_metrics (self, metrics, &writer);
    return wire_writer_size (&writer);
}

static int
s_take_version_and_node (partial_t *self, wire_reader_t *reader)
{
    uint64_t version;
    if (wire_expect_array (reader, PARTIAL_ITEMS) || wire_take_uint (reader, &version) ||
        version != PARTIAL_VERSION || wire_take_text (reader, self->node, sizeof self->node))
        return -1;
    return self->node[0] == '\0' || node_name_is_valid (self->node) ? 0 : -1;
}

static int
s_take_window (partial_t *self, wire_reader_t *reader)
{
    if (wire_take_int (reader, &self->since_wall_s) ||
        wire_take_int (reader, &self->until_wall_s) || wire_take_uint (reader, &self->expected_s) ||
        wire_take_uint (reader, &self->present_s) || wire_take_uint (reader, &self->frames))
        return -1;
    return self->since_wall_s <= self->until_wall_s ? 0 : -1;
}

int
partial_decode (partial_t *self, wire_reader_t *reader, const void *data, size_t size)
{
    memset (self, 0, sizeof *self);
    if (wire_read (reader, data, size) || s_take_version_and_node (self, reader) ||
        s_take_window (self, reader) || scope_take (&self->scope, reader) ||
        wire_take_bool (reader, &self->mixed_scopes) || wire_take_bool (reader, &self->synthetic) ||
        s_take_metrics (self, reader))
        return -1;
    return wire_done (reader);
}
