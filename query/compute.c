//  SPDX-License-Identifier: GPL-2.0-or-later
//  compute - what each function makes of a metric's part of a partial.
#include "query/compute.h"

#include <assert.h>
#include <stdlib.h>

static cell_t
s_real (double value)
{
    return (cell_t){.kind = CELL_REAL, .value.real = value};
}

static cell_t
s_sum (uint128_t value)
{
    return (cell_t){.kind = CELL_SUM, .value.sum = value};
}

static cell_t
s_buckets (const histogram_t *histogram)
{
    histogram_t *copy = malloc (sizeof *copy);
    assert (copy);
    *copy = *histogram;
    return (cell_t){.kind = CELL_BUCKETS, .value.histogram = copy};
}

//  A statistic that an empty histogram does not have: rc is -1 then.
static cell_t
s_statistic (int rc, double value)
{
    return rc == 0 ? s_real (value) : (cell_t){.kind = CELL_NULL};
}

static cell_t
s_per_second (const partial_metric_t *metric, uint128_t events)
{
    if (metric->present_s == 0)
        return (cell_t){.kind = CELL_NULL};
    return s_real ((double) events / (double) metric->present_s);
}

static cell_t
s_mean (const partial_metric_t *metric, metric_kind_t kind)
{
    double mean = 0;
    if (kind == METRIC_COUNT)
        return s_per_second (metric, metric->histogram.sum);
    int rc = histogram_mean (&metric->histogram, &mean);
    return s_statistic (rc, mean);
}

static cell_t
s_compute (const expression_t *expression, const partial_metric_t *metric)
{
    const histogram_t *histogram = &metric->histogram;
    double value = 0;
    int rc = -1;
    switch (expression->function) {
    case FUNCTION_AVG:
        return s_mean (metric, metric_get (expression->metric)->kind);
    case FUNCTION_SUM:
        return s_sum (histogram->sum);
    case FUNCTION_COUNT:
        return s_sum (histogram->count);
    case FUNCTION_RATE:
        return s_per_second (metric, histogram->count);
    case FUNCTION_TIME:
        return s_sum (metric->accrued_ns);
    case FUNCTION_HIST:
        return s_buckets (histogram);
    case FUNCTION_MIN:
        rc = histogram_min (histogram, &value);
        break;
    case FUNCTION_MAX:
        rc = histogram_max (histogram, &value);
        break;
    case FUNCTION_QUANTILE:
        rc = histogram_quantile (histogram, expression->quantile, &value);
        break;
    case FUNCTION_COUNT_:
        break;
    }
    return s_statistic (rc, value);
}

//  Null where no frame of the window measured the metric: missing is never zero.
cell_t
expression_compute (const expression_t *expression, const partial_t *partial)
{
    const partial_metric_t *metric = &partial->metrics[expression->metric];
    if (metric->present_s == 0 && metric->histogram.count == 0)
        return (cell_t){.kind = CELL_NULL};
    return s_compute (expression, metric);
}

unit_t
expression_unit (const expression_t *expression)
{
    bool counts = metric_get (expression->metric)->kind == METRIC_COUNT;
    switch (expression->function) {
    case FUNCTION_COUNT:
        return UNIT_NONE;
    case FUNCTION_RATE:
        return UNIT_PER_SECOND;
    case FUNCTION_AVG:
        return counts ? UNIT_PER_SECOND : UNIT_NANOSECONDS;
    default:
        return counts ? UNIT_TASKS : UNIT_NANOSECONDS;
    }
}
