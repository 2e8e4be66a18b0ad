//  SPDX-License-Identifier: GPL-2.0-or-later
//  reach - find out at which endpoints somebody is, all at once: long before a question to nobody
//  would time out.
#ifndef SUBSCRIBER_REACH_H
#define SUBSCRIBER_REACH_H

#include <stdbool.h>
#include <stddef.h>

#define REACH_MAX 256 //  Endpoints at a time

//  Try to connect to each endpoint, at most REACH_MAX, until all are decided or timeout_ms has
//  passed, and set reached[i] where a ZeroMQ socket is there. Where nobody listens on this machine
//  that is known at once. Returns how many were reached, or -1 when interrupted by stop_fd becoming
//  readable.
int reach (const char *const *endpoints, size_t count, int timeout_ms, int stop_fd, bool *reached);

#endif
