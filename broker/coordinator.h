//  SPDX-License-Identifier: GPL-2.0-or-later
//  coordinator - carries out what intake decides: the subscriptions, the live socket, the store's
//  queue, the log. Three threads: this one takes frames in, the recorder writes them, the service
//  answers. Not safe for use by two threads.
#ifndef BROKER_COORDINATOR_H
#define BROKER_COORDINATOR_H

#include "broker/broker_options.h"
#include "storage/store.h"

typedef struct coordinator_t coordinator_t;

//  Takes the store over, binds both endpoints and starts to answer. options is borrowed. At most
//  max_workers are subscribed to, forwarders not counted. Returns NULL and fills error when an
//  endpoint cannot be bound or the store cannot be read.
coordinator_t *coordinator_new (const broker_options_t *options, size_t max_workers,
                                store_t **store_p, char error[512]);
void coordinator_destroy (coordinator_t **self_p);

//  Gather until stop_fd becomes readable.
void coordinator_run (coordinator_t *self, int stop_fd);

#endif
