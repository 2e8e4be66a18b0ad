//  SPDX-License-Identifier: GPL-2.0-or-later
//  discovery - the workers of this machine, found where `make runWorkerN` puts them: worker N
//  answers on 127.0.0.1, port 7200 + N.
#ifndef SUBSCRIBER_DISCOVERY_H
#define SUBSCRIBER_DISCOVERY_H

#include "subscriber/workers.h"

//  Ask everybody on those ports who they are and add them to workers, in order of port. Takes at
//  most timeout_ms in each of its two rounds. Returns how many were found, or -1 when interrupted
//  by stop_fd becoming readable.
int discovery_find (workers_t *workers, int timeout_ms, int stop_fd);

#endif
