//  SPDX-License-Identifier: GPL-2.0-or-later
//  metric - what kpulse records, expanded from metrics.def.
//  Pure tables; safe from any thread.
#ifndef SCHEMA_METRIC_H
#define SCHEMA_METRIC_H

#include <stddef.h>

typedef enum {
#define METRIC(name, short, kind, unit, meaning) METRIC_##name,
#include "schema/metrics.def"
#undef METRIC
    METRIC_COUNT_ //  How many metrics there are
} metric_id_t;

typedef enum {
    METRIC_HISTOGRAM, //  Each event has a duration
    METRIC_COUNT      //  Events are only counted; each has the value 1
} metric_kind_t;

typedef enum { METRIC_NANOSECONDS, METRIC_TASKS } metric_unit_t;

typedef struct {
    const char *name;       //  "cpudist"
    const char *short_name; //  "cpu"; equal to name where there is none
    metric_kind_t kind;
    metric_unit_t unit;
    const char *meaning; //  One sentence for people
} metric_t;

//  A set of metrics, one bit each.
typedef unsigned metric_set_t;
#define METRIC_BIT(id) (1u << (id))
#define METRIC_ALL     (METRIC_BIT (METRIC_COUNT_) - 1u)

//  The row of a metric. id must be below METRIC_COUNT_.
const metric_t *metric_get (metric_id_t id);

//  Find a metric by its name or short name, letters in any case. Returns the id, or -1 where
//  there is none. name need not be terminated; length is in bytes.
int metric_find (const char *name, size_t length);

//  "ns" or "tasks".
const char *metric_unit_name (metric_unit_t unit);

#endif
