//  SPDX-License-Identifier: GPL-2.0-or-later
//  subscriber - the live tail: shows what workers publish, second by second, as it comes.
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "program/exit_code.h"
#include "program/stop.h"
#include "subscriber/live_options.h"
#include "subscriber/live_tail.h"
#include "subscriber/terminal.h"

#define PAST_TIMEOUT_MS 5000
#define END_MS          500 //  After the stop, whatever its output does

//  Returns 0, or -1 and says which endpoint cannot be connected to.
static int
s_connect (live_source_t *source, const live_options_t *options)
{
    char *list = strdup (options->live), *rest = NULL, error[512];
    int rc = 0;
    for (char *endpoint = live_options_next_endpoint (list, &rest); endpoint && rc == 0;
         endpoint = live_options_next_endpoint (NULL, &rest))
        rc = live_source_connect (source, endpoint, error);
    if (rc == -1)
        fprintf (stderr, "%s: %s\n", program_invocation_short_name, error);
    free (list);
    return rc;
}

//  Returns 0, or -1 where the program is to end, and in *code how.
static int
s_ask_for_past (live_tail_t *tail, const live_options_t *options, int *code)
{
    char error[LIVE_SEAM_ERROR_MAX + 1];
    if (!options->has_since)
        return 0;
    tail->seam = live_seam_new (options->endpoint, &options->filter, options->since_wall_s,
                                PAST_TIMEOUT_MS, tail->stop_fd, error);
    if (tail->seam)
        return 0;
    if (error[0])
        fprintf (stderr, "%s: %s\n", program_invocation_short_name, error);
    *code = error[0] ? EXIT_CANNOT_CONNECT : EXIT_DONE;
    return -1;
}

static live_tail_t
s_tail (const live_options_t *options, int stop_fd)
{
    return (live_tail_t){.view = options->view,
                         .metrics = options->metrics,
                         .filter = &options->filter,
                         .over_s = options->over_s,
                         .count = options->count,
                         .timeout_ns = options->timeout_s * 1000000000LL,
                         .duration_ns = options->duration_s * 1000000000LL,
                         .stop_fd = stop_fd};
}

int
main (int argc, char **argv)
{
    setlocale (LC_CTYPE, ""); //  Numbers keep their '.'
    int stop_fd = stop_init (), code = EXIT_CANNOT_CONNECT;
    settings_t *settings = settings_new (&LIVE_PROGRAM, argc, argv);
    live_options_t options;
    live_options_read (&options, settings);
    live_tail_t tail = s_tail (&options, stop_fd);
    stop_within (END_MS, terminal_abandon);
    tail.source = live_source_new (&options.filter);
    if (s_connect (tail.source, &options) == 0 && s_ask_for_past (&tail, &options, &code) == 0)
        code = live_tail_run (&tail);
    live_seam_destroy (&tail.seam);
    live_source_destroy (&tail.source);
    settings_destroy (&settings);
    return code;
}
