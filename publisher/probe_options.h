//  SPDX-License-Identifier: GPL-2.0-or-later
//  probe_options - the command line of bin/probe: bcc's flags and operands, and ours.
#ifndef PUBLISHER_PROBE_OPTIONS_H
#define PUBLISHER_PROBE_OPTIONS_H

#include <stdbool.h>
#include "bpf/keyed.h"
#include "schema/frame.h"

#define PROBE_FOR_EVER 99999999u //  bcc's default of interval (seconds) and of count

typedef enum { TOOL_CPUDIST = 1, TOOL_RUNQLAT = 2, TOOL_PIDPERSEC = 4 } probe_tool_t;

typedef struct {
    probe_tool_t tool;
    unsigned interval_s; //  1 .. PROBE_FOR_EVER
    unsigned count;      //  Intervals to print, 1 .. PROBE_FOR_EVER
    scope_t scope;
    enum keyed_by keyed_by; //  One histogram for each of these
    bool offcpu;            //  -O
    bool timestamp;         //  -T
    bool milliseconds;      //  -m
    bool include_idle;      //  -I
    bool fine;              //  --fine: our buckets instead of bcc's rows
    bool extension;         //  -e: average, total and count
    bool exact;             //  --ns: those in ns
    bool split;             //  --split: processes apart from threads
    const char *data_path;  //  -d: where frames go, of argv; or NULL
} probe_options_t;

//  Fill in what the command line says. Serves --help and --version, which end the program with 0;
//  a mistake ends it with EXIT_USAGE and one line on standard error that names it.
void probe_options_parse (probe_options_t *self, int argc, char **argv);

#endif
