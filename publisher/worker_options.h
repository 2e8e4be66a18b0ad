//  SPDX-License-Identifier: GPL-2.0-or-later
//  worker_options - what the worker is told by its command line and config file, as a plain value.
#ifndef PUBLISHER_WORKER_OPTIONS_H
#define PUBLISHER_WORKER_OPTIONS_H

#include "program/settings.h"
#include "schema/message.h"
#include "storage/keeper.h"

#define STORE_PATH_MAX 1023

typedef struct {
    char node[NODE_NAME_MAX + 1];
    char publish[ENDPOINT_MAX + 1]; //  Bound
    char answer[ENDPOINT_MAX + 1];  //  Bound
    char advertised_publish[ENDPOINT_MAX + 1];
    char advertised_answer[ENDPOINT_MAX + 1];
    const char *coordinator; //  NULL: announce to nobody. Borrowed from the settings
    const char *source;      //  Text of --source. Borrowed from the settings
    char store[STORE_PATH_MAX + 1];
    scope_t scope;
    retention_t retention;
    bool sync;
    bool insecure;
    bool print_cost;
} worker_options_t;

//  The worker's table of settings, with its help.
extern const program_t publisher_program;

//  Read them all. Ends the program with EXIT_USAGE where one is wrong.
void worker_options_read (worker_options_t *self, const settings_t *settings);

//  A size: digits and kB, MB, GB (powers of 1000) or KiB, MiB, GiB (of 1024), in any case, or bytes
//  without. Returns 0, or -1 where it is none or over 2^63.
int size_parse (const char *text, uint64_t *bytes);

//  endpoint with address in place of its host, as --advertise means it: tcp://*:7101 and
//  10.0.0.5 make tcp://10.0.0.5:7101. Returns 0, or -1 where endpoint is not tcp or it does not
//  fit.
int endpoint_advertise (const char *endpoint, const char *address, char result[ENDPOINT_MAX + 1]);

#endif
