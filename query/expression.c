//  SPDX-License-Identifier: GPL-2.0-or-later
//  expression - names of what can be selected, and what each kind of metric can compute.
#include "query/expression.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "query/nearest.h"

//  Decimals of a pN: finer ones would print with an exponent.
#define DECIMALS_MAX 4

static const char *const s_functions[FUNCTION_COUNT_] = {
    [FUNCTION_AVG] = "avg",   [FUNCTION_SUM] = "sum",   [FUNCTION_COUNT] = "count",
    [FUNCTION_RATE] = "rate", [FUNCTION_TIME] = "time", [FUNCTION_MIN] = "min",
    [FUNCTION_MAX] = "max",   [FUNCTION_HIST] = "hist", [FUNCTION_QUANTILE] = "p99",
};

static bool
s_is_for_counts (function_t function)
{
    return function == FUNCTION_AVG || function == FUNCTION_SUM || function == FUNCTION_COUNT ||
           function == FUNCTION_RATE;
}

static bool
s_has (metric_id_t metric, function_t function)
{
    return metric_get (metric)->kind == METRIC_HISTOGRAM || s_is_for_counts (function);
}

const char *
expression_function (metric_id_t metric, size_t index)
{
    static const struct {
        const char *name;
        function_t function;
    } all[] = {{"avg", FUNCTION_AVG},      {"sum", FUNCTION_SUM},       {"count", FUNCTION_COUNT},
               {"rate", FUNCTION_RATE},    {"time", FUNCTION_TIME},     {"min", FUNCTION_MIN},
               {"max", FUNCTION_MAX},      {"p50", FUNCTION_QUANTILE},  {"p90", FUNCTION_QUANTILE},
               {"p99", FUNCTION_QUANTILE}, {"p999", FUNCTION_QUANTILE}, {"hist", FUNCTION_HIST}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (s_has (metric, all[i].function) && index-- == 0)
            return all[i].name;
    return NULL;
}

//  Offer every METRIC_FUNCTION under both names of the metric; only is the metric, or -1 for all.
static void
s_offer_all (nearest_t *nearest, int only)
{
    char name[COLUMN_NAME_MAX + 1];
    for (int m = 0; m < METRIC_COUNT_; m++) {
        const metric_t *metric = metric_get ((metric_id_t) m);
        for (int f = 0; f < FUNCTION_COUNT_; f++) {
            if ((only >= 0 && m != only) || !s_has ((metric_id_t) m, (function_t) f))
                continue;
            snprintf (name, sizeof name, "%s_%s", metric->short_name, s_functions[f]);
            nearest_offer (nearest, name);
            snprintf (name, sizeof name, "%s_%s", metric->name, s_functions[f]);
            nearest_offer (nearest, name);
        }
    }
}

//  metric is the only one to guess from, or -1.
static void
s_hint (query_error_t *error, const char *word, size_t length, int metric)
{
    nearest_t nearest;
    nearest_init (&nearest, word, length);
    s_offer_all (&nearest, metric);
    if (nearest_name (&nearest))
        query_error_hint (error, "did you mean %s?", nearest_name (&nearest));
    else
        query_error_hint (error,
                          "an expression is METRIC_FUNCTION, such as cpu_avg or runqlat_p99");
}

static void
s_expect_metrics (query_error_t *error)
{
    for (int m = 0; m < METRIC_COUNT_; m++) {
        const metric_t *metric = metric_get ((metric_id_t) m);
        query_error_expect (error, metric->name);
        if (strcmp (metric->name, metric->short_name) != 0)
            query_error_expect (error, metric->short_name);
    }
}

static void
s_expect_functions (query_error_t *error, metric_id_t metric)
{
    for (int f = 0; f < FUNCTION_COUNT_; f++)
        if (s_has (metric, (function_t) f))
            query_error_expect (error, f == FUNCTION_QUANTILE ? "pN (p50, p99, p999 = 99.9 %)"
                                                              : s_functions[f]);
}

//  Digits with a point between them, or without one: up to two, 100, or 9 and further digits.
//  p101 is refused, for nobody would read it as 10.1 %.
static bool
s_is_percent (const char *text)
{
    size_t digits = strspn (text, "0123456789");
    const char *rest = text + digits;
    if (digits == 0)
        return false;
    if (*rest == '\0')
        return digits <= 2 || strcmp (text, "100") == 0 ||
               (text[0] == '9' && digits <= 2 + DECIMALS_MAX);
    size_t decimals = strspn (rest + 1, "0123456789");
    return *rest == '.' && rest[1 + decimals] == '\0' && digits <= 3 && decimals > 0 &&
           decimals <= DECIMALS_MAX;
}

//  What s_is_percent has let through.
static double
s_percent (const char *text)
{
    char point[DECIMALS_MAX + 4];
    if (strchr (text, '.') || strlen (text) <= 2 || strcmp (text, "100") == 0)
        return strtod (text, NULL);
    snprintf (point, sizeof point, "%.2s.%s", text, text + 2);
    return strtod (point, NULL);
}

//  function is in lower case. Returns 0, or -1 where there is no such function.
static int
s_parse_function (expression_t *self, const char *function)
{
    for (int f = 0; f < FUNCTION_QUANTILE; f++)
        if (strcmp (function, s_functions[f]) == 0) {
            self->function = (function_t) f;
            return 0;
        }
    if (function[0] != 'p' || !s_is_percent (function + 1) || s_percent (function + 1) > 100)
        return -1;
    self->function = FUNCTION_QUANTILE;
    self->quantile = s_percent (function + 1) / 100;
    return 0;
}

static int
s_refuse_metric (const char *name, size_t metric_length, query_error_t *error)
{
    if (metric_length == strlen (name))
        query_error_set (error, ERROR_UNKNOWN, 0, "unknown metric %s", name);
    else
        query_error_set (error, ERROR_UNKNOWN, 0, "unknown metric %.*s in %s", (int) metric_length,
                         name, name);
    s_expect_metrics (error);
    s_hint (error, name, strlen (name), -1);
    return -1;
}

static int
s_refuse_function (const expression_t *self, const char *function, query_error_t *error)
{
    if (function[0] == '\0')
        query_error_set (error, ERROR_SYNTAX, 0, "%s needs a function", self->name);
    else
        query_error_set (error, ERROR_UNKNOWN, 0, "unknown function %s in %s", function,
                         self->name);
    s_expect_functions (error, self->metric);
    s_hint (error, self->name, strlen (self->name), (int) self->metric);
    return -1;
}

static int
s_refuse_kind (const expression_t *self, const char *function, query_error_t *error)
{
    const char *metric = metric_get (self->metric)->name;
    query_error_set (error, ERROR_UNSUPPORTED, 0,
                     "%s has no %s: it counts events, and they have no duration", metric, function);
    s_expect_functions (error, self->metric);
    query_error_hint (error, "%s_avg is their mean number per second", metric);
    return -1;
}

int
expression_parse (expression_t *self, const char *text, size_t length, query_error_t *error)
{
    memset (self, 0, sizeof *self);
    if (length > COLUMN_NAME_MAX)
        return query_error_set (error, ERROR_UNKNOWN, 0, "%.*s... is no METRIC_FUNCTION", 40, text);
    for (size_t i = 0; i < length; i++)
        self->name[i] = (char) tolower ((unsigned char) text[i]);

    const char *separator = strrchr (self->name, '_');
    size_t metric_length = separator ? (size_t) (separator - self->name) : length;
    const char *function = separator ? separator + 1 : "";
    int metric = metric_find (self->name, metric_length);
    if (metric < 0)
        return s_refuse_metric (self->name, metric_length, error);
    self->metric = (metric_id_t) metric;
    if (s_parse_function (self, function) == -1)
        return s_refuse_function (self, function, error);
    if (!s_has (self->metric, self->function))
        return s_refuse_kind (self, function, error);
    return 0;
}

void
expression_print (const expression_t *self, char text[COLUMN_NAME_MAX + 1])
{
    const char *metric = metric_get (self->metric)->name;
    if (self->function == FUNCTION_QUANTILE)
        snprintf (text, COLUMN_NAME_MAX + 1, "%s_p%.10g", metric, self->quantile * 100);
    else
        snprintf (text, COLUMN_NAME_MAX + 1, "%s_%s", metric, s_functions[self->function]);
}

bool
expression_equals (const expression_t *self, const expression_t *other)
{
    return self->metric == other->metric && self->function == other->function &&
           self->quantile == other->quantile;
}
