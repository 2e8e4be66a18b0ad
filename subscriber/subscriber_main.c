//  SPDX-License-Identifier: GPL-2.0-or-later
//  subscriber - the live tail: prints what workers publish, second by second, as it comes.
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "program/exit_code.h"
#include "program/settings.h"
#include "program/stop.h"
#include "subscriber/live_tail.h"
#include "transport/socket.h"

static const setting_t s_settings[] = {
    {"live", 'l', "ENDPOINT,...", "tcp://127.0.0.1:7001",
     "Where frames are published: a coordinator's live endpoint, or workers' own"},
    {"count", 'n', "COUNT", NULL, "End after so many frames"},
    {"format", 0, "FORMAT", "text", "text, or ndjson: one JSON object a frame and line"},
    {"timeout", 0, "SECONDS", NULL,
     "End with exit code 3 when no frame comes for so long (default: wait)"},
    {NULL, 0, NULL, NULL, NULL}};

static const program_t s_program = {
    .name = "subscriber",
    .purpose = "Watch live what the kernel's scheduler does on every node, second by second.",
    .operands = "[METRIC,...] [from NODE,...]",
    .settings = s_settings,
    .manual =
        "Metrics are cpudist (cpu), offcpu, runqlat and pidpersec; nodes are names or patterns "
        "(web*). Without them everything is shown.\n"
        "\n"
        "Examples:\n"
        "  subscriber\n"
        "  subscriber runqlat,cpudist from n1,n3\n"
        "  subscriber from 'web*' -n 10\n"
        "  subscriber runqlat --format ndjson | jq 'select (.runqlat_p99 > 1e6)'\n"
        "  subscriber --live tcp://127.0.0.1:7101,tcp://127.0.0.1:7102\n"
        "                                          two workers directly\n"
        "  subscriber --config docs/examples/subscriber.zpl\n"
        "\n"
        "Members of an ndjson line: node, time (unix seconds, start of the second it covers), "
        "span (seconds), epoch, seq, source (bpf, replay, synthetic), scope, and for each METRIC "
        "METRIC_count, _sum, _avg, _time (accrued in the second, stints still open included), "
        "_p50 and _p99. Durations are in ns; pidpersec_avg is new tasks a second. null: no "
        "events, or not measured.\n"
        "\n"
        "Who goes silent (3 s) and which frames were missed is said on standard error.\n"
        "\n"
        "Exit codes: 0 ended by a signal or after -n frames, 1 output cannot be written, 2 usage, "
        "3 no frame within --timeout."};

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

static bool
s_read_format (const settings_t *settings)
{
    const char *format = settings_text (settings, "format");
    if (strcmp (format, "text") != 0 && strcmp (format, "ndjson") != 0)
        settings_usage (settings, "format: there is no '%s'; there are text and ndjson", format);
    return strcmp (format, "ndjson") == 0;
}

static int64_t
s_read_number (const settings_t *settings, const char *name, int64_t most)
{
    return settings_is_set (settings, name) ? settings_number (settings, name, 1, most) : 0;
}

//  The next of a list, whose copy it cuts; NULL at the end. list is NULL after the first.
static char *
s_next_endpoint (char *list, char **rest)
{
    return strtok_r (list, ", ", rest);
}

//  Before there is a socket: with one open the program cannot just end.
static void
s_check_endpoints (const settings_t *settings)
{
    char *list = strdup (settings_text (settings, "live")), *rest = NULL;
    char *endpoint = s_next_endpoint (list, &rest);
    if (!endpoint)
        settings_usage (settings, "live: the list is empty: write tcp://HOST:PORT");
    for (; endpoint; endpoint = s_next_endpoint (NULL, &rest))
        if (!endpoint_is_valid (endpoint) || strchr (endpoint, '*'))
            settings_usage (settings,
                            "live: '%s' is not an endpoint to connect to: write "
                            "tcp://HOST:PORT",
                            endpoint);
    free (list);
}

//  Returns 0, or -1 and says which endpoint cannot be connected to.
static int
s_connect (live_source_t *source, const settings_t *settings)
{
    char *list = strdup (settings_text (settings, "live")), *rest = NULL, error[512];
    int rc = 0;
    for (char *endpoint = s_next_endpoint (list, &rest); endpoint && rc == 0;
         endpoint = s_next_endpoint (NULL, &rest))
        rc = live_source_connect (source, endpoint, error);
    if (rc == -1)
        fprintf (stderr, "subscriber: %s\n", error);
    free (list);
    return rc;
}

static void
s_read_options (live_tail_t *tail, const settings_t *settings)
{
    tail->ndjson = s_read_format (settings);
    tail->count = (uint64_t) s_read_number (settings, "count", INT64_MAX);
    tail->timeout_ns = s_read_number (settings, "timeout", 86400) * 1000000000LL;
    s_check_endpoints (settings);
}

int
main (int argc, char **argv)
{
    setlocale (LC_CTYPE, ""); //  Numbers keep their '.'
    int stop_fd = stop_init ();
    settings_t *settings = settings_new (&s_program, argc, argv);
    live_filter_t filter;
    live_tail_t tail = {.filter = &filter, .stop_fd = stop_fd};
    s_read_filter (&filter, settings);
    s_read_options (&tail, settings);
    tail.source = live_source_new (&filter);
    int code = s_connect (tail.source, settings) == 0 ? live_tail_run (&tail) : EXIT_CANNOT_CONNECT;
    live_source_destroy (&tail.source);
    settings_destroy (&settings);
    return code;
}
