//  SPDX-License-Identifier: GPL-2.0-or-later
//  frame_json - frames to and from jansson's objects. The plain numbers of each object are listed
//  in a table that both directions walk.

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>
#include "schema/frame_json.h"

//  A number of 64 bits in one of our structs, and its name in JSON.
typedef struct {
    const char *name;
    size_t offset;
} member_t;

static const member_t s_identity[] = {
    {"epoch", offsetof (frame_t, epoch)},
    {"seq", offsetof (frame_t, seq)},
};

static const member_t s_metric[] = {
    {"accrued_ns", offsetof (frame_metric_t, accrued_ns)},
    {"total_count", offsetof (frame_metric_t, total_count)},
    {"total_sum", offsetof (frame_metric_t, total_sum)},
};

static const member_t s_losses[] = {
    {"discards", offsetof (frame_losses_t, discards)},
    {"late_ticks", offsetof (frame_losses_t, late_ticks)},
    {"unspooled", offsetof (frame_losses_t, unspooled)},
    {"missing_storage", offsetof (frame_losses_t, missing_storage)},
    {"spool_resets", offsetof (frame_losses_t, spool_resets)},
};

static const member_t s_cost[] = {
    {"cpu_ns", offsetof (frame_cost_t, cpu_ns)},
    {"rss_bytes", offsetof (frame_cost_t, rss_bytes)},
    {"bpf_ns", offsetof (frame_cost_t, bpf_ns)},
};

#define LENGTH(table) (sizeof (table) / sizeof (table)[0])

static const char *const s_sources[] = {
    [FRAME_FROM_BPF] = "bpf",
    [FRAME_FROM_REPLAY] = "replay",
    [FRAME_FROM_SYNTHETIC] = "synthetic",
};

static const char *const s_scopes[] = {
    [SCOPE_ALL] = "all",
    [SCOPE_PID] = "pid",
    [SCOPE_CGROUP] = "cgroup",
};

//  --- encoding -----------------------------------------------------------------------------------

static json_t *
s_number (uint64_t value)
{
    return value <= INT64_MAX ? json_integer ((json_int_t) value)
                              : json_sprintf ("%" PRIu64, value);
}

static void
s_set_members (json_t *object, const void *data, const member_t *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value;
        memcpy (&value, (const char *) data + members[i].offset, sizeof value);
        json_object_set_new (object, members[i].name, s_number (value));
    }
}

static json_t *
s_numbers (const void *data, const member_t *members, size_t count)
{
    json_t *object = json_object ();
    s_set_members (object, data, members, count);
    return object;
}

static json_t *
s_clock (const frame_t *frame)
{
    json_t *object = json_object ();
    json_object_set_new (object, "synchronised", json_boolean (frame->clock_synchronised));
    json_object_set_new (object, "error_ns", s_number (frame->clock_error_ns));
    return object;
}

static json_t *
s_scope (const scope_t *scope)
{
    json_t *object = json_object ();
    json_object_set_new (object, "kind", json_string (s_scopes[scope->kind]));
    if (scope->kind == SCOPE_PID)
        json_object_set_new (object, "pid", json_integer (scope->pid));
    if (scope->kind == SCOPE_CGROUP)
        json_object_set_new (object, "cgroup", json_string (scope->cgroup));
    return object;
}

static json_t *
s_buckets (const histogram_t *histogram)
{
    json_t *array = json_array ();
    for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++) {
        if (histogram->buckets[slot] != 0) {
            json_t *pair = json_array ();
            json_array_append_new (pair, json_integer (slot));
            json_array_append_new (pair, s_number (histogram->buckets[slot]));
            json_array_append_new (array, pair);
        }
    }
    return array;
}

static json_t *
s_metrics (const frame_t *frame)
{
    json_t *object = json_object ();
    for (int id = 0; id < METRIC_COUNT_; id++) {
        const frame_metric_t *metric = &frame->metrics[id];
        if (!metric->measured)
            continue;
        json_t *numbers = json_object ();
        json_object_set_new (numbers, "count", s_number (metric->histogram.count));
        json_object_set_new (numbers, "sum", s_number ((uint64_t) metric->histogram.sum));
        s_set_members (numbers, metric, s_metric, LENGTH (s_metric));
        json_object_set_new (numbers, "buckets", s_buckets (&metric->histogram));
        json_object_set_new (object, metric_get (id)->name, numbers);
    }
    return object;
}

static json_t *
s_frame (const frame_t *self)
{
    json_t *object = json_object ();
    json_object_set_new (object, "version", json_integer (FRAME_VERSION));
    json_object_set_new (object, "node", json_string (self->node));
    s_set_members (object, self, s_identity, LENGTH (s_identity));
    json_object_set_new (object, "start_wall_s", json_integer (self->start_wall_s));
    json_object_set_new (object, "span_s", json_integer (self->span_s));
    json_object_set_new (object, "duration_mono_ns", s_number (self->duration_mono_ns));
    json_object_set_new (object, "clock", s_clock (self));
    json_object_set_new (object, "scope", s_scope (&self->scope));
    json_object_set_new (object, "source", json_string (s_sources[self->source]));
    json_object_set_new (object, "program", json_string (self->version));
    json_object_set_new (object, "metrics", s_metrics (self));
    json_object_set_new (object, "losses", s_numbers (&self->losses, s_losses, LENGTH (s_losses)));
    json_object_set_new (object, "cost", s_numbers (&self->cost, s_cost, LENGTH (s_cost)));
    return object;
}

char *
frame_json_encode (const frame_t *self)
{
    if (frame_fault (self))
        return NULL;
    json_t *object = s_frame (self);
    char *text = json_dumps (object, JSON_COMPACT);
    json_decref (object);
    return text;
}

//  --- decoding -----------------------------------------------------------------------------------
//  The takers return 0, or -1 with the error filled. Each object is checked for the number of its
//  members, so that a member we do not know cannot be lost in silence.

__attribute__ ((format (printf, 2, 3))) static int
s_refuse (char *error, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    vsnprintf (error, FRAME_JSON_ERROR_MAX + 1, format, args);
    va_end (args);
    return -1;
}

static int
s_expect_members (char *error, const json_t *object, const char *name, size_t count)
{
    if (!json_is_object (object))
        return s_refuse (error, "\"%s\" is missing or no object", name);
    if (json_object_size (object) != count)
        return s_refuse (error, "\"%s\" has %zu members instead of %zu", name,
                         json_object_size (object), count);
    return 0;
}

//  A number, or a string of digits for what passes 63 bits.
static int
s_read_number (const json_t *value, uint64_t *number)
{
    char *end;
    if (json_is_integer (value) && json_integer_value (value) >= 0) {
        *number = (uint64_t) json_integer_value (value);
        return 0;
    }
    const char *text = json_string_value (value);
    if (!text || *text < '0' || *text > '9' || strlen (text) > 20)
        return -1;
    errno = 0;
    *number = strtoull (text, &end, 10);
    return errno || *end ? -1 : 0;
}

static int
s_take_number (char *error, const json_t *object, const char *name, uint64_t max, uint64_t *number)
{
    *number = 0;
    if (s_read_number (json_object_get (object, name), number))
        return s_refuse (error, "\"%s\" is missing or no whole number from 0 up", name);
    if (*number > max)
        return s_refuse (error, "\"%s\" is greater than %" PRIu64, name, max);
    return 0;
}

static int
s_take_members (char *error, const json_t *object, void *data, const member_t *members,
                size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value;
        if (s_take_number (error, object, members[i].name, UINT64_MAX, &value))
            return -1;
        memcpy ((char *) data + members[i].offset, &value, sizeof value);
    }
    return 0;
}

static int
s_take_numbers (char *error, const json_t *frame, const char *name, void *data,
                const member_t *members, size_t count)
{
    const json_t *object = json_object_get (frame, name);
    if (s_expect_members (error, object, name, count))
        return -1;
    return s_take_members (error, object, data, members, count);
}

static int
s_take_text (char *error, const json_t *object, const char *name, char *buffer, size_t capacity)
{
    const json_t *value = json_object_get (object, name);
    if (!json_is_string (value))
        return s_refuse (error, "\"%s\" is missing or no string", name);
    if (json_string_length (value) >= capacity)
        return s_refuse (error, "\"%s\" is longer than %zu bytes", name, capacity - 1);
    memcpy (buffer, json_string_value (value), json_string_length (value) + 1);
    return 0;
}

static int
s_take_word (char *error, const json_t *object, const char *name, const char *const *words,
             unsigned count, unsigned *found)
{
    const char *text = json_string_value (json_object_get (object, name));
    for (*found = 0; text && *found < count; ++*found)
        if (strcmp (words[*found], text) == 0)
            return 0;
    return s_refuse (error, "\"%s\" is missing or unknown", name);
}

static int
s_take_time (char *error, const json_t *object, frame_t *frame)
{
    uint64_t start_wall_s, span_s;
    if (s_take_number (error, object, "start_wall_s", FRAME_MAX_WALL_S, &start_wall_s) ||
        s_take_number (error, object, "span_s", FRAME_MAX_SPAN_S, &span_s) ||
        s_take_number (error, object, "duration_mono_ns", UINT64_MAX, &frame->duration_mono_ns))
        return -1;
    frame->start_wall_s = (int64_t) start_wall_s;
    frame->span_s = (uint32_t) span_s;
    return 0;
}

static int
s_take_clock (char *error, const json_t *frame_object, frame_t *frame)
{
    const json_t *object = json_object_get (frame_object, "clock");
    const json_t *synchronised = json_object_get (object, "synchronised");
    if (s_expect_members (error, object, "clock", 2))
        return -1;
    if (!json_is_boolean (synchronised))
        return s_refuse (error, "\"synchronised\" is missing or not true or false");
    frame->clock_synchronised = json_is_true (synchronised);
    return s_take_number (error, object, "error_ns", UINT64_MAX, &frame->clock_error_ns);
}

static int
s_take_scope (char *error, const json_t *frame_object, scope_t *scope)
{
    const json_t *object = json_object_get (frame_object, "scope");
    unsigned kind;
    uint64_t pid = 0;
    if (s_take_word (error, object, "kind", s_scopes, LENGTH (s_scopes), &kind) ||
        s_expect_members (error, object, "scope", kind == SCOPE_ALL ? 1 : 2))
        return -1;
    if (kind == SCOPE_PID && s_take_number (error, object, "pid", UINT32_MAX, &pid))
        return -1;
    scope->kind = (scope_kind_t) kind;
    scope->pid = (uint32_t) pid;
    if (kind == SCOPE_CGROUP)
        return s_take_text (error, object, "cgroup", scope->cgroup, sizeof scope->cgroup);
    return 0;
}

static int
s_take_origin (char *error, const json_t *object, frame_t *frame)
{
    unsigned source;
    if (s_take_word (error, object, "source", s_sources, LENGTH (s_sources), &source))
        return -1;
    frame->source = (frame_source_t) source;
    return s_take_text (error, object, "program", frame->version, sizeof frame->version);
}

static int
s_take_buckets (char *error, const json_t *array, uint64_t buckets[BUCKET_SLOTS])
{
    size_t i;
    json_t *pair;
    uint64_t slot, last = 0;
    if (!json_is_array (array))
        return s_refuse (error, "\"buckets\" is missing or no array");
    json_array_foreach (array, i, pair)
    {
        if (json_array_size (pair) != 2 || s_read_number (json_array_get (pair, 0), &slot) ||
            slot >= BUCKET_SLOTS || (i > 0 && slot <= last) ||
            s_read_number (json_array_get (pair, 1), &buckets[slot]) || buckets[slot] == 0)
            return s_refuse (error,
                             "bucket %zu is not [slot, count] of a higher slot than the last", i);
        last = slot;
    }
    return 0;
}

static int
s_take_metric (char *error, const json_t *object, const char *name, frame_metric_t *metric)
{
    uint64_t sum;
    if (s_expect_members (error, object, name, 3 + LENGTH (s_metric)) ||
        s_take_number (error, object, "count", UINT64_MAX, &metric->histogram.count) ||
        s_take_number (error, object, "sum", UINT64_MAX, &sum) ||
        s_take_members (error, object, metric, s_metric, LENGTH (s_metric)))
        return -1;
    metric->histogram.sum = sum;
    metric->measured = true;
    return s_take_buckets (error, json_object_get (object, "buckets"), metric->histogram.buckets);
}

static int
s_take_metrics (char *error, json_t *frame_object, frame_t *frame)
{
    json_t *metrics = json_object_get (frame_object, "metrics"), *object;
    const char *name;
    if (!json_is_object (metrics))
        return s_refuse (error, "\"metrics\" is missing or no object");
    json_object_foreach (metrics, name, object)
    {
        int id = metric_find (name, strlen (name));
        if (id < 0 || strcmp (metric_get (id)->name, name) != 0)
            return s_refuse (error, "\"%s\" is no metric", name);
        if (s_take_metric (error, object, name, &frame->metrics[id]))
            return -1;
    }
    return 0;
}

#define FRAME_MEMBERS 14

static int
s_take_frame (char *error, json_t *object, frame_t *frame)
{
    uint64_t version;
    if (s_take_number (error, object, "version", UINT64_MAX, &version))
        return -1;
    if (version != FRAME_VERSION)
        return s_refuse (error, "version %" PRIu64 " is unknown to this program; upgrade it",
                         version);
    if (s_expect_members (error, object, "frame", FRAME_MEMBERS) ||
        s_take_text (error, object, "node", frame->node, sizeof frame->node) ||
        s_take_members (error, object, frame, s_identity, LENGTH (s_identity)) ||
        s_take_time (error, object, frame) || s_take_clock (error, object, frame) ||
        s_take_scope (error, object, &frame->scope) || s_take_origin (error, object, frame) ||
        s_take_metrics (error, object, frame) ||
        s_take_numbers (error, object, "losses", &frame->losses, s_losses, LENGTH (s_losses)))
        return -1;
    return s_take_numbers (error, object, "cost", &frame->cost, s_cost, LENGTH (s_cost));
}

int
frame_json_decode (frame_t *self, const char *text, size_t size,
                   char error[FRAME_JSON_ERROR_MAX + 1])
{
    json_error_t json_error;
    memset (self, 0, sizeof *self);
    if (size > FRAME_JSON_MAX_BYTES)
        return s_refuse (error, "longer than %d bytes", FRAME_JSON_MAX_BYTES);
    json_t *object = json_loadb (text, size, JSON_REJECT_DUPLICATES, &json_error);
    if (!object)
        return s_refuse (error, "%s at byte %d", json_error.text, json_error.position);
    int rc = s_take_frame (error, object, self);
    json_decref (object);
    const char *fault = rc == 0 ? frame_fault (self) : NULL;
    return fault ? s_refuse (error, "%s", fault) : rc;
}
