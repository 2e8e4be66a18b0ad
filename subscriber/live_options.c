//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_options - see live_options.h.
#include "subscriber/live_options.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "query/instant.h"
#include "transport/socket.h"

#define OVER_MAX_S (7 * 86400)

static const setting_t s_settings[] = {
    {"live", 'l', "ENDPOINT,...", "tcp://127.0.0.1:7001",
     "Where frames are published: a coordinator's live endpoint, or workers' own"},
    {"view", 'v', "VIEW", "lines",
     "lines: a line a frame and metric; hist: a histogram, drawn anew every second; heat: a row of "
     "colours a second and node; top: the nodes by p99, full screen"},
    {"over", 0, "DURATION", NULL,
     "Show the rolling window of so long (10s, 1m, 1h) that ends with each frame, not the frame "
     "alone"},
    {"since", 0, "DURATION|TIME", NULL,
     "Begin so long ago (5m), or at a time ('2026-11-23 08:00'): what the coordinator keeps comes "
     "first, then what is live"},
    {"endpoint", 'e', "ENDPOINT", "tcp://127.0.0.1:7002",
     "Where --since asks for the past: a coordinator's statements, or a worker's own"},
    {"count", 'n', "COUNT", NULL, "End after so many frames (hist, top: drawings; heat: rows)"},
    {"duration", 'd', "DURATION", NULL, "End after so long: 30s, 5m"},
    {"format", 0, "FORMAT", "text",
     "Of lines: text; ndjson, one JSON object a frame and line; csv; msgpack, the frames' own "
     "bytes, a recording that bin/frames reads and workers replay"},
    {"timeout", 0, "SECONDS", NULL,
     "End with exit code 3 when no frame comes for so long (default: wait)"},
    {NULL, 0, NULL, NULL, NULL}};

const program_t LIVE_PROGRAM = {
    .name = "subscriber",
    .purpose = "Watch live what the kernel's scheduler does on every node, second by second.",
    .operands = "[METRIC,...] [from NODE,...]",
    .settings = s_settings,
    .manual =
        "Metrics are cpudist (cpu), offcpu, runqlat and pidpersec; nodes are names or patterns "
        "(web*). Without them everything is shown; by hist and heat, runqlat.\n"
        "\n"
        "Examples:\n"
        "  subscriber\n"
        "  subscriber runqlat,cpudist from n1,n3\n"
        "  subscriber from 'web*' -n 10\n"
        "  subscriber --view heat runqlat from n1\n"
        "  subscriber --view hist cpudist,runqlat --over 10s\n"
        "  subscriber --view top --since 1m --over 1m\n"
        "  subscriber --since 5m --duration 10m --format csv > load.csv\n"
        "  subscriber runqlat --format ndjson | jq 'select (.runqlat_p99 > 1e6)'\n"
        "  subscriber --live tcp://127.0.0.1:7101,tcp://127.0.0.1:7102\n"
        "                                          two workers directly\n"
        "  subscriber --config docs/examples/subscriber.zpl\n"
        "\n"
        "Keys of top: q quit, < and > choose the column to sort by, r reverse, m next metric, / "
        "filter, arrows and page keys scroll, h help. Where standard output is no terminal, hist, "
        "heat and top print one drawing after another.\n"
        "\n"
        "Members of an ndjson line, and csv's columns: node, time (unix seconds, start of the "
        "second it covers), span (seconds), epoch, seq, source (bpf, replay, synthetic), scope, "
        "missed (frames of the node that should have come before this one), with --over also over "
        "and present (seconds of the window, and how many of them there are), and for each METRIC "
        "METRIC_count, _sum, _avg, _time (accrued in the second, stints still open included), "
        "_p50 and _p99. Durations are in ns; pidpersec_avg is new tasks a second. null: no "
        "events, or not measured.\n"
        "\n"
        "Who goes silent (3 s) and which frames were missed is said on standard error, or on the "
        "screen by hist and top.\n"
        "\n"
        "Exit codes: 0 ended by a signal, by q, or after -n or --duration, 1 output cannot be "
        "written, 2 usage, 3 no frame within --timeout, or nobody to ask for the past."};

//  --- what to show ----------------------------------------------------------------------------

static void
s_read_filter (live_filter_t *filter, const settings_t *settings)
{
    char error[LIVE_FILTER_ERROR_MAX + 1];
    size_t count = settings_operand_count (settings);
    const char *words[count + 1];
    for (size_t i = 0; i < count; i++)
        words[i] = settings_operand (settings, i);
    if (live_filter_parse (filter, words, count, error) == -1)
        settings_usage (settings, "%s", error);
}

typedef struct {
    const char *name;
    const live_view_t *view;
} choice_t;

static const choice_t s_formats[] = {{"text", &LIVE_TEXT},
                                     {"ndjson", &LIVE_NDJSON},
                                     {"csv", &LIVE_CSV},
                                     {"msgpack", &LIVE_MSGPACK},
                                     {NULL, NULL}};
//  lines is each of the formats.
static const choice_t s_views[] = {
    {"lines", NULL}, {"hist", &LIVE_HIST}, {"heat", &LIVE_HEAT}, {"top", &LIVE_TOP}, {NULL, NULL}};

static const live_view_t *
s_choose (const settings_t *settings, const char *setting, const choice_t *choices)
{
    const char *name = settings_text (settings, setting);
    char names[64] = "";
    for (const choice_t *choice = choices; choice->name; choice++) {
        if (strcmp (choice->name, name) == 0)
            return choice->view;
        size_t used = strlen (names);
        snprintf (names + used, sizeof names - used, "%s%s", used ? ", " : "", choice->name);
    }
    settings_usage (settings, "%s: there is no '%.80s'; there are %s", setting, name, names);
}

static const live_view_t *
s_read_view (const settings_t *settings)
{
    const live_view_t *format = s_choose (settings, "format", s_formats);
    const live_view_t *view = s_choose (settings, "view", s_views);
    if (!view)
        return format;
    if (format != &LIVE_TEXT)
        settings_usage (settings, "format: %s is of --view lines only",
                        settings_text (settings, "format"));
    return view;
}

//  Those with durations, where the view draws them. Where nobody says which, runqlat; top has room
//  for one at a time, and a key for the others.
static void
s_choose_metrics (live_options_t *self, const settings_t *settings)
{
    bool draws = self->view == &LIVE_HEAT || self->view == &LIVE_TOP;
    bool is_lines = !draws && self->view != &LIVE_HIST;
    self->metrics = self->filter.metrics;
    if (!is_lines && self->view != &LIVE_TOP && !self->filter.names_metrics)
        self->metrics = METRIC_BIT (METRIC_runqlat);
    for (int id = 0; draws && id < METRIC_COUNT_; id++)
        if (metric_get ((metric_id_t) id)->kind == METRIC_COUNT)
            self->metrics &= ~METRIC_BIT (id);
    if (self->metrics == 0)
        settings_usage (settings, "view: %s shows durations, and the metric has none",
                        settings_text (settings, "view"));
}

//  --- where from ------------------------------------------------------------------------------

char *
live_options_next_endpoint (char *list, char **rest)
{
    return strtok_r (list, ", ", rest);
}

static void
s_check_endpoint (const settings_t *settings, const char *setting, const char *endpoint)
{
    if (strlen (endpoint) > ENDPOINT_MAX || !endpoint_is_valid (endpoint) || strchr (endpoint, '*'))
        settings_usage (settings,
                        "%s: '%.300s' is not an endpoint to connect to: write tcp://HOST:PORT",
                        setting, endpoint);
}

//  Before there is a socket: with one open the program cannot just end.
static void
s_check_endpoints (const live_options_t *self, const settings_t *settings)
{
    char *list = strdup (self->live), *rest = NULL;
    char *endpoint = live_options_next_endpoint (list, &rest);
    if (!endpoint)
        settings_usage (settings, "live: the list is empty: write tcp://HOST:PORT");
    for (; endpoint; endpoint = live_options_next_endpoint (NULL, &rest))
        s_check_endpoint (settings, "live", endpoint);
    free (list);
    s_check_endpoint (settings, "endpoint", self->endpoint);
}

//  --- how long --------------------------------------------------------------------------------

static int64_t
s_read_number (const settings_t *settings, const char *name, int64_t most)
{
    return settings_is_set (settings, name) ? settings_number (settings, name, 1, most) : 0;
}

static int64_t
s_read_duration (const settings_t *settings, const char *name, int64_t most_s)
{
    const char *text = settings_text (settings, name);
    int64_t seconds = 0;
    if (text && (instant_parse_duration (text, strlen (text), &seconds) == -1 || seconds < 1 ||
                 seconds > most_s))
        settings_usage (settings,
                        "%s: '%.80s' is not a duration of 1 s to %lld days: write 30s, 5m", name,
                        text, (long long) most_s / 86400);
    return seconds;
}

static void
s_read_since (live_options_t *self, const settings_t *settings)
{
    const char *text = settings_text (settings, "since");
    int64_t seconds;
    self->has_since = text != NULL;
    if (!text)
        return;
    if (instant_parse_duration (text, strlen (text), &seconds) == 0)
        self->since_wall_s = time (NULL) - seconds;
    else if (instant_parse_wall (text, &self->since_wall_s) == -1)
        settings_usage (settings,
                        "since: '%.80s' is no point in time: write 5m (ago) or '2026-11-23 08:00'",
                        text);
}

void
live_options_read (live_options_t *self, const settings_t *settings)
{
    memset (self, 0, sizeof *self);
    s_read_filter (&self->filter, settings);
    self->view = s_read_view (settings);
    s_choose_metrics (self, settings);
    self->live = settings_text (settings, "live");
    self->endpoint = settings_text (settings, "endpoint");
    s_check_endpoints (self, settings);
    self->over_s = s_read_duration (settings, "over", OVER_MAX_S);
    self->duration_s = s_read_duration (settings, "duration", 36500 * 86400LL);
    s_read_since (self, settings);
    self->timeout_s = s_read_number (settings, "timeout", 86400);
    self->count = (uint64_t) s_read_number (settings, "count", INT64_MAX);
}
