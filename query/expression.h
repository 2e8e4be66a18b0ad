//  SPDX-License-Identifier: GPL-2.0-or-later
//  expression - one METRIC_FUNCTION of a select: cpu_avg, runqlat_p99, pidpersec_sum. Pure.
#ifndef QUERY_EXPRESSION_H
#define QUERY_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include "query/query_error.h"
#include "schema/metric.h"

typedef enum {
    FUNCTION_AVG,
    FUNCTION_SUM,
    FUNCTION_COUNT,
    FUNCTION_RATE,
    FUNCTION_TIME,
    FUNCTION_MIN,
    FUNCTION_MAX,
    FUNCTION_HIST,
    FUNCTION_QUANTILE, //  p50, p99, p999, p99.9 ...
    FUNCTION_COUNT_    //  How many functions there are
} function_t;

#define COLUMN_NAME_MAX 63 //  Bytes

typedef struct {
    metric_id_t metric;
    function_t function;
    double quantile;                //  0 .. 1, for FUNCTION_QUANTILE
    char name[COLUMN_NAME_MAX + 1]; //  Column: as written, in lower case, or its "as" name
} expression_t;

//  Read METRIC_FUNCTION, letters in any case. In pN up to two digits are percents (p5, p50), after
//  a 9 further ones are decimals (p999 = 99.9 %), p100 is the maximum's bucket, and anything else
//  has a point (p12.5), with up to four digits behind it.
//  Returns 0, or -1 and fills error with position 0 where text starts: an unknown metric or
//  function with the nearest names, or a function the metric's kind does not have.
int expression_parse (expression_t *self, const char *text, size_t length, query_error_t *error);

//  The functions that a metric has, in the manual's order, the common quantiles among them. Returns
//  the one at index, or NULL behind the last.
const char *expression_function (metric_id_t metric, size_t index);

//  Print METRIC_FUNCTION so that it reads the same again, whatever the column's name.
void expression_print (const expression_t *self, char text[COLUMN_NAME_MAX + 1]);

//  True where both compute the same.
bool expression_equals (const expression_t *self, const expression_t *other);

#endif
