//  SPDX-License-Identifier: GPL-2.0-or-later
//  client - asks a coordinator, or workers themselves, select statements: one shot, from a file or
//  a pipe, or at a prompt.
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "program/exit_code.h"
#include "program/settings.h"
#include "program/stop.h"
#include "subscriber/prompt.h"
#include "subscriber/script.h"
#include "transport/socket.h"

static const setting_t s_settings[] = {
    {"command", 'c', "STATEMENT", NULL, "Ask this statement, or several separated by ';'"},
    {"file", 'f', "FILE", NULL,
     "Ask the statements of a file, and carry out its commands; '-' is standard input"},
    {"endpoint", 'e', "ENDPOINT", "tcp://127.0.0.1:7002", "The coordinator to ask"},
    {"workers", 'w', "NODE=ENDPOINT,...", NULL,
     "Ask these workers themselves, each its own part, and join the answers"},
    {"format", 0, "FORMAT", "auto",
     "How answers are printed: auto (table; where that is too wide for the terminal, a select "
     "vertical, of all else the leading columns), table, vertical, heat (selects drawn), csv, tsv, "
     "json, ndjson"},
    {"timeout", 0, "SECONDS", "5", "How long to wait for an answer"},
    {"strict", 0, NULL, NULL,
     "Fail where a worker does not answer, or a row has no frame of its window"},
    {NULL, 0, NULL, NULL, NULL}};

static const program_t s_program = {
    .name = "client",
    .purpose = "Ask what the kernel's scheduler did, on any nodes, in any window.",
    .settings = s_settings,
    .manual =
        "Without -c and -f statements come from standard input; from a terminal, at a prompt, "
        "where help and \\? say more. Long answers go through $PAGER where both ends are "
        "terminals. "
        "Where no coordinator answers and none was named, the workers of this machine (127.0.0.1, "
        "ports 7201 to 7299) are asked instead, and the client says so.\n"
        "\n"
        "Examples:\n"
        "  client                                  the prompt\n"
        "  client -c 'select cpu_avg,cpu_sum from n1,n2,n3'\n"
        "  client -c 'select runqlat_p99 from * since 10m every 60s' --format csv\n"
        "  client -c 'select runqlat_hist from n1 since 5m every 5s' --format heat\n"
        "  client -c 'show nodes' --format json | jq '.[].state'\n"
        "  client -w n1=tcp://127.0.0.1:7201,n2=tcp://127.0.0.1:7202 -f report.kq\n"
        "  client --config docs/examples/client.zpl\n"
        "\n"
        "csv, tsv, json and ndjson hold plain numbers: durations in ns, times in unix seconds; "
        "frames and expected are the seconds present and asked for. Answers go to standard "
        "output, all else to standard error.\n"
        "\n"
        "Exit codes: 0 done, 1 a statement failed (none after it is asked), 2 usage, 3 nobody "
        "answers at the endpoint."};

static void
s_read_options (session_options_t *options, const settings_t *settings)
{
    options->endpoint = settings_text (settings, "endpoint");
    options->endpoint_is_chosen = settings_is_set (settings, "endpoint");
    options->timeout_ms = (int) settings_number (settings, "timeout", 1, 86400) * 1000;
    options->strict = settings_is_set (settings, "strict");
    if (!endpoint_is_valid (options->endpoint) || strchr (options->endpoint, '*'))
        settings_usage (settings, "endpoint: '%s' is not one to connect to: write tcp://HOST:PORT",
                        options->endpoint);
    if (settings_is_set (settings, "command") && settings_is_set (settings, "file"))
        settings_usage (settings, "-c and -f both say what to ask: choose one");
}

static format_t
s_read_format (const settings_t *settings)
{
    format_t format = FORMAT_AUTO;
    const char *name = settings_text (settings, "format");
    if (format_find (name, &format) == -1)
        settings_usage (settings, "format: there is no '%s'; there are " FORMAT_NAMES, name);
    return format;
}

//  NULL where none are named.
static workers_t *
s_read_workers (const settings_t *settings)
{
    char error[WORKERS_ERROR_MAX + 1];
    const char *list = settings_text (settings, "workers");
    if (!list)
        return NULL;
    workers_t *workers = workers_new ();
    if (workers_parse (workers, list, error) == -1)
        settings_usage (settings, "workers: %s", error);
    return workers;
}

static int
s_run_file (console_t *console, const char *name)
{
    if (strcmp (name, "-") == 0)
        return script_run_file (console, STDIN_FILENO, "standard input");
    int fd = open (name, O_RDONLY | O_CLOEXEC);
    if (fd == -1) {
        fprintf (stderr, "%s: %s: %s\n", program_invocation_short_name, name, strerror (errno));
        return EXIT_FAILED;
    }
    int code = script_run_file (console, fd, name);
    close (fd);
    return code;
}

static int
s_run (console_t *console, const settings_t *settings)
{
    if (settings_is_set (settings, "command"))
        return script_run_text (console, settings_text (settings, "command"));
    if (settings_is_set (settings, "file"))
        return s_run_file (console, settings_text (settings, "file"));
    if (isatty (STDIN_FILENO))
        return prompt_run (console);
    return s_run_file (console, "-");
}

int
main (int argc, char **argv)
{
    setlocale (LC_CTYPE, ""); //  Numbers keep their '.'
    int stop_fd = stop_init ();
    settings_t *settings = settings_new (&s_program, argc, argv);
    session_options_t options;
    s_read_options (&options, settings);
    workers_t *workers = s_read_workers (settings);
    output_t *output = output_new (s_read_format (settings));
    output_set_paged (output, true);
    session_t *session = session_new (&options, &workers, output, stop_fd);
    console_t console = console_new (session, output, stop_fd);
    int code = s_run (&console, settings);
    console_fini (&console);
    session_destroy (&session);
    output_destroy (&output);
    settings_destroy (&settings);
    return code;
}
