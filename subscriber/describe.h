//  SPDX-License-Identifier: GPL-2.0-or-later
//  describe - what can be asked: metrics, their columns with units, and the nodes.
#ifndef SUBSCRIBER_DESCRIBE_H
#define SUBSCRIBER_DESCRIBE_H

#include "subscriber/console.h"

//  Print the columns of a metric, under any of its names; for "nodes" the nodes, which are asked
//  for; for "" metrics and nodes. Returns EXIT_DONE, or the exit code of what failed, which has
//  been said.
int describe (console_t *console, const char *name);

#endif
