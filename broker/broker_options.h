//  SPDX-License-Identifier: GPL-2.0-or-later
//  broker_options - what the coordinator is told by its command line and config file, as a plain
//  value.
#ifndef BROKER_BROKER_OPTIONS_H
#define BROKER_BROKER_OPTIONS_H

#include "program/settings.h"
#include "storage/keeper.h"
#include "schema/message.h"

typedef struct {
    char node[NODE_NAME_MAX + 1];
    char endpoint[ENDPOINT_MAX + 1]; //  Where it publishes
} listed_worker_t;

typedef struct {
    const char *live;   //  XPUB. Borrowed from the settings, as are the next two
    const char *answer; //  ROUTER
    const char *store;
    listed_worker_t *workers; //  Owned
    size_t worker_count;
    retention_t retention;
    char **forwarders; //  Where they publish. Owned
    size_t forwarder_count;
    size_t forwarded_nodes;  //  At most so many come by forwarders
    unsigned forwarded_rate; //  Frames a second of each of them
    bool sync;
    bool insecure;
} broker_options_t;

//  The coordinator's table of settings, with its help.
extern const program_t broker_program;

//  Read them all. Ends the program with EXIT_USAGE where one is wrong.
void broker_options_read (broker_options_t *self, const settings_t *settings);
void broker_options_fini (broker_options_t *self);

//  Read one NAME=ENDPOINT of length bytes. Returns 0, or -1 where it is not of that form.
int listed_worker_read (listed_worker_t *self, const char *text, size_t length);

#endif
