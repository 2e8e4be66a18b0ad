//  SPDX-License-Identifier: GPL-2.0-or-later
//  metric - the rows of metrics.def as a table, and their look-up by name.

#include <assert.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include "schema/metric.h"

static const metric_t s_metrics[] = {
#define METRIC(name, short, kind, unit, meaning)                                                   \
    {#name, #short, METRIC_##kind, METRIC_##unit, meaning},
#include "schema/metrics.def"
#undef METRIC
};

_Static_assert(METRIC_COUNT_ < sizeof (metric_set_t) * 8, "a metric_set_t has a bit a metric");

const metric_t *
metric_get (metric_id_t id)
{
    assert (id < METRIC_COUNT_);
    return &s_metrics[id];
}

static bool
s_same_name (const char *known, const char *name, size_t length)
{
    return strlen (known) == length && strncasecmp (known, name, length) == 0;
}

int
metric_find (const char *name, size_t length)
{
    for (int id = 0; id < METRIC_COUNT_; id++) {
        const metric_t *metric = &s_metrics[id];
        if (s_same_name (metric->name, name, length) ||
            s_same_name (metric->short_name, name, length))
            return id;
    }
    return -1;
}

const char *
metric_unit_name (metric_unit_t unit)
{
    return unit == METRIC_NANOSECONDS ? "ns" : "tasks";
}
