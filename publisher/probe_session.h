//  SPDX-License-Identifier: GPL-2.0-or-later
//  probe_session - one run of bin/probe: measure, wait, print, record, until it is enough.
//  Not safe for use by two threads.
#ifndef PUBLISHER_PROBE_SESSION_H
#define PUBLISHER_PROBE_SESSION_H

#include "publisher/probe_options.h"
#include "publisher/source.h"

typedef struct probe_session_t probe_session_t;

//  Load and attach the probes, and open the file of frames. options is borrowed; stop_fd becomes
//  readable when the program is to end. Returns NULL and fills error where something is missing;
//  nothing then stays attached.
probe_session_t *probe_session_new (const probe_options_t *options, int stop_fd,
                                    source_error_t *error);
void probe_session_destroy (probe_session_t **self_p);

//  Print the header and one screen an interval, to standard output. Returns 0 after the last
//  interval, a stop, or when nobody reads the output any more; -1 and fills error when the counts
//  cannot be read, or screen or frame not be written.
int probe_session_run (probe_session_t *self, source_error_t *error);

#endif
