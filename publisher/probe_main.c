//  SPDX-License-Identifier: GPL-2.0-or-later
//  probe - shows what this kernel's scheduler does, as bcc's cpudist, runqlat and pidpersec do.
//  See --help.

#include <errno.h>
#include <stdio.h>
#include "program/stop.h"
#include "publisher/probe_options.h"
#include "publisher/probe_session.h"

int
main (int argc, char **argv)
{
    probe_options_t options;
    source_error_t error = {0};
    int stop_fd = stop_init ();
    probe_options_parse (&options, argc, argv);
    probe_session_t *session = probe_session_new (&options, stop_fd, &error);
    int rc = session ? probe_session_run (session, &error) : -1;
    probe_session_destroy (&session);
    if (rc)
        fprintf (stderr, "%s: %s\n", program_invocation_short_name, error.text);
    return error.exit_code;
}
