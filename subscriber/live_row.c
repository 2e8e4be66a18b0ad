//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_row - see live_row.h.
#include "subscriber/live_row.h"

#include <inttypes.h>
#include "subscriber/number_text.h"
#include "subscriber/unit_text.h"

//  Columns of lines for people; with a window they are more, and a terminal has 80.
typedef struct {
    int node, value;
} widths_t;

static widths_t
s_widths (int64_t over_s)
{
    return over_s > 0 ? (widths_t){.node = 8, .value = 7} : (widths_t){.node = 10, .value = 8};
}
#define NAME_BYTES (TABLE_NAME_MAX + 1)

static bool
s_is_count (metric_id_t id)
{
    return metric_get (id)->kind == METRIC_COUNT;
}

//  Events a second that is present.
static double
s_rate (const partial_metric_t *metric)
{
    return (double) metric->histogram.count / (double) metric->present_s;
}

static bool
s_is_measured (const partial_metric_t *metric)
{
    return metric->present_s > 0;
}

//  --- for programs ----------------------------------------------------------------------------

static void
s_add_column (table_t *table, metric_id_t id, const char *what, unit_t unit)
{
    char name[NAME_BYTES];
    snprintf (name, sizeof name, "%s_%s", metric_get (id)->name, what);
    table_add_column (table, name, unit);
}

static void
s_add_metric_columns (table_t *table, metric_id_t id)
{
    unit_t unit = s_is_count (id) ? UNIT_TASKS : UNIT_NANOSECONDS;
    s_add_column (table, id, "count", UNIT_NONE);
    s_add_column (table, id, "sum", unit);
    s_add_column (table, id, "avg", s_is_count (id) ? UNIT_PER_SECOND : unit);
    if (s_is_count (id))
        return;
    s_add_column (table, id, "time", unit);
    s_add_column (table, id, "p50", unit);
    s_add_column (table, id, "p99", unit);
}

static void
s_add_columns (table_t *table, metric_set_t metrics, int64_t over_s)
{
    static const struct {
        const char *name;
        unit_t unit;
    } columns[] = {
        {"node", UNIT_NONE},  {"time", UNIT_UNIX_SECONDS}, {"span", UNIT_NONE},
        {"epoch", UNIT_NONE}, {"seq", UNIT_NONE},          {"source", UNIT_NONE},
        {"scope", UNIT_NONE}, {"missed", UNIT_NONE},
    };
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        table_add_column (table, columns[i].name, columns[i].unit);
    if (over_s > 0) {
        table_add_column (table, "over", UNIT_NONE);
        table_add_column (table, "present", UNIT_NONE);
    }
    for (int id = 0; id < METRIC_COUNT_; id++)
        if (metrics & METRIC_BIT (id))
            s_add_metric_columns (table, (metric_id_t) id);
}

//  Returns the first column after those that it set.
static size_t
s_set_identity (table_t *table, const live_sample_t *sample, int64_t over_s)
{
    const frame_t *frame = sample->frame;
    char epoch[NUMBER_TEXT_MAX + 1], scope[SCOPE_TEXT_MAX + 1];
    size_t column = 0;
    scope_print (&frame->scope, scope);
    table_set_text (table, column++, frame->node);
    table_set_integer (table, column++, frame->start_wall_s);
    table_set_integer (table, column++, frame->span_s);
    table_set_text (table, column++, number_text_sum (frame->epoch, epoch));
    table_set_sum (table, column++, frame->seq);
    table_set_text (table, column++, frame_source_name (frame->source));
    table_set_text (table, column++, scope);
    table_set_sum (table, column++, sample->news.missed);
    if (over_s > 0) {
        table_set_integer (table, column++, over_s);
        table_set_sum (table, column++, sample->held->present_s);
    }
    return column;
}

static void
s_set_durations (table_t *table, const partial_metric_t *metric, size_t column)
{
    const histogram_t *histogram = &metric->histogram;
    double value;
    if (histogram_mean (histogram, &value) == 0)
        table_set_real (table, column, value);
    table_set_sum (table, column + 1, metric->accrued_ns);
    if (histogram_quantile (histogram, 0.5, &value) == 0)
        table_set_real (table, column + 2, value);
    if (histogram_quantile (histogram, 0.99, &value) == 0)
        table_set_real (table, column + 3, value);
}

//  Returns the first column after those of the metric.
static size_t
s_set_metric (table_t *table, const partial_t *held, metric_id_t id, size_t column)
{
    const partial_metric_t *metric = &held->metrics[id];
    bool measured = s_is_measured (metric);
    if (measured) {
        table_set_sum (table, column, metric->histogram.count);
        table_set_sum (table, column + 1, metric->histogram.sum);
    }
    if (measured && s_is_count (id))
        table_set_real (table, column + 2, s_rate (metric));
    else if (measured)
        s_set_durations (table, metric, column + 2);
    return column + (s_is_count (id) ? 3 : 6);
}

table_t *
live_row_table (metric_set_t metrics, int64_t over_s)
{
    table_t *table = table_new ();
    s_add_columns (table, metrics, over_s);
    return table;
}

void
live_row_fill (table_t *table, const live_sample_t *sample, metric_set_t metrics, int64_t over_s)
{
    table_truncate (table, 0);
    table_add_row (table);
    size_t column = s_set_identity (table, sample, over_s);
    for (int id = 0; id < METRIC_COUNT_; id++)
        if (metrics & METRIC_BIT (id))
            column = s_set_metric (table, sample->held, (metric_id_t) id, column);
}

//  --- for people ------------------------------------------------------------------------------

void
live_row_print_header (int64_t over_s, const screen_t *screen, FILE *out)
{
    widths_t widths = s_widths (over_s);
    fprintf (out, "%s%-8s  %-*s  %-9s %8s %*s", screen_bold (screen), "time", widths.node, "node",
             "metric", "count", widths.value, "avg");
    if (over_s > 0)
        fprintf (out, " %*s", widths.value, "sum");
    fprintf (out, " %*s %*s", widths.value, "p50", widths.value, "p99");
    if (over_s > 0)
        fprintf (out, " %s", "coverage");
    fprintf (out, "%s\n", screen_plain (screen));
}

void
live_row_marks (const frame_t *frame, char marks[LIVE_MARKS_MAX + 1])
{
    char scope[SCOPE_TEXT_MAX + 1];
    marks[0] = '\0';
    FILE *out = fmemopen (marks, LIVE_MARKS_MAX + 1, "w");
    if (frame->source != FRAME_FROM_BPF)
        fprintf (out, "  [%s]", frame_source_name (frame->source));
    scope_print (&frame->scope, scope);
    if (frame->scope.kind != SCOPE_ALL)
        fprintf (out, "  [%s]", scope);
    if (frame->span_s > 1)
        fprintf (out, "  [%" PRIu32 " s in one]", frame->span_s);
    if (frame->losses.discards + frame->losses.missing_storage > 0)
        fprintf (out, "  [%" PRIu64 " stints not counted]",
                 frame->losses.discards + frame->losses.missing_storage);
    fclose (out);
}

static void
s_print_quantile (const histogram_t *histogram, double quantile, int width, FILE *out)
{
    char text[UNIT_TEXT_MAX + 1] = "-";
    double value;
    if (histogram_quantile (histogram, quantile, &value) == 0)
        unit_text_duration (value, text);
    fprintf (out, " %*s", width, text);
}

static void
s_print_average (const partial_metric_t *metric, metric_id_t id, int width, FILE *out)
{
    char number[UNIT_TEXT_MAX + 1], text[UNIT_TEXT_MAX + 4] = "-";
    double value;
    if (s_is_count (id)) {
        unit_text_number (s_rate (metric), number);
        snprintf (text, sizeof text, "%s /s", number);
    } else if (histogram_mean (&metric->histogram, &value) == 0)
        unit_text_duration (value, text);
    fprintf (out, " %*s", width, text);
}

static void
s_print_sum (const partial_metric_t *metric, metric_id_t id, int width, FILE *out)
{
    char text[UNIT_TEXT_MAX + 1];
    if (s_is_count (id))
        unit_text_number ((double) metric->histogram.sum, text);
    else
        unit_text_duration ((double) metric->histogram.sum, text);
    fprintf (out, " %*s", width, text);
}

static void
s_print_numbers (const partial_t *held, metric_id_t id, int64_t over_s, FILE *out)
{
    const partial_metric_t *metric = &held->metrics[id];
    if (!s_is_measured (metric)) {
        fputs (" not measured", out);
        return;
    }
    fprintf (out, " %8" PRIu64, metric->histogram.count);
    int width = s_widths (over_s).value;
    s_print_average (metric, id, width, out);
    if (over_s > 0)
        s_print_sum (metric, id, width, out);
    s_print_quantile (&metric->histogram, 0.5, width, out);
    s_print_quantile (&metric->histogram, 0.99, width, out);
    if (over_s > 0)
        fprintf (out, " %" PRIu64 "/%" PRIu64, metric->present_s, held->expected_s);
}

void
live_row_print (const live_sample_t *sample, metric_set_t metrics, int64_t over_s,
                const screen_t *screen, FILE *out)
{
    char clock[UNIT_TEXT_MAX + 1], marks[LIVE_MARKS_MAX + 1];
    unit_text_clock (sample->frame->start_wall_s, clock);
    live_row_marks (sample->frame, marks);
    for (int id = 0; id < METRIC_COUNT_; id++) {
        bool asked = metrics & METRIC_BIT (id);
        bool measured = s_is_measured (&sample->held->metrics[id]);
        if (!asked || (metrics == METRIC_ALL && !measured))
            continue;
        fprintf (out, "%-8s  %-*s  %-9s", clock, s_widths (over_s).node, sample->frame->node,
                 metric_get ((metric_id_t) id)->name);
        s_print_numbers (sample->held, (metric_id_t) id, over_s, out);
        fprintf (out, "%s%s%s\n", screen_warning (screen), marks, screen_plain (screen));
    }
}
